"""Scales and ticks: values to the unit interval, and the round numbers beside an axis.

A logarithmic scale stands on one side of 0: above it, or below it for a metric such as
``neg_mean_squared_error`` of scikit-learn, whose values lie by the logarithm of their distance.
"""

import math
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array

_FEWEST = 8
"""How many values tell which of them are outliers."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps ``low`` … ``high`` to 0 … 1, linearly or by the logarithm; values beyond stay at it.

    With ``log`` both lie on the same side of 0, and count by their distance from it.
    """

    low: float
    high: float
    log: bool = False
    below: int = 0
    """Known values below ``low``, drawn at it."""
    above: int = 0
    whole: bool = False
    """Whether it counts: marks are whole numbers."""

    def unit(self, values: Array) -> Array:
        """Return positions from 0 to 1; NaN where missing. At zero a log scale is at its end."""
        return np.clip(self._shares(values), 0.0, 1.0)

    def widths(self, low: Array, high: Array) -> Array:
        """Return how far it is from ``low`` to ``high``, in whole scales, also beyond its ends."""
        with np.errstate(invalid="ignore"):  # from zero to zero
            return self._shares(high) - self._shares(low)

    def _shares(self, values: Array) -> Array:
        if self.falling:
            return 1.0 - self._mirrored()._shares(-values)
        low, high = self.low, self.high
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(np.maximum(values, 0.0))
            low, high = math.log(low), math.log(high)
        span = high - low
        if span <= 0:
            return np.where(np.isnan(values), np.nan, 0.5)
        return np.asarray((values - low) / span)

    @property
    def falling(self) -> bool:
        """Whether it is logarithmic and lies below 0."""
        return self.log and self.high < 0

    def _mirrored(self) -> "Scale":
        """Return the scale of the negative values."""
        return Scale(-self.high, -self.low, self.log, self.above, self.below, self.whole)

    def value(self, unit: float) -> float:
        """Return the value at a position; the ends are the very ends, whatever a logarithm does."""
        if unit <= 0:
            return self.low
        if unit >= 1:
            return self.high
        if self.falling:
            return -self._mirrored().value(1.0 - unit)
        if self.log:
            return math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
        return self.low + unit * (self.high - self.low)

    def holds(self, values: Array) -> bool:
        """Whether every known value lies within the scale."""
        known = values[np.isfinite(values)]
        return not len(known) or bool(known.min() >= self.low and known.max() <= self.high)

    def ticks(self, count: int) -> list[float]:
        """Return about ``count`` round values inside, low to high, without the ends."""
        if self.high <= self.low or count < 1:
            return []
        if self.falling:
            return [-tick for tick in reversed(self._mirrored().ticks(count))]
        inner = self._log_ticks(count) if self.log else self._linear_ticks(count)
        if sum(self.low < v < self.high for v in inner) < 2:
            inner = self._linear_ticks(count)  # a piece of a decade
        margin = 1e-9
        units = self.unit(np.array(inner, dtype=np.float64)) if inner else np.zeros(0)
        return [v for v, u in zip(inner, units, strict=True) if margin < u < 1 - margin]

    def _linear_ticks(self, count: int) -> list[float]:
        raw = max((self.high - self.low) / (count + 1), 1.0 if self.whole else 0.0)
        size = 10.0 ** math.floor(math.log10(raw))
        step = next((m * size for m in (1, 2, 5, 10) if m * size >= raw), 10 * size)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [k * step for k in range(first, last + 1)]

    def _log_ticks(self, count: int) -> list[float]:
        low, high = math.log10(self.low), math.log10(self.high)
        decades = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
        if high - low < 1.2:
            steps = (1, 2, 5)
            return [m * 10.0**d for d in range(math.floor(low), math.ceil(high) + 1) for m in steps]
        every = max(math.ceil(len(decades) / max(count, 1)), 1)
        return [10.0**d for d in decades if d % every == 0]


def one_sided(values: Array) -> bool:
    """Whether there are known values, all above or all below 0: they fit a logarithmic scale."""
    known = values[np.isfinite(values)]
    return len(known) > 0 and bool((known > 0).all() or (known < 0).all())


def _falls(known: Array, also: tuple[float, ...]) -> bool:
    """Whether a logarithmic scale has to lie below 0: for known values, without any ``also``."""
    every = known if len(known) else np.array(also)
    return len(every) > 0 and bool((every <= 0).all() and (every < 0).any())


def fitted(
    values: Array,
    log: bool,
    also: tuple[float, ...] = (),
    good: tuple[bool, bool] = (False, False),
) -> Scale:
    """Return a scale with round ends around known ``values``, and ``also`` (thresholds).

    Far outliers (beyond the fences of three interquartile ranges) do not stretch it: a single
    diverged loss would press all others into one line. They are drawn at the end, which counts
    them. ``good``: whether values below, and above, the rest are what is looked for: that end
    holds every value, because the best of a study lie far from most of it. With ``log`` the scale
    lies below 0 where no value lies above, else above; what lies on the other side is at its end.
    """
    every = known = values[np.isfinite(values)]
    if log and _falls(known, also):
        return fitted(-values, log, tuple(-a for a in also), good[::-1])._mirrored()
    log = log and (not len(known) or bool(known.any()))  # a zero alone has no logarithm
    if log:
        known = known[known > 0]
        also = tuple(a for a in also if a > 0)
    if len(known):
        low, high = _fences(known, log, good)
    else:
        low, high = (min(also), max(also)) if also else (1.0, 10.0) if log else (0.0, 1.0)
    low, high = min((low, *also)), max((high, *also))
    if low == high:
        pad = abs(low) * 0.1 or 0.5
        low, high = (low / 2, high * 2) if log else (low - pad, high + pad)
    low, high = _round_end(low, high, log, up=False), _round_end(high, low, log, up=True)
    return Scale(low, high, log, int((every < low).sum()), int((every > high).sum()))


def _fences(known: Array, log: bool, good: tuple[bool, bool]) -> tuple[float, float]:
    """Return the least and greatest of known values that a scale has to hold.

    Where losses blow up over many decades, few of those within the fences of all still take up the
    whole scale. So fences are drawn again as long as the rest then gets ten times the room.
    """
    low, high = float(known.min()), float(known.max())
    drawn = False
    while len(known) >= _FEWEST and not (drawn and log):
        shown = np.log(known) if log else known
        first, third = np.quantile(shown, (0.25, 0.75))
        with np.errstate(over="ignore"):  # of what lies 1e308 apart
            reach = 3 * (third - first)
            inside = known[(shown >= first - reach) & (shown <= third + reach)]
        if reach <= 0 or not len(inside) or (drawn and len(inside) == len(known)):
            break
        known = inside
        least = low if good[0] else float(known.min())
        most = high if good[1] else float(known.max())
        if drawn and 10 * (most - least) > high - low:
            break
        low, high, drawn = least, most, True
    return low, high


def _round_end(end: float, other: float, log: bool, up: bool) -> float:
    """Return ``end`` moved outwards to a round number: two digits of the span, or of a decade."""
    if log:
        size = 10.0 ** math.floor(math.log10(end))
    else:
        size = 10.0 ** math.floor(math.log10(abs(end - other))) / 10
    count = end / size
    whole = math.ceil(count - 1e-9) if up else math.floor(count + 1e-9)
    return float(f"{whole * size:.12g}")
