"""Giving a study more (or less) budget, in its text too."""

import math
from decimal import Decimal

from hpo_tui.engine.spec.amend import EditError, set_value
from hpo_tui.engine.spec.model import BudgetUnit, StudySpec
from hpo_tui.engine.spec.units import show_duration

_UNITS = {BudgetUnit.GPU_HOURS: "gpu-hours", BudgetUnit.TRIALS: "trials"}


def extended(spec: StudySpec, amount: float) -> StudySpec:
    """Return the study with ``amount`` more budget, in its unit, in its text too.

    Raises ValueError when that leaves no budget, or one that no study file may have.
    """
    total = spec.budget.amount + amount
    if not 0 < total < math.inf:
        raise ValueError(f"a budget of {total:g} is none")
    unit = spec.budget.unit
    if unit is BudgetUnit.FULL:
        value: float | str = int(total) if total == int(total) else total
    elif unit is BudgetUnit.WALL:
        value = show_duration(total)
    else:
        value = f"{_digits(total)} {_UNITS[unit]}"
    try:
        text = set_value(spec.text, ("study", "budget"), value)
    except EditError as error:
        raise ValueError(str(error)) from error
    # Read back: a text that cannot be read would close the study for good.
    return StudySpec.from_text(text, spec.source)


def _digits(total: float) -> str:
    """Return a number without an exponent, which a budget's text may not have."""
    return f"{Decimal(repr(int(total) if total == int(total) else total)):f}"
