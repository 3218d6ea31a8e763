"""When a study last gained something, and whether its full task ends too early. Pure numpy.

Shapes: n trials, k reports.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpo_tui.engine.analysis.front import best_so_far, column, finish_order, results
from hpo_tui.engine.analysis.volume import box_of, volume_so_far
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.spec import Objective, StudySpec
from hpo_tui.store.frame import Frame

_QUARTER = 0.75
"""Share of a curve's steps after which its last quarter begins."""
LATE = 0.2
"""Part of what was spent that is a study's end."""
_FEWEST_STEPS = 6
"""Reports of a curve below which nothing is said of its end."""
_STILL = 0.04
"""Share of all that a curve gained which its last quarter has to add."""


@dataclass(frozen=True, slots=True)
class LastGain:
    """The full-task trial that was the last to raise what a study has found.

    ``spent`` of ``total`` had been charged when it ended, in full-task units without repeats;
    ``since``: full-task results after it; ``first``: whether it is the only one; ``late``: the part
    of all that was gained since the first result which came with the last fifth of what was spent;
    ``values``: with one objective, its value before and after; ``volume``: whether gains are of the
    hypervolume of several.
    """

    trial: int
    spent: float
    total: float
    since: int
    first: bool
    late: float = 0.0
    values: tuple[float, float] | None = None
    volume: bool = False

    @property
    def share_since(self) -> float:
        """The part of what was spent that came after it, 0 to 1."""
        return 1.0 - self.spent / self.total if self.total > 0 else 0.0


def last_gain(frame: Frame, spec: StudySpec) -> LastGain | None:
    """Return the last gain; None where no trial of the full task counts.

    With one objective a gain is a better value among the trials that meet all other goals, with
    several more hypervolume. While nothing meets the goals it is looked at without thresholds.
    """
    if not spec.objectives:
        return None
    free = replace(spec, objectives=tuple(replace(o, threshold=None) for o in spec.objectives))
    rows, heights, volume = _raised(frame, spec)
    if not len(rows):
        rows, heights, volume = _raised(frame, free)
    if not len(rows):
        return None
    order = finish_order(frame)
    # Repeats that were asked for look for nothing new.
    charged = np.where(frame.repeat[order] > 0, 0.0, np.nan_to_num(frame.charged[order]))
    spent = np.cumsum(charged)
    places = np.argsort(order)[rows]
    counted = np.isin(order, results(frame, spec)[0])
    early = heights[spent[places] <= (1 - LATE) * spent[-1]]
    risen = float(heights[-1] - heights[0])
    late = float(heights[-1] - (early[-1] if len(early) else heights[0])) / (risen or 1.0)
    values = None
    if len(spec.objectives) == 1 and len(rows) > 1:
        sign = -spec.objectives[0].sign
        values = sign * float(heights[-2]), sign * float(heights[-1])
    return LastGain(
        int(frame.number[rows[-1]]), float(spent[places[-1]]), float(spent[-1]),
        int(counted[places[-1] + 1 :].sum()), first=len(rows) == 1, late=late, values=values,
        volume=volume,
    )  # fmt: skip


def _raised(frame: Frame, spec: StudySpec) -> tuple[Index, Array, bool]:
    """Return the rows that raised what is found, in the order of their end, and how high it was.

    Heights are values of which more is better, or, where the third is true, shares of a box.
    """
    if len(spec.objectives) < 2:
        return *_risen(frame, spec, spec.objectives[0]), False
    rows = results(frame, spec)[0]
    ranges = [column(frame, o.metric, rows) for o in spec.objectives]
    # Of an objective with one value alone the box would be empty.
    varied = [o.metric for o, v in zip(spec.objectives, ranges, strict=True) if _varies(v)]
    if len(varied) < 2:
        named = next((o for o in spec.objectives if o.metric in varied), spec.objectives[0])
        return *_risen(frame, spec, named), False
    found = volume_so_far(frame, spec, box_of([(frame, spec)], varied))
    return *((rows[:0], np.zeros(0)) if found is None else found), True


def _risen(frame: Frame, spec: StudySpec, objective: Objective) -> tuple[Index, Array]:
    rows, values = best_so_far(frame, spec, objective)
    return rows, -objective.sign * values


def _varies(values: Array) -> bool:
    known = values[np.isfinite(values)]
    return bool(len(known)) and float(np.ptp(known)) > 0


def late_gain(objective: Objective, steps: Array, values: Array) -> float:
    """Return by how much the last quarter of a learning curve is better than all before it.

    In the metric's own unit, 0 where it is no better; NaN where the curve is too short to tell, or
    where the last quarter adds next to nothing to what the curve has gained. ``steps`` and
    ``values``: (k,), in the order of the steps.
    """
    known = np.isfinite(values)
    steps, loss = steps[known], objective.sign * values[known]
    if len(loss) < _FEWEST_STEPS or np.ptp(loss) == 0:
        return math.nan
    late = steps > steps[0] + _QUARTER * (steps[-1] - steps[0])
    if late.all() or not late.any():
        return math.nan
    gain = float(loss[~late].min() - loss[late].min())
    return gain if gain >= _STILL * float(loss[0] - loss.min()) and gain > 0 else 0.0


def still_gaining(gains: Sequence[float]) -> tuple[int, int, float]:
    """Return (curves that gain until their end, curves that tell, median gain of the former)."""
    told = [g for g in gains if not math.isnan(g)]
    rising = [g for g in told if g > 0]
    return len(rising), len(told), float(np.median(rising)) if rising else 0.0
