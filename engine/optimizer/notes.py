"""What the sampler notes in Optuna's trials, for itself and for others that begin meanwhile."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine.optimizer import bridge
from hpo_tui.engine.optimizer.api import BudgetSpent
from hpo_tui.engine.optimizer.ending import end
from hpo_tui.engine.optimizer.enqueued import Plan, enqueued, proposed
from hpo_tui.engine.optimizer.history import EPS, TrialHistory
from hpo_tui.engine.optimizer.options import Options
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.optimizer.space import Space
from hpo_tui.engine.spec.model import Params
from hpo_tui.engine.spec.names import listing

_TURN, _PAUSE = 30.0, 0.01
"""Seconds that others are waited for to note what they run, and between two looks."""
_TRIES = 4
"""Times that values are chosen, anew where another process has chosen the same meanwhile."""


def in_turn(study: Study, trial: FrozenTrial) -> None:
    """Wait until the trials begun before this one are planned, where there is a study file.

    So several processes together spend no more than the budget, and none runs what another does.
    One that was begun long ago and is not planned was lost.
    """
    until = time.monotonic() + _TURN
    while time.monotonic() < until and any(
        t.number < trial.number
        and t.datetime_start is not None
        and (datetime.now() - t.datetime_start).total_seconds() < _TURN
        and not (t.params or bridge.PARAMS in t.user_attrs)
        for t in _trials(study, TrialState.RUNNING)
    ):
        time.sleep(_PAUSE)


def settle(study: Study, trial: FrozenTrial, choose: Callable[[], Params]) -> Params:
    """Choose a trial's values where there is no study file, and note them for other processes.

    Of two that choose the same at once, the one that sees the other's note first chooses anew, and
    of two that note at once the one that was begun later.
    """
    for left in reversed(range(_TRIES)):
        before = _noted(study, trial).keys()
        found = choose()
        new = {n: p for n, p in _noted(study, trial).items() if n not in before}
        if left and found in new.values():
            continue
        study._storage.set_trial_system_attr(trial._trial_id, bridge.PARAMS, found)
        new = {n: p for n, p in _noted(study, trial).items() if n not in before}
        if all(n > trial.number or p != found for n, p in new.items()):
            break
    return found


def _noted(study: Study, trial: FrozenTrial) -> dict[int, Any]:
    """Return what is noted of the other trials, by number."""
    noted = {t.number: t.system_attrs.get(bridge.PARAMS) for t in _trials(study)}
    return {n: params for n, params in noted.items() if params and n != trial.number}


def _trials(study: Study, *states: TrialState) -> list[FrozenTrial]:
    """Return all trials, also those that a pruner does not show."""
    return study._storage.get_all_trials(study._study_id, deepcopy=False, states=states or None)


def notes(search: Search, history: TrialHistory, trial: FrozenTrial) -> dict[str, Any]:
    """Return the user attributes of a trial that begins, where there is a study file.

    Raises :class:`BudgetSpent` where nothing can be paid.
    """
    budget = search.spec.budget
    options = Options(search.spec, history, history.left(budget.amount, budget.unit))
    plan = _plan(search, options, trial)
    before = None
    if plan.configuration is not None:
        before = history.checkpoint(plan.configuration, plan.task)
    return {
        bridge.TASK: history.task_names[plan.task],
        bridge.COST: options.charge(plan.configuration, plan.task, None),
        bridge.RESUME: None if before is None else bridge.theirs(before.number),
        bridge.WHY: dict(plan.why),
        bridge.PARAMS: search.space.with_fixed(
            plan.params
        ),  # the last: for others the trial is planned by it
    }


def _plan(search: Search, options: Options, trial: FrozenTrial) -> Plan:
    """Return what the trial is to be run as."""
    number = bridge.ours(trial.number)
    proposal = search.propose(options.history, options, number)
    # One that is tried again, as Optuna's callback for lost trials has it, has values already.
    fixed = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    if any(name in fixed for name in search.space.names):
        rng = np.random.default_rng([search.seed, number])
        plan = enqueued(fixed, proposal, search.space, options, rng)
        if plan is None:
            raise BudgetSpent("what was enqueued costs more than is left of the budget")
        return plan
    if proposal is None:
        room = None if np.isinf(options.room) else max(options.room - EPS, 0.0)
        raise end(options, search.space, room, clocked=False)
    return proposed(proposal, search.space, options.history)


def as_planned(
    trial: FrozenTrial, space: Space, search_space: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Return the values that a trial's task and checkpoint were chosen for.

    Raises ValueError where not all of them are asked for.
    """
    planned = trial.user_attrs.get(bridge.PARAMS, {})
    lost = [n for n in space.names if n in planned and n not in search_space]
    if lost:
        raise ValueError(
            f"trial {trial.number} was planned with values of {listing(lost)}, which a sampler "
            'around this one sets: with a study file fix them there (type = "fixed")'
        )
    return {name: value for name, value in planned.items() if name in search_space}
