"""The engines of ``search.py`` for trainings that report, break off and go on from checkpoints."""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from search_support import engines
from search_support.engines import Proposal
from search_support.problem import Metrics
from search_support.score import axis

from real_support.problems import Real

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class End:
    """How a trial ended: ``complete``, ``stopped`` (by the engine) or ``diverged``.

    ``metrics``: of the last report. ``charged``: full-task units, for the steps that were run.
    """

    state: str
    metrics: Metrics
    charged: float


class Searcher(Protocol):
    """What a run asks: one trial at a time."""

    def ask(self) -> Proposal:
        """Return what to train next. Raises ``Spent`` when nothing fits the budget."""

    def origin(self, number: int) -> int | None:
        """Return the trial whose checkpoint this one goes on from, None for a new beginning."""

    def report(self, number: int, step: int, metrics: Metrics) -> bool:
        """Take what a trial has reached; return whether it is to be stopped."""

    def end(self, number: int, end: End) -> None:
        """Take how a trial ended."""


class Ours(engines.Ours):
    """The package's own optimizer, stopping trials early as the runner does by default."""

    def __init__(self, problem: Real, seed: int, *, full_only: bool = False) -> None:
        super().__init__(problem, seed, resume=problem.resume, full_only=full_only)
        self._goals = [goal.metric for goal in problem.goals]
        self._origins: dict[int, int | None] = {}

    def ask(self) -> Proposal:
        """Return the optimizer's next suggestion."""
        try:
            s = self._optimizer.ask()
        except self._spent as error:
            raise engines.Spent from error
        self._origins[s.number] = s.resume_from
        return Proposal(s.number, dict(s.params), s.task, s.cost)

    def origin(self, number: int) -> int | None:
        """Return the trial that the suggestion carries on."""
        return self._origins[number]

    def report(self, number: int, step: int, metrics: Metrics) -> bool:
        """Pass the objectives on; stop where the optimizer sees no chance."""
        self._optimizer.report(number, step, self._own(metrics))
        return self._optimizer.should_stop(number).stop

    def end(self, number: int, end: End) -> None:
        """Pass the end on, with what the trial was charged."""
        if end.state == "diverged":
            self._optimizer.fail(number, "diverged", charged=end.charged)
        elif end.state == "stopped":
            self._optimizer.prune(number, self._own(end.metrics), charged=end.charged)
        else:
            self._optimizer.tell(number, self._own(end.metrics))

    def _own(self, metrics: Metrics) -> Metrics:
        return {name: metrics[name] for name in self._goals}


class Random(engines.Random):
    """Uniform configurations at the full task; the run counts the budget."""

    def __init__(self, problem: Real, seed: int) -> None:
        super().__init__(problem, seed, resume=False)
        self._left = math.inf

    def origin(self, number: int) -> None:
        """Begin anew."""

    def report(self, number: int, step: int, metrics: Metrics) -> bool:
        """Stop nothing."""
        del number, step, metrics
        return False

    def end(self, number: int, end: End) -> None:
        """Learn nothing."""


class Optuna(engines.Optuna):
    """A sampler of Optuna at the full task, with a pruner where one is given.

    It is told the logarithm of an objective that is marked so in the study, as ours works with.
    """

    def __init__(
        self,
        problem: Real,
        sampler: "optuna.samplers.BaseSampler",
        pruner: "optuna.pruners.BasePruner | None" = None,
    ) -> None:
        super().__init__(problem, sampler)
        self._left, self._prunes = math.inf, pruner is not None
        if pruner is not None:
            self._study.pruner = pruner

    def origin(self, number: int) -> None:
        """Begin anew."""

    def report(self, number: int, step: int, metrics: Metrics) -> bool:
        """Pass the objective on to the pruner, if there is one."""
        if not self._prunes:
            return False
        trial = self._running[number]
        trial.report(self._losses(metrics)[0], step)
        return trial.should_prune()

    def end(self, number: int, end: End) -> None:
        """Tell the losses; a training that diverged is a failed trial."""
        from optuna.trial import TrialState

        trial = self._running.pop(number)
        if end.state == "diverged":
            self._study.tell(trial, state=TrialState.FAIL)
        elif end.state == "stopped":
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, self._losses(end.metrics))

    def _losses(self, metrics: Metrics) -> list[float]:
        goals = self._problem.goals
        return [axis(g, v) for g, v in zip(goals, self._problem.losses(metrics), strict=True)]


def _full_only(problem: Real, seed: int) -> Searcher:
    return Ours(problem, seed, full_only=True)


def _tpe(problem: Real, seed: int) -> Searcher:
    import optuna

    return Optuna(problem, optuna.samplers.TPESampler(seed=seed))


def _gp(problem: Real, seed: int) -> Searcher:
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return Optuna(problem, optuna.samplers.GPSampler(seed=seed))


def _hyperband(problem: Real, seed: int) -> Searcher:
    import optuna

    # Its first look comes after an eighth of a training; the factor is Optuna's default.
    pruner = optuna.pruners.HyperbandPruner(
        min_resource=problem.steps // 8, max_resource=problem.steps, reduction_factor=3
    )
    return Optuna(problem, optuna.samplers.TPESampler(seed=seed), pruner)


ENGINES: Mapping[str, Callable[[Real, int], Searcher]] = {
    "ours": Ours,
    "full-only": _full_only,
    "gp": _gp,
    "tpe": _tpe,
    "tpe-hyperband": _hyperband,
    "random": Random,
}
"""Engines by name. ``tpe-hyperband`` takes one objective only."""


def takes(engine: str, problem: Real) -> bool:
    """Whether an engine can be run on a problem."""
    return problem.single or engine != "tpe-hyperband"
