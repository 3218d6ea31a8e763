"""What a device is doing now: a block of three lines, or one line where there is less room."""

from collections.abc import Mapping

from hpo_tui.store.models import DeviceSample
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.words import fmt, present
from hpo_tui.tui.words.plain import plain

BLOCK = 3
"""Lines of a block."""
NOTE = 30
"""Columns of a block beside its bars."""
SHORT_BAR = 12


def block(
    canvas: Canvas, y: int, sample: DeviceSample, glyphs: Glyphs, far: Mapping[int, str]
) -> None:
    """Draw what a device is and whose trials it runs; its memory; how busy it is.

    ``far``: trial → how far it is, in few words.
    """
    title = f"{_clean(sample.device, glyphs)}  {_clean(sample.name, glyphs)}"
    name = f" {title}  {_clean(_users(sample, far), glyphs)}"
    if _silent(sample):
        text.write(canvas, 0, y, [(name, Ink.DIM)], glyphs.ellipsis)
        return
    text.write(canvas, 0, y, [(name, Ink.TEXT)], glyphs.ellipsis)
    room = max(4, canvas.width - NOTE)
    bar, note = _memory(sample, room), f" {_amount(sample)}"
    text.write(canvas, 0, y + 1, [("  memory ", Ink.DIM), *bar, (note, Ink.TEXT)], glyphs.ellipsis)
    bar = _bar(round(room * (sample.utilization or 0.0)), 0, room)
    note = "  ".join([f" {_busy(sample)}", *_heat(sample, glyphs)])
    text.write(canvas, 0, y + 2, [("  busy   ", Ink.DIM), *bar, (note, Ink.TEXT)], glyphs.ellipsis)


def line(
    canvas: Canvas, y: int, sample: DeviceSample, glyphs: Glyphs, far: Mapping[int, str]
) -> None:
    """Draw the same on one line: the memory as a bar, the rest in words."""
    device = f" {fmt.pad(_clean(sample.device, glyphs), 6, glyphs.ellipsis)} "
    users = f" {_clean(_users(sample, far), glyphs)}"
    if _silent(sample):
        text.write(canvas, 0, y, [(device + users[1:], Ink.DIM)], glyphs.ellipsis)
        return
    memory = _amount(sample)
    heat = _heat(sample, glyphs)
    spans = [(device, Ink.TEXT), *_memory(sample, SHORT_BAR)]
    if heat:  # closer together: a narrow pane is to have room for who uses it
        busy = "-" if sample.utilization is None else _busy(sample)
        spans += [(f" {memory:<11}{busy:>5}" + "".join(f"{h:>6}" for h in heat), Ink.TEXT)]
    else:
        spans += [(f" {memory:<14}", Ink.TEXT), (" busy ", Ink.DIM)]
        spans += [(f"{_busy(sample):<5}", Ink.TEXT)]
    text.write(canvas, 0, y, [*spans, (users, Ink.TEXT)], glyphs.ellipsis)


def _silent(sample: DeviceSample) -> bool:
    """Whether the GPU does not answer, so that there is nothing to measure."""
    return bool(sample.trouble) and not sample.memory_total


def _heat(sample: DeviceSample, glyphs: Glyphs) -> list[str]:
    """Return its temperature and its power, as far as the card measures them."""
    degree = "C" if glyphs.ascii else "°C"
    found = [] if sample.temperature is None else [f"{sample.temperature}{degree}"]
    return found if sample.power is None else [*found, f"{sample.power:.0f}W"]


def _memory(sample: DeviceSample, room: int) -> list[tuple[str, int]]:
    """Return a bar of what is used, by others apart, in ``room`` cells."""
    total = max(1, sample.memory_total)
    foreign = round(room * min(sample.foreign, sample.memory_used) / total)
    return _bar(round(room * sample.memory_used / total) - foreign, foreign, room)


def _amount(sample: DeviceSample) -> str:
    return f"{present.size(sample.memory_used)} of {present.size(sample.memory_total)}"


def _bar(used: int, foreign: int, room: int) -> list[tuple[str, int]]:
    left = max(0, room - used - foreign)
    return [("#" * used, Ink.GOAL), ("+" * foreign, Ink.BEST), ("." * left, Ink.DIM)]


def _busy(sample: DeviceSample) -> str:
    return "not measured" if sample.utilization is None else f"{sample.utilization:.0%}"


def _users(sample: DeviceSample, far: Mapping[int, str]) -> str:
    """Return its trials, who else uses it and why nothing is started there; else that it idles."""
    trials = ", ".join(" ".join(filter(None, [f"#{t}", far.get(t)])) for t in sample.trials)
    others = sample.others or ("others" if sample.foreign else "")
    trouble = sample.trouble.removeprefix(f"{sample.device} ")
    said = [part for part in (trials, others, trouble) if part]
    return "; ".join(said) or "idle"


def _clean(name: str, glyphs: Glyphs) -> str:
    return plain(name, glyphs.ascii)
