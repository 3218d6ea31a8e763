"""What the models expect of each metric as two parameters change from one of the best trials.

Of the pairs of the parameters that matter most. Shapes: m configurations, d coordinates, k
metrics.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.explain.readout import (
    Reading,
    Viewpoint,
    filled,
    places,
    shortened,
    viewpoint,
)
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.surrogate import Models
from hpo_tui.engine.optimizer.search import Search

MOST = 17
"""Values along a parameter."""
PARAMETERS = 4
"""Parameters whose pairs are mapped."""
_FEW = 8
"""Results up to which it is not asked again which parameters matter."""
_LOOKS, _FEWEST = 1000, 16
"""Predictions by which it is found, and of how many configurations at least."""
_DIGITS, _BAND_DIGITS = 3, 2
"""Digits of the range of a map that are kept of what is expected, and of its band."""


class Mapper:
    """Makes maps, and remembers which parameters matter: one per study.

    Asked for every map, the pairs would change under the reader's eyes.
    """

    def __init__(self) -> None:
        self._order: list[int] = []
        self._at = 0
        """Results by which it was found."""

    def maps(self, history: TrialHistory, search: Search, best: Sequence[int]) -> Iterator[Map]:
        """Return the maps, pair by pair and metric by metric, each pair worked out when it is due.

        They are of the models of now, whatever is told in between. Through the same trial as the
        slices; none before there is a full result, or where only one parameter varies.
        """
        found = viewpoint(history, search, best)
        if found is None:
            return iter(())
        space = search.space
        active = space.active(found.x[None])[0]
        order = [j for j in self._ranked(found.models, space) if active[j]]
        axes = {j: at for j in order if len(at := places(space.axes[j], MOST)) > 1}
        chosen = list(axes)[:PARAMETERS]
        pairs = sorted(combinations(range(len(chosen)), 2), key=max)
        readings = [
            Reading(history, found.models, k) for k in range(len(history.spec.metric_names))
        ]
        return (
            one
            for a, b in pairs
            for one in _pair(
                search, found, readings, (chosen[a], axes[chosen[a]]),
                (chosen[b], axes[chosen[b]]),
            )
        )  # fmt: skip

    def _ranked(self, models: Models, space: Space) -> list[int]:
        """Return the parameters, those that matter most over all metrics first.

        Looked at again when there is twice as much to know.
        """
        count = len(models.table.x)
        if not self._order or count >= 2 * max(self._at, _FEW):
            effect = effects(models, space)
            self._order = np.argsort(-effect, kind="stable").tolist()
            self._at = count
        return self._order


def effects(models: Models, space: Space) -> Array:
    """Return how much of the metrics' changes each parameter has a part in, summed over them, (d,).

    The total effect of Sobol (Jansen 1999): what is expected changes that much, squared, where the
    parameter alone takes another value. So a parameter counts too that matters only by another
    one's value, which is what a map is for.
    """
    d = space.d
    count = 2 ** max(int(math.log2(max(_LOOKS // (d + 1), _FEWEST))), 0)
    base = space.sobol(count, 0)
    # Not a later part of the sequence, which differs from the first by little in some columns.
    other = base[np.random.default_rng(0).permutation(count)]
    rows = np.tile(base, (d + 1, 1, 1))
    for j in range(d):
        rows[j + 1, :, j] = other[:, j]
    rows = space.snap(rows.reshape(-1, d))
    said = models.mean(rows).reshape(d + 1, count, -1)
    change = np.mean((said[1:] - said[0]) ** 2, axis=1)
    return np.asarray((change / np.maximum(change.sum(axis=0), 1e-12)).sum(axis=1))


def _pair(
    search: Search,
    found: Viewpoint,
    readings: Sequence[Reading],
    across: tuple[int, Array],
    up: tuple[int, Array],
) -> list[Map]:
    """Return the maps of a pair of parameters, each with its places along it."""
    space, (i, columns), (j, rows) = search.space, across, up
    x = np.tile(filled(space, found.x), (len(rows) * len(columns), 1))
    x[:, i], x[:, j] = np.tile(columns, len(rows)), np.repeat(rows, len(columns))
    x = space.snap(x)
    # One of the two can be there or not by the other's value.
    there = space.allowed(x) & space.active(x)[:, [i, j]].all(axis=1)
    if not there.any():
        return []
    mean, sd = found.models.predict(x[there])
    names = (space.names[i], space.names[j])
    values = (tuple(space.axes[i].values(columns)), tuple(space.axes[j].values(rows)))
    out = []
    for k, metric in enumerate(search.spec.metric_names):
        numbers = []
        for known in _rounded(*readings[k].band(mean[:, k], sd[:, k])):
            whole = np.full(len(x), np.nan)
            whole[there] = known
            numbers.append(tuple(whole.tolist()))
        out.append(Map(found.number, *names, metric, *values, *numbers))
    return out


def _rounded(expected: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Return them as they are kept: to a part of their range that nobody sees."""
    span = float(np.ptp(expected))
    wide = float(np.abs(expected).max())
    more = math.log10(wide / span) if span > 1e-12 * wide else 0.0
    digits = [max(math.ceil(more), 0) + kept for kept in (_DIGITS, _BAND_DIGITS)]
    inner = shortened(expected, digits[0])
    return (
        inner,
        np.minimum(shortened(low, digits[1]), inner),
        np.maximum(shortened(high, digits[1]), inner),
    )
