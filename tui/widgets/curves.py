"""Learning curves: the selected trial against the best, the running, and the rest."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from hpo_tui.tui.charts import reports, text
from hpo_tui.tui.charts.axes import good_ends
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.curve_plot import curve_plot
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.reports import Series, Wanted
from hpo_tui.tui.charts.scale import one_sided
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.goals import limits_of
from hpo_tui.tui.words.plain import plain

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("curves.metric", "m", "metric", "Show the next metric"),
    ("curves.log", "v", "log", "Switch between a logarithmic and a linear axis"),
    ("curves.alone", "c", "selected only", "Show the selected trial with the best or with all"),
)


@dataclass
class CurvesRead(Message):
    """Learning curves have come from the study's file."""

    metric: str
    wanted: Wanted
    curves: dict[int, Series]


class Curves(Chart):
    """What trials reported, step by step."""

    HELP: ClassVar[str] = """\
## Learning curves

What trials reported, step by step: the **selected** trial on top (including the part from which it
was resumed), the **best** ones bright, **running** ones blue, some others gray and faint. If a run
diverges, its outliers are drawn at the edge, so that the other curves stay readable. The line above
says the selected trial's value as the tables do, and which report was better: `max 0.963 at 31`.
`m` shows the next metric, `c` hides the other trials, `v` switches to a logarithmic axis.
"""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._metric = 0
        self._log = False
        self._alone = False
        self._one_sided = False
        """Whether what is drawn can have a logarithmic axis."""
        self._others = False
        """Whether there are curves that can be left out."""
        self._read: CurvesRead | None = None
        self._reader = reports.CurveReader()

    def show(self, snapshot: Snapshot, view: View) -> None:
        """Show a study under a view: its curves are read beside, and painted when they come."""
        stale = self.snapshot is None or self.differs(self.snapshot, snapshot)
        stale = stale or view.selected != self.view.selected or view.mask is not self.view.mask
        self.snapshot, self.view = snapshot, view
        if stale:
            self._ask()

    def _ask(self) -> None:
        snapshot = self.snapshot
        if snapshot is None or not self.is_attached:
            return
        mask = self.view.mask_over(len(snapshot.frame))
        wanted = reports.wanted(snapshot.frame, snapshot.spec, self.view.selected, mask)
        self._fetch(snapshot.folder.db, wanted, self._metric_name(snapshot))

    def on_mount(self) -> None:
        """Read what was asked for before the widget was there."""
        self._ask()

    @work(thread=True, exclusive=True, group="curves", exit_on_error=False)
    def _fetch(self, db: Path, wanted: Wanted, metric: str) -> None:
        # Not given the snapshot: what a worker is given stays for minutes after it has ended.
        curves = self._reader.read(db, wanted.all, metric)
        if not get_current_worker().is_cancelled:
            self.post_message(CurvesRead(metric, wanted, curves))

    def on_curves_read(self, message: CurvesRead) -> None:
        """Paint what has come."""
        message.stop()
        self._read = message
        self.repaint()

    def _metric_name(self, snapshot: Snapshot) -> str:
        names = reports.metrics_of(snapshot)
        return names[self._metric % len(names)] if names else ""

    def idle(self, action: str) -> bool:
        """Whether there is no other metric, no other curve, or nothing with a logarithm."""
        names = reports.metrics_of(self.snapshot) if self.snapshot is not None else []
        return (
            (action == "metric" and len(names) < 2)
            or (action == "log" and not self._one_sided)
            or (action == "alone" and not self._others)
        )

    def action_metric(self) -> None:
        """Show the next metric."""
        self._metric += 1
        self._ask()

    def action_log(self) -> None:
        """Change between a linear and a log axis."""
        self._log = not self._log
        self.repaint()

    def action_alone(self) -> None:
        """Leave the other trials out, or draw them again."""
        self._alone = not self._alone
        self.repaint()

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the chart."""
        canvas = Canvas(width, height)
        read = self._read
        self._one_sided = self._others = False
        if read is None:
            text.note(canvas, "Reading the curves ...")
            return canvas
        curves = {n: c for n, c in read.curves.items() if np.isfinite(c[1]).any()}
        if not curves:
            text.note(canvas, f"No trial has values of {plain(read.metric)} step by step.")
            return canvas
        self._one_sided = one_sided(np.concatenate([c[1] for c in curves.values()]))
        kept = {*read.wanted.chain, *read.wanted.best}
        self._others = not kept.issuperset(curves)
        plot = curve_plot(
            canvas, list(curves.values()), read.metric, snapshot.spec, self.glyphs,
            log=self._log and self._one_sided,
        )  # fmt: skip
        self._draw(plot, read.wanted, curves)
        limits = limits_of(snapshot.spec).get(read.metric, ())
        for limit, above in limits:  # after the curves, which begin where it stands
            sign = self.glyphs.at_least if above else self.glyphs.at_most
            plot.label(limit, Ink.GOAL, f"{sign}{fmt.limit_in(limit, plot.width - 2)}")
        self._legend(canvas, read, curves)
        return canvas

    def _draw(self, plot: Plot, wanted: Wanted, curves: dict[int, Series]) -> None:
        bright = {*wanted.chain, *wanted.best, *wanted.running}
        others = [curves[n] for n in wanted.others if n in curves and n not in bright]
        if not self._alone:
            plot.lines(others, Ink.PARTIAL)
            plot.lines([curves[n] for n in wanted.running if n in curves], Ink.FULL_2)
        plot.lines([curves[n] for n in wanted.best if n in curves], Ink.BEST)
        mark = "@" if self.ascii_only else ""
        plot.lines([curves[n] for n in wanted.chain if n in curves], Ink.SELECTED, mark)

    def _value(self, metric: str, number: int, curves: dict[int, Series]) -> tuple[str, str]:
        """Return what a trial has come to, as tables have it, and what more its curve tells."""
        snapshot = self.snapshot
        if snapshot is None or number not in curves:
            return "", ""
        counts = reports.result_of(snapshot.frame, number, metric)
        return reports.reached(curves[number], counts, good_ends(metric, snapshot.spec))

    def _legend(self, canvas: Canvas, read: CurvesRead, curves: dict[int, Series]) -> None:
        glyphs = self.glyphs
        line = glyphs.rule * 2
        parts: list[text.Spans] = []
        if read.wanted.chain:
            number = read.wanted.chain[-1]
            said, more = self._value(read.metric, number, curves)
            part = [(line, Ink.SELECTED), (f" #{number}", Ink.TEXT), (f" {said}", Ink.BOLD)]
            parts.append(part if said else part[:2])
            whole = [*part, (f", {more}", Ink.TEXT)]
            if more and text.width_of(whole) + text.LEAST_NAME + 2 <= canvas.width:
                parts[0] = whole
        if any(n in curves for n in read.wanted.best):
            parts.append([(line, Ink.BEST), (" best", Ink.TEXT)])
        if not self._alone and any(n in curves for n in read.wanted.running):
            parts.append([(line, Ink.FULL_2), (" running", Ink.TEXT)])
        if not self._alone:
            parts.append([(line, Ink.PARTIAL_2), (f" {len(curves)} drawn", Ink.TEXT)])
        name = plain(read.metric, glyphs.ascii)
        text.caption(canvas, name, "", parts, first=1, ellipsis=glyphs.ellipsis)
