"""Line and scatter charts: plotext draws the lines (``polylines.py``), their frame is ours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.polylines import drawn
from hpo_tui.tui.charts.raster import BRAILLE, envelope, point_codes
from hpo_tui.tui.charts.scale import Scale
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import plain

Mark = tuple[int, float, str]
"""Where the label of a mark on an axis begins, its value, the label."""

MANY = 16
"""Lines from which each is drawn in fewer points: of a crowd nobody sees the finest turns."""
FINE = 4
"""Columns a cell in which a line keeps its turns."""
MOST_POINTS = 1000
"""Points that are drawn at most, of those of one kind."""


@dataclass
class Plot:
    """A plot in a part of a canvas: axes, ticks, marks. ``x``, ``y``: its scales.

    ``left``, ``top``, ``width``, ``height``: the inner area, in cells of the canvas.
    """

    canvas: Canvas
    x: Scale
    y: Scale
    glyphs: Glyphs
    left: int
    top: int
    width: int
    height: int

    @classmethod
    def framed(
        cls,
        canvas: Canvas,
        x: Scale,
        y: Scale,
        glyphs: Glyphs,
        labels: tuple[str, str],
        *,
        slots: Sequence[str] = (),
    ) -> "Plot":
        """Return a plot over the canvas below its first row, its axes and labels drawn.

        ``slots``: the names of the x values 0, 1, 2 and so on, where these stand for choices.
        """
        height = max(canvas.height - 3, 1)
        ticks = [y.low, *y.ticks(max(height // 4, 1)), y.high]
        texts = dict(zip(ticks, fmt.apart(ticks, 3), strict=True))
        gutter = min(max(map(len, texts.values())) + 2, max(canvas.width // 3, 1))
        plot = cls(canvas, x, y, glyphs, gutter, 1, max(canvas.width - gutter - 1, 1), height)
        plot._draw_axes(texts, labels, slots)
        return plot

    def _draw_axes(
        self, texts: Mapping[float, str], labels: tuple[str, str], slots: Sequence[str]
    ) -> None:
        canvas = self.canvas
        self.draw_edges()
        taken: set[int] = set()
        ticks = list(texts)
        for tick in [ticks[0], ticks[-1], *ticks[1:-1]]:
            row = self.row(tick)
            if row is None or row in taken or row - 1 in taken or row + 1 in taken:
                continue
            taken.add(row)
            text = texts[tick]
            canvas.put(max(self.left - 2 - len(text), 0), row, text, Ink.DIM)
            canvas.put(self.left - 2, row, self._beyond(self.y, tick), Ink.DIM)
        self.draw_x_marks(self.x_marks(slots), labels[0], choices=bool(slots))

    def draw_edges(self) -> None:
        """Draw the lines of both axes and the corner between them."""
        glyphs, base = self.glyphs, self.top + self.height
        self.canvas.column(self.left - 1, slice(self.top, base), glyphs.axis, Ink.AXIS)
        corner = "+" if glyphs.ascii else "└"
        self.canvas.put(self.left - 1, base, corner + glyphs.rule * self.width, Ink.AXIS)

    def _beyond(self, scale: Scale, tick: float) -> str:
        """Return the mark beside an end of an axis that points lie beyond, else nothing."""
        if tick == scale.high and scale.above:
            return self.glyphs.above
        return self.glyphs.below if tick == scale.low and scale.below else ""

    def draw_x_marks(
        self, marks: Sequence[tuple[float, str]], label: str, *, choices: bool
    ) -> None:
        """Draw (value, label), low to high, below the horizontal axis, and its name.

        ``choices``: each has to be told, so one may stand left of its place to make room.
        """
        canvas, base = self.canvas, self.top + self.height
        name = fmt.clip(plain(label, self.glyphs.ascii), self.width // 2, self.glyphs.ellipsis)
        end = self.left + self.width - fmt.width_of(name)
        canvas.put(end, base + 1, name, Ink.TEXT)
        for start, tick, text in (self._beside if choices else self._below)(marks, end):
            canvas.put(start, base + 1, text, Ink.DIM)
            canvas.put(self.column(tick), base, "+" if self.glyphs.ascii else "┴", Ink.AXIS)

    def _below(self, marks: Sequence[tuple[float, str]], end: int) -> Iterator[Mark]:
        """Yield the marks that have room before the column ``end``, from the left, in place."""
        free = self.left
        for tick, text in marks:
            width = fmt.width_of(text)
            start = max(self.column(tick) - width // 2, self.left)
            if free <= start and start + width < end:
                yield start, tick, text
                free = start + width + 2

    def _beside(self, marks: Sequence[tuple[float, str]], end: int) -> Iterator[Mark]:
        """Yield the marks from the right, moved left to make room but not out of their slot."""
        half = self.width / max(len(marks), 1) / 2
        for tick, text in reversed(marks):
            column, width = self.column(tick), fmt.width_of(text)
            start = min(max(column - width // 2, self.left), end - 2 - width)
            if start >= self.left and start + width > column - half:
                yield start, tick, text
                end = start

    def x_marks(self, slots: Sequence[str]) -> list[tuple[float, str]]:
        """Return (value, label) of the marks on the horizontal axis."""
        if slots:
            room = max(self.width // len(slots) - 2, 4)
            cut = [fmt.clip_among(slot, room, slots, self.glyphs.ellipsis) for slot in slots]
            return list(zip(map(float, range(len(slots))), cut, strict=True))
        ticks = [self.x.low, *self.x.ticks(max(self.width // 12, 1)), self.x.high]
        shown = zip(ticks, fmt.apart(ticks, 3), strict=True)
        return [(tick, text + self._beyond(self.x, tick)) for tick, text in shown]

    def row(self, value: float) -> int | None:
        """Return the canvas row of a y value, None when it has none."""
        unit = float(self.y.unit(np.array([value]))[0])
        if np.isnan(unit):
            return None
        return self.top + round((1 - unit) * (self.height - 1))

    def column(self, value: float) -> int:
        """Return the canvas column of an x value."""
        unit = float(np.nan_to_num(self.x.unit(np.array([value]))[0]))
        return self.left + round(unit * (self.width - 1))

    def points(
        self,
        x: Array,
        y: Array,
        ink: Ink,
        marker: str | None = None,
        *,
        of: Mask | Index | None = None,
    ) -> None:
        """Draw points, or those ``of`` a mask or some rows alone.

        ``marker``: a character, dots finer than cells when there is none.
        """
        if of is not None:
            x, y = x[of], y[of]
        unit_x, unit_y = self.x.unit(x), self.y.unit(y)
        known = np.isfinite(unit_x) & np.isfinite(unit_y)
        unit_x, unit_y = self._thinned(unit_x[known], unit_y[known])
        if marker is None:
            marker = "." if self.glyphs.ascii else ""
        codes = point_codes(unit_x, unit_y, (self.width, self.height), marker)
        rows, columns = np.nonzero(codes)
        area = self.top + rows, self.left + columns
        self.canvas.codes[area] = codes[rows, columns]
        self.canvas.styles[area] = ink

    def lines(self, series: Sequence[tuple[Array, Array]], ink: Ink, marker: str = "") -> None:
        """Draw polylines, each (x, y); gaps where a value is missing are bridged."""
        shown = []
        columns = self.width * (FINE if len(series) <= MANY else 1)
        for x, y in series:
            unit_x, unit_y = self.x.unit(x), self.y.unit(y)
            known = np.isfinite(unit_x) & np.isfinite(unit_y)
            # Plotext takes 30 µs for a point, and a trial may report a million of them.
            shown.append(envelope(unit_x[known], unit_y[known], columns))
        fallback = "." if self.glyphs.ascii else "braille"
        self._lay(shown, ink, marker or fallback)

    def steps(
        self, x: Array, y: Array, ink: Ink, until: float | None = None, marker: str = ""
    ) -> None:
        """Draw a line that keeps each value until the next, and the last until ``until``.

        ``marker``: the character it consists of; dots finer than cells where there is none.
        """
        if not len(x):
            return
        last = x[-1] if until is None else max(until, float(x[-1]))
        x = np.r_[x, last]
        wide = np.repeat(x, 2)[1:-1]
        self.lines([(wide, np.repeat(y, 2))], ink, marker or ("=" if self.glyphs.ascii else ""))

    def level(self, value: float, ink: Ink, label: str = "") -> None:
        """Draw a horizontal line across, with a label at its left end."""
        row = self.row(value)
        if row is None:
            return
        dash = "- " if self.glyphs.ascii else "╌"
        self.canvas.put(self.left, row, (dash * self.width)[: self.width], ink)
        if label:
            self.label(value, ink, label)

    def label(self, value: float, ink: Ink, text: str) -> None:
        """Write what a y value is at the left end of its line."""
        row = self.row(value)
        if row is not None:
            self.canvas.put(self.left, row, fmt.clip(text, self.width, ""), ink)

    def upright(self, value: float, ink: Ink, label: str = "") -> None:
        """Draw a vertical line, with a label at its top."""
        column = self.column(value)
        bar = ":" if self.glyphs.ascii else "╎"
        self.canvas.column(column, slice(self.top, self.top + self.height), bar, ink)
        if label:
            room = self.left + self.width - column - 1
            start = column + 1 if len(label) <= room else max(column - len(label), self.left)
            self.canvas.put(start, self.top, fmt.clip(label, self.width, ""), ink)

    def shade(self, x: tuple[float, float], y: tuple[float, float], ink: Ink) -> None:
        """Fill a rectangle with a faint texture."""
        left, right = sorted((self.column(x[0]), self.column(x[1])))
        rows = [r for r in (self.row(y[0]), self.row(y[1])) if r is not None]
        if len(rows) < 2:
            return
        glyph = "'" if self.glyphs.ascii else "░"
        for row in range(min(rows), max(rows) + 1):
            self.canvas.put(left, row, glyph * (right - left + 1), ink)

    def band(self, x: Array, ends: tuple[Array, Array], ink: Ink) -> None:
        """Fill what lies between two lines over ``x`` (n,), rising, with a faint texture."""
        units = self.x.unit(x)
        columns = self.left + np.arange(self.width)
        at = np.arange(self.width) / max(self.width - 1, 1)
        inside = (at >= units[0] - 1e-9) & (at <= units[-1] + 1e-9)
        low, high = (np.interp(at, units, self.y.unit(end)) for end in ends)
        top = self.top + np.rint((1 - high) * (self.height - 1)).astype(np.intp)
        base = self.top + np.rint((1 - low) * (self.height - 1)).astype(np.intp)
        for i in np.flatnonzero(inside).tolist():
            rows = slice(int(top[i]), int(base[i]) + 1)
            self.canvas.column(int(columns[i]), rows, "'" if self.glyphs.ascii else "░", ink)

    def _thinned(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return one point a dot, and an even choice of them when they are still too many."""
        column = np.rint(x * (2 * self.width - 1)).astype(np.int64)
        row = np.rint(y * (4 * self.height - 1)).astype(np.int64)
        _, kept = np.unique(column * 4 * self.height + row, return_index=True)
        if len(kept) > MOST_POINTS:
            kept = kept[np.linspace(0, len(kept) - 1, MOST_POINTS).astype(np.intp)]
        return x[kept], y[kept]

    def _lay(self, series: Sequence[tuple[Array, Array]], ink: Ink, marker: str) -> None:
        series = [(x, y) for x, y in series if len(x)]
        if not series:
            return
        for y, line in enumerate(drawn(series, self.width, self.height, marker)):
            codes = np.array([ord(c) for c in line], dtype=np.uint32)
            inked = (codes != 32) & (codes != BRAILLE)
            area = (self.top + y, slice(self.left, self.left + self.width))
            self.canvas.codes[area][inked] = codes[inked]
            self.canvas.styles[area][inked] = ink
