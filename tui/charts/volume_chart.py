"""The hypervolume so far: what it was worked out from, and its steps in a plot. No widgets."""

from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.volume import Box, box_of, volume_so_far
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.scale import Scale, fitted
from hpo_tui.tui.glyphs import Glyphs, circles
from hpo_tui.tui.watching.snapshot import View
from hpo_tui.tui.words import fmt, present
from hpo_tui.tui.words.plain import plain

NAME = "hypervolume"
TOO_LARGE = "The front has too many trials for its hypervolume to be computed."


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """The curve of a study's trials: ``rows`` raised the share to ``shares`` (k,).

    ``reference``: where each objective is counted from, in words. ``problem``: why there is no
    curve, empty where there is one.
    """

    frame: Frame
    spec: StudySpec
    rows: Index
    shares: Array
    reference: str
    problem: str = ""


def volume_of(frame: Frame, spec: StudySpec) -> Volume:
    """Work out the curve: milliseconds, and seconds with thousands of trials on the front."""
    box = box_of([(frame, spec)], [o.metric for o in spec.objectives])
    reference = reference_of(box)
    found = volume_so_far(frame, spec, box)
    if found is None:
        return Volume(frame, spec, np.zeros(0, np.intp), np.zeros(0), reference, TOO_LARGE)
    problem = why_empty(box) if box.empty else ""
    if not front.full_mask(frame, spec).any():
        problem = "No trial is complete at the full task yet."
    return Volume(frame, spec, *found, reference, problem)


def reference_of(box: Box) -> str:
    """Return where each objective of a box is counted from."""
    ends = zip(box.objectives, box.reference, strict=True)
    return ", ".join(f"{o.metric} {fmt.number(end, 3)}" for o, end in ends)


def why_empty(box: Box, of: str = "") -> str:
    """Return why no trial lies in a box; ``of``: whose trials these are."""
    if not np.isfinite(box.worst).all():
        return f"No full trial{of} has a value of every objective yet."
    return (
        f"No full trial{of} that meets the constraints is better than the reference in every "
        f"objective yet: {reference_of(box)}."
    )


def scale_of(volume: Volume, log: bool) -> Scale:
    """Return the scale of shares: from nothing on, or from the first share on where it is a log."""
    return fitted(volume.shares, log, () if log else (0.0,), (False, True))


def draw(plot: Plot, volume: Volume, x: Array, view: View) -> None:
    """Draw the steps over ``x`` (n,), and the trials that raised it."""
    frame = volume.frame
    placed = np.isfinite(x[volume.rows])
    rows, shares = volume.rows[placed], volume.shares[placed]
    plot.steps(np.r_[plot.x.low, x[rows]], np.r_[0.0, shares], Ink.BEST, until=plot.x.high)
    solid = circles(len(rows), plot.glyphs)[1]
    if solid:  # the line would hide dots
        inside = view.inside(len(frame))[rows]
        plot.points(x[rows], shares, Ink.OUT_3, solid, of=~inside)
        plot.points(x[rows], shares, Ink.FULL_3, solid, of=inside)
    row = view.row(frame)
    if row is not None and front.full_mask(frame, volume.spec)[row]:
        place = np.argsort(front.finish_order(frame))
        before = shares[place[rows] <= place[row]]
        at = np.array([before[-1] if len(before) else 0.0])
        plot.points(x[[row]], at, Ink.SELECTED, plot.glyphs.selected)


def legend(canvas: Canvas, volume: Volume, glyphs: Glyphs) -> None:
    """Write over the plot what is covered in the end, and from where it is counted."""
    number = int(volume.frame.number[volume.rows[-1]])
    solid = circles(len(volume.rows), glyphs)[1] or "."
    raised = f" {present.plural(len(volume.rows), 'trial')} raised it"
    parts: list[text.Spans] = [
        [(glyphs.rule * 2, Ink.BEST), (f" {fmt.number(volume.shares[-1])} #{number}", Ink.TEXT)],
        [(solid, Ink.FULL_3), (raised, Ink.TEXT)],
        [(f"reference {plain(volume.reference, glyphs.ascii)}", Ink.DIM)],
    ]
    text.caption(canvas, NAME, f" {glyphs.up}", parts, first=2, ellipsis=glyphs.ellipsis)
