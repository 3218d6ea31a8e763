"""The ledger: how much of a budget is used, what of it is left, and what a running trial has used.

Pure accounting, no files. What of it was lost: :func:`hpo_tui.engine.analysis.charges.lost`.
"""

import math
from collections.abc import Collection, Iterable
from statistics import median

from hpo_tui.engine.occupancy import GpuTime, Occupancy
from hpo_tui.engine.spec import Budget, BudgetUnit, StudySpec
from hpo_tui.store.models import UNDER_WAY, Trial, TrialState

ASSUMED_FULL = 600.0
"""Seconds that a full task is taken to last before any trial has shown how long it does."""
_RECENT = 50
"""Trials of a task that its pace is told by: the last ones."""


def used(
    budget: Budget,
    trials: Iterable[Trial],
    *,
    wall: float,
    devices: int = 1,
    gpu: GpuTime | None = None,
) -> float:
    """Return how much of a budget is used, in its own unit.

    ``wall``: seconds since the study started; ``devices``: GPUs of one trial. ``gpu``: GPU time
    where it is known; else it is found from the trials, which takes a while with many.
    """
    if budget.unit is BudgetUnit.WALL:
        return wall
    if budget.unit is BudgetUnit.TRIALS:
        return float(sum(1 for t in trials if t.state is not TrialState.WAITING))
    if budget.unit is BudgetUnit.GPU_HOURS:
        gpu = gpu or Occupancy(trials).total(devices)
        return gpu.seconds / 3600.0
    return math.fsum(t.charged for t in trials)


class Meter:
    """Tells how far a running trial has come, from the seconds and steps that earlier ones took."""

    def __init__(self, spec: StudySpec) -> None:
        self.spec = spec
        self._rates: dict[str, list[float]] = {}
        self._steps: dict[str, list[int]] = {}

    def learn(self, trial: Trial) -> None:
        """Take a complete trial into account."""
        if trial.state is not TrialState.COMPLETE:
            return
        if trial.duration is not None and trial.cost > 0 and trial.attempt == 1:
            self._rates.setdefault(trial.task, []).append(trial.duration / trial.cost)
        if trial.step is not None:
            self._steps.setdefault(trial.task, []).append(trial.step)

    @property
    def known(self) -> bool:
        """Whether any trial has been complete yet."""
        return bool(self._rates)

    def rate(self, task: str) -> float:
        """Return the seconds that a full-task unit of cost takes at a task, as far as known."""
        own = self._rates.get(task)
        if own:
            return median(own[-_RECENT:])
        others = [r for rates in self._rates.values() for r in rates[-_RECENT:]]
        return median(others) if others else ASSUMED_FULL

    def last_step(self, task: str) -> int | None:
        """Return the step at which trials of a task end, None if nobody knows."""
        seen = self._steps.get(task)
        if seen:
            return round(median(seen[-_RECENT:]))
        try:
            fidelity = self.spec.task(task).fidelity
        except KeyError:
            return None
        counts = [v for v in fidelity.values() if isinstance(v, int) and not isinstance(v, bool)]
        return counts[0] if len(counts) == 1 else None

    def share_of_time(self, trial: Trial, elapsed: float) -> float:
        """Return the share (0 to 1) of its cost that an attempt has used by so many seconds."""
        expected = trial.cost * self.rate(trial.task)
        return min(1.0, max(0.0, elapsed) / expected) if expected > 0 else 1.0

    def share_of_steps(self, task: str, step: int | None, before: int | None) -> float | None:
        """Return the share (0 to 1) of its steps that an attempt has run, None if steps don't tell.

        ``step``: the last reported; ``before``: the step at which it began (a carried checkpoint).
        """
        end, begin = self.last_step(task), before or 0
        if step is None or end is None or not begin <= step <= end or end <= begin:
            return None
        return (step - begin) / (end - begin)


def left_in_units(
    spec: StudySpec,
    trials: Collection[Trial],
    meter: Meter,
    *,
    wall: float,
    gpu: GpuTime,
) -> float | None:
    """Return what is left of a budget of time, in full-task units as long as the median one.

    None for other budgets, and while no trial has been complete. ``wall``: seconds since the study
    started; of what is left one slot alone is counted, since a trial that is to end in time has no
    use for the others. GPU-hours are counted as if all trials under way had ended, and trials are
    taken to share GPUs as much as so far. ``gpu``: GPU time till now.
    """
    budget = spec.budget
    if budget.unit not in (BudgetUnit.WALL, BudgetUnit.GPU_HOURS) or not meter.known:
        return None
    rate = meter.rate(spec.full_task.name)
    if budget.unit is BudgetUnit.WALL:
        return max(0.0, budget.amount - wall) / rate
    seconds = (3600.0 * budget.amount - gpu.seconds) * gpu.sharing
    seconds /= spec.resources.gpus_per_trial
    ahead = sum(max(0.0, t.wasted + t.cost - t.charged) for t in trials if t.state in UNDER_WAY)
    return max(0.0, seconds / rate - ahead)
