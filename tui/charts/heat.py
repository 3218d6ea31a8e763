"""Levels of a metric as colours, what they mean, and where they may be wrong by much."""

from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.tui.charts.palette import HEAT_LEVELS, Cell, Ink, heat
from hpo_tui.tui.charts.plane import Plane
from hpo_tui.tui.charts.scale import Scale, fitted, one_sided
from hpo_tui.tui.charts.text import Spans
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.words import fmt

BLURRED = 1 / 3
"""Share of all colours that what is expected in two cases of three takes, from which on a cell is
hatched: it may as well be two colours better or worse. Of such cells one in three truly is, of the
others one in nine (``benchmarks/maps.py``)."""
_HATCHES = 4
"""Columns between two hatches."""


@dataclass(frozen=True, slots=True)
class Heat:
    """The colours of a map. ``good``: whether low values, and high ones, are looked for."""

    scale: Scale
    good: tuple[bool, bool]
    glyphs: Glyphs

    @staticmethod
    def of(told: Map, log: bool, good: tuple[bool, bool], glyphs: Glyphs) -> "Heat":
        """Return the colours for what a map expects; far outliers on the bad side have its end."""
        known = np.array(told.expected)
        return Heat(fitted(known, log and one_sided(known), (), good), good, glyphs)

    @property
    def turned(self) -> bool:
        """Whether low values have the colours that stand out."""
        return self.good == (True, False)

    def level(self, unit: Array) -> Index:
        """Return the level of positions on the scale, 0 to 1; -1 where there is none."""
        known = np.isfinite(unit)
        at = np.clip(np.floor(np.where(known, unit, 0.0) * HEAT_LEVELS), 0, HEAT_LEVELS - 1)
        at = at.astype(np.intp)
        return np.where(known, HEAT_LEVELS - 1 - at if self.turned else at, -1)

    def blurred(self, told: Map) -> Array:
        """Return 1 for cells of a map that may be wrong by much, else 0; NaN where none is."""
        wide = self.scale.widths(np.array(told.low), np.array(told.high))
        return np.where(np.isnan(np.array(told.expected)), np.nan, wide >= BLURRED)

    def fill(self, plane: Plane, told: Map) -> Index:
        """Draw the cells; return their levels, (height, width) of the plot, -1 where none is."""
        shape = len(told.rows), len(told.columns)
        level = self.level(plane.over(self.scale.unit(np.array(told.expected)).reshape(shape)))
        blurred = plane.over(self.blurred(told).reshape(shape)) >= 0.5
        rows, columns = np.indices(level.shape)
        hatched = blurred & ((rows + columns) % _HATCHES == 0)
        area = area_of(plane)
        texture = np.array([ord(self._texture(at)) for at in range(HEAT_LEVELS)], dtype=np.uint32)
        there = level >= 0
        codes = np.where(hatched, ord(self.hatch), texture[level])
        inks = heat(0) + level * len(Cell) + np.where(hatched, Cell.HATCH, Cell.FILL)
        plane.plot.canvas.codes[area][there] = codes[there]
        plane.plot.canvas.styles[area][there] = inks[there]
        return level

    @property
    def hatch(self) -> str:
        """The mark of cells that may be wrong by much."""
        return "/" if self.glyphs.ascii else "╱"

    def _texture(self, level: int) -> str:
        shades = self.glyphs.shades
        return shades[level * len(shades) // HEAT_LEVELS]

    def legend(self, room: int, goals: tuple[tuple[float, bool], ...], *, hatched: bool) -> Spans:
        """Return what the colours mean, in ``room`` cells: with fewer words where it is short.

        From the worst to the best, or from low to high where neither is better.
        """
        ends = fmt.apart([self.scale.low, self.scale.high], 3)
        ends = [self._below() + ends[0], ends[1] + self._above()]
        neither = self.good[0] == self.good[1]
        words = ("low", "high") if neither else ("worse", "better")
        if self.turned:
            ends.reverse()
        unsure = [(f"  {self.hatch * 2} unsure", int(Ink.TEXT))] if hatched else []
        for worded, wide in ((True, 2), (False, 2), (False, 1)):
            first, last = (f"{words[0]} {ends[0]}", f"{ends[1]} {words[1]}") if worded else ends
            bar = self._bar(wide, goals)
            spans = [(f"{first} ", int(Ink.TEXT)), *bar, (f" {last}", int(Ink.TEXT)), *unsure]
            if sum(fmt.width_of(said) for said, _ in spans) <= room:
                break
        return spans

    def _below(self) -> str:
        return self.glyphs.below if self.scale.below else ""

    def _above(self) -> str:
        return self.glyphs.above if self.scale.above else ""

    def _bar(self, wide: int, goals: tuple[tuple[float, bool], ...]) -> list[tuple[str, int]]:
        """Return the colours, each ``wide`` cells, and a mark where a goal lies among them."""
        cells = [(self._texture(at // wide), heat(at // wide)) for at in range(wide * HEAT_LEVELS)]
        for limit, _ in goals:
            if self.scale.low < limit < self.scale.high:
                unit = float(self.scale.unit(np.array([limit]))[0])
                at = min(int(unit * len(cells)), len(cells) - 1)
                cells[len(cells) - 1 - at if self.turned else at] = (self.glyphs.goal, Ink.GOAL)
        return cells


def area_of(plane: Plane) -> tuple[slice, slice]:
    """Return the cells of a canvas that a plane's plot takes."""
    plot = plane.plot
    return slice(plot.top, plot.top + plot.height), slice(plot.left, plot.left + plot.width)
