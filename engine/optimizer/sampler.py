"""The search as an Optuna sampler, for plain Optuna studies and under :class:`Optimizer`.

Without a study file it takes Optuna's own semantics: the space is the intersection of what past
trials suggested, directions are the study's, constraints those that trials set. With one it also
knows tasks, costs, thresholds and the budget: every trial then carries the task it is to be run at
and the trial to resume from in its user attributes.
"""

import threading
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine.optimizer import bridge, checks
from hpo_tui.engine.optimizer.api import BudgetSpent
from hpo_tui.engine.optimizer.axes import axis_of
from hpo_tui.engine.optimizer.enqueued import Plan, enqueued, proposed
from hpo_tui.engine.optimizer.ledger import Key, Ledger, key_of
from hpo_tui.engine.optimizer.options import Options
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.spec.model import ParameterKind, Params, StudySpec

TASK, RESUME, COST, WHY = "hpo:task", "hpo:resume_from", "hpo:cost", "hpo:why"
PARAMS = "hpo:params"
"""User attributes that a trial gets where the sampler has a study file."""


class CostWeightedSampler(BaseSampler):
    """Multi-task Gaussian processes, expected hypervolume improvement per unit of cost.

    ``spec``: tasks, costs, goals and budget; its objectives must match the study's directions.
    ``failures_teach``: whether Optuna's FAIL counts as a bad result of its parameters (Optuna's
    own samplers ignore it and propose what runs out of memory again and again).
    Raises :class:`BudgetSpent` from ``study.ask`` when the budget of ``spec`` is spent.
    """

    def __init__(
        self,
        spec: StudySpec | None = None,
        seed: int | None = None,
        *,
        failures_teach: bool = True,
    ) -> None:
        own = _drawn() if spec is None else checks.study(spec).seed
        self.seed = checks.seed(own if seed is None else seed)
        self.spec = spec
        self._failures_teach = failures_teach
        self._independent = self.seed
        self._lock = threading.RLock()
        self._study = ""
        self._begin()

    def _begin(self) -> None:
        """Know nothing of any study yet."""
        self._intersection = IntersectionSearchSpace(include_pruned=True)
        self._inferred: tuple[Any, StudySpec, Search] | None = None
        self._planned: dict[int, Params] = {}
        if self.spec is not None:
            self.search = Search(self.spec, self.seed)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the lock, so that the sampler can be pickled with its study."""
        return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()

    def reseed_rng(self) -> None:
        """Take a fresh seed for independent samples."""
        self._independent = _drawn()

    def _turn_to(self, study: Study) -> None:
        """Forget another study: what is kept of trials is kept by their numbers."""
        with self._lock:
            if study.study_name != self._study:
                if self._study:
                    self._begin()
                if self.spec is not None:
                    bridge.check_directions(self.spec, study.directions)
                self._study = study.study_name

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the study file's space, else the intersection of the spaces of past trials."""
        del trial
        if self.spec is not None:
            return {p.name: bridge.distribution(p) for p in self.spec.free}
        found = self._intersection.calculate(study)
        return {name: d for name, d in found.items() if not d.single()}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """With a study file: choose the configuration and its task before the trial starts.

        What was enqueued is run as it is; its task and checkpoint are those of its values.
        """
        self._turn_to(study)
        if self.spec is None:
            return
        with self._lock:
            ledger = self._ledger(study, self.spec, trial)
            left = ledger.left(self.spec.budget.amount, self.spec.budget.unit)
            options = Options(self.spec, ledger, left)
            plan = self._plan(options, trial)
            if plan is None:
                study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
                raise BudgetSpent("nothing that still could become a full-task result can be paid")
            self._planned[trial.number] = plan.params
            before = None
            if plan.configuration is not None:
                before = ledger.checkpoint(plan.configuration, plan.task)
            notes = {
                TASK: ledger.task_names[plan.task],
                COST: options.charge(plan.configuration, plan.task, None),
                RESUME: None if before is None else bridge.theirs(before.number),
                WHY: dict(plan.why),
                PARAMS: dict(plan.params),
            }
            for name, value in notes.items():
                study._storage.set_trial_user_attr(trial._trial_id, name, value)
                trial.set_user_attr(name, value)

    def _plan(self, options: Options, trial: FrozenTrial) -> Plan | None:
        """Return what the trial is to be run as, None where nothing can be paid."""
        number = bridge.ours(trial.number)
        proposal = self.search.propose(options.ledger, options, number)
        fixed = trial.system_attrs.get("fixed_params")
        if fixed:
            rng = np.random.default_rng([self.seed, number])
            return enqueued(fixed, proposal, self.search.space, options, rng)
        if proposal is None:
            return None
        return proposed(proposal, self.search.space, options.ledger)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values for the whole space at once; those of inactive parameters are left out."""
        if self.spec is not None:
            planned = self._planned.pop(trial.number, {})
            return {name: v for name, v in planned.items() if name in search_space}
        if not search_space:
            return {}
        with self._lock:
            spec, search = self._inferred_search(study, search_space)
            ledger = self._ledger(study, spec, trial)
            number = bridge.ours(trial.number)
            proposal = search.propose(ledger, Options(spec, ledger, None), number)
            if proposal is None:
                x = search.space.uniform(1, np.random.default_rng([self.seed, trial.number]))
            else:
                x = proposal.x[None]
            found = search.space.decode(x)[0]
            return {n: bridge.outward(search_space[n], v) for n, v in found.items()}

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
        axis = axis_of(bridge.parameter(param_name, param_distribution))
        if axis.categorical:
            u = np.floor(u * axis.levels)
        return bridge.outward(param_distribution, axis.values(axis.snap(u))[0])

    def _inferred_search(
        self, study: Study, search_space: Mapping[str, BaseDistribution]
    ) -> tuple[StudySpec, Search]:
        """Return a specification made from a search space, and its search; kept while it stays."""
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        limits = bridge.constraint_names(trials)
        key = (repr(search_space), tuple(study.directions), limits)
        if self._inferred is None or self._inferred[0] != key:
            spec = bridge.inferred(search_space, study.directions, limits, self.seed)
            self._inferred = (key, spec, Search(spec, self.seed))
        return self._inferred[1], self._inferred[2]

    def _ledger(self, study: Study, spec: StudySpec, current: FrozenTrial) -> Ledger:
        """Return the study's trials as a ledger, the one being asked about left out."""
        # All of them: Hyperband shows a sampler one bracket at a time.
        trials: Sequence[FrozenTrial] = study._storage.get_all_trials(
            study._study_id, deepcopy=False
        )
        names = [p.name for p in spec.space if p.kind is not ParameterKind.FIXED]
        ids: dict[Key, int] = {}
        past = []
        for trial in trials:
            # What was planned for a trial counts before it has asked for its values.
            params = {**trial.user_attrs.get(PARAMS, {}), **trial.params}
            if self.spec is None:
                params = bridge.inward(trial)
            if trial.number == current.number or not params:
                continue
            params = {n: params[n] for n in names if n in params}
            # The same for a trial and for one that carries it on.
            configuration = ids.setdefault(key_of(params), len(ids) + 1)
            row = bridge.past_trial(trial, spec, params, configuration, self._failures_teach)
            if row is not None:
                past.append(row)
        ledger = Ledger(spec)
        ledger.restore(past)
        return ledger


def _drawn() -> int:
    """Return a seed by chance."""
    return int(np.random.default_rng().integers(2**31))
