"""Two studies over what each had spent: what they can be compared by, and the lines. No widgets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis.charges import spent_by_end
from hpo_tui.engine.analysis.front import best_so_far
from hpo_tui.engine.analysis.volume import box_of, volume_so_far
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.spec import Objective, StudySpec
from hpo_tui.tui.charts import text, volume_chart
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.scale import Scale, fitted, one_sided
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import plain

INKS = (Ink.BEST, Ink.FULL_3)
"""The lines of the first and of the second study; they differ in how they are drawn too."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How one study went on: ``y`` (k,) was the best from the cost ``x`` (k,) on.

    ``spent``: what all that ended had cost.
    """

    x: Array
    y: Array
    spent: float

    def at(self, cost: float) -> float:
        """Return how far it had come at a cost, NaN where there was no result yet."""
        k = int(np.searchsorted(self.x, cost * (1 + 1e-12), side="right"))
        return float(self.y[k - 1]) if k else np.nan


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two studies by one measure. ``up``: whether more is better. ``problem``: why no line is."""

    name: str
    up: bool
    log: bool
    courses: tuple[Course, Course]
    goals: tuple[float, ...] = ()
    note: str = ""
    problem: str = ""


def comparisons(snapshots: Sequence[Snapshot], each: str = "study") -> tuple[Comparison, ...]:
    """Return what two studies can be compared by: the objectives of both, then their hypervolume.

    The same objective is one of the same metric in the same direction. ``each``: what one of the
    two is called.
    """
    specs = [s.spec for s in snapshots]
    shared = [o for o in specs[0].objectives if _as_in(specs[1], o) is not None]
    found = [_by_objective(snapshots, o.metric, each) for o in shared]
    if len(shared) > 1:
        found.append(_by_volume(snapshots, [o.metric for o in shared], each))
    return tuple(found)


def _as_in(spec: StudySpec, objective: Objective) -> Objective | None:
    same = (o for o in spec.objectives if o.metric == objective.metric)
    return next((o for o in same if o.direction == objective.direction), None)


def _course(snapshot: Snapshot, rows: Index, values: Array) -> Course:
    spent = spent_by_end(snapshot.frame)
    placed = np.isfinite(spent[rows])
    end = float(np.nanmax(spent)) if np.isfinite(spent).any() else 0.0
    return Course(spent[rows][placed], values[placed], end)


def _by_objective(snapshots: Sequence[Snapshot], metric: str, each: str) -> Comparison:
    courses, goals, log = [], [], True
    for s in snapshots:
        objective = next(o for o in s.spec.objectives if o.metric == metric)
        courses.append(_course(s, *best_so_far(s.frame, s.spec, objective)))
        log = log and objective.log
        if objective.threshold is not None:
            goals.append(objective.threshold)
    seen = np.concatenate([c.y for c in courses])
    problem = "" if len(seen) else f"No full trial of either {each} meets its other goals yet."
    log = log and one_sided(seen)
    limits = tuple(dict.fromkeys(goals))
    return Comparison(
        name=metric,
        up=objective.sign < 0,
        log=log,
        courses=(courses[0], courses[1]),
        goals=limits,
        note="",
        problem=problem,
    )


def _by_volume(snapshots: Sequence[Snapshot], metrics: list[str], each: str) -> Comparison:
    box = box_of([(s.frame, s.spec) for s in snapshots], metrics)
    nothing = Course(np.zeros(0), np.zeros(0), 0.0)
    courses = [nothing, nothing]
    problem = volume_chart.why_empty(box, f" of either {each}") if box.empty else ""
    for at, s in enumerate(snapshots):
        found = volume_so_far(s.frame, s.spec, box)
        if found is None:
            problem = volume_chart.TOO_LARGE
            break
        courses[at] = _course(s, *found)
    pair = (courses[0], courses[1])
    note = f"reference {volume_chart.reference_of(box)}"
    return Comparison(
        name=volume_chart.NAME,
        up=True,
        log=False,
        courses=pair,
        goals=(),
        note=note,
        problem=problem,
    )


def draw(canvas: Canvas, comparison: Comparison, names: tuple[str, str], glyphs: Glyphs) -> None:
    """Draw both lines over the cost, each up to what its study has spent."""
    if comparison.problem:
        text.note(canvas, plain(comparison.problem, glyphs.ascii), glyphs.ellipsis)
        return
    seen = np.concatenate([c.y for c in comparison.courses])
    scale = fitted(seen, comparison.log, good=(True, True))
    across = Scale(0.0, max(*(c.spent for c in comparison.courses), 1e-9))
    plot = Plot.framed(canvas, across, scale, glyphs, ("cumulative cost", comparison.name))
    for goal in comparison.goals:  # one far away would press the lines together
        if scale.low <= goal <= scale.high:
            plot.level(goal, Ink.GOAL)
    first, second = comparison.courses
    plot.steps(first.x, first.y, INKS[0], until=first.spent)
    under = canvas.codes.copy(), canvas.styles.copy()
    plot.steps(second.x, second.y, INKS[1], until=second.spent, marker=glyphs.dotted)
    # Every other cell is a gap, in which the first line is seen where it runs below the second.
    gaps = np.indices(canvas.codes.shape).sum(axis=0) % 2 == 1
    canvas.codes[gaps], canvas.styles[gaps] = under[0][gaps], under[1][gaps]
    for course, ink, mark in zip(comparison.courses, INKS, _marks(glyphs), strict=True):
        plot.points(course.x, course.y, ink, mark)
    _legend(canvas, comparison, names, glyphs)


def _marks(glyphs: Glyphs) -> tuple[str, str]:
    """Return the marks of the results that were better than all before them."""
    return "O" if glyphs.ascii else "●", glyphs.hollow


def _legend(canvas: Canvas, comparison: Comparison, names: tuple[str, str], glyphs: Glyphs) -> None:
    """Write over the plot which line is whose, how far each came, and how far at the same cost."""
    room = max((canvas.width - 40) // 2, 8)
    shown = [plain(name, glyphs.ascii) for name in names]
    line = ("=" if glyphs.ascii else glyphs.rule, glyphs.dotted)
    parts: list[text.Spans] = []
    for at, course in enumerate(comparison.courses):
        sample = f"{line[at]}{_marks(glyphs)[at]}{line[at]}"
        name = fmt.clip_among(shown[at], room, shown, glyphs.ellipsis)
        parts.append([(sample, INKS[at]), (f" {name} {_number(course.at(np.inf))}", Ink.TEXT)])
    both = min(c.spent for c in comparison.courses)
    if both < max(c.spent for c in comparison.courses):
        values = " and ".join(_number(c.at(both)) for c in comparison.courses)
        parts.append([(f"at {fmt.number(both, 3)}: {values}", Ink.BOLD)])
    if comparison.note:
        parts.append([(plain(comparison.note, glyphs.ascii), Ink.DIM)])
    arrow = f" {glyphs.up if comparison.up else glyphs.down}"
    name = plain(comparison.name, glyphs.ascii)
    text.caption(canvas, name, arrow, parts, first=3, ellipsis=glyphs.ellipsis)


def _number(value: float) -> str:
    return fmt.number(value) if np.isfinite(value) else "no result"
