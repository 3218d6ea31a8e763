"""How likely a configuration is to give a result at all.

A failure is no bad value: it says nothing of the metrics next to it. Taken for the worst result, a
crash by chance beside the optimum would hide it. So failed rows stay out of the metrics' models,
and a model of its own learns where trials fail: least-squares classification (Rasmussen & Williams
2006, section 6.5) by a Gaussian process over configurations, with the noise of coin tosses. What a
result is expected to gain counts by the chance that there will be one (Gelbart et al. 2014).
Shapes: n rows, d coordinates, m configurations.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.optimizer import gp
from hpo_tui.engine.optimizer.axes import Array
from hpo_tui.engine.optimizer.data import Table
from hpo_tui.engine.optimizer.gp import Posterior, Rows
from hpo_tui.engine.optimizer.kernel import Hyper, Index
from hpo_tui.engine.optimizer.space import Space

_HOPELESS, _NOISE, _LEAST_SD = 0.1, 0.5, 0.1


def with_values(table: Table, k: int, rows: Index) -> Index:
    """Return those of ``rows`` where metric ``k`` has a value; all where it has none."""
    held = rows[np.isfinite(table.values[rows, k])]
    return held if len(held) else rows


def failures(table: Table) -> NDArray[np.bool_]:
    """Return which results lack a metric that their task has reported before or since, (n,).

    A trial that failed lacks all of them, and one without any metric has failed. What a stopped
    trial had reported by then is no result.
    """
    known = np.isfinite(table.values)
    failed = table.failed | ~known.any(axis=1)
    for t in np.unique(table.task):
        at = np.flatnonzero(table.task == t)
        reported = known[at].any(axis=0)
        failed[at] |= ~known[at][:, reported].all(axis=1)
    return np.asarray(failed & table.final)


@dataclass(frozen=True, slots=True)
class Reliability:
    """A model of failure: 1 where a trial failed and 0 where not, standardised by their rate."""

    posterior: Posterior
    rate: float

    def chance(self, x: Array) -> Array:
        """Return the probability of a result at (m, d), 0.1 to 1, (m,); 0 for what is less.

        However much it promises, what would almost surely fail is not worth its price.
        """
        spread = math.sqrt(self.rate * (1.0 - self.rate))
        chance = np.clip(1.0 - self.rate - spread * self.posterior.mean(x), 0.0, 1.0)
        return np.where(chance < _HOPELESS, 0.0, chance)


class Failures:
    """Fits :class:`Reliability`; one per study. The same rows give the same model."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._fitted: tuple[int, Array] | None = None

    def reliability(self, table: Table, kept: Index, n: int) -> Reliability | None:
        """Return the model on rows ``kept``, fitted on the first ``n``; None if nothing failed."""
        failed = failures(table).astype(float)
        if not failed.any():
            return None
        rate = (float(failed.sum()) + 0.5) / (len(failed) + 1.0)
        spread = math.sqrt(rate * (1.0 - rate))
        any_task = np.zeros(len(kept), dtype=np.intp)
        rows = Rows(table.x[kept], any_task, (failed[kept] - rate) / spread)
        hyper = Hyper.unpack(self._fit(table, failed, n), self.space.d, 1)
        return Reliability(Posterior(rows, hyper, self.space.categorical), rate)

    def _fit(self, table: Table, failed: Array, n: int) -> Array:
        """Return hyperparameters fitted on the first ``n`` rows."""
        if self._fitted is None or self._fitted[0] != n:
            y = failed[:n]
            y = (y - y.mean()) / max(float(y.std()), _LEAST_SD)
            rows = Rows(table.x[:n], np.zeros(n, dtype=np.intp), y)
            self._fitted = n, gp.fit(rows, self.space.categorical, 1, noise=_NOISE)[0]
        return self._fitted[1]
