"""The trials of a study, what they have cost and what was run where.

Pure accounting: no model, no random numbers. Costs are in full-task units; tasks count from the
cheapest, 0, to the full one.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from hpo_tui.engine.optimizer import checks
from hpo_tui.engine.optimizer.api import PastTrial, State, Trial
from hpo_tui.engine.spec import BudgetUnit, Params, StudySpec, Value

EPS = 1e-9
"""Full-task units that are taken for rounding errors of sums of costs."""
_BARE_LOOKS = 3
"""Looks without a checkpoint, and none with one, from which on ``resume`` is not believed."""
Key = tuple[Any, ...]


def key_of(params: Mapping[str, Value]) -> Key:
    """Return what makes two configurations the same: names and values, whatever the order."""
    return tuple(sorted((k, type(v).__name__, v) for k, v in params.items()))


class TrialHistory:
    """Every trial by number and by configuration."""

    def __init__(self, spec: StudySpec) -> None:
        self.spec = spec
        self.trials: dict[int, Trial] = {}
        self.told: list[int] = []
        """Trials with a result that teaches, in the order the results came."""
        self.of_configuration: dict[int, list[Trial]] = {}
        self.bare: set[int] = set()
        """Finished trials that left no checkpoint: what goes on from them begins anew."""
        self._by_key: dict[Key, int] = {}
        self._reported: dict[int, set[str]] = {}
        """Metrics that each task has reported as a number."""
        self._elsewhere: list[PastTrial] = []
        """Trials of tasks that the study does not have any more, and those that wait."""
        self.task_names = [t.name for t in spec.tasks_by_cost]
        self.costs = [t.cost for t in spec.tasks_by_cost]

    @property
    def full(self) -> int:
        """Index of the full task."""
        return len(self.costs) - 1

    @property
    def next_number(self) -> int:
        """One more than the highest number so far."""
        elsewhere = (p.number for p in self._elsewhere)
        return max(max(self.trials, default=0), max(elsewhere, default=0)) + 1

    @property
    def spent(self) -> float:
        """All that was charged, running trials at their price."""
        charged = (t.cost if t.state == "running" else t.charged for t in self.trials.values())
        return sum(p.charged for p in self._begun_elsewhere()) + math.fsum(charged)

    def left(self, budget: float, unit: BudgetUnit) -> float | None:
        """Return what is left: full-task units, or trials; None where only the clock can tell."""
        if unit is BudgetUnit.FULL:
            return budget - self.spent
        if unit is BudgetUnit.TRIALS:
            return budget - len(self.trials) - len(self._begun_elsewhere())
        return None

    def _begun_elsewhere(self) -> list[PastTrial]:
        """Trials of tasks that are gone: what they cost stays spent."""
        return [p for p in self._elsewhere if p.state != "waiting"]

    def running(self) -> list[Trial]:
        """Trials under way."""
        return [t for t in self.trials.values() if t.state == "running"]

    def configuration(self, params: Params) -> int:
        """Id of a configuration, a new one if it has never been seen."""
        key = key_of(params)
        if key not in self._by_key:
            elsewhere = (p.configuration for p in self._elsewhere)
            taken = chain(self.of_configuration, self._by_key.values(), elsewhere)
            self._by_key[key] = max(taken, default=0) + 1
        return self._by_key[key]

    def known(self, params: Params) -> int | None:
        """Id of a configuration that has been seen, else None."""
        return self._by_key.get(key_of(params))

    def add(self, trial: Trial) -> None:
        """Take in a trial, whatever its state. Raises ValueError where its number is taken."""
        self._none_twice((trial,))
        self.trials[trial.number] = trial
        self.of_configuration.setdefault(trial.configuration, []).append(trial)
        self._by_key.setdefault(key_of(trial.params), trial.configuration)

    def _none_twice(self, trials: Iterable[Trial | PastTrial]) -> None:
        """Raise ValueError where a number is taken already, or comes twice."""
        taken = set[int]()
        for trial in trials:
            if trial.number in self.trials or trial.number in taken:
                raise ValueError(f"there is a trial {trial.number} already: each is taken in once")
            taken.add(trial.number)

    def remove(self, number: int) -> Trial:
        """Take a trial out as if it had never been; its configuration too if it had no other."""
        trial = self.trials.pop(number)
        others = self.of_configuration[trial.configuration]
        others.remove(trial)
        if not others:
            del self.of_configuration[trial.configuration]
            self._by_key.pop(key_of(trial.params), None)
        return trial

    def trial(self, number: int) -> Trial:
        """Return a trial. Raises KeyError where there is none, TypeError for what is no number."""
        checks.trial_number(number)
        if any(p.number == number for p in self._begun_elsewhere()):
            raise KeyError(f"trial {number} is of a task that the study does not have any more")
        if number not in self.trials:
            last = f"the last is {max(self.trials)}" if self.trials else "none was asked for"
            raise KeyError(f"there is no trial {number}: {last}")
        return self.trials[number]

    def live(self, number: int) -> Trial:
        """Return a running trial. Raises KeyError where there is none, ValueError for an ended."""
        trial = self.trial(number)
        if trial.state != "running":
            ended = f"trial {number} has ended already ({trial.state})"
            raise ValueError(f"{ended}: it ends once, and then stays as it is")
        return trial

    def task(self, name: str) -> int:
        """Return a task's index. Raises ValueError, in words, where there is none of this name."""
        if name not in self.task_names:
            raise ValueError(f"there is no task {name!r}; tasks: {self.task_names}")
        return self.task_names.index(name)

    def close(self, trial: Trial, state: State, charged: float) -> None:
        """End a running trial. Raises ValueError for one that has ended; it is as it was then."""
        self.live(trial.number)
        paid = checks.number("what is charged", charged)
        trial.state, trial.charged = state, max(0.0, paid) if math.isfinite(paid) else trial.cost

    def finish(self, trial: Trial, metrics: Mapping[str, float]) -> None:
        """Give a trial its result, a failed one too."""
        trial.metrics = {k: float(v) for k, v in metrics.items()}
        self.told.append(trial.number)
        self._note(trial)

    def _note(self, trial: Trial) -> None:
        """Note which metrics the task of a finished trial reports."""
        if trial.state == "complete":
            found = (n for n, v in trial.metrics.items() if math.isfinite(v))
            self._reported.setdefault(trial.task, set()).update(found)

    @property
    def resumes(self) -> bool:
        """Whether a dearer task carries a cheaper one on: some look has left a checkpoint.

        A study may say so of a script that writes none.
        """
        if not self.spec.resume or len(self.bare) < _BARE_LOOKS:
            return self.spec.resume
        looks = (t for t in self.trials.values() if t.state == "complete" and t.task < self.full)
        return any(t.number not in self.bare for t in looks)

    def checkpoint(self, configuration: int | None, task: int) -> Trial | None:
        """Return the finished trial that running ``task`` can carry on, the dearest below it.

        ``configuration``: None for a new one, which has nothing to carry on.
        """
        if configuration is None or not self.spec.resume:
            return None
        done = [
            t
            for t in self.of_configuration.get(configuration, [])
            if t.state == "complete"
            and t.task < task
            and t.repeat == 0
            and t.number not in self.bare
        ]
        return max(done, key=lambda t: t.task, default=None)

    def reached(self, configuration: int) -> int:
        """Return the dearest task run or running for a configuration, -1 for none."""
        return max(
            (
                t.task
                for t in self.of_configuration.get(configuration, [])
                if t.state in ("running", "complete") and t.repeat == 0
            ),
            default=-1,
        )

    def open_to_promotion(self, configuration: int) -> bool:
        """Whether it may go on: done at a cheaper task, nothing of it running, failed or pruned.

        What failed by no fault of the configuration says nothing against it. A result that is NaN
        has failed by it.
        """
        trials = self.of_configuration.get(configuration, [])
        if any(t.state in ("running", "pruned") or (t.state == "failed" and t.teaches)
               or self._diverged(t) for t in trials):  # fmt: skip
            return False
        return -1 < self.reached(configuration) < self.full

    def _diverged(self, trial: Trial) -> bool:
        """Whether a finished trial was told as NaN or infinite in what its task can report.

        A metric that the task has never reported says nothing against the configuration, unless
        there is no other.
        """
        if trial.state != "complete":
            return False
        lost = [n for n in self.spec.metric_names if not math.isfinite(trial.metrics.get(n, 0.0))]
        if not lost:
            return False
        known = self._reported.get(trial.task, set())
        return len(lost) == len(self.spec.metric_names) or any(n in known for n in lost)

    def full_runs(self, *, stopped: bool = False, failed: bool = False) -> int:
        """Full-task trials running or finished, stopped or failed too if asked; repeats aside."""
        states = {"running", "complete", *["pruned"] * stopped, *["failed"] * failed}
        return sum(
            t.task == self.full and t.state in states and t.repeat == 0
            for t in self.trials.values()
        )

    def since_full(self) -> float:
        """Return what trials begun after the last full-task one cost, running ones at price."""
        cost = 0.0
        for _, trial in sorted(self.trials.items(), reverse=True):
            if trial.task == self.full:
                break
            cost += trial.cost if trial.state == "running" else trial.charged
        return cost

    def past(self) -> list[PastTrial]:
        """Return all trials as a store has them, for :meth:`restore`."""
        place = {number: float(i) for i, number in enumerate(self.told)}
        return [
            PastTrial(
                number=t.number,
                configuration=t.configuration,
                params=dict(t.params),
                task=self.task_names[t.task],
                state=t.state,
                metrics=dict(t.metrics),
                charged=t.cost if t.state == "running" else t.charged,
                resume_from=t.resume_from,
                duration=t.duration,
                teaches=t.teaches,
                repeat=t.repeat,
                reports=tuple((s, dict(m)) for s, m in t.reports),
                ended=place.get(t.number),
                bare=t.number in self.bare,
            )
            for t in self.trials.values()
        ] + self._elsewhere

    def restore(self, history: Iterable[PastTrial]) -> None:
        """Take in trials out of the store: results count in the order in which they came."""
        told: list[PastTrial] = []
        ordered = sorted(history, key=lambda p: p.number)
        self._none_twice(ordered)
        for past in ordered:
            if past.task not in self.task_names or past.state == "waiting":
                self._elsewhere.append(past)
                self._by_key.setdefault(key_of(past.params), past.configuration)
                continue
            begun = self._begun(past)
            self.add(begun)
            self._note(begun)
            if past.bare:
                self.bare.add(past.number)
            failed = past.state == "failed" and past.teaches
            if failed or past.state in ("complete", "pruned"):
                told.append(past)
        self.told += [p.number for p in sorted(told, key=_when)]

    def _begun(self, past: PastTrial) -> Trial:
        """Return a trial of the store, of a task of this study, as it is kept here."""
        task = self.task_names.index(past.task)
        unpriced = past.state == "running" and not past.charged
        return Trial(
            number=past.number,
            configuration=past.configuration,
            params=dict(past.params),
            task=task,
            state=past.state,
            cost=self.costs[task] if unpriced else past.charged,
            metrics={k: float(v) for k, v in past.metrics.items()},
            charged=past.charged,
            resume_from=past.resume_from,
            duration=past.duration,
            teaches=past.teaches,
            repeat=past.repeat,
            reports=[(step, dict(metrics)) for step, metrics in past.reports],
        )


def _when(past: PastTrial) -> tuple[float, int]:
    """Return what orders results: when they came, by number where that is not known."""
    return (math.inf if past.ended is None else past.ended, past.number)
