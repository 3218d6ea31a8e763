"""A grid of cells, each a character and a style, turned into Textual strips."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hpo_tui.engine.arrays import Index

BLANK = 32
_SECOND_HALF = 0
"""Marks the cell that a wide character on its left covers."""


class Canvas:
    """Characters ``codes`` (height, width) as code points, and ``styles``, indices of a palette."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.codes: NDArray[np.uint32] = np.full((height, width), BLANK, dtype=np.uint32)
        self.styles: NDArray[np.uint8] = np.zeros((height, width), dtype=np.uint8)

    def put(self, x: int, y: int, text: str, style: int) -> None:
        """Write ``text`` from cell (x, y) on; what falls outside is cut, no wide half is left."""
        if not 0 <= y < self.height:
            return
        for char in text:
            cells = 1 if char.isascii() else get_character_cell_size(char)
            if cells == 0:
                continue
            if x < 0:
                x += cells
                continue
            if x + cells > self.width:
                return
            self._clear_half(x, y)
            self._clear_half(x + cells, y)
            self.codes[y, x] = ord(char)
            self.styles[y, x] = style
            if cells == 2:
                self.codes[y, x + 1] = _SECOND_HALF
                self.styles[y, x + 1] = style
            x += cells

    def _clear_half(self, x: int, y: int) -> None:
        if x < self.width and self.codes[y, x] == _SECOND_HALF:
            self.codes[y, x] = BLANK
            self.codes[y, x - 1] = BLANK

    def column(self, x: int, rows: slice, char: str, style: int) -> None:
        """Write one narrow character down a column."""
        if 0 <= x < self.width:
            for y in np.flatnonzero(self.codes[rows, x] == _SECOND_HALF) + (rows.start or 0):
                self._clear_half(x, int(y))
            self.codes[rows, x] = ord(char)
            self.styles[rows, x] = style

    def strips(self, rows: Sequence[int], palette: Sequence[Style]) -> list[Strip]:
        """Return lines. Blank cells take their neighbour's style, so that runs are long."""
        if self.width == 0 or not len(rows):
            return [Strip([], 0) for _ in rows]
        codes, styles = self.codes[rows], self.styles[rows]
        # A blank shows no colour: it need not end a run, unless a style paints its background.
        ground = palette[0].bgcolor
        paints = np.array([bool(s.reverse or s.underline or s.bgcolor != ground) for s in palette])
        inked = (codes != BLANK) | paints[styles]
        last = np.maximum.accumulate(np.where(inked, np.arange(self.width), 0), axis=1)
        runs = np.take_along_axis(styles, last, axis=1)
        runs[paints[runs] & ~inked] = 0
        breaks = runs[:, 1:] != runs[:, :-1]
        return [
            self._strip(codes[i], runs[i], np.flatnonzero(breaks[i]), palette)
            for i in range(len(rows))
        ]

    def _strip(
        self,
        codes: NDArray[np.uint32],
        runs: NDArray[np.uint8],
        breaks: Index,
        palette: Sequence[Style],
    ) -> Strip:
        text = codes.astype("<u4").tobytes().decode("utf-32-le")
        cuts = (breaks + 1).tolist()
        starts, ends = [0, *cuts], [*cuts, self.width]
        chosen = runs[starts].tolist()
        pieces = [(text[a:b], palette[s]) for a, b, s in zip(starts, ends, chosen, strict=True)]
        half = chr(_SECOND_HALF)
        if half in text:
            pieces = [(piece.replace(half, ""), style) for piece, style in pieces]
        return Strip([Segment(piece, style) for piece, style in pieces], self.width)

    def text(self) -> str:
        """Return the characters alone, a line a row."""
        return "\n".join(
            "".join(chr(c) for c in row if c != _SECOND_HALF).rstrip()
            for row in self.codes.tolist()
        )
