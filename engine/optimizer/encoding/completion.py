"""Completing a configuration of which some values are given, so that these are active."""

from collections.abc import Mapping

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.spec import StudySpec, Value


def completed(
    spec: StudySpec, space: Space, given: Mapping[str, Value], points: Array
) -> Array | None:
    """Return the first of ``points`` (n, d), filled, with the given values and allowed, (d,).

    Parents get a value under which what is given is active.
    """
    columns, rough = [], np.array(points)
    for name, allowed in _implied(spec, given).items():
        if name in space.names:
            j = space.names.index(name)
            places = [p for v in allowed if (p := space.axes[j].coordinate(v)) is not None]
            if not places:
                return None
            other = ~np.isin(rough[:, j], places)
            rough[other, j] = np.resize(places, len(rough))[other]
            columns.append(j)
    rough = space.snap(rough)
    rough = rough[space.active(rough)[:, columns].all(axis=1)]
    rough = rough[space.allowed(rough)]
    return np.asarray(as_run(space, rough[:1])[0]) if len(rough) else None


def as_run(space: Space, points: Array) -> Array:
    """Return the rows (n, d) that the values of ``points`` are read back as.

    Values are rounded, so a row can differ from its own in the last digits: by its mark alone a
    point that was run would look new, and be run again for ever.
    """
    rows = [space.encode(params) for params in space.decode(points)]
    pairs = zip(rows, points, strict=True)
    return np.array([p if r is None else r for r, p in pairs]).reshape(points.shape)


def _implied(spec: StudySpec, given: Mapping[str, Value]) -> dict[str, tuple[Value, ...]]:
    """Return the values given, and those that parents must have one of."""
    by_name = {p.name: p for p in spec.space}
    out: dict[str, tuple[Value, ...]] = {name: (value,) for name, value in given.items()}
    todo = list(given)
    while todo:
        for parent, allowed in by_name[todo.pop()].when.items():
            if parent not in given:
                before = out.get(parent, allowed)
                out[parent] = tuple(v for v in before if v in allowed)
                todo.append(parent)
    return out
