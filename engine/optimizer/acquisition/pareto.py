"""Pareto fronts, the boxes that a front leaves open, and the reference point: where gains begin.

Losses in model units: smaller is better. Shapes: k points, n full-task results, s typical
configurations, m objectives, b boxes.
"""

from itertools import pairwise

import numpy as np

from hpo_tui.engine.arrays import Array, Index

_COMPROMISES = 2
"""Results better than typical in every objective from which on the ends of a front count too."""
_LEAST_CHANCE = 1e-12
"""Chance of counting that every configuration has at least: weights need a sum."""


def front(y: Array) -> Index:
    """Return the indices of the points that no other one dominates, in ascending order.

    Of equal points the first alone is kept: boxes need them once. Which trials are best is another
    matter, and told by ``analysis.front``, where equal ones are all kept.
    """
    keep: list[int] = []
    left = np.lexsort(y.T)
    while len(left):
        # The first in lexicographic order is dominated by nothing that is left.
        first = left[0]
        keep.append(int(first))
        left = left[1:]
        left = left[~np.all(y[first] <= y[left], axis=1)]
    return np.array(sorted(keep), dtype=np.intp)


def ranks(y: Array) -> Index:
    """Non-dominated rank of every point, 0 for the front (Deb et al. 2002), (k,)."""
    n = len(y)
    better = np.all(y[:, None] <= y[None], axis=2) & np.any(y[:, None] < y[None], axis=2)
    count = better.sum(axis=0)
    out = np.full(n, -1, dtype=np.intp)
    level = 0
    while np.any(out < 0):
        now = (out < 0) & (count == 0)
        out[now] = level
        count = count - better[now].sum(axis=0)
        level += 1
    return out


def open_boxes(points: Array, ref: Array) -> tuple[Array, Array]:
    """Return the part below ``ref`` that no point dominates, as disjoint boxes: lows, highs (b, m).

    Slices along the last objective, recursively (the hypervolume-by-slicing scheme of While et al.
    2006 turned to the complement, as Yang et al. 2019 need it); a low end may be -inf.
    """
    inside = points[np.all(points < ref, axis=1)]
    lows, highs = _slices(inside[front(inside)], ref)
    return np.array(lows).reshape(-1, len(ref)), np.array(highs).reshape(-1, len(ref))


def _slices(points: Array, ref: Array) -> tuple[list[list[float]], list[list[float]]]:
    """Recursive part of :func:`open_boxes`; the points lie below ``ref``."""
    m = len(ref)
    if m == 1:
        top = float(points.min()) if len(points) else float(ref[0])
        return [[-np.inf]], [[top]]
    cuts = np.unique(points[:, -1])
    edges = [-np.inf, *cuts.tolist(), float(ref[-1])]
    lows: list[list[float]] = []
    highs: list[list[float]] = []
    for low, high in pairwise(edges):
        below = points[points[:, -1] <= low][:, :-1]
        if m > 2:  # of one objective the least is looked for next
            below = below[front(below)]
        part_low, part_high = _slices(below, ref[:-1])
        lows += [[*box, low] for box in part_low]
        highs += [[*box, high] for box in part_high]
    return lows, highs


def thinned(points: Array, limit: int) -> Array:
    """At most ``limit`` points of a front, far apart, the best of each objective among them."""
    if len(points) <= limit:
        return points
    span = np.ptp(points, axis=0)
    scaled = (points - points.min(axis=0)) / np.where(span > 0, span, 1.0)
    chosen = list(dict.fromkeys(int(i) for i in np.argmin(scaled, axis=0)))
    gap = np.min(np.linalg.norm(scaled[:, None] - scaled[None, chosen], axis=2), axis=1)
    while len(chosen) < limit:
        k = int(np.argmax(gap))
        chosen.append(k)
        gap = np.minimum(gap, np.linalg.norm(scaled - scaled[k], axis=1))
    return np.asarray(points[np.sort(np.array(chosen))])


def typical_values(mean: Array, chance: Array, points: Array, limits: Array) -> Array:
    """Return what a typical configuration is predicted to reach, (m,).

    ``mean`` (s, m): predicted; ``chance`` (s,): of meeting all limits and thresholds; ``points``
    (n, m): results within the limits; ``limits`` (m,): thresholds, infinite where there is none.
    What is typical of the whole space can be out of reach of what counts ("accuracy of .95, with
    the fewest parameters"), and then nothing that counts would gain anything. So it is the median
    of what is likely to count, if that is worse. While no result meets all thresholds, an objective
    without one is bounded by the worst that is predicted.
    """
    everywhere = np.median(mean, axis=0)
    bound = np.isfinite(limits)
    if np.any(np.all(points <= limits, axis=1)):
        there = _weighted_medians(mean, chance + _LEAST_CHANCE)
    elif bound.any():
        there = np.vstack([mean, points]).max(axis=0)
    else:
        there = everywhere
    return np.asarray(np.where(bound, everywhere, np.maximum(everywhere, there)))


def _weighted_medians(values: Array, weights: Array) -> Array:
    """Return the median of each column of ``values`` (s, m) under weights (s,), (m,)."""
    order = np.argsort(values, axis=0)
    share = np.cumsum(weights[order], axis=0)
    at = np.argmax(share >= 0.5 * share[-1], axis=0)
    rows = np.take_along_axis(order, at[None], axis=0)
    return np.asarray(np.take_along_axis(values, rows, axis=0)[0])


def reference_point(typical: Array, points: Array, limits: Array, *, widened: bool) -> Array:
    """Return thresholds (m,) where there are any; what is typical (m,) or worse elsewhere, (m,).

    ``widened``: where results ``points`` (n, m) are better than typical in everything, the ends of
    their front count as well, and a tenth of their spread. The ends of a front can be poor in all
    but one objective, and a box that holds them draws the budget there while no compromise is
    known; without them a part of the front is never looked for.
    """
    ref = typical
    if widened and np.all(points < typical, axis=1).sum() >= _COMPROMISES:
        ends = points[front(points)]
        ref = np.maximum(typical, ends.max(axis=0) + 0.1 * np.ptp(ends, axis=0))
    return np.asarray(np.where(np.isfinite(limits), limits, ref))
