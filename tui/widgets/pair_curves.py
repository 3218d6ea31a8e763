"""The learning curves of two trials in one chart."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from hpo_tui.engine.arrays import Array
from hpo_tui.tui.charts import reports, text
from hpo_tui.tui.charts.axes import good_ends
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.comparison import INKS
from hpo_tui.tui.charts.curve_plot import curve_plot
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.reports import Series
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words.plain import plain


class PairCurves(Chart, can_focus=False):
    """What two trials reported, each with the trials that it continues."""

    @dataclass
    class Read(Message):
        """The curves of both have come from the study's file."""

        metric: str
        pair: tuple[Series, Series]

    def __init__(self, trials: tuple[int, int], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._trials = trials
        self._metric = 0
        self._read: PairCurves.Read | None = None
        self._reader = reports.CurveReader()

    def show(self, snapshot: Snapshot, view: View) -> None:
        """Show the trials as they are now: their curves are read beside, painted when they come."""
        stale = self.snapshot is None or self.differs(self.snapshot, snapshot)
        self.snapshot, self.view = snapshot, view
        if stale:
            self._ask()

    def next_metric(self) -> None:
        """Show the next metric."""
        self._metric += 1
        self._ask()

    def _ask(self) -> None:
        snapshot = self.snapshot
        if snapshot is None or not self.is_attached:
            return
        names = reports.metrics_of(snapshot)
        chains = tuple(reports.chain(snapshot.frame, number) for number in self._trials)
        self._fetch(snapshot.folder.db, chains, names[self._metric % len(names)])

    @work(thread=True, exclusive=True, group="pair", exit_on_error=False)
    def _fetch(self, db: Path, chains: tuple[tuple[int, ...], ...], metric: str) -> None:
        wanted = tuple(dict.fromkeys(number for chain in chains for number in chain))
        found = self._reader.read(db, wanted, metric)
        first, second = (_joined([found[n] for n in chain if n in found]) for chain in chains)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Read(metric, (first, second)))

    def on_pair_curves_read(self, message: Read) -> None:
        """Paint what has come."""
        message.stop()
        self._read = message
        self.repaint()

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the chart."""
        canvas, read = Canvas(width, height), self._read
        if read is None:
            text.note(canvas, "Reading the curves ...")
            return canvas
        if not any(np.isfinite(values).any() for _, values in read.pair):
            name = plain(read.metric, self.glyphs.ascii)
            text.note(canvas, f"Neither trial has reported {name} step by step.")
            return canvas
        plot = curve_plot(canvas, read.pair, read.metric, snapshot.spec, self.glyphs, log=False)
        self._draw(plot, read.pair)
        self._legend(canvas, read)
        return canvas

    @property
    def _dotted(self) -> bool:
        """Whether colours alone do not tell the lines from each other."""
        return self.ascii_only or self.app.no_color or self.app.console.color_system is None

    def _draw(self, plot: Plot, pair: tuple[Series, Series]) -> None:
        canvas, glyphs = plot.canvas, self.glyphs
        plot.lines([pair[0]], INKS[0], "=" if glyphs.ascii else "")
        under = canvas.codes.copy(), canvas.styles.copy()
        plot.lines([pair[1]], INKS[1], glyphs.dotted if self._dotted else "")
        if self._dotted:
            # Every other cell is a gap, in which the first line is seen where both are one.
            gaps = np.indices(canvas.codes.shape).sum(axis=0) % 2 == 1
            canvas.codes[gaps], canvas.styles[gaps] = under[0][gaps], under[1][gaps]

    def _legend(self, canvas: Canvas, read: "PairCurves.Read") -> None:
        glyphs = self.glyphs
        line = ("=" if glyphs.ascii else glyphs.rule) * 2
        samples = line, f"{glyphs.dotted} {glyphs.dotted}" if self._dotted else line
        parts, rest = list[text.Spans](), list[text.Spans]()
        for at, (number, series) in enumerate(zip(self._trials, read.pair, strict=True)):
            said, more = self._value(read.metric, number, series)
            parts.append([(samples[at], INKS[at]), (f" #{number} {said}", Ink.TEXT)])
            rest.append([(f"#{number} {more}", Ink.TEXT)] if more else [])
        name = plain(read.metric, glyphs.ascii)
        parts += filter(None, rest)
        text.caption(canvas, name, "", parts, first=2, ellipsis=glyphs.ellipsis)

    def _value(self, metric: str, number: int, series: Series) -> tuple[str, str]:
        """Return what a trial has come to, as tables have it, and what more its curve tells."""
        if self.snapshot is None or not len(series[1]):
            return "no reports", ""
        counts = reports.result_of(self.snapshot.frame, number, metric)
        return reports.reached(series, counts, good_ends(metric, self.snapshot.spec))


def _joined(series: list[Series]) -> Series:
    """Return the curves of a chain as one."""
    nothing: Array = np.zeros(0)
    steps, values = zip(*series, strict=True) if series else ([nothing], [nothing])
    return np.concatenate(steps), np.concatenate(values)
