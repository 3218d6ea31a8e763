"""The engines under test behind one small interface: ours, its full-task twin, random, others'."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from search_support.problem import BUDGET, Metrics, Problem, active, from_unit

if TYPE_CHECKING:
    import optuna

    from hpo_tui.engine.optimizer import Earlier


class Spent(Exception):  # noqa: N818 - the end of a run, not an error
    """No further evaluation fits into the budget."""


@dataclass(frozen=True)
class Proposal:
    """What an engine wants evaluated, and what it expects to be charged for it."""

    number: int
    params: Mapping[str, Any]
    task: str
    cost: float


class Engine(Protocol):
    """Ask and tell; ``ask`` may be called with evaluations still running."""

    def ask(self) -> Proposal:
        """Return what to evaluate next. Raises :class:`Spent` when nothing fits the budget."""

    def tell(self, number: int, metrics: Metrics) -> None:
        """Take the metrics of a proposal."""


class Ours:
    """The package's own optimizer; ``full_only`` hides the cheap tasks from it.

    ``earlier``: studies that it learns from.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        resume: bool,
        full_only: bool = False,
        earlier: "Sequence[Earlier]" = (),
    ) -> None:
        from hpo_tui.engine.optimizer import BudgetSpent, Optimizer
        from hpo_tui.engine.spec import StudySpec

        spec = StudySpec.from_dict(problem.study(resume=resume, full_only=full_only))
        self._optimizer = Optimizer(spec, seed=seed, earlier=earlier)
        self._spent: type[Exception] = BudgetSpent

    def ask(self) -> Proposal:
        """Return the optimizer's next suggestion."""
        try:
            s = self._optimizer.ask()
        except self._spent as error:
            raise Spent from error
        return Proposal(s.number, dict(s.params), s.task, s.cost)

    def tell(self, number: int, metrics: Metrics) -> None:
        """Pass the metrics on."""
        self._optimizer.tell(number, metrics)

    def found(self, name: str) -> "Earlier":
        """Return what is known, for another study to learn from."""
        return self._optimizer.found(name)


class CostDraw(Ours):
    """SigOpt's published allocation around our model, as a baseline.

    The task is drawn with probability ∝ exp(-cost) before anything is looked at, then the
    configuration is chosen for it; nothing is promoted (libsigopt, sigoptlite).
    """

    def __init__(self, problem: Problem, seed: int, *, resume: bool) -> None:
        super().__init__(problem, seed, resume=resume)
        search, rng = self._optimizer._search, np.random.default_rng([seed, 11])
        propose = search.propose

        def drawn(open_tasks: Any, number: int) -> Any:
            open_tasks.promotable = {}
            if open_tasks.new_tasks:
                odds = np.exp([-open_tasks.history.costs[t] for t in open_tasks.new_tasks])
                open_tasks.new_tasks = [int(rng.choice(open_tasks.new_tasks, p=odds / odds.sum()))]
            return propose(open_tasks, number)

        setattr(search, "propose", drawn)  # noqa: B010 - a baseline from outside, not an extension


class Random:
    """Uniform configurations, all at the full task."""

    def __init__(self, problem: Problem, seed: int, *, resume: bool) -> None:
        del resume
        self._problem, self._rng = problem, np.random.default_rng(seed)
        self._number, self._left = 0, BUDGET

    def ask(self) -> Proposal:
        """Return a uniform draw."""
        full = self._problem.full
        if full.cost > self._left + 1e-9:
            raise Spent
        self._left -= full.cost
        self._number += 1
        unit = self._rng.random(len(self._problem.space))
        return Proposal(self._number, from_unit(self._problem.space, unit), full.name, full.cost)

    def tell(self, number: int, metrics: Metrics) -> None:
        """Learn nothing."""


class Optuna:
    """An Optuna sampler, all at the full task.

    All parameters are suggested every time and inactive ones dropped, as the given peers did:
    otherwise GPSampler would sample conditional parameters at random.
    """

    def __init__(self, problem: Problem, sampler: "optuna.samplers.BaseSampler") -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem, self._left = problem, BUDGET
        self._running: dict[int, optuna.Trial] = {}
        self._study = optuna.create_study(
            directions=["minimize" for _ in problem.goals], sampler=sampler
        )

    def ask(self) -> Proposal:
        """Return the sampler's next configuration."""
        full = self._problem.full
        if full.cost > self._left + 1e-9:
            raise Spent
        self._left -= full.cost
        trial = self._study.ask()
        params = {p["name"]: _suggest(trial, p) for p in self._problem.space}
        params = active(self._problem.space, params)
        self._running[trial.number] = trial
        return Proposal(trial.number, params, full.name, full.cost)

    def tell(self, number: int, metrics: Metrics) -> None:
        """Tell the losses; a limit becomes an Optuna constraint."""
        trial = self._running.pop(number)
        if self._problem.limits:
            slack = [metrics[name] - most for name, most in self._problem.limits]
            trial.set_user_attr("slack", slack)
        self._study.tell(trial, list(self._problem.losses(metrics)))


def _suggest(trial: "optuna.Trial", p: Mapping[str, Any]) -> Any:
    if p["type"] == "categorical":
        return trial.suggest_categorical(p["name"], p["choices"])
    if p["type"] == "int":
        return trial.suggest_int(p["name"], p["low"], p["high"], log=p.get("log", False))
    return trial.suggest_float(p["name"], p["low"], p["high"], log=p.get("log", False))


def _slack(trial: "optuna.trial.FrozenTrial") -> list[float]:
    values: list[float] = trial.user_attrs["slack"]
    return values


def _optuna(kind: str) -> Callable[..., Engine]:
    def make(problem: Problem, seed: int, *, resume: bool) -> Engine:
        del resume
        import optuna

        constraints = _slack if problem.limits else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)
            sampler: optuna.samplers.BaseSampler
            if kind == "gp":
                sampler = optuna.samplers.GPSampler(seed=seed, constraints_func=constraints)
            else:
                sampler = optuna.samplers.TPESampler(seed=seed, constraints_func=constraints)
        return Optuna(problem, sampler)

    return make


def _full_only(problem: Problem, seed: int, *, resume: bool) -> Engine:
    return Ours(problem, seed, resume=resume, full_only=True)


def _botorch(problem: Problem, seed: int, *, resume: bool) -> Engine:
    from search_support.botorch_mf import BoTorch

    return BoTorch(problem, seed, resume=resume)


ENGINES: dict[str, Callable[..., Engine]] = {
    "ours": Ours,
    "full-only": _full_only,
    "cost-draw": CostDraw,
    "random": Random,
    "tpe": _optuna("tpe"),
    "gp": _optuna("gp"),
    "botorch": _botorch,
}
"""Engines by name; each is made from a problem, a seed and ``resume``."""
