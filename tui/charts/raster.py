"""Lines to counts of dots, and dots to glyphs. Pure numpy, no widget.

Dots are finer than cells: two columns and four rows of dots a cell, as in braille. A canvas of
``width`` by ``height`` cells has dots (4·height, 2·width), row 0 on top.
"""

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.arrays import Array, Mask

Ints = NDArray[np.int32]

_BITS = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], dtype=np.uint8)
"""Bit of the dot (row, column) in a braille pattern, U+2800 + bits."""
BRAILLE = 0x2800
_HAIR = 0.0016585662, 0.001516152
"""Parts of a cell by which plotext lays 0 and 1 further inside than the middle of their cells.

Points have to lie on the lines that it draws, so these are its own numbers (plotext 6.1.0,
``rescale_element`` in ``_kernel/cpp/utility/8_data.cpp``).
"""


def add_lines(counts: Ints, columns: tuple[int, int], start: Ints, end: Ints, weight: int) -> None:
    """Add to ``counts`` (rows, columns) one dot a column of straight lines, in place.

    Lines run from dot row ``start`` (k,) at the first of ``columns`` to ``end`` (k,) at the second,
    both included. Lines with the same ends are drawn once, with their number as weight, so that
    the cost is bounded by the rows squared and not by k. Integers throughout: a line that is added
    with ``weight`` -1 takes away exactly what it had added.
    """
    left, right = columns
    rows = counts.shape[0]
    width = right - left + 1
    if not len(start) or width <= 0:
        return
    spread: Array | None = None
    if len(start) > rows:
        tally = np.bincount(start.astype(np.int64) * rows + end, minlength=rows * rows)
        pairs = np.flatnonzero(tally)
        start, end = (pairs // rows).astype(np.int32), (pairs % rows).astype(np.int32)
        spread = np.repeat(tally[pairs].astype(np.float64), width)
    steps = np.arange(width, dtype=np.int32)
    span = max(width - 1, 1)
    y = start[:, None] + ((end - start)[:, None] * (2 * steps)[None, :] + span) // (2 * span)
    at = (y * width + steps[None, :]).ravel()
    total = np.bincount(at, weights=spread, minlength=rows * width).reshape(rows, width)
    counts[:, left : right + 1] += weight * total.astype(np.int32)


def add_solid(counts: Ints, columns: Ints, rows: Ints, weight: int, every: int) -> None:
    """Add to ``counts`` the dots of the polylines ``rows`` (k, a) over ``columns`` (a,).

    ``every``: 2 leaves out every other dot, for a dotted line.
    """
    for points in rows:
        x, y = polyline(columns, points)
        np.add.at(counts, (y[::every], x[::every]), weight)


def polyline(columns: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return (x, y): every dot of one line through the points, with no gap however steep."""
    xs, ys = [], []
    for i in range(len(columns) - 1):
        dx, dy = int(columns[i + 1] - columns[i]), int(rows[i + 1] - rows[i])
        steps = max(abs(dx), abs(dy), 1)
        t = np.arange(steps + 1)
        xs.append(columns[i] + (2 * t * dx + steps) // (2 * steps))
        ys.append(rows[i] + (2 * t * dy + steps) // (2 * steps))
    if not xs:
        return columns.astype(np.int32), rows.astype(np.int32)
    return np.concatenate(xs).astype(np.int32), np.concatenate(ys).astype(np.int32)


def envelope(x: Array, y: Array, columns: int) -> tuple[Array, Array]:
    """Return fewer points of a polyline in the unit square that look the same on ``columns``.

    Of points in one column, one after the other, the ends count, the lowest and the highest. Short
    lines stay as they are.
    """
    if len(x) <= 8 * columns:
        return x, y
    column = np.floor(x * columns)
    begins = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    ends = np.r_[begins[1:], len(x)] - 1
    low, high = np.minimum.reduceat(y, begins), np.maximum.reduceat(y, begins)
    fewer_x = np.column_stack([x[begins], x[begins], x[begins], x[ends]])
    return fewer_x.ravel(), np.column_stack([y[begins], low, high, y[ends]]).ravel()


def braille_bits(dots: Mask) -> NDArray[np.uint8]:
    """Return the braille pattern (height, width) of dots (4·height, 2·width)."""
    bits = np.zeros((dots.shape[0] // 4, dots.shape[1] // 2), dtype=np.uint8)
    lit = dots.view(np.uint8)
    for row in range(4):
        for column in range(2):
            bits |= lit[row::4, column::2] * _BITS[row, column]
    return bits


def point_codes(x: Array, y: Array, size: tuple[int, int], marker: str = "") -> NDArray[np.uint32]:
    """Return the characters (height, width) of points in the unit square, 0 where there is none.

    ``size``: columns and rows. ``marker``: the character of a point; without one, a dot of braille.
    """
    codes = np.zeros((size[1], size[0]), dtype=np.uint32)
    across, down = _laid(x, size[0]), _laid(1 - y, size[1])
    seen = (across >= 0) & (across < size[0]) & (down >= 0) & (down < size[1])
    across, down = across[seen], down[seen]
    cells = down.astype(np.intp), across.astype(np.intp)
    if marker:
        codes[cells] = ord(marker)
    else:
        bits = dot_bits((4 * down).astype(np.int32) % 4, (2 * across).astype(np.int32) % 2)
        np.bitwise_or.at(codes, cells, bits | BRAILLE)
    return codes


def _laid(unit: Array, cells: int) -> Array:
    """Return where in so many cells points lie: 0 and 1 in the middle of the outermost.

    But for a hair (:data:`_HAIR`), as plotext lays its lines.
    """
    first, last = 0.5 + _HAIR[0], 0.5 + _HAIR[1]
    return first + (cells - first - last) * unit


def cell_sums(counts: Ints) -> Ints:
    """Return the sum of counts in each cell, (height, width)."""
    # By slices: several times as fast as a sum over two axes of a reshaped array.
    rows = counts[0::4] + counts[1::4] + counts[2::4] + counts[3::4]
    return np.asarray(rows[:, 0::2] + rows[:, 1::2], dtype=np.int32)


def slope_glyphs(columns: Ints, rows: Ints) -> tuple[Ints, Ints, list[str]]:
    """Return (cell x, cell y, glyph): one line in ASCII strokes, points given in dots."""
    xs: list[int] = []
    ys: list[int] = []
    strokes: list[str] = []
    for i in range(len(columns) - 1):
        x0, x1 = int(columns[i]) // 2, int(columns[i + 1]) // 2
        y0, y1 = rows[i] / 4, rows[i + 1] / 4
        if x1 <= x0:
            continue
        t = (np.arange(x0, x1 + 1) - x0) / (x1 - x0)
        heights = np.floor(y0 + (y1 - y0) * t).astype(int)
        for at, height in enumerate(heights):
            before = heights[at - 1] if at else height
            low, high = sorted((int(before), int(height)))
            steep = high - low > 1
            if height == before and at and at + 1 < len(heights) and heights[at + 1] != height:
                before = 2 * height - heights[at + 1]
            stroke = "-" if height == before else "\\" if height > before else "/"
            for y in range(low + 1, high) if steep else ():
                xs.append(x0 + at)
                ys.append(y)
                strokes.append("|")
            xs.append(x0 + at)
            ys.append(int(height))
            strokes.append(stroke)
    return np.array(xs, np.int32), np.array(ys, np.int32), strokes


def dot_bits(rows: Ints, columns: Ints) -> NDArray[np.uint32]:
    """Return the braille bit of dots at (row 0-3, column 0-1) of their cells."""
    return np.asarray(_BITS[rows, columns], dtype=np.uint32)
