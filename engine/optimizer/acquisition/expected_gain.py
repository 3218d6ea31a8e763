"""What a full-task result at a configuration is expected to gain.

Exact expected hypervolume improvement over independent normal predictions (Emmerich et al. 2006,
Yang et al. 2019), which is plain expected improvement for one objective (Jones et al. 1998). What
outcome constraints make of it is told by scoring.py. Losses; shapes: c candidates, m objectives, b
boxes.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.optimizer.acquisition.pareto import front, open_boxes, thinned

_MOST_POINTS, _OF_MANY = {1: 1, 2: 200, 3: 40, 4: 16}, 10
"""Points by the number of objectives, and of more: the boxes of a front multiply with both."""


def improvement(w: Array) -> Array:
    """E[(w - N(0,1))+] = w Phi(w) + phi(w), to full relative accuracy also far in the tail.

    Below -1 the sum cancels; there it is phi(w) (1 - |w| Mills(|w|)), and phi(w) / w^2 where that
    cancels too.
    """
    density = np.exp(-0.5 * np.minimum(w * w, 1400.0)) / math.sqrt(2 * math.pi)  # never quite 0
    with np.errstate(invalid="ignore", over="ignore"):
        near = w * special.ndtr(w) + density
        u = np.maximum(-w, 1.0)
        mills = special.erfcx(u / math.sqrt(2)) * math.sqrt(math.pi / 2)
        tail = density * np.where(u > 300, 1.0 / (u * u), 1.0 - u * mills)
    return np.where(w < -1.0, np.maximum(tail, 0.0), near)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be improved upon: the open boxes of the front, as indices into cut values.

    ``cuts[j]``: sorted values of objective j where boxes begin or end, the first -inf.
    """

    cuts: tuple[Array, ...]
    low: Index
    high: Index

    def gain(self, mean: Array, sd: Array) -> Array:
        """Return expected hypervolume improvement at predictions (c, m), (c,)."""
        parts = None
        for j, cut in enumerate(self.cuts):
            w = (cut[None, 1:] - mean[:, j, None]) / sd[:, j, None]
            psi = np.zeros((len(mean), len(cut)))
            psi[:, 1:] = sd[:, j, None] * improvement(w)
            side = psi[:, self.high[:, j]] - psi[:, self.low[:, j]]
            parts = side if parts is None else parts * side
        return np.asarray(parts.sum(axis=1)) if parts is not None else np.zeros(len(mean))


def target(points: Array, ref: Array) -> Target:
    """Return the target that results (k, m) leave open below a reference point (m,)."""
    m = len(ref)
    inside = points[np.all(points < ref, axis=1)]
    # The front first: thinning keeps what lies far apart, and nothing lies farther than the worst.
    lows, highs = open_boxes(thinned(inside[front(inside)], _MOST_POINTS.get(m, _OF_MANY)), ref)
    cuts = []
    low = np.zeros(lows.shape, dtype=np.intp)
    high = np.zeros(highs.shape, dtype=np.intp)
    for j in range(m):
        finite = lows[:, j][np.isfinite(lows[:, j])]
        cut = np.concatenate([[-np.inf], np.unique(np.concatenate([finite, highs[:, j]]))])
        cuts.append(cut)
        low[:, j] = np.searchsorted(cut, lows[:, j])
        high[:, j] = np.searchsorted(cut, highs[:, j])
    return Target(tuple(cuts), low, high)
