"""Numbers and amounts as the screens say them. Pure: no widget, no file, no clock."""

import math
from typing import TYPE_CHECKING

from hpo_tui.tui.words import fmt

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import View

Piece = tuple[str, str]
"""Text, and the name of its tone (``good``, ``bad``, ``warn``, ``dim``, ``accent``, or empty)."""


def number(value: float, digits: int = 4) -> str:
    """Return a number in a few characters, nothing for NaN."""
    return "" if math.isnan(value) else fmt.number(value, digits)


def grouped(value: int) -> str:
    """Return an integer with its thousands apart: ``100 000``."""
    return f"{value:,}".replace(",", " ") if abs(value) >= 10_000 else str(value)


def duration(seconds: float) -> str:
    """Return a time span in two units at most, nothing for NaN."""
    return "" if math.isnan(seconds) else fmt.duration(seconds)


def took(seconds: float) -> str:
    """Return how long a trial ran, nothing for NaN."""
    return "" if math.isnan(seconds) else fmt.took(seconds)


def size(count: float) -> str:
    """Return a number of bytes, nothing for NaN."""
    return "" if math.isnan(count) else fmt.size(count)


FILTERED_TITLE = 45
"""Cells to which a title with a filter may be cut, for how many trials are shown."""


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
