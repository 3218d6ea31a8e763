"""The devices: memory, utilization, whose trials run there."""

import time
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.store.models import DeviceSample
from hpo_tui.tui import present
from hpo_tui.tui.plain import fit, plain, wrapped
from hpo_tui.tui.snapshot import Snapshot, View
from hpo_tui.tui.widgets.tones import ink

EMPTY = "No GPU is measured: trials run on the processor, or no trial has run yet."


def _why_nothing(snapshot: Snapshot) -> str:
    """Return why nothing is measured at this moment, and when something last was."""
    if not snapshot.devices:
        return EMPTY
    last = time.localtime(max(d.time for d in snapshot.devices))
    why = "No runner lives" if snapshot.runner_pid is None else "The runner says nothing new"
    return f"{why}: nothing is measured now. The last time was {time.strftime('%F %H:%M', last)}."


class Devices(Widget, can_focus=True):
    """Two lines a device: what it is and whose trials it runs, then memory and utilization."""

    HELP: ClassVar[str] = """\
## Devices

One block a GPU: the trials that run on it, memory used (`#` this study, `+` other processes) of
what it has, and how busy it is; nothing that was not measured just now. `L` lends a GPU: it is
drained at the trials' next checkpoint.
"""
    COMPONENT_CLASSES: ClassVar[set[str]] = {"devices--dim", "devices--bar", "devices--other"}
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._devices: tuple[DeviceSample, ...] = ()
        self._empty = EMPTY

    def show(self, snapshot: Snapshot, view: View) -> None:  # noqa: ARG002 - devices have no filter
        """Show the newest sample of every device, or why there is none of now."""
        seen = snapshot.measured, _why_nothing(snapshot)
        if seen != (self._devices, self._empty):
            self._devices, self._empty = seen
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of a device's block."""
        width, base = self.size.width, self.rich_style
        dim = base + ink(self, "devices--dim")
        if not self._devices:
            lines = ["", *wrapped(self._empty, max(1, width - 2))]
            return Strip([Segment(fit(f" {lines[y]}" if y < len(lines) else "", width), dim)])
        at, line = divmod(y, 4)
        if at >= len(self._devices) or line == 3:
            return Strip.blank(width, base)
        sample = self._devices[at]
        if line == 0:
            trials = ", ".join(f"#{t}" for t in sample.trials) or "idle"
            text = f" {plain(sample.device)}  {plain(sample.name)}  {trials}"
            return Strip([Segment(fit(text, width), base)])
        return self._bar(sample, line, width)

    def _bar(self, sample: DeviceSample, line: int, width: int) -> Strip:
        base = self.rich_style
        dim = base + ink(self, "devices--dim")
        ours = base + ink(self, "devices--bar")
        other = base + ink(self, "devices--other")
        room = max(4, width - 30)
        if line == 1:
            total = max(1, sample.memory_total)
            foreign = round(room * min(sample.foreign, sample.memory_used) / total)
            used = round(room * sample.memory_used / total) - foreign
            note = f"{present.size(sample.memory_used)} of {present.size(sample.memory_total)}"
            label = "memory"
        else:
            foreign = 0
            share = sample.utilization or 0.0
            used = round(room * share)
            note = "not measured" if sample.utilization is None else f"{share:.0%}"
            label = "busy"
        segments = [
            Segment(f"  {label:<7}", dim),
            Segment("#" * used, ours),
            Segment("+" * foreign, other),
            Segment("." * max(0, room - used - foreign), dim),
            Segment(f" {note}", base),
        ]
        return Strip(segments).adjust_cell_length(width, base)
