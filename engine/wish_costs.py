"""What trials that are asked for will be charged, and what a spent budget lacks for them. Pure."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import Budget, BudgetUnit, StudySpec
from hpo_tui.store.models import Trial

Wish = tuple[str, Mapping[str, Any]]
"""An action of :data:`~hpo_tui.engine.answers.WISHES` and its arguments."""
_FINE, _PLAIN = 1e6, 1e2
"""Steps of a unit to which an amount is rounded up: sums of floats are off by far less.

Plain ones, which people read, or two digits of what is less.
"""


def wish_cost(spec: StudySpec, trials: Mapping[int, Trial], action: str, args: Any) -> float:
    """Return what a wish costs, in full-task units, or in trials where these are counted.

    ``trials``: at least those that are spoken of. As the study file says it: costs that are
    measured may turn out a little different.
    """
    by_count = spec.budget.unit is BudgetUnit.TRIALS
    repeats = int(args.get("repeats", 1)) if action == "confirm" else 1
    if by_count:
        return 0.0 if action == "retry" else float(repeats)
    costs = {t.name: t.cost for t in spec.tasks}
    task = args.get("task")
    if action == "enqueue":  # without a task it begins where the search would have it begin
        return costs.get(task, spec.tasks_by_cost[0].cost)
    trial = trials.get(int(args["trial"]))
    if trial is None or action == "confirm":
        return repeats * spec.full_task.cost
    if action == "retry":
        return trial.cost
    at = costs.get(trial.task, 0.0)
    dearer = [t.cost for t in spec.tasks_by_cost if t.cost > at]
    return costs.get(task, dearer[0] if dearer else 1.0) - (at if spec.resume else 0.0)


def lacking(
    spec: StudySpec, trials: Mapping[int, Trial], wishes: Iterable[Wish], spent: float
) -> float | None:
    """Return how much budget is to be added for all ``wishes``, in its unit: 0 where none is.

    ``spent``: in that unit. None for a budget of time, since nobody knows how long they take.
    """
    if spec.budget.unit not in (BudgetUnit.FULL, BudgetUnit.TRIALS):
        return None
    cost = sum(wish_cost(spec, trials, action, args) for action, args in wishes)
    short = cost - (spec.budget.amount - spent)
    if short <= 0:
        return 0.0
    steps = min(_FINE, max(_PLAIN, 10.0 ** (1 - math.floor(math.log10(short)))))
    return max(0.0, math.ceil(short * steps - steps / (1000 * _FINE)) / steps)


def show_cost(cost: float, budget: Budget) -> str:
    """Return a cost for people: ``2.5 full-task units``, ``1 trial``."""
    noun = "trial" if budget.unit is BudgetUnit.TRIALS else "full-task unit"
    return f"{brief(cost, 4)} {noun}" + ("" if cost == 1 else "s")
