"""Slices: a metric along one parameter as measured and as expected; maps: over two of them."""

from functools import partialmethod
from typing import ClassVar

import numpy as np

from hpo_tui.engine.spec import Parameter, StudySpec
from hpo_tui.tui.charts import map_chart, text
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.scale import one_sided
from hpo_tui.tui.charts.slice_chart import SliceChart
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words.plain import plain

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("slices.next", "right,l,full_stop", "next", "Show the next parameter, or pair"),
    ("slices.previous", "left,h,comma", "previous", "Show the previous parameter, or pair"),
    ("slices.map", "c", "map/slice", "Switch between a map over two parameters and a slice"),
    ("slices.metric", "m", "metric", "Show the next metric"),
    ("slices.log", "v", "log", "Switch the scale of values: logarithmic or linear"),
    ("slices.open", "enter", "open", "Open the selected trial"),
)


class Slices(Chart):
    """One metric against one parameter, with what is expected where nothing was run."""

    HELP: ClassVar[str] = """\
## Slices

One metric over one parameter. **Gray dots** are trials at cheaper tasks, **blue circles** full-task
trials; the best are bright. The **line** is the result that the search predicts for the full task
if only this parameter changes and all others stay as in the trial that the caption names, one of
the best. Two of three results are expected in the **shaded band**. The prediction uses all tasks,
so the line appears after a few full-task trials. If it is still improving at the end of the range,
a wider range may pay off; if the band is wide, little is known. The **selected trial** has a mark
and a vertical line at its value, and the caption shows its value and its result; the predicted
line need not go through it. `h` and `l` go through the parameters, most important first, `m` shows
the next metric, `v` switches to a logarithmic axis. Far outliers on the bad side are drawn at the
end of the axis and marked by `▸` or `◂`. A `!` at the foot, and on a map at its two values, is a
failed trial: predictions are about trials that give a result.

`c` switches to a **map over two parameters**, and back. Its **colours** show the predicted result
of the full task at these two values, with all others as in the trial that the caption names and a
cross marks; the row below the caption says which end of the colours is better. In **hatched** cells
little is known: in one of three the true result is two colours or more off. Blank cells are
forbidden by a constraint, or lack one of the two parameters. Trials are drawn at their two values:
filled circles are the best, hollow ones other full-task trials, dots trials at cheaper tasks. They
differ in the other parameters too, so a result may not match the colour below it. `▲` marks the
best predicted point, `╋` the place of the goal among the colours. The cross is one of the best
trials so far, and only on three maps of ten is `▲` truly better: read a map for which regions are
good, not for the next best trial. There is a map for every pair of the four most important
parameters, updated every few seconds; `h` and `l` go through them.

A runner keeps both up to date. Where there is none, as for a study that was imported or run by an
older version, `A` computes them from the results that there are.
"""

    _shown = ""
    """The parameter that is looked at, empty until one is: then the one that matters most."""
    _metric = 0
    _log: bool | None = None
    _one_sided = False
    """Whether what is drawn can have a logarithmic scale."""
    _mapped = False
    """Whether two parameters are looked at."""
    _pair: map_chart.Pair | None = None
    """Which, None until others are chosen than those that matter most."""

    def idle(self, action: str) -> bool:
        """Whether there is nothing else to show: no parameter, pair, metric, map or logarithm."""
        snapshot = self.snapshot
        if snapshot is None:
            return False
        free = len(snapshot.spec.free)
        if action in ("next", "previous"):
            return (len(map_chart.pairs(snapshot)) if self._mapped else free) < 2
        return (
            (action == "map" and free < 2 and not self._mapped)
            or (action == "metric" and len(snapshot.spec.metric_names) < 2)
            or (action == "log" and not self._one_sided)
        )

    def action_map(self) -> None:
        """Change between a slice along one parameter and a map over two."""
        self._mapped = not self._mapped
        self.repaint()

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

    action_next = partialmethod(_go, 1)
    action_previous = partialmethod(_go, -1)

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
            spec = self.snapshot.spec
            self._log = not self._by_log(spec, self._metric_name(spec))
            self.repaint()

    def differs(self, old: Snapshot, new: Snapshot) -> bool:
        """Whether ``new`` has to be painted where ``old`` was."""
        return super().differs(old, new) or old.slices != new.slices or old.maps is not new.maps

    def _metric_name(self, spec: StudySpec) -> str:
        return spec.metric_names[self._metric % len(spec.metric_names)]

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the chart."""
        canvas = Canvas(width, height)
        spec = snapshot.spec
        self._one_sided = False
        if self._mapped and spec.metric_names:
            self._draw_map(canvas, snapshot, self._metric_name(spec))
            return canvas
        if not spec.free or not spec.metric_names:
            text.note(canvas, f"No {'parameter varies' if not spec.free else 'metric has a goal'}.")
            return canvas
        parameter, order = self._parameter(snapshot), _order(snapshot)
        metric = self._metric_name(spec)
        number = (order.index(parameter) + 1, len(order))
        log = self._by_log(spec, metric)
        drawn = SliceChart(snapshot, self.view, parameter, number, metric, log, self.glyphs)
        drawn.draw(canvas)
        self._one_sided = drawn.loggable()
        return canvas

    def _draw_map(self, canvas: Canvas, snapshot: Snapshot, metric: str) -> None:
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
            text.note(canvas, f"There is no map of {plain(metric)} yet.", self.glyphs.ellipsis)
            return
        self._pair = every[at]
        self._one_sided = one_sided(np.array(told.expected))
        log = self._by_log(snapshot.spec, metric)
        number = (at + 1, len(every))
        map_chart.MapChart(snapshot, self.view, told, number, log, self.glyphs).draw(canvas)

    def _by_log(self, spec: StudySpec, metric: str) -> bool:
        """Whether values are told apart by their logarithm: as asked for or as the study says."""
        stated = any(o.metric == metric and o.log for o in spec.objectives)
        return stated if self._log is None else self._log


def _order(snapshot: Snapshot) -> list[Parameter]:
    """Return the parameters, those that matter most first."""
    places = {name: at for at, name in enumerate(snapshot.ranked)}
    return sorted(snapshot.spec.free, key=lambda p: places.get(p.name, len(places)))
