"""What a filter over trials can speak of, and the trials that one holds for. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpo_tui.engine.spec import Parameter
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Value
from hpo_tui.tui.tables.trial_code import KEYS, Commits, code_indices, commits
from hpo_tui.tui.watching.snapshot import Brush, Snapshot
from hpo_tui.tui.words.running import durations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpo_tui.engine.arrays import Array, Mask
    from hpo_tui.engine.spec.expressions.tokens import Kind

_FIXED: "dict[str, Kind]" = {
    "trial": "number", "configuration": "number", "cost": "number", "duration": "number",
    "memory": "number", "step": "number", "starred": "truth", "meets": "truth", "best": "truth",
    "tag": "text", "device": "text", "state": "text", "task": "text", "commit": "text",
    "changes": "text",
}  # fmt: skip
_OWN, _METRICS, _PARAMS = "trial.", "metrics.", "params."
"""What is put before a name to tell it from a like one."""


class FilterError(Exception):
    """A filter that cannot be understood; the message says what and where."""


class Tags(frozenset[str]):
    """A trial's tags as one value: it equals each of them."""

    def __eq__(self, other: object) -> bool:
        return other in self if isinstance(other, str) else super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = frozenset.__hash__


def filter_names(snapshot: Snapshot) -> list[str]:
    """Return the names that a filter can speak of, metrics and parameters first.

    Where names are alike, a parameter is meant, else a metric; ``metrics.loss`` and
    ``trial.state`` tell them apart.
    """
    frame = snapshot.frame
    return list(dict.fromkeys([*frame.metrics, *frame.params, *_FIXED, *_in_full(frame)]))


def filter_choices(snapshot: Snapshot) -> "dict[str, tuple[Value, ...]]":
    """Return the values of the names that have few: choices, tasks, states, tags."""
    return _kinds(snapshot)[1]


def filter_mask(snapshot: Snapshot, text: str) -> "Mask":
    """Return the mask (n,) of the trials that ``text`` holds for. Raises FilterError."""
    import numpy as np

    from hpo_tui.engine.spec.expressions.filter import ExpressionError, Filter
    from hpo_tui.engine.spec.expressions.filter_completion import written

    kinds, choices = _kinds(snapshot)
    alone = text.strip().strip("`")
    if kinds.get(alone, "truth") != "truth":
        known = choices.get(alone, ())
        rest = f'== "{known[0]}"' if known and isinstance(known[0], str) else "> 1"
        example = f"{written(alone)} {rest}"
        raise FilterError(f"{alone} alone is not a condition: compare it, as in {example}")
    try:
        found = Filter.parse(text, kinds, choices)
        names = found.names | {name.removeprefix(_OWN) for name in found.names}
        asked = _judged(snapshot, names) | _code(snapshot, names)
        mask = found.mask(_columns(snapshot, asked))
    except ExpressionError as error:
        raise FilterError(str(error)) from None
    return np.asarray(mask, dtype=np.bool_)


def passing(snapshot: Snapshot, text: str, brushes: Mapping[str, Brush]) -> "Mask | None":
    """Return what passes a filter and all brushes, None where all does. Raises FilterError."""
    mask = filter_mask(snapshot, text) if text else None
    if not brushes:
        return mask
    from hpo_tui.tui.charts.brush import brush_mask

    brushed = brush_mask(snapshot.frame, snapshot.spec, brushes)
    return brushed if mask is None or brushed is None else mask & brushed


def _kinds(snapshot: Snapshot) -> "tuple[dict[str, Kind], dict[str, tuple[Value, ...]]]":
    """Return of what kind each name is, and the values that a name of texts can have."""
    from hpo_tui.engine.spec.expressions.relations import kind_of_values

    frame, spec = snapshot.frame, snapshot.spec
    space = {p.name: p for p in spec.space}
    tasks = (*(t.name for t in spec.tasks), *frame.tasks)
    tags = {tag for tags in frame.tag_sets for tag in tags}
    kinds = dict(_FIXED)
    choices: dict[str, tuple[Value, ...]] = {
        "state": tuple(map(str, STATES)),
        "task": tuple(dict.fromkeys(tasks)),
        "tag": tuple(sorted(tags)),
        "commit": Commits.of(snapshot),
        "changes": tuple(dict.fromkeys(v.changes for v in snapshot.code if v.changes)),
    }
    own_kinds, own_choices = dict(kinds), dict(choices)
    for name in frame.metrics:
        kinds[name] = "number"
        choices.pop(name, None)
    for name in frame.params:
        given = (*_given(space.get(name)), *frame.choices.get(name, ()))
        kinds[name] = kind_of_values(given) if name in frame.choices else "number"
        choices.pop(name, None)
        if name in frame.choices:
            choices[name] = tuple(dict.fromkeys(given))
    for full, (what, name) in _in_full(frame).items():
        if full in kinds:  # somebody's own name
            continue
        of, known = (own_kinds, own_choices) if what == _OWN else (kinds, choices)
        kinds[full] = "number" if what == _METRICS else of[name]
        if what != _METRICS and name in known:
            choices[full] = known[name]
    return kinds, choices


def _in_full(frame: Frame) -> dict[str, tuple[str, str]]:
    """Return how names that more than one thing has are written in full → in two parts."""
    named = {_OWN: [*_FIXED], _METRICS: [*frame.metrics], _PARAMS: [*frame.params]}
    times = Counter(name for names in named.values() for name in names)
    return {w + n: (w, n) for w, names in named.items() for n in names if times[n] > 1}


def _given(parameter: Parameter | None) -> tuple[Value, ...]:
    if parameter is None:
        return ()
    return parameter.choices or (() if parameter.value is None else (parameter.value,))


def _columns(snapshot: Snapshot, asked: "dict[str, NDArray[Any]]") -> "dict[str, NDArray[Any]]":
    """Return name → values (n,) that a filter can speak of; parameters win over like names.

    ``asked``: those that are computed only where a filter speaks of them. Choices stand as their
    own values (object arrays, None where inactive), tasks by name.
    """
    import numpy as np

    frame = snapshot.frame
    tags = np.empty(len(frame.tag_sets), dtype=object)
    tags[:] = [Tags(found) for found in frame.tag_sets]
    columns: dict[str, NDArray[Any]] = {
        "trial": frame.number.astype(np.float64),
        "configuration": frame.configuration.astype(np.float64),
        "cost": frame.charged,
        "duration": durations(snapshot),
        "memory": frame.peak_memory,
        "step": frame.step,
        "starred": frame.starred,
        "tag": tags[frame.tags],
        "device": frame.device,
        "state": np.array([str(s) for s in STATES], dtype=object)[frame.state],
        "task": (
            np.array(frame.tasks, dtype=object)[frame.task]
            if frame.tasks
            else np.array([], dtype=object)
        ),
    }
    own = columns | asked
    params = {
        name: values if (choices := frame.choices.get(name)) is None else _decoded(values, choices)
        for name, values in frame.params.items()
    }
    columns = own | frame.metrics | params
    for full, (what, name) in _in_full(frame).items():
        values = {_OWN: own, _METRICS: frame.metrics, _PARAMS: params}[what].get(name)
        if values is not None:
            columns.setdefault(full, values)
    return columns


def _judged(snapshot: Snapshot, names: frozenset[str]) -> "dict[str, NDArray[Any]]":
    """Return whether trials meet all goals (at whatever task) and are listed as best, as asked."""
    import numpy as np

    from hpo_tui.engine.analysis import front

    frame, spec = snapshot.frame, snapshot.spec
    columns: dict[str, NDArray[Any]] = {}
    if "meets" in names:
        columns["meets"] = front.meets_mask(frame, spec)
    if "best" in names:
        columns["best"] = np.isin(np.arange(len(frame)), front.best_rows(frame, spec))
    return columns


def _code(snapshot: Snapshot, names: frozenset[str]) -> "dict[str, NDArray[Any]]":
    """Return the commit that each trial ran and what was changed there, as asked."""
    import numpy as np

    columns: dict[str, NDArray[Any]] = {}
    values = {"commit": list(commits(snapshot)), "changes": [v.changes for v in snapshot.code]}
    for name in names & set(KEYS):
        table = np.full(len(snapshot.code) + 1, None, dtype=object)
        table[:-1] = values[name]
        columns[name] = table[code_indices(snapshot)]
    return columns


def _decoded(values: "Array", choices: tuple[Value, ...]) -> "NDArray[np.object_]":
    import numpy as np

    table = np.full(len(choices) + 1, None, dtype=object)
    table[: len(choices)] = choices
    codes = np.where(np.isnan(values), len(choices), values).astype(np.int64)
    return np.asarray(table[codes], dtype=object)
