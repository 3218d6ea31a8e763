"""A plot over two parameters: its axes with their marks, and where a grid of values lies in it."""

import math
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.spec import Parameter, StudySpec
from hpo_tui.engine.spec.space import value_count
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import Value
from hpo_tui.tui.charts.axes import Axis, make
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.expected import places
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.scale import Scale
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.words import fmt

_FEWEST = 4
"""Marks that are asked for, of which those are drawn that have room: fewer would leave a
logarithmic axis without whole decades."""
Cells = tuple[Index, Index, Array]
"""Of each cell along an axis the grid's values on either side, and how far it is to the second;
-1 where the grid says nothing."""


@dataclass(frozen=True, slots=True)
class Side:
    """One axis of a plane. ``places``: where the grid's values lie, (n,), NaN for what is no more.

    ``apart``: there is nothing between them, each has cells of its own.
    """

    axis: Axis
    scale: Scale
    places: Array
    apart: bool

    @staticmethod
    def of(
        parameter: Parameter,
        values: tuple[Value, ...],
        frame: Frame,
        spec: StudySpec,
        *,
        ascii_only: bool,
    ) -> "Side":
        """Return the axis of a parameter; ``values``: the grid's."""
        axis = make(f"p:{parameter.name}", frame, spec, ascii_only=ascii_only)
        at = places(axis, parameter, values)
        if axis.slots or value_count(parameter) != len(values) or not np.isfinite(at).all():
            return Side(axis, axis.scale, at, bool(axis.slots))
        low, high = (
            min(axis.scale.low, _beyond(at, axis)),
            max(axis.scale.high, _beyond(at[::-1], axis)),
        )
        return Side(axis, Scale(low, high, axis.scale.log), at, apart=True)

    def cells(self, count: int) -> Cells:
        """Return where each of ``count`` cells, low to high, lies among the grid's values."""
        unit = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
        known = np.flatnonzero(np.isfinite(self.places))
        nowhere = np.full(count, -1)
        if not len(known):
            return nowhere, nowhere, np.zeros(count)
        at = self.scale.unit(self.places[known])
        order = np.argsort(at, kind="stable")
        at, known = at[order], known[order]
        if self.apart or len(at) == 1:
            nearest = np.abs(unit[:, None] - at[None]).argmin(axis=1)
            inside = np.abs(unit - at[nearest]) <= self._half(at, nearest) + 1e-9
            found = np.where(inside, known[nearest], -1)
            return found, found, np.zeros(count)
        after = np.clip(np.searchsorted(at, unit), 1, len(at) - 1)
        share = (unit - at[after - 1]) / np.maximum(at[after] - at[after - 1], 1e-12)
        inside = (unit >= at[0] - 1e-9) & (unit <= at[-1] + 1e-9)
        first = np.where(inside, known[after - 1], -1)
        return first, np.where(inside, known[after], -1), np.clip(share, 0.0, 1.0)

    def _half(self, at: Array, nearest: Index) -> Array:
        """Return half the width of the values that are nearest, as far as they reach."""
        if self.axis.slots:
            return np.full(len(nearest), 0.5 / len(self.axis.slots))
        gaps = np.diff(at)
        return np.asarray(np.maximum(np.append(gaps, gaps[-1]), np.append(gaps[0], gaps))[nearest])

    def marks(self, room: int, width: int = 12) -> list[tuple[float, str]]:
        """Return (value, label) of the marks, the most important first; ``width``: of one."""
        if self.axis.slots:
            return [(float(i), label) for i, label in enumerate(self.axis.slots)]
        if not self.apart:
            return self.axis.ticks(max(room // width, _FEWEST))
        values = self.places.tolist()
        every = max(math.ceil(len(values) * width / 2 / max(room, 1)), 1)
        chosen = [values[0], values[-1], *values[every:-1:every]]
        return list(zip(chosen, fmt.apart(chosen, 3), strict=True))


def _beyond(at: Array, axis: Axis) -> float:
    """Return half a step before the first of values."""
    if axis.scale.log:
        return float(at[0] * math.sqrt(at[0] / at[1]))
    return float(at[0] - (at[1] - at[0]) / 2)


@dataclass(frozen=True, slots=True)
class Plane:
    """Two sides, and the plot between them."""

    across: Side
    up: Side
    plot: Plot

    @staticmethod
    def framed(
        canvas: Canvas,
        sides: tuple[Side, Side],
        names: tuple[str, str],
        glyphs: Glyphs,
        *,
        top: int,
    ) -> "Plane":
        """Return a plane from row ``top`` on, its axes drawn; ``names``: of the two sides.

        The one upwards stands over its axis, in the row above.
        """
        across, up = sides
        height = max(canvas.height - top - 2, 1)
        marks = up.marks(height, 4)
        gutter = min(max(fmt.width_of(text) for _, text in marks) + 2, max(canvas.width // 4, 4))
        width = max(canvas.width - gutter - 1, 1)
        plot = Plot(canvas, across.scale, up.scale, glyphs, gutter, top, width, height)
        plane = Plane(across, up, plot)
        plane._draw(marks, names)
        return plane

    def _draw(self, marks: list[tuple[float, str]], names: tuple[str, str]) -> None:
        plot = self.plot
        canvas, glyphs = plot.canvas, plot.glyphs
        plot.draw_edges()
        taken: set[int] = set()
        room, every = plot.left - 2, [text for _, text in marks]
        for value, text in marks:
            row = plot.row(value)
            near = 0 if self.up.apart else 1
            if row is None or not taken.isdisjoint(range(row - near, row + near + 1)):
                continue
            taken.add(row)
            said = fmt.clip_among(text, room, every, glyphs.ellipsis)
            canvas.put(room - fmt.width_of(said), row, said, Ink.DIM)
        slots = self.across.axis.slots
        across = plot.x_marks(slots) if slots else sorted(self.across.marks(plot.width))
        plot.draw_x_marks(across, names[0], choices=bool(slots))

    def over(self, grid: Array) -> Array:
        """Return a grid (rows, columns) read at every cell of the plot, top row first.

        Between values it is what lies between; beside what is not known, the nearest.
        """
        first, second, share = self.across.cells(self.plot.width)
        below, above, rise = (part[::-1] for part in self.up.cells(self.plot.height))
        low = (1 - share) * grid[np.ix_(below, first)] + share * grid[np.ix_(below, second)]
        high = (1 - share) * grid[np.ix_(above, first)] + share * grid[np.ix_(above, second)]
        out = (1 - rise)[:, None] * low + rise[:, None] * high
        nearest = grid[
            np.ix_(np.where(rise < 0.5, below, above), np.where(share < 0.5, first, second))
        ]
        out = np.where(np.isnan(out), nearest, out)
        out[:, first < 0] = np.nan
        out[below < 0] = np.nan
        return np.asarray(out)
