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
from hpo_tui.engine.optimizer.models.scaling import Column, Scaling, scaled

FAR = 1e6
"""Model units that nothing lies beyond."""
_MOST = float(np.finfo(float).max)
"""The largest finite loss."""


@dataclass(frozen=True, slots=True)
class Warp:
    """The map from a metric to model units.

    ``fall``: by how much, in model units, the full results of configurations run at both were
    worse than the cheap ones, other than by growing with the cost; 0 where they were better.
    ``edge``: a limit that results lie on exactly, and in model units where it parts them from
    those that miss it; None where there is none.
    """

    scaling: Scaling
    pivot: float
    scale: float
    mean: float
    sd: float
    fall: float
    edge: tuple[float, float] | None = None

    def limit(self, value: float) -> float:
        """Return a threshold on the metric, in model units (linear on both sides of the pivot)."""
        if self.edge is not None and value == self.edge[0]:
            return self.edge[1]
        loss = self.scaling.loss(value)
        if not math.isfinite(loss):
            return loss
        z = (loss - self.pivot) / self.scale
        return (min(max(z, -FAR), FAR) - self.mean) / self.sd

    def between(self, least: float | None, most: float | None) -> tuple[float, float]:
        """Return the low and high end, in model units, of a metric that has such limits.

        Infinite where there is none. What is least of a metric is most of it as a loss if more is
        better.
        """
        if self.scaling.sign < 0:
            least, most = most, least
        low = -math.inf if least is None else self.limit(least)
        return low, math.inf if most is None else self.limit(most)

    def rounding(self) -> float:
        """Return the variance of rounding to whole numbers, in model units; 0 of logarithms."""
        return 0.0 if self.scaling.log else min(1.0 / 12.0 / (self.scale * self.sd) ** 2, 0.5)


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


def warp(column: Column, labels: RowLabels) -> tuple[Array, Warp]:
    """Model units of one metric, (n,), standardised, and the map that made them."""
    ok = np.isfinite(column.values)
    scaling, sizes, near = scaled(column, labels.start)
    y = np.full(len(ok), np.nan)
    y[ok], fall = _lined_up(scaling, sizes, labels.config[ok], labels.task[ok], labels)
    pivot = _pivot(y, near, labels.start, ok & labels.front)
    limit = math.inf if column.limit is None else scaling.loss(column.limit)
    tied = not column.objectives and _tied(y, limit)
    if tied:
        y, limit = _untied(y, limit)
    # A single objective is never weighed at its threshold: only its better half has to be apart.
    if math.isfinite(limit) and column.objectives != 1:
        spread = float(np.ptp(y[ok])) if ok.any() else 0.0
        pivot = max(pivot, min(limit, pivot + 3 * spread))
    z, scale = _half_rank(y, ok, pivot)
    seen = z[ok] if ok.any() else z
    mean, sd = float(np.mean(seen)), float(np.std(seen))
    sd = sd if sd > 1e-9 else 1.0
    fall = min(fall / scale / sd, FAR)
    found = Warp(scaling, pivot, scale, mean, sd, fall)
    if tied and column.limit is not None:
        units = (min(max((limit - pivot) / scale, -FAR), FAR) - mean) / sd
        found = replace(found, edge=(column.limit, units))
    return (z - mean) / sd, found


def _tied(y: Array, limit: float) -> bool:
    """Whether several of the losses (n,) lie on the limit, as of a count, a yes or no, an excess.

    They would keep it with a chance of one half, and be worth no more than what just misses it.
    """
    return int(np.sum(y == limit)) > 1


def _untied(y: Array, limit: float) -> tuple[Array, float]:
    """Return losses (n,) and a limit half-way between those that keep and those that miss it.

    If all that keep it lie on it, nobody knows by how much they do: by as much as half of the
    others miss it; none can miss it if none has.
    """
    inside, missed = y[y < limit], y[y > limit]
    # Halves before the difference: losses can lie 1e308 apart.
    if len(inside):
        step = missed.min() / 2 - limit / 2 if len(missed) else limit / 2 - inside.max() / 2
        return y, limit + float(step)
    if not len(missed):
        return y, math.inf
    half = float(np.median(missed / 2 - limit / 2))
    return np.where(y == limit, max(limit - half - half, -_MOST), y), limit - half


def _lined_up(
    scaling: Scaling, sizes: Array, config: Index, task: Index, labels: RowLabels
) -> tuple[Array, float]:
    """Return losses at the level of the full task, (r,), and by how much its own are worse."""
    found = scaling.of_sizes(sizes)
    shift = offsets(found, config, task, labels.full)
    fall = max(0.0, _mean_shift(shift, task, labels.full))
    if fall > 0 and np.min(sizes) > 0:
        # Time and energy grow with the task, which is no fall.
        grown = scaling.of_sizes(sizes * (labels.costs[-1] / labels.costs)[task])
        beyond = offsets(grown, config, task, labels.full)
        fall = min(fall, abs(_mean_shift(beyond, task, labels.full)))
    return found + shift[task], fall


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
