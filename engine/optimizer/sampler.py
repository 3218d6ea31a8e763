"""The search as an Optuna sampler, for plain Optuna studies and under :class:`Optimizer`.

Without a study file it takes Optuna's own semantics: the space is the intersection of what past
trials suggested, directions are the study's, constraints those that trials set. With one it also
knows tasks, costs, thresholds and the budget: every trial then carries the task it is to be run at
and the trial to resume from in its user attributes.
"""

import threading
import warnings
import weakref
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine.optimizer import checks
from hpo_tui.engine.optimizer.earlier import Earlier, checked
from hpo_tui.engine.optimizer.encoding.axes import axis_of
from hpo_tui.engine.optimizer.history import Key, TrialHistory, key_of
from hpo_tui.engine.optimizer.open_tasks import OpenTasks
from hpo_tui.engine.optimizer.optuna import conversion
from hpo_tui.engine.optimizer.optuna.planning import as_planned, planned_attributes
from hpo_tui.engine.optimizer.optuna.turns import in_turn, settle
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.spec import ParameterKind, Params, StudySpec
from hpo_tui.engine.spec.names import listing

_FOUND_AGAIN = {"_lock", "_of", "_intersection", "_inferred", "search"}


class CostWeightedSampler(BaseSampler):
    """Multi-task Gaussian processes, expected hypervolume improvement per unit of cost.

    ``spec``: tasks, costs, goals and budget; its objectives must match the study's directions.
    ``failures_teach``: whether Optuna's FAIL counts as a bad result of its parameters (Optuna's
    own samplers ignore it and propose what runs out of memory again and again).
    ``earlier``: studies to learn from, with ``spec`` (:meth:`Earlier.of`).
    Raises :class:`BudgetSpent` from ``study.ask`` when the budget of ``spec`` is spent.
    """

    def __init__(
        self,
        spec: StudySpec | None = None,
        seed: int | None = None,
        *,
        failures_teach: bool = True,
        earlier: Sequence[Earlier] = (),
    ) -> None:
        own = _drawn() if spec is None else checks.study(spec).seed
        self.seed = checks.seed(own if seed is None else seed)
        self.spec, self._earlier = spec, checked(earlier, spec)
        self._failures_teach = failures_teach
        self._independent = self.seed
        self._lock = threading.RLock()
        self._begin()

    def _begin(self) -> None:
        """Know nothing of any study yet."""
        self._of: tuple[weakref.ref[Any], str, int] | None = None
        self._intersection = IntersectionSearchSpace(include_pruned=True)
        self._inferred: tuple[Any, StudySpec, Search] | None = None
        if self.spec is not None:
            self.search = Search(self.spec, self.seed, self._earlier)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the lock and what is known of a study, which is found again."""
        return {k: v for k, v in self.__dict__.items() if k not in _FOUND_AGAIN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()
        self._begin()

    def reseed_rng(self) -> None:
        """Take a fresh seed for independent samples."""
        self._independent = _drawn()

    def _turn_to(self, study: Study, *, new: bool = False) -> None:
        """Forget another study: what is kept of trials is kept by their numbers.

        ``new``: it is at its first trial; one that was deleted and made again has the same name.
        """
        storage, name, key = study._storage, study.study_name, study._study_id
        known = self._of is not None and self._of[0]() is storage and self._of[1:] == (name, key)
        if new or not known:
            if self.spec is not None:
                conversion.check_directions(self.spec, study.directions)
            self._begin()
            self._of = weakref.ref(storage), name, key

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the study file's space, else the intersection of the spaces of past trials."""
        if self.spec is not None:
            return {p.name: conversion.distribution(p) for p in self.spec.free}
        with self._lock:
            self._turn_to(study, new=trial.number == 0)
            found = self._intersection.calculate(study)
        return {name: d for name, d in found.items() if not d.single()}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """With a study file: choose the configuration and its task before the trial starts.

        What was enqueued is run as it is; its task and checkpoint are those of its values.
        """
        if self.spec is None:
            return
        try:
            in_turn(study, trial)
            with self._lock:
                self._turn_to(study, new=trial.number == 0)
                found = planned_attributes(
                    self.search, self._history(study, self.spec, trial), trial
                )
                for name, value in found.items():
                    study._storage.set_trial_user_attr(trial._trial_id, name, value)
                    trial.set_user_attr(name, value)
        except BaseException:  # nobody will run it: it must not seem to be running for ever
            study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
            raise

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values for the whole space at once; those of inactive parameters are left out."""
        if self.spec is not None:
            return as_planned(trial, self.search.space, search_space)
        if not search_space:
            return {}
        with self._lock:
            self._turn_to(study)
            spec, search = self._inferred_search(study, search_space)

            def choose() -> Params:
                history = self._history(study, spec, trial)
                number = conversion.our_number(trial.number)
                proposal = search.propose(OpenTasks(history, None), number)
                if proposal is None:
                    x = search.space.uniform(1, np.random.default_rng([self.seed, trial.number]))
                else:
                    x = proposal.x[None]
                return search.space.decode(x)[0]

            found = settle(study, trial, choose)
        return {n: conversion.optuna_value(search_space[n], v) for n, v in found.items()}

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Warn of a result without the metrics that the study file's constraints are about."""
        del study, values
        if self.spec is None or state is not TrialState.COMPLETE:
            return
        lost = conversion.untold_constraints(trial, self.spec)
        if lost:
            warnings.warn(
                f"trial {trial.number} has no number for {listing(lost)}, so it counts as failing "
                "that constraint of the study file: trial.set_user_attr(name, number) tells it",
                stacklevel=2,
            )

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a uniform random value: for parameters that not every trial has."""
        del study
        # Drawn for the trial, and not in a row: a study that is taken up again goes on.
        name = zlib.crc32(param_name.encode())
        u = np.random.default_rng([self._independent, trial.number, name]).random(1)
        axis = axis_of(conversion.parameter(param_name, param_distribution))
        if axis.categorical:
            u = np.floor(u * axis.levels)
        return conversion.optuna_value(param_distribution, axis.values(axis.snap(u))[0])

    def _inferred_search(
        self, study: Study, search_space: Mapping[str, BaseDistribution]
    ) -> tuple[StudySpec, Search]:
        """Return a specification made from a search space, and its search; kept while it stays."""
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        limits = conversion.constraint_names(trials)
        key = (repr(search_space), tuple(study.directions), limits)
        if self._inferred is None or self._inferred[0] != key:
            spec = conversion.inferred_spec(search_space, study.directions, limits, self.seed)
            self._inferred = (key, spec, Search(spec, self.seed))
        return self._inferred[1], self._inferred[2]

    def _history(self, study: Study, spec: StudySpec, current: FrozenTrial) -> TrialHistory:
        """Return the study's trials as a history, the one being asked about left out."""
        # All of them: Hyperband shows a sampler one bracket at a time.
        trials: Sequence[FrozenTrial] = study._storage.get_all_trials(
            study._study_id, deepcopy=False
        )
        names = [p.name for p in spec.space if p.kind is not ParameterKind.FIXED]
        ids: dict[Key, int] = {}
        past = []
        for trial in trials:
            # What was planned for a trial counts before it has asked for its values.
            params = {**trial.user_attrs.get(conversion.PARAMS, {}), **trial.params}
            if self.spec is None:
                params = conversion.our_params(trial)
            if trial.number == current.number or not params:
                continue
            params = {n: params[n] for n in names if n in params}
            # The same for a trial and for one that carries it on.
            configuration = ids.setdefault(key_of(params), len(ids) + 1)
            row = conversion.past_trial(trial, spec, params, configuration, self._failures_teach)
            if row is not None:
                past.append(row)
        history = TrialHistory(spec)
        history.restore(past)
        return history


def _drawn() -> int:
    """Return a seed by chance."""
    return int(np.random.default_rng().integers(2**31))
