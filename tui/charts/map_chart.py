"""A map: what is expected of a metric over two parameters, in colours, with the trials on it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.axes import good_ends
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.heat import Heat, area_of
from hpo_tui.tui.charts.palette import Cell, Ink, heat
from hpo_tui.tui.charts.plane import Plane, Side
from hpo_tui.tui.charts.text import Spans
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.goals import limits_of, way
from hpo_tui.tui.words.plain import plain

Pair = tuple[str, str]
SMALLEST = (28, 8)
"""Columns and rows below which a map cannot be read."""
_TOP = 2
"""Rows above the plot: the caption, and what the colours mean."""


def pairs(snapshot: Snapshot) -> list[Pair]:
    """Return the pairs of parameters that there are maps of, those that matter most first."""
    names = {p.name for p in snapshot.spec.free}
    told = dict.fromkeys((m.across, m.up) for m in snapshot.maps or ())
    return [pair for pair in told if names.issuperset(pair)]


def why_none(snapshot: Snapshot) -> str:
    """Return in words why there is no map, and what can be done."""
    if len(snapshot.spec.free) < 2:
        return "A map needs two parameters that vary. c goes back to the slices."
    if snapshot.runner_pid is None and front.full_mask(snapshot.frame, snapshot.spec).any():
        if snapshot.maps == () and snapshot.slices:
            return (
                "There is no map: of the trial that all of them would lead through, fewer than two"
                " parameters vary. c goes back to the slices."
            )
        return (
            "This study has no maps yet, and no runner works on it: A computes slices and maps"
            " from its results."
        )
    if snapshot.maps is not None or not snapshot.slices:
        return (
            "There are no maps yet. They appear some seconds after the first full-task result with"
            " values of two parameters. c goes back to the slices."
        )
    return (
        "There are no maps yet. If none appear within a minute, the study's runner is an older"
        " version that makes none: stop the study (X) and have them computed (A)."
    )


@dataclass(frozen=True, slots=True)
class _Peak:
    """Where the best is expected, as the axes count, and what."""

    across: float
    up: float
    expected: float
    unsure: bool


@dataclass(frozen=True, slots=True)
class MapChart:
    """One map, drawn. ``number``: which of how many pairs it is of."""

    snapshot: Snapshot
    view: View
    told: Map
    number: tuple[int, int]
    log: bool
    glyphs: Glyphs

    def draw(self, canvas: Canvas) -> None:
        """Draw it all."""
        snapshot, told, glyphs = self.snapshot, self.told, self.glyphs
        if canvas.width < SMALLEST[0] or canvas.height < SMALLEST[1]:
            text.note(canvas, "Too small for a map: z gives it the whole screen.", glyphs.ellipsis)
            return
        spec = snapshot.spec
        across, up = (
            Side.of(spec.parameter(name), values, snapshot.frame, spec, ascii_only=glyphs.ascii)
            for name, values in ((told.across, told.columns), (told.up, told.rows))
        )
        heats = Heat.of(told, self.log, good_ends(told.metric, spec), glyphs)
        at, many = self.number
        names = (told.across if many == 1 else f"{at}/{many} {told.across}", told.up)
        plane = Plane.framed(canvas, (across, up), names, glyphs, top=_TOP)
        level = heats.fill(plane, told)
        if not (level >= 0).any():
            text.note(
                canvas, "This map was made before the study was edited and no longer applies."
            )
            return
        x, y = (side.axis.values(side.axis.raw(snapshot.frame)) for side in (across, up))
        peak = self._peak(plane, heats)
        if peak is not None:
            plane.plot.points(
                np.array([peak.across]), np.array([peak.up]), Ink.FULL_3, self.glyphs.peak
            )
        self._points(plane, x, y, level)
        hatched = bool((heats.blurred(told) == 1).any())
        self._legend(canvas, heats, hatched=hatched)
        text.caption(
            canvas, plain(told.metric, glyphs.ascii), way(told.metric, spec, glyphs),
            list(self._parts(plane, x, y, peak)), ellipsis=glyphs.ellipsis,
            first=1 + (self.view.row(self.snapshot.frame) is not None),
        )  # fmt: skip

    def _peak(self, plane: Plane, heats: Heat) -> "_Peak | None":
        """Return where the best is expected, None where neither high nor low values are better."""
        if heats.good[0] == heats.good[1]:
            return None
        columns = np.tile(plane.across.places, len(plane.up.places))
        rows = np.repeat(plane.up.places, len(plane.across.places))
        loss = np.array(self.told.expected) * (1.0 if heats.turned else -1.0)
        loss[~(np.isfinite(columns) & np.isfinite(rows))] = np.nan
        at = int(np.nanargmin(loss))
        unsure = bool(heats.blurred(self.told)[at] == 1)
        return _Peak(float(columns[at]), float(rows[at]), self.told.expected[at], unsure)

    def _points(self, plane: Plane, x: Array, y: Array, level: Index) -> None:
        """Draw the trials that have reported the metric, the best and the selected one on top."""
        snapshot, glyphs, plot = self.snapshot, self.glyphs, plane.plot
        frame, spec = snapshot.frame, snapshot.spec
        full = front.full_mask(frame, spec)
        inside = self.view.inside(len(frame))
        shown = np.isfinite(front.column(frame, self.told.metric)) & inside
        failed = frame.in_state(TrialState.FAILED) & inside
        plot.points(x, y, Ink.BAD, glyphs.lost, of=failed)
        plot.points(x, y, Ink.PARTIAL_3, of=shown & ~full)
        plot.points(x, y, Ink.FULL_3, self.glyphs.hollow, of=shown & full)
        area = area_of(plane)
        styles = plot.canvas.styles[area]
        for ink, cell in ((Ink.PARTIAL_3, Cell.FAINT), (Ink.FULL_3, Cell.MARK)):
            mine = (styles == ink) & (level >= 0)
            styles[mine] = heat(0, cell) + level[mine] * len(Cell)
        best = front.best_rows(frame, spec)
        plot.points(x, y, Ink.BEST, self.glyphs.best, of=best)
        centre = frame.index(self.told.trial)
        for at, ink, mark in (
            (centre, Ink.BEST if centre in best else Ink.BOLD, self.glyphs.centre),
            (self.view.row(self.snapshot.frame), Ink.SELECTED, glyphs.selected),
        ):
            if at is not None:
                plot.points(x, y, ink, mark, of=np.array([at]))

    def _legend(self, canvas: Canvas, heats: Heat, *, hatched: bool) -> None:
        """Write the name of the side upwards, and right of it what the colours mean."""
        glyphs = self.glyphs
        goals = limits_of(self.snapshot.spec).get(self.told.metric, ())
        name = plain(self.told.up, glyphs.ascii)
        kept = min(fmt.width_of(name), text.LEAST_NAME)
        spans = heats.legend(canvas.width - kept - 2, goals, hatched=hatched)
        start = canvas.width - sum(fmt.width_of(said) for said, _ in spans)
        canvas.put(0, 1, fmt.clip(name, max(start - 2, kept), glyphs.ellipsis), Ink.TEXT)
        text.write(canvas, max(start, kept + 2), 1, spans, glyphs.ellipsis)

    def _parts(self, plane: Plane, x: Array, y: Array, peak: "_Peak | None") -> Iterator[Spans]:
        """Yield the parts of the caption, each a mark and what it means."""
        glyphs, frame, spec, told = self.glyphs, self.snapshot.frame, self.snapshot.spec, self.told
        yield [(self.glyphs.centre, Ink.BOLD), (f" expected from #{told.trial}", Ink.TEXT)]
        full, row = front.full_mask(frame, spec), self.view.row(self.snapshot.frame)
        value = front.column(frame, told.metric)
        if row is not None:
            where = ", ".join(
                side.axis.text(at[row], 3) for side, at in ((plane.across, x), (plane.up, y))
            )
            at = f"at {where}"
            yield text.selected(frame.number[row], at, value[row], full=full[row], glyphs=glyphs)
        yield from self._goal(spec)
        if peak is not None:
            said = f" best expected {fmt.number(peak.expected)}{', unsure' * peak.unsure}"
            yield [(self.glyphs.peak, Ink.BOLD), (said, Ink.TEXT)]
        best = len(front.best_rows(frame, spec))
        if best:
            yield [(self.glyphs.best, Ink.BEST), (f" best {best}", Ink.TEXT)]
        known = np.isfinite(value) & np.isfinite(x) & np.isfinite(y)
        yield [(self.glyphs.hollow, Ink.FULL_3), (f" full {int((full & known).sum())}", Ink.TEXT)]
        failed = frame.in_state(TrialState.FAILED) & np.isfinite(x) & np.isfinite(y)
        if failed.any():
            yield [(self.glyphs.lost, Ink.BAD), (f" failed {int(failed.sum())}", Ink.TEXT)]
        if len(spec.tasks) > 1:
            yield [(".", Ink.PARTIAL_3), (" partial", Ink.TEXT)]

    def _goal(self, spec: StudySpec) -> Iterator[Spans]:
        """Yield what the mark among the colours means, or that no cell is on the goal's side."""
        expected = np.array(self.told.expected)
        expected = expected[np.isfinite(expected)]
        for limit, above in limits_of(spec).get(self.told.metric, ()):
            said = f"{self.glyphs.at_least if above else self.glyphs.at_most}{fmt.limit(limit)}"
            meets = expected >= limit if above else expected <= limit
            if not meets.any():
                yield [(f"nowhere {said}", Ink.GOAL)]
            elif meets.all():
                yield [(f"everywhere {said}", Ink.GOAL)]
            else:
                yield [(f"{self.glyphs.goal} {said}", Ink.GOAL)]
