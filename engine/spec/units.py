"""Durations, sizes and budgets as people write them: ``2h``, ``20 GB``, ``12 gpu-hours``.

What is said of a budget in this way can be typed again. How much of it is spent is rounded for
people, by ``hpo_tui.tui.words.budgets``.
"""

import math
import re
from decimal import Decimal

from hpo_tui.engine.spec.parts import Budget, BudgetUnit

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONG = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
_PIECE = re.compile(_NUMBER + r"\s*([a-z]+)\s*", re.IGNORECASE)
_SIZE = re.compile(_NUMBER + r"\s*([kmgtp]?)(i?)b?", re.IGNORECASE)
_BUDGET = re.compile(_NUMBER + r"\s*([a-z][a-z -]*)", re.IGNORECASE)
_BUDGET_UNITS = {
    **dict.fromkeys(("trial", "trials"), BudgetUnit.TRIALS),
    **dict.fromkeys(("gpu-hour", "gpu-hours", "gpuhours", "gpu-h", "gpuh"), BudgetUnit.GPU_HOURS),
    **dict.fromkeys(("full-task", "full-tasks", "full", "units"), BudgetUnit.FULL),
}
_BUDGET_NOUNS = {BudgetUnit.GPU_HOURS: " gpu-hours", BudgetUnit.TRIALS: " trials"}


def duration(text: str) -> float:
    """Return the seconds of ``90s``, ``2h``, ``1h 30m`` or ``1.5 days``. Raises ValueError."""
    at, total = 0, 0.0
    text = text.strip()
    while at < len(text):
        piece = _PIECE.match(text, at)
        unit = _LONG.get(piece.group(2).lower()) if piece else None
        if piece is None or unit is None:
            raise ValueError(text)
        total += float(piece.group(1)) * _SECONDS[unit]
        at = piece.end()
    if not text or not math.isfinite(total):
        raise ValueError(text)
    return total


def size(text: str) -> int:
    """Return the bytes of ``20 GB`` (powers of 1000) or ``20 GiB`` (of 1024). Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or (found.group(3) and not found.group(2)):
        raise ValueError(text)
    power = " kmgtp".index(found.group(2).lower() or " ")
    base: float = 1024 if found.group(3) else 1000
    return round(float(found.group(1)) * base**power)


def budget(text: str) -> Budget:
    """Return the budget of ``12 gpu-hours``, ``8h`` or ``100 trials``. Raises ValueError."""
    found = _BUDGET.fullmatch(text.strip())
    unit = (
        _BUDGET_UNITS.get(re.sub(r"[\s-]+", "-", found.group(2).strip().lower())) if found else None
    )
    if found is not None and unit is not None:
        return Budget(float(found.group(1)), unit)
    return Budget(duration(text), BudgetUnit.WALL)


def show_duration(seconds: float) -> str:
    """Return seconds the way :func:`duration` reads them, without loss: ``1h 30m``, ``0.5s``."""
    if seconds != int(seconds) or seconds <= 0:
        return f"{seconds!r}s" if "e" not in repr(seconds) else f"{seconds:f}s"
    rest, words = int(seconds), []
    for unit in "dhms":
        count, rest = divmod(rest, int(_SECONDS[unit]))
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words)


def show_budget(budget: Budget) -> str:
    """Return a budget as a study file says it, without loss: ``40``, ``8h``, ``12 gpu-hours``."""
    if budget.unit is BudgetUnit.WALL:
        return show_duration(budget.amount)
    amount = int(budget.amount) if budget.amount == int(budget.amount) else budget.amount
    # A budget's text may not have an exponent.
    return f"{Decimal(repr(amount)):f}{_BUDGET_NOUNS.get(budget.unit, '')}"


def budget_value(budget: Budget) -> int | float | str:
    """Return a budget as a value of a study file: full-task units are a number alone."""
    if budget.unit is not BudgetUnit.FULL:
        return show_budget(budget)
    amount = budget.amount
    return int(amount) if amount == int(amount) and abs(amount) < 2**53 else amount


def show_size(count: int) -> str:
    """Return bytes the way :func:`size` reads them, without loss: ``20 GB``, ``1536 B``."""
    for base, suffix in ((1000, "B"), (1024, "iB")):
        for power in (5, 4, 3, 2, 1):
            if count and count % base**power == 0:
                return f"{count // base**power} {'kMGTP'[power - 1]}{suffix}"
    return f"{count} B"
