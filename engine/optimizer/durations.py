"""What trials take: measured costs of tasks, and when the budget will be spent.

Log durations are linear in the task with one offset a configuration's median cannot bias: the
median over pairs run at two tasks, else the ratio of medians. Seconds.
"""

import math

import numpy as np

from hpo_tui.engine.optimizer.ledger import Ledger
from hpo_tui.engine.spec.model import StudySpec

_ENOUGH = 3


class Durations:
    """Durations by task."""

    def __init__(self, spec: StudySpec) -> None:
        self.spec = spec

    def per_cost(self, ledger: Ledger) -> float | None:
        """Median seconds per full-task unit; None before any trial has ended."""
        rates = [
            t.duration / t.cost
            for t in ledger.trials.values()
            if t.duration is not None and t.state == "complete" and t.cost > 0
        ]
        return float(np.median(rates)) if rates else None

    def task_costs(self, ledger: Ledger) -> list[float] | None:
        """Each task's cost as its median duration from scratch over the full task's.

        None until every task has been timed three times. The full task stays 1.
        """
        seconds: list[float] = []
        for task in range(ledger.full + 1):
            found = self._from_scratch(ledger, task)
            if len(found) < _ENOUGH:
                return None
            seconds.append(float(np.median(np.log(found))))
        costs = [math.exp(min(s - seconds[-1], 0.0)) for s in seconds]
        costs[-1] = 1.0
        return costs

    def _from_scratch(self, ledger: Ledger, task: int) -> list[float]:
        """Seconds that each trial of a task has taken, with those of the trials it carried on."""
        out = []
        for trial in ledger.trials.values():
            if trial.task != task or trial.state != "complete" or trial.duration is None:
                continue
            total, before = trial.duration, trial.resume_from
            while before is not None and before in ledger.trials:
                total += ledger.trials[before].duration or 0.0
                before = ledger.trials[before].resume_from
            out.append(total)
        return out

    def eta(self, ledger: Ledger, left: float, workers: int) -> float | None:
        """Seconds until ``left`` full-task units are spent by so many trials at once."""
        rate = self.per_cost(ledger)
        if rate is None:
            return None
        under_way = sum(t.cost for t in ledger.running())
        return rate * (max(left, 0.0) + 0.5 * under_way) / max(workers, 1)
