"""The devices: memory, utilization, whose trials run there; below, when which trial ran where."""

import time
from functools import partialmethod
from typing import ClassVar

from textual import events

from hpo_tui.store.models import CPU
from hpo_tui.tui.charts import gauges, lanes, text, timeline
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.watching.outlook import known_until
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words.progress import progress_of

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("devices.later", "right,l,full_stop", "later trial", "Go to the trial that began next"),
    ("devices.earlier", "left,h,comma", "earlier trial", "Go to the trial that began before"),
    ("devices.open", "enter", "open", "Open the selected trial"),
)

EMPTY = "No GPU to show: trials run on the CPU, or none has run yet."
UNSEEN = "There are no measurements of the devices on which these trials ran."


class Devices(Chart):
    """Three lines a device, or one where there is no room; then a lane for each place."""

    SMALLEST: ClassVar[tuple[int, int]] = (10, 1)
    HELP: ClassVar[str] = """\
## Devices

One block per GPU, or a line in a small pane: the trials that run on it, how far they are and how
long they will take, and who else uses it, the memory in use (`#` this study, `+` other processes),
how busy it is, its temperature and its power, if this was measured just now. `L` lends a GPU to
somebody else: its trials leave at their next checkpoint.

Below, **when trials ran**: a lane for every GPU or slot (several lanes if trials share a GPU), with
a block for every trial, shaded by task as in the cost bar; `!` marks lost trials. Attempts of a
trial are blocks of their own, if they are among the last 500 events. The figure on the right is the
share of time in which the lane was occupied. Long periods in which nothing ran at all are left out
and marked by vertical dashes. `h` and `l` go from trial to trial in the order in which
they began, `Enter` opens the marked one.
"""

    _timeline: lanes.Timeline | None = None
    _any_ran = False

    def idle(self, action: str) -> bool:
        """Whether there is no trial to go to."""
        return action in ("later", "earlier") and not self._any_ran

    def differs(self, old: Snapshot, new: Snapshot) -> bool:
        """Whether ``new`` has to be painted: running trials grow as time goes by."""
        grows = new.runner_pid is not None and old.time != new.time
        told = old.measured, old.runner_pid
        return grows or told != (new.measured, new.runner_pid) or super().differs(old, new)

    # keys

    def _go(self, by: int) -> None:
        if self.snapshot is None:
            return
        frame = self.snapshot.frame
        order = list(dict.fromkeys(frame.number[_ran(self.snapshot).row].tolist()))
        if not order:
            return
        selected = self.view.selected
        at = order.index(selected) + by if selected in order else len(order) - 1
        self.select(order[min(max(at, 0), len(order) - 1)])

    action_later = partialmethod(_go, 1)
    action_earlier = partialmethod(_go, -1)

    def on_click(self, event: events.Click) -> None:
        """Go to the trial whose block was clicked."""
        number = self._timeline.at(event.x, event.y) if self._timeline else None
        if number is not None:
            self.select(number)

    # the picture

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the devices, and the timeline in what room is left."""
        canvas = Canvas(width, height)
        trials = _ran(snapshot)
        self._any_ran = len(trials.row) > 0
        rows = timeline.lanes(snapshot.frame, trials)
        below = len(rows) + lanes.LEAST - 1 if rows else 0
        if snapshot.measured:
            top = self._gauges(canvas, snapshot, below)
        else:
            top = self._nothing(canvas, snapshot)
        self._timeline = None
        if rows and height - top >= lanes.LEAST:
            self._timeline = lanes.Timeline(canvas, top, snapshot, self.view.selected, self.glyphs)
            self._timeline.draw(trials, rows)
        return canvas

    def _gauges(self, canvas: Canvas, snapshot: Snapshot, below: int) -> int:
        """Draw every device, with what room ``below`` wants in mind; return the next free line."""
        samples, numbers = snapshot.measured, snapshot.frame.number
        running = progress_of(snapshot).items()
        far = {int(numbers[row]): progress.short(left=True) for row, progress in running}
        shares = {int(numbers[row]): progress.short(left=False) for row, progress in running}
        blocks = (gauges.BLOCK + 1) * len(samples)
        if blocks - (not below) + below <= canvas.height:
            for at, sample in enumerate(samples):
                gauges.block(canvas, (gauges.BLOCK + 1) * at, sample, self.glyphs, far)
            return blocks
        # If there is not enough for both, half of the pane at the most is the timeline's, and only
        # its least where the devices need more.
        half = canvas.height - min(below + 1, canvas.height // 2)
        most = min(len(samples), canvas.height - lanes.LEAST)
        room = max(half, most) if below else canvas.height
        shown = samples if len(samples) <= room else samples[: room - 1]
        for y, sample in enumerate(shown):
            gauges.line(canvas, y, sample, self.glyphs, shares)
        if len(shown) < len(samples):
            more = f" {self.glyphs.ellipsis} and {len(samples) - len(shown)} more"
            canvas.put(0, len(shown), more, Ink.DIM)
        drawn = min(len(samples), room)
        return drawn + (canvas.height - drawn > lanes.LEAST)

    def _nothing(self, canvas: Canvas, snapshot: Snapshot) -> int:
        """Say why nothing is measured at this moment; return the next free line."""
        said = text.wrapped(_why_nothing(snapshot), max(1, canvas.width - 2))
        for y, line in enumerate(said):
            canvas.put(1, y, line, Ink.DIM)
        return len(said) + 1


def _ran(snapshot: Snapshot) -> timeline.Ran:
    return timeline.ran(snapshot.frame, _until(snapshot), snapshot.events)


def _until(snapshot: Snapshot) -> float:
    """Return until when running trials are known to have run."""
    runs = snapshot.runner_pid is not None
    return known_until(snapshot.frame, snapshot.devices, snapshot.time, runs=runs)


def _why_nothing(snapshot: Snapshot) -> str:
    """Return why nothing is measured at this moment, and when something last was."""
    if not snapshot.devices:
        return UNSEEN if set(snapshot.frame.device.tolist()) - {CPU, "", None} else EMPTY
    last = time.localtime(max(d.time for d in snapshot.devices))
    why = (
        "The study is not running"
        if snapshot.runner_pid is None
        else "The runner sends nothing new"
    )
    return f"{why}: nothing is measured now. The last time was {time.strftime('%F %H:%M', last)}."
