"""Lines of text on a canvas: legends, notes, paragraphs."""

import math
from collections.abc import Sequence

from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.words import fmt

LEAST_NAME = 10
"""Cells by which a name can still be told, whatever stands beside it."""
Span = tuple[str, int]
"""A piece of a line and its ink."""
Spans = Sequence[Span]


def write(canvas: Canvas, x: int, y: int, spans: Spans, ellipsis: str = "…") -> int:
    """Write pieces of a line from (x, y) on, cut at the edge; return the column after them."""
    for text, ink in spans:
        room = canvas.width - x
        if room <= 0:
            break
        shown = fmt.clip_line(text, room, ellipsis)
        canvas.put(x, y, shown, ink)
        x += fmt.width_of(shown)
    return x


def width_of(spans: Spans) -> int:
    """Return how many cells pieces take."""
    return sum(fmt.width_of(text) for text, _ in spans)


def name_before(name: str, after: Spans, width: int, ellipsis: str) -> str:
    """Return ``name``, cut to what the pieces after it leave of ``width``: some cells at least."""
    left = width - width_of(after)
    return fmt.clip(name, max(left, LEAST_NAME), ellipsis)


def caption(
    canvas: Canvas, name: str, arrow: str, parts: Sequence[Spans], *, first: int, ellipsis: str
) -> None:
    """Write over a chart what it is of, and what its marks mean: each part whole or not at all.

    The ``first`` parts come before the end of a long name, and that before the other parts.
    """
    room = canvas.width - min(fmt.width_of(name), LEAST_NAME) - fmt.width_of(arrow)
    kept: list[Spans] = []
    for at, part in enumerate(parts):
        if at == first:
            room -= max(fmt.width_of(name) - LEAST_NAME, 0)
        need = 2 + sum(fmt.width_of(said) for said, _ in part)
        if need <= room:
            room -= need
            kept.append(part)
    after = [(arrow, int(Ink.BOLD))]
    for part in kept:
        after += [("  ", Ink.TEXT), *part]
    said = name_before(name, after, canvas.width, ellipsis)
    write(canvas, 0, 0, [(said, Ink.BOLD), *after], ellipsis)


def selected(number: int, at: str, value: float, *, full: bool, glyphs: Glyphs) -> Spans:
    """Return what a caption says of the selected trial: its mark, where it lies, its result."""
    known = math.isfinite(value)
    result = fmt.number(value) if known else "no result yet"
    said = f" #{number} {at}: {result}{' partial' if known and not full else ''}"
    return [(glyphs.selected, Ink.SELECTED), (said, Ink.TEXT)]


def wrapped(text: str, width: int) -> list[str]:
    """Return ``text`` broken at blanks into lines of at most ``width`` cells."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if fmt.width_of(longer) <= width or not line:
            line = longer
        else:
            lines.append(line)
            line = word
    return [*lines, line] if line else lines


def note(canvas: Canvas, text: str, ellipsis: str = "…") -> None:
    """Write why there is nothing to see, in the middle of the canvas."""
    lines = wrapped(text, max(canvas.width - 4, 1))
    top = max((canvas.height - len(lines)) // 2, 0)
    for at, line in enumerate(lines):
        shown = fmt.clip(line, canvas.width, ellipsis)
        canvas.put((canvas.width - fmt.width_of(shown)) // 2, top + at, shown, Ink.DIM)
