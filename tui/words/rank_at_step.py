"""How a running trial stands among the others of its task at the step that it has reached."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from hpo_tui.store.models import TrialState
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Array
    from hpo_tui.store.read import StudyReader
    from hpo_tui.tui.watching.snapshot import Snapshot

_MOST = 200
"""Other trials that a trial is compared with: the last ones of its task."""


def rank_text(snapshot: "Snapshot", row: int, reader: "StudyReader") -> str:
    """Return ``eval_loss 2nd of 7 at 20k tokens``; empty for a trial with nothing to compare."""
    frame, running = snapshot.frame, snapshot.frame.in_state(TrialState.RUNNING)
    if not running[row] or math.isnan(frame.step[row]):
        return ""
    number, task = int(frame.number[row]), frame.tasks[frame.task[row]]
    others = frame.number[frame.at_task(task) & (frame.number != number)][-_MOST:].tolist()
    found = []
    for goal in snapshot.spec.objectives:
        curves = reader.curves([number, *others], goal.metric)
        place, of = rank_among(curves, number, goal.sign)
        if of > 1:
            found.append(f"{plain(goal.metric)} {_nth(place)} of {of}")
    return f"{', '.join(found)} at {plain(task)}" if found else ""


def rank_among(
    curves: "Mapping[int, tuple[Array, Array]]", number: int, sign: float
) -> tuple[int, int]:
    """Return the place of a trial and of how many trials, by their values at its last step.

    ``curves``: trial → (steps, values); ``sign``: 1 where less is better, -1 where more is. Others
    count that have come as far. Place and count are 0 where the trial has no value.
    """
    if number not in curves:
        return 0, 0
    step = float(curves[number][0].max())
    own = _value_at(curves[number], step)
    if math.isnan(own):
        return 0, 0
    far = [c for n, c in curves.items() if n != number and c[0].max() >= step]
    values = [v for v in (_value_at(c, step) for c in far) if not math.isnan(v)]
    return 1 + sum(sign * v < sign * own for v in values), 1 + len(values)


def _value_at(curve: "tuple[Array, Array]", step: float) -> float:
    """Return what a trial had reported last by a step; NaN where nothing, or no number."""
    steps, values = curve
    before = steps <= step
    return float(values[before][-1]) if before.any() else math.nan


def _nth(place: int) -> str:
    last = place % 10 if place % 100 not in (11, 12, 13) else 0
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"
