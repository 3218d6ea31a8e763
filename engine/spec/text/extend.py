"""Giving a study more (or less) budget, in its text too."""

import math

from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.parts import Budget, BudgetUnit
from hpo_tui.engine.spec.text.amend import EditError, set_value
from hpo_tui.engine.spec.units import budget as read_budget
from hpo_tui.engine.spec.units import budget_value, show_budget

_SUCH_AS = {
    BudgetUnit.FULL: "10",
    BudgetUnit.GPU_HOURS: "5 gpu-hours",
    BudgetUnit.WALL: "2h",
    BudgetUnit.TRIALS: "20 trials",
}


def amount_more(text: str, budget: Budget) -> float:
    """Return how much ``text`` gives a budget, in its unit: ``10``, ``2h``, ``5 gpu-hours``.

    A number alone is in that unit, but for wall time: whether hours or seconds are meant, it does
    not say. Raises ValueError, in a sentence.
    """
    text = text.strip()
    try:
        try:
            given = Budget(float(text), budget.unit)
            told = budget.unit is not BudgetUnit.WALL
        except ValueError:
            given, told = read_budget(text), True
    except ValueError:
        told = False
    if not told:
        raise ValueError(f"{text!r} is no amount: say how much, such as {_SUCH_AS[budget.unit]}")
    if given.unit is not budget.unit:
        unit = f"the budget is {show_budget(budget)}"
        raise ValueError(f"{unit}: say how much more of that, such as {_SUCH_AS[budget.unit]}")
    if not 0 < given.amount < math.inf:
        raise ValueError(
            f"it is added to the budget, so it must be a number above 0, found {text!r}; a budget"
            " is lowered by an edit: budget=…"
        )
    return given.amount


def extended(spec: StudySpec, amount: float) -> StudySpec:
    """Return the study with ``amount`` more budget, in its unit, in its text too.

    Raises ValueError when that leaves no budget, or one that no study file may have.
    """
    total = spec.budget.amount + amount
    if not 0 < total < math.inf:
        raise ValueError(f"the budget would become {total:g}: it must be a finite number above 0")
    value = budget_value(Budget(total, spec.budget.unit))
    try:
        text = set_value(spec.text, ("study", "budget"), value)
    except EditError as error:
        raise ValueError(str(error)) from error
    # Read back: a text that cannot be read would close the study for good.
    return StudySpec.from_text(text, spec.source)
