"""Reduces whatever was drawn to 7-bit characters, for terminals that show no others."""

from typing import ClassVar

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBarRender

from hpo_tui.tui.words.plain import to_ascii


class SevenBit(LineFilter):
    """Lets 7-bit characters alone through, each in as many cells as what it stands for."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return a line's segments in 7-bit characters."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]


class WholeCells(ScrollBarRender):
    """Scroll bars without the block characters for a part of a cell."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * len(ScrollBarRender.VERTICAL_BARS)
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * len(ScrollBarRender.HORIZONTAL_BARS)
