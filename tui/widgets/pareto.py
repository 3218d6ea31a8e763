"""Pareto: two goals against each other, with thresholds, misses and the front."""

from functools import partialmethod
from itertools import combinations
from typing import ClassVar

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.arrays import Array, Mask
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.axes import good_ends
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.scale import Scale, fitted, one_sided
from hpo_tui.tui.glyphs import circles
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.goals import Limits, limits_of, way
from hpo_tui.tui.words.plain import plain

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("pareto.pair", "m", "pair", "Show the next pair of metrics"),
    ("pareto.partial", "v", "partial tasks", "Show or hide results of the cheap tasks"),
    ("pareto.next", "right,l,full_stop", "next best", "Select the next of the best trials"),
    ("pareto.previous", "left,h,comma", "previous best", "Select the previous of the best trials"),
    ("pareto.open", "enter", "open", "Open the selected trial"),
)


class Pareto(Chart):
    """Two metrics of the full-task trials; what misses a goal lies in the shade."""

    HELP: ClassVar[str] = """\
## Pareto

Two metrics of the **full-task** trials plotted against each other. Dashed lines are the goals; the
shaded area misses at least one of them. Blue circles meet every goal, hollow ones miss one, and the
bright ones are the best trials. If the two metrics are the study's two objectives, the steps are
the Pareto front. A repeated configuration is one point, at its mean. `m` shows the next pair of
metrics, `h` and `l` go along the front, `enter` opens the trial, and `v` shows results of the cheap
tasks as gray dots (they never count as best). Far outliers on a bad side are drawn at the end of
the axis and marked by `▸` or `◂`.
"""

    _pair = 0
    _partial = False
    _others = False
    """Whether there are results of cheap tasks to show."""

    def idle(self, action: str) -> bool:
        """Whether there is no other pair, or nothing to show or to hide."""
        names = self.snapshot.spec.metric_names if self.snapshot is not None else ()
        return (action == "pair" and len(names) < 3) or (action == "partial" and not self._others)

    def action_pair(self) -> None:
        """Show the next pair of metrics."""
        self._pair += 1
        self.repaint()

    def action_partial(self) -> None:
        """Show or hide what the cheap tasks have reported."""
        self._partial = not self._partial
        self.repaint()

    def _step(self, by: int) -> None:
        if self.snapshot is None:
            return
        frame, spec = self.snapshot.frame, self.snapshot.spec
        rows = front.best_rows(frame, spec)
        if not len(rows):
            rows = front.near_misses(frame, spec, 20)
        pair = self._metrics(spec)
        frame = front.results(frame, spec)[1]
        if pair is not None:
            rows = rows[np.argsort(front.column(frame, pair[0], rows), kind="stable")]
        numbers = frame.number[rows].tolist()
        if not numbers:
            return
        here = self.view.selected
        at = numbers.index(here) + by if here in numbers else 0
        if 0 <= at < len(numbers):
            self.select(int(numbers[at]))

    action_next = partialmethod(_step, 1)
    action_previous = partialmethod(_step, -1)

    def _metrics(self, spec: StudySpec) -> tuple[str, str] | None:
        pairs = list(combinations(spec.metric_names, 2))
        return pairs[self._pair % len(pairs)] if pairs else None

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the chart."""
        canvas = Canvas(width, height)
        frame, spec = snapshot.frame, snapshot.spec
        pair = self._metrics(spec)
        self._others = False
        if pair is None:
            text.note(canvas, "This study has only one metric: see the history (1).")
            return canvas
        first, frame = front.results(frame, spec)
        full = np.zeros(len(frame), dtype=bool)
        full[first] = True
        x, y = front.column(frame, pair[0]), front.column(frame, pair[1])
        repeats = front.full_mask(frame, spec) & ~full
        x[repeats] = np.nan  # a configuration is one point, at its mean
        known = np.isfinite(x) & np.isfinite(y)
        self._others = bool((known & ~full).any())
        shown = (full | self._partial) & known
        if not shown.any():
            names = " and ".join(plain(name, self.glyphs.ascii) for name in pair)
            why = "No trial is complete at the full task yet."
            if full.any():
                why = f"No full trial has a value for both {names}."
            cheap = self._others and len(spec.tasks) > 1 and not self._partial
            text.note(canvas, f"{why} v shows results of the cheap tasks." if cheap else why)
            return canvas
        goals = limits_of(spec)
        scales = [_scale(spec, m, v[shown], goals) for m, v in zip(pair, (x, y), strict=True)]
        across = self._named(pair[0], spec, width // 3)
        plot = Plot.framed(canvas, scales[0], scales[1], self.glyphs, (across, pair[1]))
        self._shade(plot, pair, goals)
        self._draw(plot, frame, spec, (x, y), full & shown)
        self._lines(plot, pair, goals)
        self._legend(canvas, frame, spec, full & shown)
        return canvas

    def _named(self, metric: str, spec: StudySpec, width: int) -> str:
        """Return a metric's name in ``width`` cells, with the way in which it is better."""
        glyphs = self.glyphs
        arrow = way(metric, spec, glyphs)
        name = plain(metric, glyphs.ascii)
        return fmt.clip(name, max(width - len(arrow), 1), glyphs.ellipsis) + arrow

    def _shade(self, plot: Plot, pair: tuple[str, str], goals: Limits) -> None:
        whole_x, whole_y = (plot.x.low, plot.x.high), (plot.y.low, plot.y.high)
        for limit, above in goals.get(pair[0], ()):
            plot.shade((plot.x.low, limit) if above else (limit, plot.x.high), whole_y, Ink.OUT)
        for limit, above in goals.get(pair[1], ()):
            plot.shade(whole_x, (plot.y.low, limit) if above else (limit, plot.y.high), Ink.OUT)

    def _lines(self, plot: Plot, pair: tuple[str, str], goals: Limits) -> None:
        def sign(above: bool) -> str:
            return self.glyphs.at_least if above else self.glyphs.at_most

        for limit, above in goals.get(pair[0], ()):
            plot.upright(limit, Ink.GOAL, f"{sign(above)}{fmt.limit_in(limit, plot.width - 2)}")
        for limit, above in goals.get(pair[1], ()):
            plot.level(limit, Ink.GOAL, f"{sign(above)}{fmt.limit_in(limit, plot.width - 2)}")

    def _draw(
        self, plot: Plot, frame: Frame, spec: StudySpec, values: tuple[Array, Array], full: Mask
    ) -> None:
        x, y = values
        if self._partial:
            plot.points(x, y, Ink.PARTIAL_2, of=~full)
        meets = front.meets_mask(frame, spec)
        inside = self.view.inside(len(frame))
        hollow, solid = circles(int(full.sum()), self.glyphs)
        plot.points(x, y, Ink.OUT_3, hollow, of=full & ~inside)
        plot.points(x, y, Ink.FULL_2, hollow, of=full & inside & ~meets)
        plot.points(x, y, Ink.FULL_3, solid, of=full & inside & meets)
        best = front.best_rows(frame, spec)
        if self._metrics(spec) == tuple(o.metric for o in spec.objectives):
            edge = _edge(x[best], y[best], spec.objectives[0].sign)
            plot.lines([edge], Ink.BEST, "-" if self.glyphs.ascii else "")
        plot.points(x, y, Ink.BEST, self.glyphs.best, of=best)
        row = self.view.row(frame)
        if row is not None:
            plot.points(x, y, Ink.SELECTED, self.glyphs.selected, of=np.array([row]))

    def _legend(self, canvas: Canvas, frame: Frame, spec: StudySpec, full: Mask) -> None:
        glyphs = self.glyphs
        best = len(front.best_rows(frame, spec))
        hollow, solid = (mark or "." for mark in circles(int(full.sum()), glyphs))
        pair = self._metrics(spec) or ("", "")
        spans = [
            (glyphs.best, Ink.BEST), (f" best {best}  ", Ink.TEXT),
            (solid, Ink.FULL_3),
        ]  # fmt: skip
        if spec.has_goals:
            meets = int((full & front.meets_mask(frame, spec)).sum())
            spans += [
                (f" meets all goals {meets}  ", Ink.TEXT),
                (hollow, Ink.FULL_2), (f" misses {int(full.sum()) - meets}  ", Ink.TEXT),
            ]  # fmt: skip
        else:
            spans.append((f" full {int(full.sum())}  ", Ink.TEXT))
        if self.view.selected is not None:
            spans += [(glyphs.selected, Ink.SELECTED), (f" #{self.view.selected}", Ink.TEXT)]
        # Of what has no room the name goes first: it stands at the table's head too.
        *before, (last, ink) = spans
        spans = [*before, (last.rstrip(), ink)]
        room = canvas.width - 2 - sum(fmt.width_of(said) for said, _ in spans)
        name = self._named(pair[1], spec, min(max(room, 8), 24))
        text.write(canvas, 0, 0, [(f"{name}  ", Ink.BOLD), *spans], glyphs.ellipsis)


def _edge(x: Array, y: Array, x_sign: float) -> tuple[Array, Array]:
    """Return the edge of what a front reaches, as a polyline; ``x_sign``: -1 if x is maximized.

    It turns where both are as bad as in either neighbour: nothing between has been reached.
    """
    order = np.argsort(x, kind="stable")
    x, y = np.repeat(x[order], 2), np.repeat(y[order], 2)
    return (x[1:], y[:-1]) if x_sign > 0 else (x[:-1], y[1:])


def _scale(spec: StudySpec, metric: str, values: Array, goals: Limits) -> Scale:
    log = any(o.metric == metric and o.log for o in spec.objectives) and one_sided(values)
    limits = tuple(limit for limit, _ in goals.get(metric, ()))
    return fitted(values, log, limits, good_ends(metric, spec))
