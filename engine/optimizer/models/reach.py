"""Which losses are so far beyond all others that they must not set the scale of a metric.

Shapes: n losses; smaller is better.
"""

import numpy as np

from hpo_tui.engine.arrays import Array, Mask

_GAP = 100.0
"""Times the spread of better results beyond which a result is far from them."""
_DECADES = 1e5
"""The same of positive results, among which logarithms still tell the better ones apart."""
_FEWEST = 3
"""How many better results tell a spread."""


def within_reach(y: Array, start: Mask) -> Mask:
    """Return which losses (n,) are not far beyond all others, (n,); all, unless many are.

    A script may give 1e6 where it cannot train, or diverge to anything up to 1e30. A few such
    values are ranks and do no harm; but where they are half of the results, or of those of the
    start (n,), they would set the scale, and what is good could not be told apart on it.
    """
    order = np.argsort(y, kind="stable")
    v = y[order]
    count = min(_before_gap(v), _before_blow_up(v))
    near = np.zeros(len(y), dtype=bool)
    near[order[:count]] = True
    begun = bool(start.any()) and 2 * int((near & start).sum()) <= int(start.sum())
    return near if begun or 2 * count <= len(y) else np.ones(len(y), dtype=bool)


def _before_gap(v: Array) -> int:
    """Return how many of the sorted losses (n,) are not parted from the best by a wide gap.

    Far is a group of values that a gap of a hundred times the spread of all better ones parts from
    them, and that is no wider than this gap; on a logarithmic scale the gap has to be the wider one
    as well.
    """
    count = len(v)
    with np.errstate(over="ignore"):  # of what lies 1e308 apart
        gap, spread = np.diff(v), v[:-1] - v[:1]
        wide = (spread > 0) & (gap > _GAP * spread)
    if count and v[0] > 0:
        wide &= np.diff(np.log(v)) > np.log(v[:-1]) - np.log(v[0])
    # Several groups can be far, each from what is better.
    for i in np.flatnonzero(wide)[::-1] + 1:
        if i >= _FEWEST and v[count - 1] / 2 - v[i] / 2 <= gap[i - 1] / 2:
            count = int(i)
    return count


def _before_blow_up(v: Array) -> int:
    """Return how many of the sorted losses (n,) keep their better half apart on one scale.

    Losses that blow up lie anywhere over many decades, and no gap is the widest. The spread of
    those that are kept is at most a hundred times the one of their better half, or a hundred
    thousand times where they are positive, since logarithms cope with that.
    """
    kept = np.arange(len(v), _FEWEST, -1)
    if not len(kept):
        return len(v)
    with np.errstate(over="ignore"):  # of what lies 1e308 apart
        better, spread = v[kept // 2] - v[0], v[kept - 1] - v[0]
        apart = (better == 0) | (spread <= (_DECADES if v[0] > 0 else _GAP) * better)
    return int(kept[np.argmax(apart)]) if apart.any() else _FEWEST
