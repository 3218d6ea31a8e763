"""Whether a metric is modelled as it is or by a logarithm, and by the logarithm of what.

An error, its negative (scikit-learn's ``neg_mean_squared_error``) and what it leaves of 1 (R
squared, an accuracy) say the same of a configuration, so they are modelled alike: what would be a
logarithm of the error is the logarithm of a distance, from 0 or from the bound. Shapes: n rows, of
which r have the metric.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array, Mask
from hpo_tui.engine.optimizer.models.reach import within_reach

_NEGLIGIBLE = 1e-3
"""Part of the usual value of a traded objective below which nothing more is gained."""
_TINY = 1e-100
"""Size below which values are rescaled before they are squared, which would leave nothing."""
_WHOLE, _PER_CENT = 1.0, 100.0
"""What bounds a score, as a share and in per cent."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """The map from a metric to losses, of which less is better, and back.

    Linear or, with ``log``, by the logarithm of its size: of the distance from ``foot``, on that
    ``side`` of which all values lie (1 above, -1 below).
    """

    sign: float
    log: bool
    side: float
    foot: float

    def sizes(self, values: Array) -> Array:
        """Return the distances of a metric (n,) from the foot, below 0 on its other side, (n,)."""
        return self.side * (values - self.foot)

    def of_sizes(self, sizes: Array) -> Array:
        """Return the losses, (n,), at these distances from the foot (n,)."""
        return self.sign * self.side * (np.log(sizes) if self.log else sizes)

    def fits(self, values: Array) -> Mask:
        """Return which values of a metric (n,) have losses, (n,)."""
        return np.isfinite(values) & ((self.sizes(values) > 0) | (not self.log))

    def losses(self, values: Array) -> Array:
        """Return a metric (n,) as losses, (n,)."""
        return self.of_sizes(self.sizes(values)) if self.log else self.sign * values

    def loss(self, value: float) -> float:
        """Return one value as a loss; infinite where it has no logarithm."""
        if not self.log:
            return self.sign * value
        size = self.side * (value - self.foot)
        return self.sign * self.side * (math.log(size) if size > 0 else -math.inf)

    def values(self, losses: Array) -> Array:
        """Return the metric, (n,), that has these losses (n,)."""
        if not self.log:
            return self.sign * losses
        sizes = np.exp(np.clip(self.sign * self.side * losses, -700.0, 700.0))
        return self.foot + self.side * sizes


@dataclass(frozen=True, slots=True)
class Column:
    """One metric of all rows: raw values (NaN where failed), and what is asked of it.

    ``log`` forces logarithms where the values allow them; ``limit`` is the threshold if any.
    ``objectives``: how many the study has if it is one of them, 0 if it only has to keep the limit.
    """

    values: Array
    sign: float
    log: bool
    limit: float | None
    objectives: int

    @property
    def traded(self) -> bool:
        """Whether it is one of several: below a thousandth of the usual it adds no hypervolume."""
        return self.objectives > 1


def prefers_log(values: Array) -> bool:
    """Whether logarithms make positive ``values`` more normal (Box & Cox 1964, lambda 0 or 1).

    Never for fewer than three, or within a factor of ten, where it makes little difference.
    """
    if len(values) < 3 or np.min(values) <= 0:
        return False
    logs = np.log(values)
    if np.ptp(logs) <= math.log(10.0):
        return False
    top = float(np.max(values))
    if top < _TINY:
        values, logs = values / top, logs - math.log(top)
    return math.log(np.std(values)) > math.log(np.std(logs)) + float(np.mean(logs))


def counts(values: Array) -> bool:
    """Whether a metric counts something: three or more whole numbers have been seen, and no other.

    Two can be the ends of a rate, of a classifier that has collapsed for instance.
    """
    return bool(np.all(values == np.round(values))) and len(np.unique(values)) > 2


def scaled(column: Column, start: Mask) -> tuple[Scaling, Array, Mask]:
    """Return how a metric is scaled, its sizes (r,), and which rows (n,) are not far beyond all.

    ``start``: the rows of the start, (n,).
    """
    ok = np.isfinite(column.values)
    known = column.values[ok]
    for side, foot in _views(known, column):
        scaling = Scaling(column.sign, True, side, foot)
        near = _near(column, foot, start)
        limit = None if column.limit is None else side * (column.limit - foot)
        sizes = _log_sizes(scaling.sizes(known), near[ok], limit, column)
        if sizes is not None:
            return scaling, sizes, near
    return Scaling(column.sign, False, 1.0, 0.0), known, _near(column, 0.0, start)


def _near(column: Column, foot: float, start: Mask) -> Mask:
    """Return which rows (n,) have the metric and are not far beyond all others from ``foot``."""
    near = np.isfinite(column.values)
    near[near] = within_reach(column.sign * (column.values[near] - foot), start[near])
    return near


def _views(known: Array, column: Column) -> Iterator[tuple[float, float]]:
    """Return from which side of what the values (r,) may be seen: as they are, or from a bound.

    Only from a bound that the best come near: near the one of the worst, all are ranks anyway.
    """
    top = float(np.max(known)) if len(known) else 0.0

    def below(bound: float) -> bool:
        return top < bound and (column.limit is None or column.limit < bound)

    if column.sign < 0 and below(0.0):
        yield -1.0, 0.0
        return
    yield 1.0, 0.0
    if column.sign > 0 or column.log or top <= 0:
        return
    if below(_WHOLE):
        yield -1.0, _WHOLE
    elif below(_PER_CENT) and float(np.min(known)) >= 0:
        yield -1.0, _PER_CENT


def _log_sizes(sizes: Array, near: Mask, limit: float | None, column: Column) -> Array | None:
    """Return the sizes (r,) whose logarithms are modelled; None where they are modelled as such.

    A result of 1e-17 is a zero that rounding has missed. Its logarithm would stretch the scale of
    all others, and it alone would make logarithms look likely.
    """
    if len(sizes) == 0 or np.min(sizes) <= 0:
        return None
    if column.log or not column.traded:
        return sizes if column.log or prefers_log(sizes[near]) else None
    usual = float(np.median(sizes[near]))
    if limit is not None and limit > 0:
        usual = min(usual, limit)
    floor = _NEGLIGIBLE * usual
    return np.maximum(sizes, floor) if prefers_log(sizes[near & (sizes > floor)]) else None
