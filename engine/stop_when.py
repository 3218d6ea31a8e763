"""Finds when enough trials meet all goals for a study to end (``stop_when``). Pure, and light."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import numbered
from hpo_tui.engine.summaries import mean
from hpo_tui.store.models import Trial, TrialState

KEY = "past_goals"
"""Where the store keeps the goals that the study goes on past, because it was extended."""
_MOST = 6
"""Numbers of trials that a reason lists at most."""


def meeting(spec: StudySpec, trials: Iterable[Trial]) -> list[int]:
    """Return the full trials that meet every goal, in order.

    As everywhere, a configuration that ran several times at the full task counts once, as its first
    such trial, by the mean of its results.
    """
    groups: dict[int, list[Trial]] = {}
    for trial in trials:
        if trial.state is TrialState.COMPLETE and trial.task == spec.full_task.name:
            groups.setdefault(trial.configuration, []).append(trial)
    return sorted(min(t.number for t in g) for g in groups.values() if _meets(spec, g))


def _meets(spec: StudySpec, group: Sequence[Trial]) -> bool:
    means = {
        name: mean([t.metrics.get(name, math.nan) for t in group]) for name in spec.metric_names
    }
    return all(map(math.isfinite, means.values())) and spec.meets(means)


def goals_mark(spec: StudySpec) -> list[Any]:
    """Return what the goals are, as JSON keeps it: other goals are to be met anew."""
    return [
        spec.stop_when,
        *([o.metric, o.threshold] for o in spec.objectives),
        *([c.metric, c.min, c.max] for c in spec.outcome_constraints),
    ]


def reached(spec: StudySpec, trials: Iterable[Trial], past: object) -> list[int]:
    """Return the trials on which the study ends; none where it goes on.

    ``past``: the :func:`goals_mark` that it was asked to go on past.
    """
    if not spec.stop_when or past == goals_mark(spec):
        return []
    found = meeting(spec, trials)
    return found if len(found) >= spec.stop_when else []


def why(numbers: Sequence[int]) -> str:
    """Return why the study ends: ``goals met by trials 7, 12``."""
    more = len(numbers) - _MOST
    return f"goals met by {numbered(numbers[:_MOST])}" + (f" and {more} more" if more > 0 else "")


GOES_ON = "; it continues past the goals that were met, to the end of its budget"
"""What the answer to ``extend`` says of a study that had ended on its goals."""
