"""Count layers to cells: which class a cell shows, how strongly, and with which dots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.arrays import Index
from hpo_tui.tui.charts import raster
from hpo_tui.tui.charts.palette import LEVELS

CROWDED = 300
"""Trials of the top class up to which it lies over all others; beyond, the relatively denser."""
FEW = 30
"""Trials of a class up to which all its lines are drawn at full strength."""
THINNED_FROM = 24
"""Dots in a cell from which those far below the cell's mean are left out, for texture."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Braille bits (height, width), and the ink of each cell (0 where it is empty)."""

    bits: NDArray[np.uint8]
    inks: NDArray[np.uint8]


def compose(
    counts: NDArray[np.int32],
    totals: NDArray[np.int64],
    inks: Sequence[int],
    dotted: Sequence[bool],
    on_top: bool | None = None,
) -> Cells:
    """Return the cells of layers ``counts`` (classes, rows, columns), the last class foremost.

    ``inks``: the faintest ink of each class. ``dotted``: whether a class is drawn in every other
    column alone, which tells it from solid ones without colour. ``on_top``: whether a foremost
    class hides others wherever it has a dot; None decides by the number of its trials.
    Class 0 (outside the brush) shows only where there is nothing else.
    """
    sums = np.stack([raster.cell_sums(layer) for layer in counts])
    top = _foremost(sums, totals, on_top)
    chosen = np.take_along_axis(sums, top[None], axis=0)[0]
    wide = top.astype(np.int8).repeat(4, axis=0).repeat(2, axis=1)
    dots = counts[0]
    for code in range(1, len(counts)):
        dots = np.where(wide == code, counts[code], dots)
    thin = np.where(chosen > THINNED_FROM, 0.6 / 8 * chosen, 0.0).astype(np.int32)
    lit = (dots > 0) & (dots >= thin.repeat(4, axis=0).repeat(2, axis=1))
    striped = np.array(dotted, dtype=bool)[top]
    lit[:, 1::2] &= ~striped.repeat(4, axis=0)
    levels = _levels(chosen, top, totals)
    base = np.array(inks, dtype=np.uint8)
    filled = np.where(chosen > 0, base[top] + levels, 0).astype(np.uint8)
    return Cells(raster.braille_bits(lit), filled)


def _foremost(sums: NDArray[np.int32], totals: NDArray[np.int64], on_top: bool | None) -> Index:
    """Return the class (height, width) that each cell shows."""
    if on_top is None:
        on_top = int(totals[1:].max(initial=0)) <= CROWDED or int(totals[-1]) <= CROWDED
    if on_top:
        present = sums > 0
        top = len(sums) - 1 - np.argmax(present[::-1], axis=0)
        return np.where(present.any(axis=0), top, 0)
    # Over a cell and its neighbours: near equal shares would otherwise speckle.
    share = _boxed(sums[1:]) / np.maximum(totals[1:], 1)[:, None, None]
    share *= sums[1:] > 0
    # From the back, so that the foremost of equal classes wins.
    best = len(share) - 1 - np.argmax(share[::-1], axis=0)
    return np.where(share.any(axis=0), best + 1, 0)


def _boxed(sums: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the sums (classes, height, width) over each cell and the eight around it."""
    padded = np.pad(sums, ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return np.asarray(rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:], dtype=np.int32)


def _levels(chosen: NDArray[np.int32], top: Index, totals: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return how crowded each cell is among its class: 0 … LEVELS - 1, by the logarithm."""
    levels = np.zeros(chosen.shape, dtype=np.uint8)
    strength = np.log1p(chosen)
    for code in range(len(totals)):
        mine = (top == code) & (chosen > 0)
        values = strength[mine]
        if not len(values):
            continue
        low, high = np.quantile(values, (0.05, 0.98))
        if high - low < 0.5 or int(totals[code]) <= FEW:
            levels[mine] = LEVELS - 1
            continue
        scaled = (values - low) / (high - low) * LEVELS
        levels[mine] = np.clip(scaled, 0, LEVELS - 1).astype(np.uint8)
    return levels
