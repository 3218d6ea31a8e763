"""The reference point: where improvement of an objective without a threshold begins to count.

Model units, losses. Shapes: s typical configurations, n full-task results, m objectives.
"""

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.acquisition.pareto import front

_COMPROMISES = 2
"""Results better than typical in every objective from which on the ends of a front count too."""
_LEAST_CHANCE = 1e-12
"""Chance of counting that every configuration has at least: weights need a sum."""


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
