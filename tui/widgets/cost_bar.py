"""The cost-allocation bar: what each task took, what was lost, what is left."""

from typing import ClassVar

from textual.geometry import Size

from hpo_tui.tui.charts import cost
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.standing import about

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("cost_bar.count", "b", "by count/cost", "Show the number of trials, or their cost"),
)

TWO_LINES_FROM = 100
"""Columns from which the labels have a line of their own."""


class CostBar(Chart):
    """One line, or two where there is room: a segment a task, each with its own texture."""

    SMALLEST: ClassVar[tuple[int, int]] = (1, 1)
    DEFAULT_CSS = "CostBar { height: auto; width: 1fr; }"
    HELP: ClassVar[str] = """\
## Cost

How the budget was spent: one segment per task, from the cheapest and lightest to the solid full
task; `!` for trials that failed, were killed or stopped early; `»` for what running trials will
still cost; dots for what is left. Everything is in full-task units, whatever the unit of the
budget. A promotion that continues from a checkpoint costs only the difference. `b` shows the number
of trials instead, while the bar has the focus (`tab` reaches it after the panes).
"""

    by_count = False

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Take two lines where the labels need one of their own."""
        return 2 if width >= TWO_LINES_FROM else 1

    def differs(self, old: Snapshot, new: Snapshot) -> bool:
        """Whether anything that the bar says has changed."""
        said = (fmt.duration(old.eta), old.spent) != (fmt.duration(new.eta), new.spent)
        return said or super().differs(old, new)

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Say which key acts here, as long as it does."""
        super().watch_has_focus(_has_focus)
        self.repaint()

    def action_count(self) -> None:
        """Count trials, or what they were charged."""
        self.by_count = not self.by_count
        self.repaint()

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the bar."""
        canvas = Canvas(width, height)
        bar = cost.bar(snapshot, self.glyphs, self.by_count)
        if height >= 2:
            self._draw_bar(canvas, bar, 1, width - 2)
            self._legend(canvas, bar, snapshot, width)
        else:
            self._one_line(canvas, bar, snapshot, width)
        return canvas

    def _draw_bar(self, canvas: Canvas, bar: cost.Bar, x: int, room: int) -> None:
        for segment, count in zip(
            bar.segments, cost.cells([s.value for s in bar.segments], room), strict=True
        ):
            canvas.put(x, 0, segment.glyph * count, segment.ink)
            x += count

    @staticmethod
    def _left(bar: cost.Bar, snapshot: Snapshot) -> str:
        """Return what is left and until when, in words."""
        last = bar.segments[-1]
        said = f"{last.text} left" if last.label == "left" else ""
        if snapshot.eta is not None and snapshot.runner_pid is not None:
            until = f"{about(snapshot)} {fmt.duration(snapshot.eta)}"
            said = f"{said}, {until}" if said else f"{until} left"
        return said

    def _legend(self, canvas: Canvas, bar: cost.Bar, snapshot: Snapshot, width: int) -> None:
        left = self._left(bar, snapshot)
        hint = f"   b: by {'cost' if self.by_count else 'count'} " if self.has_focus else "   "
        shown = [
            s for s in bar.segments if s.label != "left" and (s.value or s.label != "in flight")
        ]
        entries = self._entries(bar, shown, width - 1 - fmt.width_of(left))
        x = 1
        for segment, text in entries:
            canvas.put(x, 1, segment.glyph * 2, segment.ink)
            canvas.put(x + 2, 1, text, Ink.TEXT)
            x += 2 + fmt.width_of(text)
        end = left + hint
        if x + fmt.width_of(end) <= width:
            canvas.put(width - fmt.width_of(end), 1, end, Ink.DIM)
        else:
            canvas.put(x, 1, left, Ink.DIM)

    def _entries(
        self, bar: cost.Bar, shown: list[cost.Segment], room: int
    ) -> list[tuple[cost.Segment, str]]:
        """Return what is said of each segment, as much as there is room for.

        Names are cut, then counts left out, then names, then the tasks that lie in the middle.
        """
        tasks = [s for s in shown if s.glyph in self.glyphs.shades]
        brief = dict(zip(tasks, cost.shortened([s.label for s in tasks]), strict=True))
        for most, counted in ((99, True), (16, True), (16, False), (8, False), (0, False)):
            entries = []
            for s in shown:
                name = s.label if most == 99 else brief.get(s, s.label)
                name = fmt.clip_among(name, most, brief.values(), self.glyphs.ellipsis)
                count = f" ({s.count})" if counted and not bar.by_count else ""
                entries.append((s, f" {name} {s.text}{count}   " if name else f" {s.text}  "))
            taken = sum(2 + fmt.width_of(text) for _, text in entries)
            if taken <= room:
                return entries
        while len(entries) > 1 and sum(2 + fmt.width_of(text) for _, text in entries) > room:
            del entries[len(entries) // 2]
        return entries

    def _one_line(self, canvas: Canvas, bar: cost.Bar, snapshot: Snapshot, width: int) -> None:
        """Draw each segment between its name and its value, and what is left at the end."""
        end = f" {self._left(bar, snapshot)}"
        known = [s for s in bar.segments if s.value > 0]
        labels, room = self._labels(bar, known, width - 2 - len(end))
        if not room:
            self._draw_bar(canvas, bar, 0, max(width - len(end), 0))
            canvas.put(max(width - len(end), 0), 0, end, Ink.DIM)
            return
        last = known[-1] if known and not end.strip() else None  # nothing follows it
        x = 1
        for segment, count in zip(known, cost.cells([s.value for s in known], room), strict=True):
            for text, ink in (
                (f"{labels[segment]} " if labels.get(segment) else "", Ink.TEXT),
                (segment.glyph * count, segment.ink),
                (f" {segment.text}" if segment in labels else "", Ink.TEXT),
                (self._separator if segment in labels and segment is not last else "", Ink.AXIS),
            ):
                canvas.put(x, 0, text, ink)
                x += fmt.width_of(text)
        canvas.put(width - len(end), 0, end, Ink.DIM)

    @property
    def _separator(self) -> str:
        return f" {self.glyphs.separator} "

    def _labels(
        self, bar: cost.Bar, known: list[cost.Segment], width: int
    ) -> tuple[dict[cost.Segment, str], int]:
        """Return the names of segments on one line, and the cells that are left for the bar.

        Names are cut, then left out; without a name a segment says nothing, however long it is.
        No cells are left where there is no room for the values either.
        """
        named = [s for s in known if s.label != "left"]
        tasks = [s for s in named if s.glyph in self.glyphs.shades]
        brief = dict(zip(tasks, cost.shortened([s.label for s in tasks]), strict=True))
        brief |= {s: "run" for s in named if s.label == "in flight"}
        for most in (24, 8, 4, 0):
            names = {s: s.label if most == 24 else brief.get(s, s.label) for s in named}
            labels = {s: fmt.clip(n, most, self.glyphs.ellipsis) for s, n in names.items()}
            taken = sum(fmt.width_of(label) + len(s.text) + 2 for s, label in labels.items())
            room = width - taken - len(self._separator) * len(named)
            if room >= (1 if most == 4 else 3) * len(bar.segments):
                return labels, room
        return {}, 0
