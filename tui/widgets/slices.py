"""Slices: a metric along one parameter as measured and as expected; maps: over two of them."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.spec import Parameter, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui import fmt
from hpo_tui.tui.charts import map_chart, text
from hpo_tui.tui.charts.axes import Axis, good_ends, make
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.expected import Band
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.scale import Scale, fitted
from hpo_tui.tui.glyphs import circles
from hpo_tui.tui.goals import limits_of
from hpo_tui.tui.messages import TrialOpened
from hpo_tui.tui.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("slices.next", "right,l,full_stop", "next", "The next parameter, or on a map the next pair"),
    ("slices.previous", "left,h,comma", "previous", "The parameter, or on a map the pair, before"),
    ("slices.map", "c", "map/slice", "A map over two parameters, or a slice along one"),
    ("slices.metric", "m", "metric", "The next metric with a goal"),
    ("slices.log", "v", "log", "A logarithmic or a linear axis of values, or scale of colours"),
    ("slices.open", "enter", "open", "Open the selected trial"),
)
"""(id, keys, label, tooltip) of what the widget can do; the keys are bound elsewhere."""

Floats = NDArray[np.float64]


class Slices(Chart):
    """One metric against one parameter, with what is expected where nothing was run."""

    HELP: ClassVar[str] = """\
## Slices

One metric against one parameter. **Gray dots** are partial tasks, **blue circles** the full task,
the best are bright. The **line** is what the optimizer's models expect of the full task where this
parameter alone changes and all others stay as in the trial that the caption names, one of the best;
two results of three are expected in the **shaded band**. The models have learned from all tasks, so
there is a line after a few full trials. Where it is still better at the end of the range, a wider
range may pay; where the band is wide, little is known. The **selected trial** has a mark, an
upright line at its value, and both its value and its result in the caption; the line of what is
expected leads through the trial named, not through it. `h` `l` go through the parameters, those
that matter most first, `m` takes the next metric, `v` changes to a log axis of values. Far outliers
on the bad side are drawn at the end of the axis, which `▸` or `◂` marks.

`c` makes it a **map over two parameters**, and a slice again. Its **colours** are what is expected
of the full task at these two values, all others as in the trial that the caption names and a cross
marks; the row below the caption says which end is better. **Hatched** cells may as well be two
colours better or worse: little is known there. Blank ones are ruled out, or lack one of the two
parameters. Trials lie where their two values do: filled circles are the best, hollow ones other
full ones, dots partial ones. They differ in other parameters too, and need not have the result of
the colour that they lie on. `▲` is where the best is expected, `╋` among the colours the goal.
There are maps of every two of the four parameters that matter most, worked out anew every few
seconds; `h` `l` go through them.
"""

    def __init__(self, *, ascii_only: bool | None = None, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(ascii_only=ascii_only, id=id)
        self._shown = ""
        """The parameter that is looked at, empty until one is: then the one that matters most."""
        self._metric = 0
        self._log: bool | None = None
        self._mapped = False
        """Whether two parameters are looked at."""
        self._pair: map_chart.Pair | None = None
        """Which, None until others are chosen than those that matter most."""

    def action_map(self) -> None:
        """Change between a slice along one parameter and a map over two."""
        self._mapped = not self._mapped
        self.repaint()

    def action_next(self) -> None:
        """Show the next parameter, or pair of them."""
        self._go(1)

    def action_previous(self) -> None:
        """Show the previous parameter, or pair of them."""
        self._go(-1)

    def _go(self, by: int) -> None:
        if self.snapshot is None:
            return
        if self._mapped:
            every = map_chart.pairs(self.snapshot)
            if every:
                self._pair = every[(self._place(every) + by) % len(every)]
                self.repaint()
        elif self.snapshot.spec.free:
            order = _order(self.snapshot)
            at = order.index(self._parameter(self.snapshot)) + by
            self._shown = order[at % len(order)].name
            self.repaint()

    def _place(self, every: list[map_chart.Pair]) -> int:
        """Return which of the pairs is looked at; another order makes it no other one."""
        return every.index(self._pair) if self._pair in every else 0

    def _parameter(self, snapshot: Snapshot) -> Parameter:
        """Return the parameter that is looked at; another order makes it no other one."""
        order = _order(snapshot)
        found = next((p for p in order if p.name == self._shown), order[0])
        if snapshot.ranked:
            self._shown = found.name
        return found

    def action_metric(self) -> None:
        """Show the next metric with a goal."""
        self._metric += 1
        self._log = None
        self.repaint()

    def action_log(self) -> None:
        """Change between a linear and a log axis."""
        if self.snapshot is not None and self.snapshot.spec.metric_names:
            log = _asks_for_log(self.snapshot.spec, self._metric_name(self.snapshot.spec))
            self._log = not (log if self._log is None else self._log)
            self.repaint()

    def action_open(self) -> None:
        """Open the selected trial."""
        if self.view.selected is not None:
            self.post_message(TrialOpened(self.view.selected))

    def differs(self, old: Snapshot, new: Snapshot) -> bool:
        """Whether ``new`` has to be painted where ``old`` was."""
        return super().differs(old, new) or old.slices != new.slices or old.maps is not new.maps

    def _metric_name(self, spec: StudySpec) -> str:
        return spec.metric_names[self._metric % len(spec.metric_names)]

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the chart."""
        canvas = Canvas(width, height)
        frame, spec = snapshot.frame, snapshot.spec
        if self._mapped and spec.metric_names:
            self._draw_map(canvas, snapshot, self._metric_name(spec))
            return canvas
        if not spec.free or not spec.metric_names:
            text.note(canvas, f"No {'parameter varies' if not spec.free else 'metric has a goal'}.")
            return canvas
        parameter = self._parameter(snapshot)
        metric = self._metric_name(spec)
        y = front.column(frame, metric)
        if not np.isfinite(y).any():
            text.note(canvas, f"No trial has reported {fmt.clean(metric)} yet.")
            return canvas
        axis = make(f"p:{parameter.name}", frame, spec, ascii_only=self.ascii_only)
        x = axis.values(axis.raw(frame))
        told = _of(snapshot.slices, parameter.name, metric)
        plot = Plot.framed(
            canvas, axis.scale, self._scale(spec, metric, y, told), self.glyphs,
            (_named(parameter, snapshot), metric), slots=axis.slots,
        )  # fmt: skip
        band = None if told is None else Band.of(axis, parameter, told)
        if band is not None:
            band.shade(plot)
        limits = limits_of(spec).get(metric, ())
        for limit, _ in limits:
            plot.level(limit, Ink.GOAL)
        if band is not None:
            plot.lines(band.lines, Ink.TEXT, "-" if self.glyphs.ascii else "")
        row = self._selected_row(frame)
        if row is not None and np.isfinite(x[row]):
            plot.upright(x[row], Ink.SELECTED)
            canvas.put(
                plot.column(x[row]), plot.top + plot.height, self.glyphs.selected, Ink.SELECTED
            )
        self._points(plot, snapshot, x, y)
        for limit, above in limits:
            sign = self.glyphs.at_least if above else self.glyphs.at_most
            plot.label(limit, Ink.GOAL, f"{sign}{fmt.limit_in(limit, plot.width - 2)} ")
        self._legend(canvas, snapshot, axis, metric, told)
        return canvas

    def _draw_map(self, canvas: Canvas, snapshot: Snapshot, metric: str) -> None:
        """Draw the map of the pair and the metric that are looked at."""
        every = map_chart.pairs(snapshot)
        if not every:
            text.note(canvas, map_chart.why_none(snapshot), self.glyphs.ellipsis)
            return
        at = self._place(every)
        told = next(
            (m for m in snapshot.maps or () if (m.across, m.up, m.metric) == (*every[at], metric)),
            None,
        )
        if told is None:
            text.note(canvas, f"There is no map of {fmt.clean(metric)} yet.", self.glyphs.ellipsis)
            return
        self._pair = every[at]
        log = _asks_for_log(snapshot.spec, metric) if self._log is None else self._log
        number = (at + 1, len(every))
        map_chart.MapChart(snapshot, self.view, told, number, log, self.glyphs).draw(canvas)

    def _scale(self, spec: StudySpec, metric: str, y: Floats, told: Slice | None) -> Scale:
        """Return the scale of values: what was measured, the goals, and what is expected."""
        values = y[np.isfinite(y)]
        log = _asks_for_log(spec, metric) if self._log is None else self._log
        limits = tuple(limit for limit, _ in limits_of(spec).get(metric, ()))
        if told is not None:
            values = np.concatenate([values, np.array(told.expected)])
        log = log and bool((values > 0).all())
        return fitted(values, log, limits, good_ends(metric, spec))

    def _points(self, plot: Plot, snapshot: Snapshot, x: Floats, y: Floats) -> None:
        """Draw what was measured."""
        frame, spec = snapshot.frame, snapshot.spec
        full = front.full_mask(frame, spec)
        inside = self.view.mask_over(len(frame))
        inside = np.ones(len(frame), dtype=bool) if inside is None else inside
        _, solid = circles(int(full.sum()), self.glyphs)
        plot.points(x[~full & ~inside], y[~full & ~inside], Ink.OUT_3)
        plot.points(x[~full & inside], y[~full & inside], Ink.PARTIAL_3)
        plot.points(x[full & ~inside], y[full & ~inside], Ink.OUT_3, solid)
        plot.points(x[full & inside], y[full & inside], Ink.FULL_3, solid)
        best = front.best_rows(frame, spec)
        plot.points(x[best], y[best], Ink.BEST, "*" if self.glyphs.ascii else "●")
        row = self._selected_row(frame)
        if row is not None:
            mine = np.array([row])
            plot.points(x[mine], y[mine], Ink.SELECTED, self.glyphs.selected)

    def _selected_row(self, frame: Frame) -> int | None:
        return None if self.view.selected is None else frame.index(self.view.selected)

    def _legend(
        self, canvas: Canvas, snapshot: Snapshot, axis: Axis, metric: str, told: Slice | None
    ) -> None:
        """Write what is drawn: first what nothing else says, and only what has room."""
        glyphs, spec = self.glyphs, snapshot.spec
        goal = next((o for o in spec.objectives if o.metric == metric), None)
        arrow = "" if goal is None else f" {glyphs.down if goal.sign > 0 else glyphs.up}"
        text.caption(
            canvas, fmt.clean(metric, glyphs.ascii), arrow,
            list(self._parts(snapshot, axis, metric, told)), ellipsis=glyphs.ellipsis,
            first=(told is not None) + (self._selected_row(snapshot.frame) is not None),
        )  # fmt: skip

    def _parts(
        self, snapshot: Snapshot, axis: Axis, metric: str, told: Slice | None
    ) -> Iterator[list[tuple[str, int]]]:
        """Yield the parts of the legend, each a mark and what it means."""
        glyphs, frame, spec = self.glyphs, snapshot.frame, snapshot.spec
        if told is not None:
            yield [(glyphs.rule * 2, Ink.TEXT), (f" expected from #{told.trial}", Ink.TEXT)]
        x, y = axis.values(axis.raw(frame)), front.column(frame, metric)
        full, known = front.full_mask(frame, spec), np.isfinite(y)
        row = self._selected_row(frame)
        if row is not None:
            at = f"at {axis.text(x[row])}" if np.isfinite(x[row]) else "without it"
            value = fmt.number(y[row]) if known[row] else "no result yet"
            task = "" if full[row] or not known[row] else " partial"
            said = f" #{self.view.selected} {at}: {value}{task}"
            yield [(glyphs.selected, Ink.SELECTED), (said, Ink.TEXT)]
        placed = np.isfinite(x) & known
        _, solid = circles(int(full.sum()), glyphs)
        yield [(solid or ".", Ink.FULL_3), (f" full {int((full & placed).sum())}", Ink.TEXT)]
        if len(spec.tasks) > 1:
            yield [(".", Ink.PARTIAL_3), (" partial", Ink.TEXT)]
        without = int((known & ~placed).sum())
        if without:
            yield [(f"{without} without it", Ink.DIM)]


def _order(snapshot: Snapshot) -> list[Parameter]:
    """Return the parameters, those that matter most first."""
    places = {name: at for at, name in enumerate(snapshot.ranked)}
    return sorted(snapshot.spec.free, key=lambda p: places.get(p.name, len(places)))


def _named(parameter: Parameter, snapshot: Snapshot) -> str:
    order = _order(snapshot)
    at = order.index(parameter) + 1
    return parameter.name if len(order) == 1 else f"{at}/{len(order)} {parameter.name}"


def _asks_for_log(spec: StudySpec, metric: str) -> bool:
    return any(o.metric == metric and o.log for o in spec.objectives)


def _of(slices: tuple[Slice, ...], parameter: str, metric: str) -> Slice | None:
    """Return the slice along a parameter of a metric, None if there is none yet."""
    return next((s for s in slices if (s.parameter, s.metric) == (parameter, metric)), None)
