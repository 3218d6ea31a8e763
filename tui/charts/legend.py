"""The lines above and below the parallel coordinates: what is drawn, and the focused axis."""

import math
from collections.abc import Sequence

from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.charts.classes import PARTIAL, Colouring, Shown
from hpo_tui.tui.charts.palette import LEVELS, Ink
from hpo_tui.tui.charts.picture import Picture
from hpo_tui.tui.charts.text import Span
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.watching.snapshot import Brush
from hpo_tui.tui.words.plain import plain

REST = tuple(s for s in TrialState if s is not TrialState.COMPLETE)
"""States of the trials that have no result of any task: they are drawn as the partial ones."""
_ENDED = tuple(s for s in REST if s.ended)


def draw_header(picture: Picture) -> None:
    """Write the legend: what is bright, what the classes are and how many trials each holds."""
    glyphs = picture.glyphs
    spans: list[Span] = []
    line = glyphs.rule * 2
    if said := _best(picture):
        spans += [(line, Ink.BEST), (f" {said}   ", Ink.TEXT)]
    if picture.view.selected is not None:
        selected = "@@" if glyphs.ascii else line
        spans += [(selected, Ink.SELECTED), (f" #{picture.view.selected}   ", Ink.TEXT)]
    classes = _class_spans(picture, REST)
    if text.width_of([*spans, *classes]) - 3 > picture.canvas.width:
        # How many failed says more than how many are under way for the moment.
        classes = _class_spans(picture, _ENDED)
    spans += classes
    if spans:
        # No gap at the end: it would count as text that has no room.
        spans[-1] = (spans[-1][0].rstrip(), spans[-1][1])
    text.write(picture.canvas, 0, 0, spans, glyphs.ellipsis)


def _best(picture: Picture) -> str:
    """Return how many of the study's best are bright; with a filter, how many of them it holds.

    Empty where there are none.
    """
    rows, count = picture.best.rows, len(picture.bright)
    if picture.best.near or not len(rows):
        return f"nearest misses {count}" if count else ""
    mask = picture.view.mask_over(len(picture.frame))
    if not picture.spec.has_goals and len(picture.spec.objectives) == 1:
        return f"best {count}"  # all of them are among the best, each but one next to another
    said, inside = f"best {len(rows)}", len(rows)
    if mask is not None:
        inside = int(mask[rows].sum())
        said = f"best {inside} of {len(rows)} shown"
    return said + (f", {count} bright" if count < inside else "")


def _class_spans(picture: Picture, states: Sequence[TrialState]) -> list[Span]:
    """Return what the classes are; ``states`` are those counted of trials without a result."""
    spans: list[Span] = []
    codes = picture.classified.codes
    complete = picture.frame.in_state(TrialState.COMPLETE)
    for code, line_class in reversed(list(enumerate(picture.classified.classes))):
        mine = codes == code
        if not mine.any():
            continue
        sample = "::" if line_class.dotted else "⠒⠒"
        if picture.glyphs.ascii:
            sample = line_class.ascii[:2]
        elif line_class.dotted:
            sample = "⠂⠂"
        counts = [(line_class.label, int(mine.sum()))]
        if line_class is PARTIAL:
            counts = [(PARTIAL.label, int((mine & complete).sum()))]
            counts += [
                (state, int((mine & picture.frame.in_state(state)).sum())) for state in states
            ]
        said = ", ".join(f"{label} {size}" for label, size in counts if size)
        spans += [(sample, line_class.ink + LEVELS - 1), (f" {said}   ", Ink.TEXT)]
    return spans


def draw_footer(picture: Picture) -> None:
    """Write what the focused axis is, where its brush lies, and what has been chosen."""
    options, glyphs = picture.options, picture.glyphs
    axis = picture.plan.axes[picture.focused]
    shown = len(picture.plan.axes)
    spans: list[Span] = [(plain(axis.label, glyphs.ascii), Ink.BOLD), (_range(axis), Ink.DIM)]
    brush = picture.view.brushes.get(axis.name)
    if brush is not None:
        spans.append((f"  brush {_brush(axis, brush, glyphs)}", Ink.BRUSH))
    if picture.view.mask is not None:
        inside = int(picture.view.mask.sum())
        spans.append((f"  {inside} of {len(picture.frame)} inside", Ink.TEXT))
    if shown < len(options.names):
        first, last = picture.first + 1, picture.first + shown
        spans.append((f"  axes {first}-{last} of {len(options.names)}", Ink.DIM))
    if options.zoom and picture.view.brushes:
        spans.append(("  zoomed", Ink.BRUSH))
    if options.colouring is not Colouring.TASK:
        spans.append((f"  by {picture.classified.title}", Ink.DIM))
    if options.shown is not Shown.AUTO:
        spans.append((f"  {options.shown}", Ink.DIM))
    text.write(picture.canvas, 0, picture.canvas.height - 1, spans, glyphs.ellipsis)


def _range(axis: Axis) -> str:
    if axis.slots:
        return f"  {axis.counted}"
    if axis.unknown:
        return "  no trial has a value"
    scale = axis.scale
    kind = "  log" if scale.log else ""
    said = [f"{count} {word}" for count, word in ((scale.below, "below"), (scale.above, "above"))
            if count]  # fmt: skip
    beyond = f" ({', '.join(said)})" if said else ""
    low, high = axis.ends
    return f"  {low} to {high}{beyond}{kind}"


def _brush(axis: Axis, brush: Brush, glyphs: Glyphs) -> str:
    """Return a brush in words: an end without a limit is left out."""
    low, high = (math.isfinite(end) for end in brush)
    if low and high:
        dots = ".." if glyphs.ascii else "…"
        return f" {dots} ".join(axis.ends_of(brush))
    if low:
        return f"from {axis.ends_of(brush)[0]}"
    return f"up to {axis.ends_of(brush)[1]}" if high else "all that have a value"
