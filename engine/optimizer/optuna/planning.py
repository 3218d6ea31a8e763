"""What an Optuna trial with a study file is run as: its values, and the task that goes with them.

What somebody enqueued (Optuna's ``fixed_params``) is run whatever the search would rather have, so
the task, its price and the checkpoint are looked up for those very values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from hpo_tui.engine.optimizer.api import BudgetSpent
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import EPS, TrialHistory
from hpo_tui.engine.optimizer.open_tasks import OpenTasks, nothing_left
from hpo_tui.engine.optimizer.optuna import conversion
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.optimizer.suggestions import Proposal
from hpo_tui.engine.spec import Params
from hpo_tui.engine.spec.names import listing


@dataclass(frozen=True, slots=True)
class _Plan:
    """Values of the searched parameters, the configuration's id if it is known, the task, why."""

    params: Params
    configuration: int | None
    task: int
    why: Mapping[str, Any]


def planned_attributes(search: Search, history: TrialHistory, trial: FrozenTrial) -> dict[str, Any]:
    """Return the user attributes of a trial that begins, where there is a study file.

    Raises :class:`BudgetSpent` where nothing can be paid.
    """
    budget = search.spec.budget
    open_tasks = OpenTasks(history, history.left(budget.amount, budget.unit))
    plan = _plan(search, open_tasks, trial)
    before = history.checkpoint(plan.configuration, plan.task)
    return {
        conversion.TASK: history.task_names[plan.task],
        conversion.COST: open_tasks.charge(plan.configuration, plan.task, None),
        conversion.RESUME: None if before is None else conversion.optuna_number(before.number),
        conversion.WHY: dict(plan.why),
        # The last: for others the trial is planned by it.
        conversion.PARAMS: search.space.with_fixed(plan.params),
    }


def _plan(search: Search, open_tasks: OpenTasks, trial: FrozenTrial) -> _Plan:
    """Return what the trial is to be run as."""
    number = conversion.our_number(trial.number)
    proposal = search.propose(open_tasks, number)
    # One that is tried again, as Optuna's callback for lost trials has it, has values already.
    fixed = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    if any(name in fixed for name in search.space.names):
        rng = np.random.default_rng([search.seed, number])
        return _enqueued(fixed, proposal, search.space, open_tasks, rng)
    if proposal is None:
        room = None if np.isinf(open_tasks.room) else max(open_tasks.room - EPS, 0.0)
        raise nothing_left(open_tasks, search.space, room, clocked=False)
    return _proposed(proposal, search.space, open_tasks.history)


def _proposed(proposal: Proposal, space: Space, history: TrialHistory) -> _Plan:
    """Return the plan of a proposal of the search; what is carried on keeps its very digits."""
    if proposal.configuration is None:
        params = space.decode(proposal.x[None])[0]
    else:
        params = dict(history.of_configuration[proposal.configuration][0].params)
    return _Plan(params, proposal.configuration, proposal.task, proposal.why)


def _enqueued(
    fixed: Mapping[str, Any],
    proposal: Proposal | None,
    space: Space,
    open_tasks: OpenTasks,
    rng: np.random.Generator,
) -> _Plan:
    """Return the plan of a trial with fixed values. Raises BudgetSpent where it cannot be paid.

    The values that were left open are the proposal's. It begins at the cheapest task, and goes on
    where the configuration stands if it is known.
    """
    history = open_tasks.history
    given, wrong = {}, set[str]()
    for parameter in space.free:
        if parameter.name in fixed:
            try:
                given[parameter.name] = conversion.stored(parameter, fixed[parameter.name])
            except ValueError:  # Optuna says so when the trial asks for it
                wrong.add(parameter.name)
    base = space.uniform(1, rng) if proposal is None else proposal.x[None]
    row = space.filled(base, rng)  # a fixed choice may call for parameters that had no value
    for j, (name, axis) in enumerate(zip(space.names, space.axes, strict=True)):
        place = axis.coordinate(given[name]) if name in given else None
        if place is not None:
            row[0, j] = place
    decoded = space.decode(space.snap(row))[0]
    # Optuna takes values outside the space, too; what is inactive nobody will ask for.
    whole: Params = {n: given.get(n, decoded[n]) for n in space.names if n in {*decoded} - wrong}
    configuration = history.known(whole)
    reached = -1 if configuration is None else history.reached(configuration)
    task = min(reached + 1, history.full)
    if open_tasks.price(configuration, task) > open_tasks.room:
        raise BudgetSpent("what was enqueued costs more than is left of the budget")
    return _Plan(whole, configuration, task, {"kind": "enqueued", "text": "Asked for."})


def as_planned(
    trial: FrozenTrial, space: Space, search_space: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Return the values that a trial's task and checkpoint were chosen for.

    Raises ValueError where not all of them are asked for.
    """
    planned = trial.user_attrs.get(conversion.PARAMS, {})
    lost = [n for n in space.names if n in planned and n not in search_space]
    if lost:
        raise ValueError(
            f"trial {trial.number} was planned with values of {listing(lost)}, which a sampler "
            'around this one sets: with a study file fix them there (type = "fixed")'
        )
    return {name: value for name, value in planned.items() if name in search_space}
