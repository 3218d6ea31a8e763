"""Which trials are drawn bright over all others."""

from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.arrays import Index, Mask
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame

FEW = 5
"""Near misses drawn bright at the most: they are no answer, only the way to one."""


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The best trials ``rows``, best first; ``near``: nothing meets, these come nearest."""

    rows: Index
    near: bool = False


def find_best(frame: Frame, spec: StudySpec) -> Best:
    """Return the best trials, or a few near misses when none meets all goals."""
    rows = front.best_rows(frame, spec)
    return Best(rows) if len(rows) else Best(front.near_misses(frame, spec, 50), near=True)


def bright(best: Best, frame: Frame, spec: StudySpec, mask: Mask | None, count: int) -> Index:
    """Return at most ``count`` of the best within the filter: the first, or a spread-out front.

    With several objectives neighbours on the front say the same, so the trials are picked that lie
    farthest from those picked before (Gonzalez, 1985), starting from the best of each objective.
    """
    rows = best.rows if mask is None else best.rows[mask[best.rows]]
    if best.near or count <= 0:
        return rows[: min(count, FEW)]
    if len(rows) <= count or len(spec.objectives) < 2:
        return rows[:count]
    loss = front.losses(frame, spec)[rows]
    span = np.ptp(loss, axis=0)
    unit = (loss - loss.min(axis=0)) / np.where(span > 0, span, 1.0)
    picked = list(dict.fromkeys(int(i) for i in loss.argmin(axis=0)))[:count]
    distance = np.min([((unit - unit[i]) ** 2).sum(axis=1) for i in picked], axis=0)
    while len(picked) < count:
        farthest = int(distance.argmax())
        picked.append(farthest)
        distance = np.minimum(distance, ((unit - unit[farthest]) ** 2).sum(axis=1))
    return np.asarray(rows[np.array(picked)], dtype=np.intp)
