"""Numbers, amounts and values as the screens say them. Pure: no widget, no file, no clock."""

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import (
    Budget,
    BudgetUnit,
)
from hpo_tui.store.models import DeviceSample
from hpo_tui.tui import fmt
from hpo_tui.tui.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.snapshot import Snapshot, View

Piece = tuple[str, str]
"""Text, and the name of its tone (``good``, ``bad``, ``warn``, ``dim``, ``accent``, or empty)."""


def number(value: float, digits: int = 4) -> str:
    """Return a number in a few characters, nothing for NaN."""
    return "" if math.isnan(value) else fmt.number(value, digits)


def grouped(value: int) -> str:
    """Return an integer with its thousands apart: ``100 000``."""
    return f"{value:,}".replace(",", " ") if abs(value) >= 10_000 else str(value)


def units(value: float, of: float) -> str:
    """Return an amount of budget with one decimal below a thousand.

    ``of``: the whole budget. With more decimals where it has them: 0.25 hours are not 0.2.
    """
    if abs(value) >= 1000:
        return grouped(round(value))
    places = next((n for n in (1, 2) if math.isclose(round(of, n), of)), 3)
    small = 1 - math.floor(math.log10(of)) if 0 < of < 1 else 1
    return f"{value:.{max(places, small)}f}"


def duration(seconds: float) -> str:
    """Return a time span in two units at most, nothing for NaN."""
    return "" if math.isnan(seconds) else fmt.duration(seconds)


def took(seconds: float) -> str:
    """Return how long a trial ran, nothing for NaN."""
    return "" if math.isnan(seconds) else fmt.took(seconds)


def size(count: float) -> str:
    """Return a number of bytes, nothing for NaN."""
    return "" if math.isnan(count) else fmt.size(count)


def view_words(view: "View") -> str:
    """Return what keeps trials from being shown, to follow a heading; empty when nothing does."""
    parts = [f"filter: {view.filter}"] if view.filter else []
    if view.brushes:
        parts.append("1 brush" if len(view.brushes) == 1 else f"{len(view.brushes)} brushes")
    return "   " + ", ".join(parts) if parts else ""


def plural(n: int, noun: str) -> str:
    """Return ``1 trial``, ``2 trials``."""
    return f"{grouped(n)} {noun}" + ("" if n == 1 else "s")


def spelled(key: str) -> str:
    """Return the name of a column or of an axis for people: ``accuracy (metric)``."""
    kind, _, name = key.partition(":")
    return {"m": f"{name} (metric)", "p": f"{name} (parameter)"}.get(kind, key) if name else key


def budget_text(snapshot: "Snapshot") -> str:
    """Return ``12.3 of 40.0 spent`` in the budget's own unit."""
    budget = snapshot.spec.budget
    if budget.unit is BudgetUnit.WALL:
        return f"{duration(snapshot.spent)} of {duration(budget.amount)} gone"
    if budget.unit is BudgetUnit.GPU_HOURS:
        return f"{_of_budget(snapshot.spent, budget)} GPU-hours spent"
    if budget.unit is BudgetUnit.TRIALS:
        return f"{grouped(round(snapshot.spent))} of {plural(round(budget.amount), 'trial')} run"
    return f"{_of_budget(snapshot.spent, budget)} spent"


def _of_budget(spent: float, budget: Budget, word: str = " of ") -> str:
    said, whole = units(spent, budget.amount), units(budget.amount, budget.amount)
    if said == whole and spent < budget.amount < 1000:  # something is left: not all of it is spent
        said = next(
            (t for d in (2, 3) if (t := f"{spent:.{d}f}") != f"{budget.amount:.{d}f}"), said
        )
    return f"{said}{word}{whole}"


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
    text = _spent_whole(spent, budget)
    if len(text) <= room:
        return text
    short = f"{number(spent, 3)}/{number(budget.amount, 3)}"
    unit = re.search(r" [A-Za-z]+$", text)
    return short + (unit[0] if unit and len(short + unit[0]) <= room else "")


def _spent_whole(spent: float, budget: Budget) -> str:
    if budget.unit is BudgetUnit.WALL:
        return f"{duration(spent)}/{duration(budget.amount)}"
    if budget.unit is BudgetUnit.GPU_HOURS:
        return f"{_of_budget(spent, budget, '/')} GPUh"
    if budget.unit is BudgetUnit.TRIALS:
        return f"{round(spent)}/{plural(round(budget.amount), 'trial')}"
    return _of_budget(spent, budget, "/")


def device_text(sample: DeviceSample) -> str:
    """Return a device in few characters: ``GPU0 83% 11/24G``."""
    if sample.trouble and not sample.memory_total:
        return f"{plain(sample.device)} lost"
    busy = "" if sample.utilization is None else f" {sample.utilization:.0%}"
    used, total = sample.memory_used / 2**30, sample.memory_total / 2**30
    memory = f" {used:.0f}/{total:.0f}G" if sample.memory_total else ""
    return f"{plain(sample.device)}{busy}{memory}"


def devices_text(samples: Sequence[DeviceSample]) -> str:
    """Return many devices in few characters, one by one too long: ``8 GPUs 83% 88/192G``.

    The percentage is their mean; those that do not answer are only counted.
    """
    there = [s for s in samples if s.memory_total]
    rates = [s.utilization for s in there if s.utilization is not None]
    busy = f" {sum(rates) / len(rates):.0%}" if rates else ""
    used, total = sum(s.memory_used for s in there), sum(s.memory_total for s in there)
    lost = f", {len(samples) - len(there)} lost" if len(there) < len(samples) else ""
    return f"{len(there)} GPUs{busy} {used / 2**30:.0f}/{total / 2**30:.0f}G{lost}"


def value_text(snapshot: "Snapshot", name: str, row: int, digits: int = 4) -> str:
    """Return a parameter's value at ``row`` as text, empty where it is inactive."""
    return value_texts(snapshot, name, digits)(row)


def listed_texts(snapshot: "Snapshot", name: str) -> dict[float, str]:
    """Return number → text of a parameter's choices that are numbers or truth values."""
    listed = next((p.choices for p in snapshot.spec.space if p.name == name), ())
    given = [c for c in listed if not isinstance(c, str)]
    return dict(zip(map(float, given), fmt.values(given), strict=True))


def value_texts(snapshot: "Snapshot", name: str, digits: int = 4) -> Callable[[int], str]:
    """Return what says a parameter's value at a row. With more than four digits, integers whole."""
    frame = snapshot.frame
    values = frame.params.get(name)
    if values is None:
        return lambda row: ""  # noqa: ARG005 - a row of which nothing is known
    choices = frame.choices.get(name)
    if choices is not None:
        texts = fmt.values(choices)
        return lambda row: "" if math.isnan(values[row]) else texts[int(values[row])]
    known = listed_texts(snapshot, name)

    def text(row: int) -> str:
        value = float(values[row])
        if value in known:
            return known[value]
        whole = digits > 4 and value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else number(value, digits)

    return text
