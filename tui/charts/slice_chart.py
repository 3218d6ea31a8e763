"""A slice: one metric along one parameter, as measured and as expected where nothing was run."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.spec import Parameter
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.axes import Axis, good_ends, make
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.expected import Band
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.scale import Scale, fitted, one_sided
from hpo_tui.tui.charts.text import Spans
from hpo_tui.tui.glyphs import Glyphs, circles
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.goals import limits_of, way
from hpo_tui.tui.words.plain import plain


@dataclass(frozen=True, slots=True)
class SliceChart:
    """One slice, drawn. ``number``: which of how many parameters it is along."""

    snapshot: Snapshot
    view: View
    parameter: Parameter
    number: tuple[int, int]
    metric: str
    log: bool
    glyphs: Glyphs

    def draw(self, canvas: Canvas) -> None:
        """Draw it all."""
        snapshot, metric = self.snapshot, self.metric
        frame, spec = snapshot.frame, snapshot.spec
        y = front.column(frame, metric)
        if not np.isfinite(y).any():
            text.note(canvas, f"No trial has a value of {plain(metric)} yet.")
            return
        axis = make(f"p:{self.parameter.name}", frame, spec, ascii_only=self.glyphs.ascii)
        x = axis.values(axis.raw(frame))
        told = self._told()
        at, many = self.number
        name = self.parameter.name if many == 1 else f"{at}/{many} {self.parameter.name}"
        plot = Plot.framed(
            canvas, axis.scale, self._scale(y, told), self.glyphs, (name, metric), slots=axis.slots
        )
        self._expected(plot, None if told is None else Band.of(axis, self.parameter, told))
        row = self.view.row(frame)
        if row is not None and np.isfinite(x[row]):
            plot.upright(x[row], Ink.SELECTED)
            foot = plot.top + plot.height
            canvas.put(plot.column(x[row]), foot, self.glyphs.selected, Ink.SELECTED)
        self._points(plot, x, y)
        for limit, above in limits_of(spec).get(metric, ()):
            sign = self.glyphs.at_least if above else self.glyphs.at_most
            plot.label(limit, Ink.GOAL, f"{sign}{fmt.limit_in(limit, plot.width - 2)} ")
        text.caption(
            canvas, plain(metric, self.glyphs.ascii), way(metric, spec, self.glyphs),
            list(self._parts(axis, x, y, told)), ellipsis=self.glyphs.ellipsis,
            first=(told is not None or self._untold()) + (row is not None),
        )  # fmt: skip

    def loggable(self) -> bool:
        """Whether the values can have a logarithmic axis."""
        return one_sided(self._values(front.column(self.snapshot.frame, self.metric), self._told()))

    def _told(self) -> Slice | None:
        """Return what is expected, None if nothing is yet."""
        wanted = (self.parameter.name, self.metric)
        slices = self.snapshot.slices
        return next((s for s in slices if (s.parameter, s.metric) == wanted), None)

    def _untold(self) -> bool:
        """Whether nothing is kept of what to expect, and no runner is there that would tell."""
        snapshot = self.snapshot
        return (
            not snapshot.slices
            and snapshot.runner_pid is None
            and bool(front.full_mask(snapshot.frame, snapshot.spec).any())
        )

    def _scale(self, y: Array, told: Slice | None) -> Scale:
        """Return the scale of values: what was measured, the goals, and what is expected."""
        spec, values = self.snapshot.spec, self._values(y, told)
        limits = tuple(limit for limit, _ in limits_of(spec).get(self.metric, ()))
        return fitted(values, self.log and one_sided(values), limits, good_ends(self.metric, spec))

    @staticmethod
    def _values(y: Array, told: Slice | None) -> Array:
        return y if told is None else np.concatenate([y, np.array(told.expected)])

    def _expected(self, plot: Plot, band: Band | None) -> None:
        """Draw what is expected, and the goals between its band and its line."""
        if band is not None:
            band.shade(plot)
        for limit, _ in limits_of(self.snapshot.spec).get(self.metric, ()):
            plot.level(limit, Ink.GOAL)
        if band is not None:
            plot.lines(band.lines, Ink.TEXT, "-" if self.glyphs.ascii else "")

    def _points(self, plot: Plot, x: Array, y: Array) -> None:
        frame, spec = self.snapshot.frame, self.snapshot.spec
        full = front.full_mask(frame, spec)
        inside = self.view.inside(len(frame))
        _, solid = circles(int(full.sum()), self.glyphs)
        failed = frame.in_state(TrialState.FAILED) & inside
        # At the foot, for want of a result: where all fail, what is expected says nothing of it.
        foot = np.full(int(failed.sum()), plot.y.low)
        plot.points(x[failed], foot, Ink.BAD, self.glyphs.lost)
        plot.points(x, y, Ink.OUT_3, of=~full & ~inside)
        plot.points(x, y, Ink.PARTIAL_3, of=~full & inside)
        plot.points(x, y, Ink.OUT_3, solid, of=full & ~inside)
        plot.points(x, y, Ink.FULL_3, solid, of=full & inside)
        plot.points(x, y, Ink.BEST, self.glyphs.best, of=front.best_rows(frame, spec))
        row = self.view.row(frame)
        if row is not None:
            plot.points(x, y, Ink.SELECTED, self.glyphs.selected, of=np.array([row]))

    def _parts(self, axis: Axis, x: Array, y: Array, told: Slice | None) -> Iterator[Spans]:
        """Yield the parts of the caption, each a mark and what it means."""
        glyphs, frame, spec = self.glyphs, self.snapshot.frame, self.snapshot.spec
        if told is not None:
            yield [(glyphs.rule * 2, Ink.TEXT), (f" expected from #{told.trial}", Ink.TEXT)]
        elif self._untold():
            yield [("A", Ink.BOLD), (" works out what to expect", Ink.TEXT)]
        full, known = front.full_mask(frame, spec), np.isfinite(y)
        row = self.view.row(frame)
        if row is not None:
            at = f"at {axis.text(x[row])}" if np.isfinite(x[row]) else "without it"
            yield text.selected(frame.number[row], at, y[row], full=full[row], glyphs=glyphs)
        placed = np.isfinite(x) & known
        _, solid = circles(int(full.sum()), glyphs)
        yield [(solid or ".", Ink.FULL_3), (f" full {int((full & placed).sum())}", Ink.TEXT)]
        failed = int((frame.in_state(TrialState.FAILED) & np.isfinite(x)).sum())
        if failed:
            yield [(glyphs.lost, Ink.BAD), (f" failed {failed}", Ink.TEXT)]
        if len(spec.tasks) > 1:
            yield [(".", Ink.PARTIAL_3), (" partial", Ink.TEXT)]
        without = int((known & ~placed).sum())
        if without:
            yield [(f"{without} without it", Ink.DIM)]
