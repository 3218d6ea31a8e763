"""Count layers of the parallel coordinates, kept from one snapshot to the next.

Every class of trials (out of the brush, partial task, full task …) has an int32 layer of dots.
A trial that appears or changes is stamped in, and what it had drawn before is taken away, so that
an update costs the same with a thousand trials and with a hundred thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import raster
from hpo_tui.tui.charts.axes import Axis

Classes = NDArray[np.int8]
HIDDEN = -1
"""The class of trials that are not drawn at all."""

SOLID_BELOW = 120
"""Trials up to which lines are drawn without gaps, however steep."""
COARSE_ABOVE = 6000
"""Trials above which ends are rounded to two dots: half a cell, a quarter of the distinct lines."""


@dataclass(frozen=True)
class Plan:
    """Where axes and heights lie, in dots. ``rail``: the row of missing values, None without."""

    axes: tuple[Axis, ...]
    columns: tuple[int, ...]
    top: int
    bottom: int
    rail: int | None
    width: int
    height: int

    def rows(self, axis: Axis, raw: Array, coarse: bool) -> NDArray[np.int32]:
        """Return the dot rows of raw values at an axis."""
        unit = axis.unit(axis.values(raw))
        missing = self.bottom if self.rail is None else self.rail
        height = np.where(np.isnan(unit), missing, self.bottom - unit * (self.bottom - self.top))
        rows = np.rint(height).astype(np.int32)
        return rows // 2 * 2 if coarse else rows


class Layers:
    """The counts (classes, rows, columns) of one plan, and what has been drawn into them."""

    def __init__(self, plan: Plan, frame: Frame, classes: Classes, dotted: Sequence[bool]) -> None:
        self.plan = plan
        self.frame = frame
        self.version = 0
        """Counts the updates: two pictures of one version look alike."""
        self.dotted = tuple(dotted)
        self.count = count = len(dotted)
        self.solid = len(frame) <= SOLID_BELOW
        self.coarse = len(frame) > COARSE_ABOVE
        self.counts = np.zeros((count, plan.height, plan.width), dtype=np.int32)
        self.raw = [axis.raw(frame) for axis in plan.axes]
        rows = [plan.rows(a, r, self.coarse) for a, r in zip(plan.axes, self.raw, strict=True)]
        self.rows = np.asfortranarray(np.stack(rows, axis=1).astype(np.int16))
        self.classes = classes
        self._draw(self.rows, classes, 1)
        self.totals = np.bincount(classes + 1, minlength=count + 1)[1:]

    def update(self, frame: Frame, classes: Classes) -> bool:
        """Draw what changed. False when the layers must be made anew (sizes of another order)."""
        if frame is self.frame and classes is self.classes:
            return True
        n, old = len(frame), len(self.classes)
        if n < old or self.solid != (n <= SOLID_BELOW) or self.coarse != (n > COARSE_ABOVE):
            return False
        raw = [axis.raw(frame) for axis in self.plan.axes]
        moved = self._moved(raw, old)
        changed = np.flatnonzero(moved | (classes[:old] != self.classes))
        fresh = np.r_[changed, np.arange(old, n)]
        if not self._fit(raw, fresh, changed):
            return False
        if len(changed) > 2000 and len(changed) > n // 3:
            return False
        self._draw(self.rows[changed], self.classes[changed], -1)
        made = [
            self.plan.rows(a, r[fresh], self.coarse)
            for a, r in zip(self.plan.axes, raw, strict=True)
        ]
        if n > old:
            self.rows = np.concatenate(
                [self.rows, np.zeros((n - old, self.rows.shape[1]), np.int16, order="F")]
            )
        self.rows[fresh] = np.stack(made, axis=1)
        self._draw(self.rows[fresh], classes[fresh], 1)
        self.frame, self.raw, self.classes = frame, raw, classes
        self.version += 1
        self.totals = np.bincount(classes + 1, minlength=self.count + 1)[1:]
        return True

    def missing(self) -> tuple[int, ...]:
        """Return how many trials have no value, an axis each."""
        rail = self.plan.rail
        if rail is None:
            return (0,) * len(self.plan.axes)
        at = rail // 2 * 2 if self.coarse else rail
        return tuple(int((column == at).sum()) for column in self.rows.T)

    @property
    def has_idle_rail(self) -> bool:
        """Whether there is a rail for missing values, and none is missing any more."""
        return self.plan.rail is not None and not any(self.missing())

    def _moved(self, raw: Sequence[Array], old: int) -> Mask:
        moved = np.zeros(old, dtype=np.bool_)
        for now, before in zip(raw, self.raw, strict=True):
            if now is not before:
                # As bits, because NaN does not equal itself.
                moved |= now[:old].view(np.int64) != before.view(np.int64)
        return moved

    def _fit(self, raw: Sequence[Array], rows: Index, old: Index) -> bool:
        """Whether the values of ``rows`` lie where the axes expect any, and those of ``old`` did.

        An axis counts what lies beyond its ends: it is made anew when that may be another number.
        """
        for axis, column, before in zip(self.plan.axes, raw, self.raw, strict=True):
            values = column[rows]
            if axis.slots and bool((np.isnan(axis.values(values)) & ~np.isnan(values)).any()):
                return False
            if axis.unknown and bool(np.isfinite(values).any()):
                return False
            if axis.extendable and not (axis.scale.holds(values) and axis.scale.holds(before[old])):
                return False
            if self.plan.rail is None and not bool(np.isfinite(values).all()):
                return False
        return True

    def _draw(self, rows: NDArray[np.int16], classes: Classes, weight: int) -> None:
        columns = np.array(self.plan.columns, dtype=np.int32)
        for code in range(self.count):
            chosen = rows[classes == code].astype(np.int32)
            if not len(chosen):
                continue
            if self.solid:
                every = 2 if self.dotted[code] else 1
                raster.add_solid(self.counts[code], columns, chosen, weight, every)
                continue
            for gap in range(len(columns) - 1):
                ends = int(columns[gap]), int(columns[gap + 1])
                raster.add_lines(
                    self.counts[code], ends, chosen[:, gap], chosen[:, gap + 1], weight
                )
