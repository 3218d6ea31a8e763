"""A budget and what is spent of it, as the screens say it. Pure.

It is rounded so that it keeps its width while it grows, and short in tables. Where every digit
counts, it is said in other ways: as in a study file, to be typed again, in what the engine answers
and in what asks for an amount (``engine.spec.units``); exactly by the command line
(:func:`amount_of`).
"""

import math
import re
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import Budget, BudgetUnit
from hpo_tui.tui.words import figures, fmt
from hpo_tui.tui.words.present import grouped, number, plural

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot

_VERBS = {BudgetUnit.WALL: "gone", BudgetUnit.TRIALS: "run"}
_UNITS = {BudgetUnit.FULL: "", BudgetUnit.GPU_HOURS: " GPU-hours", BudgetUnit.TRIALS: " trials"}
_FINE, _MINUTES, _FINER = 3600.0, 100.0, 10.0
"""Seconds of a budget of wall time below which it is told in seconds too; in seconds alone; in
tenths."""


def budget_text(snapshot: "Snapshot") -> str:
    """Return ``12.3 of 40.0 spent`` in the budget's own unit."""
    budget = snapshot.spec.budget
    verb = _VERBS.get(budget.unit, "spent")
    return f"{_of_budget(snapshot.spent, budget, ' of ', ' GPU-hours')} {verb}"


def lost_text(snapshot: "Snapshot") -> str:
    """Return what was lost of the budget, empty where nothing is anyone's loss."""
    budget = snapshot.spec.budget
    if budget.unit is BudgetUnit.WALL:
        return ""
    if budget.unit is BudgetUnit.TRIALS:
        return plural(round(snapshot.lost), "trial")
    return units(snapshot.lost, budget.amount)


def spent_short(spent: float, budget: Budget, room: int = 14) -> str:
    """Return ``12.3/40.0`` with the unit where it is not the full task, as short as it goes.

    Where ``room`` cells do not hold that, in fewer digits: cut, it would be another budget.
    """
    text = _of_budget(spent, budget, "/", " GPUh")
    if len(text) <= room:
        return text
    short = f"{number(spent, 3)}/{number(budget.amount, 3)}"
    unit = re.search(r" [A-Za-z]+$", text)
    return short + (unit[0] if unit and len(short + unit[0]) <= room else "")


def _of_budget(spent: float, budget: Budget, of: str, hours: str) -> str:
    """Return what is spent ``of`` a budget, and its unit; ``hours``: what those of a GPU are."""
    if budget.unit is BudgetUnit.WALL:
        return f"{gone(spent, budget.amount)}{of}{gone(budget.amount, budget.amount)}"
    if budget.unit is BudgetUnit.TRIALS:
        return f"{grouped(round(spent))}{of}{plural(round(budget.amount), 'trial')}"
    said, whole = units(spent, budget.amount), units(budget.amount, budget.amount)
    if said == whole and spent < budget.amount < 1000:  # something is left: not all of it is spent
        said = next(
            (t for d in (2, 3) if (t := f"{spent:.{d}f}") != f"{budget.amount:.{d}f}"), said
        )
    return f"{said}{of}{whole}{hours if budget.unit is BudgetUnit.GPU_HOURS else ''}"


def units(value: float, of: float) -> str:
    """Return an amount of budget with one decimal below a thousand.

    ``of``: the whole budget. With more decimals where it has them: 0.25 hours are not 0.2.
    """
    if abs(value) >= 1000:
        return grouped(round(value))
    places = next((n for n in (1, 2) if math.isclose(round(of, n), of)), 3)
    small = 1 - math.floor(math.log10(of)) if 0 < of < 1 else 1
    return f"{value:.{max(places, small)}f}"


def gone(seconds: float, of: float) -> str:
    """Return a time out of a budget of wall time: ``2h28``, ``1m05``, ``12s``, ``3.1s``.

    ``of``: the whole budget. Of one below an hour each second counts, of a few seconds each tenth.
    """
    if math.isnan(seconds):
        return ""
    if of >= _FINE:
        return fmt.duration(seconds)
    if of < _FINER:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}" if minutes and of >= _MINUTES else f"{round(seconds)}s"


def amount_of(budget: Budget) -> str:
    """Return a budget for people: ``40``, ``1 trial``, ``12 GPU-hours``, ``8h00``."""
    if budget.unit is BudgetUnit.WALL:
        return gone(budget.amount, budget.amount)
    unit = _UNITS[budget.unit]
    return figures.number(budget.amount) + (unit.removesuffix("s") if budget.amount == 1 else unit)
