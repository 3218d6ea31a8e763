"""Failures: by chance or by region, and how likely a configuration is to give a result at all.

Where a region fails, a failure is the worst of values: the models see the cliff and keep away. A
failure by chance says nothing of the metrics next to it; taken for the worst value, a crash beside
the optimum would hide it. Which of the two it is, a model of failure tells: least-squares
classification (Rasmussen & Williams 2006, section 6.5) by a Gaussian process over configurations.
The noise that explains best is near 0 for a region and near 1, a coin toss, for chance. By chance,
failed rows stay out of the metrics' models, and what a result is expected to gain counts by the
chance that there will be one (Gelbart et al. 2014). Shapes: n rows, d coordinates, k metrics, m
configurations.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.data import Table
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models import gp
from hpo_tui.engine.optimizer.models.gp import Posterior, Rows
from hpo_tui.engine.optimizer.models.kernel import Hyper

_HOPELESS = 0.1
"""Chance of a result below which a configuration is not worth its price."""
_BY_CHANCE, _NOISE = 0.4, 0.5
"""Noise variance above which failures are chance, and what it is believed to be beforehand."""
_REGION, _LEAST_SD = 3, 0.1
"""Failures that can make a region; spread that rare ones are scaled up by at the most."""


def with_values(usable: Mask, rows: Index) -> Index:
    """Return those of ``rows`` that are usable (n,) for a metric; all where none is."""
    held = rows[usable[rows]]
    return held if len(held) else rows


def failures(table: Table) -> Mask:
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
    """Fits the model of failure; one per study. The same rows give the same model."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._fitted: dict[int, tuple[bytes, Array]] = {}
        """Number of rows → what tells them from others as many, and the fit on them."""

    def usable(self, table: Table, n: int) -> Mask:
        """Return what the metrics' models are conditioned on: values, failures by region, (n, k).

        ``n``: the model of failure is fitted on the first so many rows.
        """
        known = np.isfinite(table.values)
        if self._by_chance(table, n):
            return known
        return known | failures(table)[:, None]

    def reliability(self, table: Table, kept: Index, n: int) -> Reliability | None:
        """Return the model on rows ``kept``, fitted on the first ``n``.

        None if nothing has failed, or not by chance: then the metrics' models know.
        """
        if not self._by_chance(table, n):
            return None
        failed = failures(table).astype(float)
        rate = (float(failed.sum()) + 0.5) / (len(failed) + 1.0)
        spread = math.sqrt(rate * (1.0 - rate))
        any_task = np.zeros(len(kept), dtype=np.intp)
        rows = Rows(table.x[kept], any_task, (failed[kept] - rate) / spread)
        hyper = Hyper.unpack(self._fit(table.first(n)), self.space.d, 1)
        return Reliability(Posterior(rows, hyper, self.space.kinds), rate)

    def _by_chance(self, table: Table, n: int) -> bool:
        """Whether there are failures and the noise of coin tosses explains them.

        One or two make no region.
        """
        failed = failures(table)
        if failed.sum() < _REGION:
            return bool(failed.any())
        return bool(self._fit(table.first(n))[-1] > math.log(_BY_CHANCE))

    def _fit(self, table: Table) -> Array:
        """Return hyperparameters fitted on all rows of ``table``."""
        n = len(table.x)
        y = failures(table).astype(float)
        mark = hashlib.blake2b(table.x.tobytes() + y.tobytes(), digest_size=12).digest()
        if n not in self._fitted or self._fitted[n][0] != mark:
            y = (y - y.mean()) / max(float(y.std()), _LEAST_SD)
            rows = Rows(table.x, np.zeros(n, dtype=np.intp), y)
            fit = gp.fit(rows, self.space.kinds, 1, noise=_NOISE)[0]
            self._fitted[n] = (mark, fit)
        return self._fitted[n][1]
