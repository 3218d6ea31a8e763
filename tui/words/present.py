"""Numbers, amounts and values as the screens say them. Pure: no widget, no file, no clock."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hpo_tui.store.models import DeviceSample
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot, View

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
