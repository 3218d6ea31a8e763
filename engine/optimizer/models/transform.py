"""Metric values made fit for a Gaussian process, anew at every refit.

The better half stays linear (hypervolume in z is hypervolume in y up to a factor); the worse half
keeps only its ranks, so that divergences cannot stretch the scale. All values are losses: smaller
is better. Failed rows come last of all; whether a model is conditioned on them is for
reliability.py to say. Shapes: n rows, one metric.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.models.reach import within_reach

FAR = 1e6
"""Model units that nothing lies beyond."""
_NEGLIGIBLE = 1e-3
"""Part of the usual value of a traded objective below which nothing more is gained."""
_TINY = 1e-100
"""Size below which values are rescaled before they are squared, which would leave nothing."""


@dataclass(frozen=True, slots=True)
class Warp:
    """The map from a metric to model units.

    ``side``: -1 where logarithms are taken of a metric that is below zero, or else 1. ``fall``: by
    how much, in model units, the full results of configurations run at both were worse than the
    cheap ones, other than by growing with the cost; 0 where they were better.
    """

    sign: float
    log: bool
    side: float
    pivot: float
    scale: float
    mean: float
    sd: float
    fall: float

    def limit(self, value: float) -> float:
        """Return a threshold on the metric, in model units (linear on both sides of the pivot)."""
        if self.log:
            size = self.side * value
            value = self.side * (math.log(size) if size > 0 else -math.inf)
        if not math.isfinite(value):
            return self.sign * value
        z = (self.sign * value - self.pivot) / self.scale
        return (min(max(z, -FAR), FAR) - self.mean) / self.sd

    def between(self, least: float | None, most: float | None) -> tuple[float, float]:
        """Return the low and high end, in model units, of a metric that has such limits.

        Infinite where there is none. What is least of a metric is most of it as a loss if more is
        better.
        """
        if self.sign < 0:
            least, most = most, least
        low = -math.inf if least is None else self.limit(least)
        return low, math.inf if most is None else self.limit(most)

    def rounding(self) -> float:
        """Return the variance of rounding to whole numbers, in model units; 0 of logarithms."""
        return 0.0 if self.log else min(1.0 / 12.0 / (self.scale * self.sd) ** 2, 0.5)


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


def offsets(y: Array, config: Index, task: Index, full: int) -> Array:
    """Return what lines the rows of each task up with the full one, (full + 1,).

    From configurations run at both a task and the nearest dearer one with pairs, shrunk by k/(k+1).
    """
    out = np.zeros(full + 1)
    at = [
        dict(zip(config[task == t].tolist(), y[task == t].tolist(), strict=True))
        for t in range(full + 1)
    ]
    for t in range(full - 1, -1, -1):
        for upper in range(t + 1, full + 1):
            both = at[t].keys() & at[upper].keys()
            if both:
                shift = float(np.median([at[upper][c] - at[t][c] for c in both]))
                out[t] = out[upper] + shift * len(both) / (len(both) + 1)
                break
    return out


@dataclass(frozen=True, slots=True)
class Column:
    """One metric of all rows: raw values (NaN where failed), and what is asked of it.

    ``log`` forces logarithms where the values allow them; ``limit`` is the threshold if any.
    ``traded``: it is one of several objectives, where what is below a thousandth of the usual adds
    nothing to a hypervolume.
    """

    values: Array
    sign: float
    log: bool
    limit: float | None
    traded: bool


@dataclass(frozen=True, slots=True)
class RowLabels:
    """Configuration and task of every row, and which are of the start and on the full front.

    ``costs``: of the tasks, (full + 1,).
    """

    config: Index
    task: Index
    full: int
    start: Mask
    front: Mask
    costs: Array


def losses(values: Array, sign: float, *, log: bool, side: float = 1.0) -> Array:
    """Return a metric (n,) as losses: the logarithm of its size if asked, so that less is better.

    ``side``: that of zero on which all values lie.
    """
    return sign * (side * np.log(side * values) if log else values)


def warp(column: Column, labels: RowLabels) -> tuple[Array, Warp]:
    """Model units of one metric, (n,), standardised, and the map that made them."""
    sign, side = column.sign, _side(column)
    column = column if side > 0 else _mirrored(column)
    raw = column.values
    ok = np.isfinite(raw)
    near = np.zeros(len(raw), dtype=bool)
    near[ok] = within_reach(column.sign * raw[ok], labels.start[ok])
    good, log = _scale_of(raw[ok], column, near[ok])
    y = np.full(len(raw), np.nan)
    y[ok], fall = _lined_up(good, labels.config[ok], labels.task[ok], labels, column.sign, log=log)
    pivot = _pivot(y, near, labels.start, ok & labels.front)
    if column.limit is not None and (column.limit > 0 or not log):
        limit = column.sign * (math.log(column.limit) if log else column.limit)
        spread = float(np.ptp(y[ok])) if ok.any() else 0.0
        pivot = max(pivot, min(limit, pivot + 3 * spread))
    z, scale = _half_rank(y, ok, pivot)
    seen = z[ok] if ok.any() else z
    mean, sd = float(np.mean(seen)), float(np.std(seen))
    sd = sd if sd > 1e-9 else 1.0
    fall = min(fall / scale / sd, FAR)
    made = Warp(sign, log, side if log else 1.0, pivot, scale, mean, sd, fall)
    return (z - mean) / sd, made


def _side(column: Column) -> float:
    """Return -1 if a metric is below zero, as a negated error or a log-likelihood is, or else 1."""
    known = column.values[np.isfinite(column.values)]
    below = len(known) > 0 and float(np.max(known)) < 0
    return -1.0 if below and (column.limit is None or column.limit < 0) else 1.0


def _mirrored(column: Column) -> Column:
    """Return the negative of a metric, for which the opposite is asked."""
    limit = None if column.limit is None else -column.limit
    return replace(column, values=-column.values, sign=-column.sign, limit=limit)


def _lined_up(
    good: Array, config: Index, task: Index, labels: RowLabels, sign: float, *, log: bool
) -> tuple[Array, float]:
    """Return losses at the level of the full task, (r,), and by how much its own are worse."""
    found = losses(good, sign, log=log)
    shift = offsets(found, config, task, labels.full)
    fall = max(0.0, _mean_shift(shift, task, labels.full))
    if fall > 0 and np.min(good) > 0:
        # Time and energy grow with the task, which is no fall.
        grown = losses(good * (labels.costs[-1] / labels.costs)[task], sign, log=log)
        beyond = offsets(grown, config, task, labels.full)
        fall = min(fall, abs(_mean_shift(beyond, task, labels.full)))
    return found + shift[task], fall


def _scale_of(good: Array, column: Column, near: Mask) -> tuple[Array, bool]:
    """Return the values (n,) to model, and whether their logarithms, by what is ``near``, (n,).

    A result of 1e-17 is a zero that rounding has missed. Its logarithm would stretch the scale of
    all others, and it alone would make logarithms look likely.
    """
    if len(good) == 0 or np.min(good) <= 0:
        return good, False
    if column.log or not column.traded:
        return good, column.log or prefers_log(good[near])
    usual = float(np.median(good[near]))
    if column.limit is not None and column.limit > 0:
        usual = min(usual, column.limit)
    floor = _NEGLIGIBLE * usual
    if not prefers_log(good[near & (good > floor)]):
        return good, False
    return np.maximum(good, floor), True


def _mean_shift(shift: Array, task: Index, full: int) -> float:
    """Return the shift (full + 1,) of the cheap rows among ``task`` (n,), on average."""
    cheap = task[task < full]
    return float(np.mean(shift[cheap])) if len(cheap) else 0.0


def _pivot(y: Array, near: Mask, start: Mask, front: Mask) -> float:
    """Where the linear half ends: the worst of median, median of the start, and the front."""
    if not near.any():
        return 0.0
    pivot = float(np.median(y[near]))
    if (near & start).any():
        pivot = max(pivot, float(np.median(y[near & start])))
    if front.any():
        pivot = max(pivot, float(np.max(y[front])))
    return pivot


def _half_rank(y: Array, ok: Mask, pivot: float) -> tuple[Array, float]:
    """(y - pivot) / rms below the pivot, normal scores of the ranks above it; and the rms."""
    better = ok & (y <= pivot)
    scale = 0.0
    if better.any():
        gap = y[better] - pivot
        peak = float(np.max(np.abs(gap)))
        scale = peak * math.sqrt(float(np.mean((gap / peak) ** 2))) if peak > 0 else 0.0
    tiny = 1e-12 * max(abs(pivot), 1e-300)
    scale = scale if scale > tiny and math.isfinite(scale) else max(abs(pivot), 1.0)
    z = np.zeros(len(y))
    z[better] = (y[better] - pivot) / scale
    worse = ~better
    keys = np.where(ok, y, np.inf)[worse]
    _, place, ties = np.unique(keys, return_inverse=True, return_counts=True)
    middle = np.cumsum(ties) - ties / 2.0
    z[worse] = special.ndtri(0.5 + 0.5 * middle[place] / len(keys))
    return np.clip(z, -FAR, FAR), scale
