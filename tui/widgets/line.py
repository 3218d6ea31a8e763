"""One line of the screen, in pieces of text."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.tui.widgets.tones import ink
from hpo_tui.tui.words.present import Piece


class Line(Widget):
    """A line of pieces of text, each with a tone; drawn anew only when the pieces change."""

    DEFAULT_CSS = "Line { height: 1; }"
    ALLOW_SELECT = False
    PREFIX: ClassVar[str] = ""
    """Prefix of the component classes that the tones name."""
    GROUNDED: ClassVar[frozenset[str]] = frozenset()
    """Tones with a ground of their own."""

    def tone(self, name: str) -> Style:
        """Return the style of a tone over the line's own."""
        base = self.rich_style
        if not name:
            return base
        component = f"{self.PREFIX}--{name}"
        if name in self.GROUNDED:
            return self.get_component_rich_style(component)
        return base + ink(self, component)


def join(line: Line, left: Sequence[Piece], right: Sequence[Piece], width: int) -> Strip:
    """Return a strip of ``width``: the left pieces, a gap, the right pieces."""
    segments = [Segment(" ", line.tone(""))]
    for at, (text, tone) in enumerate(left):
        if at:
            segments.append(Segment("  ", line.tone("")))
        segments.append(Segment(text, line.tone(tone)))
    tail: list[Segment] = []
    for text, tone in right:
        tail.append(Segment(text, line.tone(tone)))
        tail.append(Segment("  ", line.tone("")))
    tail = tail[:-1]
    used = sum(s.cell_length for s in segments) + sum(s.cell_length for s in tail)
    segments.append(Segment(" " * max(1, width - used - 1), line.tone("")))
    segments += [*tail, Segment(" ", line.tone(""))]
    return Strip(segments).adjust_cell_length(width, line.tone(""))
