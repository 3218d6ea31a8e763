"""History: every result against the trial number or what had been spent, and the best so far."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from textual.message import Message

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.charges import spent_by_end
from hpo_tui.engine.arrays import Array, Mask
from hpo_tui.engine.spec import Objective, OutcomeConstraint, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import text, volume_chart
from hpo_tui.tui.charts.axes import good_ends
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.scale import Scale, fitted, one_sided
from hpo_tui.tui.charts.volume_chart import Volume, volume_of
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.glyphs import circles
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.goals import fair_number, limits_of, way
from hpo_tui.tui.words.plain import plain

Goal = Objective | OutcomeConstraint

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("history.metric", "m", "metric", "Show the next objective, after the last their hypervolume"),
    ("history.across", "c", "trial/cost", "Plot against trial number or cumulative cost"),
    ("history.log", "v", "log", "Switch between a logarithmic and a linear axis"),
)


class History(Chart):
    """Partial tasks as gray dots, the full task as blue circles, the best so far as steps."""

    HELP: ClassVar[str] = """\
## History

One objective over the life of the study. **Gray dots** are trials at cheaper tasks, **blue
circles** full-task trials (hollow if they miss another goal). The **steps** are the best full-task
result so far among trials that meet all other goals. The dashed line is the goal. `m` shows the
next objective, `c` switches between trial numbers and cumulative cost, `v` between a linear and a
logarithmic axis. Vertical marks are edits of the study. Far outliers on the bad side are drawn at
the end of the axis and marked by `▸` or `◂`.

Of a study without an objective it shows the constraints, one after another, and no steps.

With several objectives, `m` after the last one shows their **hypervolume**: how much of the box
between a reference and the best values the full-task trials cover together, from 0 to 1. Trials
count that meet all constraints and are better than the reference in every objective. The reference
is an objective's threshold; without one it lies a tenth of their range beyond the worst full-task
result, far outliers aside. Objectives with `log` count by their logarithm. Circles are the trials
that raised it. When a result moves the reference or the best value, the whole curve is drawn anew:
it never mixes two measures.
"""

    _objective = 0
    by_cost = False
    _log: bool | None = None
    _one_sided = False
    """Whether what is drawn can have a logarithmic axis."""
    _known: "History.Found | None" = None
    """The hypervolume as it was worked out last."""
    _asked: tuple[Frame, StudySpec] | None = None
    """What it is being worked out for now."""

    @dataclass
    class Found(Message):
        """The thread knows the hypervolume; else ``fault`` says why not."""

        frame: Frame
        spec: StudySpec
        volume: Volume | None
        fault: str

    def idle(self, action: str) -> bool:
        """Whether there is no other objective, nothing drawn, or nothing with a logarithm."""
        count = len(_goals(self.snapshot.spec)) if self.snapshot is not None else 0
        return (
            (action == "metric" and count < 2)
            or (action == "across" and not count)
            or (action == "log" and not self._one_sided)
        )

    def action_metric(self) -> None:
        """Show the next objective."""
        self._objective += 1
        self._log = None
        self.repaint()

    def action_across(self) -> None:
        """Change between trial numbers and cumulative cost."""
        self.by_cost = not self.by_cost
        self.repaint()

    def action_log(self) -> None:
        """Change between a linear and a log axis."""
        if self.snapshot is not None and _goals(self.snapshot.spec):
            goal = self._goal(self.snapshot)
            usual = isinstance(goal, Objective) and goal.log
            self._log = not (usual if self._log is None else self._log)
            self.repaint()

    def _goal(self, snapshot: Snapshot) -> Goal | None:
        """Return the goal that is shown, None for the hypervolume of all objectives."""
        more = [None] if len(snapshot.spec.objectives) > 1 else []
        shown = (*_goals(snapshot.spec), *more)
        return shown[self._objective % len(shown)]

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the chart."""
        canvas = Canvas(width, height)
        frame, spec = snapshot.frame, snapshot.spec
        self._one_sided = False
        if not _goals(spec):
            text.note(canvas, "This study has no objective and no constraint.")
            return canvas
        goal = self._goal(snapshot)
        if goal is None:
            self._paint_volume(canvas, snapshot)
            return canvas
        y = front.column(frame, goal.metric)
        if not np.isfinite(y).any():
            text.note(canvas, f"No trial has a value of {plain(goal.metric)} yet.")
            return canvas
        x = self._across(frame)
        usual = isinstance(goal, Objective) and goal.log
        log = usual if self._log is None else self._log
        also = tuple(limit for limit, _ in _limits(goal, spec))
        full = front.full_mask(frame, spec)
        shown = np.isfinite(y)
        good = good_ends(goal.metric, spec)
        self._one_sided = one_sided(y)
        scale = fitted(y[shown], log and self._one_sided, also, good)
        plot = self._framed(canvas, x, scale, goal.metric)
        self._draw(plot, snapshot, goal, (x, y), full)
        self._legend(canvas, snapshot, goal, full & shown)
        return canvas

    def _framed(self, canvas: Canvas, x: Array, scale: Scale, name: str) -> Plot:
        """Return a plot over trials that lie at ``x`` (n,) on the horizontal axis."""
        end = float(np.nanmax(x)) if np.isfinite(x).any() else 1.0
        across = Scale(0.0, max(end, 1e-9)) if self.by_cost else Scale(1, max(end, 2), whole=True)
        label = "cumulative cost" if self.by_cost else "trial"
        return Plot.framed(canvas, across, scale, self.glyphs, (label, name))

    def _across(self, frame: Frame) -> Array:
        """Return where each trial lies on the horizontal axis, NaN for those without an end."""
        return spent_by_end(frame) if self.by_cost else frame.number.astype(np.float64)

    def _paint_volume(self, canvas: Canvas, snapshot: Snapshot) -> None:
        known = self._volume(snapshot)
        if known is None or known.volume is None or known.volume.problem:
            said = "Computing the hypervolume …"
            if known is not None:
                said = known.fault if known.volume is None else known.volume.problem
            text.note(canvas, plain(said, self.ascii_only))
            return
        volume = known.volume
        self._one_sided = True
        x = self._across(volume.frame)
        scale = volume_chart.scale_of(volume, bool(self._log))
        plot = self._framed(canvas, x, scale, volume_chart.NAME)
        for at in self._edits(snapshot, self._across(snapshot.frame)):
            plot.upright(at, Ink.DIM, "edit")
        volume_chart.draw(plot, volume, x, self.view)
        volume_chart.legend(canvas, volume, self.glyphs)

    def _volume(self, snapshot: Snapshot) -> Found | None:
        """Return it as it was known last, and have it worked out where it may be another.

        With thousands of trials on the front that takes seconds: it is done in a thread.
        """
        known, frame, spec = self._known, snapshot.frame, snapshot.spec
        if known is None or known.frame is not frame or known.spec is not spec:
            if self._asked is None:
                self._asked = (frame, spec)
                self.run_worker(self._work_out, thread=True, group="volume", exit_on_error=False)
            if known is not None and (known.fault or known.spec.objectives != spec.objectives):
                known = None
        return known

    def _work_out(self) -> None:
        # Not given the trials: what a worker is given stays for minutes after it has ended.
        if self._asked is None:
            return
        asked, fault = self._asked, ""
        volume: Volume | None = None
        try:
            volume = volume_of(*asked)
        except Exception as error:  # noqa: BLE001 - a picture that fails must not take the app along
            fault = f"This could not be computed: {report_crash(error)}."
        self.post_message(self.Found(*asked, volume, fault))

    def on_history_found(self, message: Found) -> None:
        """Show it; what has come since is asked for by the picture."""
        message.stop()
        self._asked, self._known = None, message
        self.repaint()

    def _draw(
        self,
        plot: Plot,
        snapshot: Snapshot,
        goal: Goal,
        values: tuple[Array, Array],
        full: Mask,
    ) -> None:
        """Draw results ``values``, x and y (n,), and the best so far; ``full``: which are full."""
        frame, spec = snapshot.frame, snapshot.spec
        x, y = values
        for at in self._edits(snapshot, x):
            plot.upright(at, Ink.DIM, "edit")
        limits = _limits(goal, spec)
        for limit, _ in limits:
            plot.level(limit, Ink.GOAL)
        inside = self.view.inside(len(frame))
        plot.points(x, y, Ink.OUT_3, of=~full & ~inside)
        plot.points(x, y, Ink.PARTIAL_3, of=~full & inside)
        others = front.meets_mask(frame, spec, without=goal.metric)
        hollow, solid = circles(int(full.sum()), self.glyphs)
        plot.points(x, y, Ink.OUT_3, hollow, of=full & ~inside)
        plot.points(x, y, Ink.FULL_2, hollow, of=full & inside & ~others)
        plot.points(x, y, Ink.FULL_3, solid, of=full & inside & others)
        if isinstance(goal, Objective):
            rows, best = front.best_so_far(frame, spec, goal)
            placed = np.isfinite(x[rows])
            plot.steps(x[rows][placed], best[placed], Ink.BEST, until=plot.x.high)
            if solid:  # the line would hide them
                plot.points(x[rows][placed], best[placed], Ink.BEST, solid)
        for limit, above in limits:
            sign = self.glyphs.at_least if above else self.glyphs.at_most
            plot.label(limit, Ink.GOAL, f"{sign}{fmt.limit_in(limit, plot.width - 2)} ")
        row = self.view.row(frame)
        if row is not None:
            plot.points(x, y, Ink.SELECTED, self.glyphs.selected, of=np.array([row]))

    @staticmethod
    def _edits(snapshot: Snapshot, x: Array) -> list[float]:
        """Return where the study's edits lie on the horizontal axis: at what had ended by then."""
        found = []
        for when in snapshot.edits:
            before = x[np.nan_to_num(snapshot.frame.ended, nan=np.inf) <= when]
            found.append(float(np.nanmax(before, initial=0.0)))
        return found

    def _legend(self, canvas: Canvas, snapshot: Snapshot, goal: Goal, full: Mask) -> None:
        glyphs = self.glyphs
        arrow = way(goal.metric, snapshot.spec, glyphs)
        hollow, solid = circles(int(front.full_mask(snapshot.frame, snapshot.spec).sum()), glyphs)
        parts = self._best(snapshot, goal, full) if isinstance(goal, Objective) else []
        first = len(parts)
        parts.append([(solid or ".", Ink.FULL_3), (f" full {int(full.sum())}", Ink.TEXT)])
        others = front.meets_mask(snapshot.frame, snapshot.spec, without=goal.metric)
        if (full & ~others).any():
            parts.append([(hollow or ".", Ink.FULL_2), (" misses another goal", Ink.TEXT)])
        if len(snapshot.spec.tasks) > 1:
            parts.append([(".", Ink.PARTIAL_3), (" partial", Ink.TEXT)])
        name = plain(goal.metric, glyphs.ascii)
        text.caption(canvas, name, arrow, parts, first=first, ellipsis=glyphs.ellipsis)

    def _best(self, snapshot: Snapshot, goal: Objective, full: Mask) -> list[text.Spans]:
        """Return the part of the legend about the best so far."""
        rows, best = front.best_so_far(snapshot.frame, snapshot.spec, goal)
        if len(rows):
            number = int(snapshot.frame.number[rows[-1]])
            said = f" best {fair_number(float(best[-1]), goal)} #{number}"
            return [[(self.glyphs.rule * 2, Ink.BEST), (said, Ink.TEXT)]]
        if full.any():
            return [[("no full trial meets the other goals yet", Ink.DIM)]]
        return []


def _goals(spec: StudySpec) -> tuple[Goal, ...]:
    """Return what there is to show: the objectives, of a study without any its constraints."""
    return spec.objectives or spec.outcome_constraints


def _limits(goal: Goal, spec: StudySpec) -> tuple[tuple[float, bool], ...]:
    """Return (limit, whether values above it are good) of what is shown."""
    if isinstance(goal, Objective):
        return () if goal.threshold is None else ((goal.threshold, goal.sign < 0),)
    return limits_of(spec)[goal.metric]
