"""Failures: by chance or by region, and how likely a configuration is to give a result at all.

Where a region fails, a failure is the worst of values: the models see the cliff and keep away. A
failure by chance says nothing of the metrics next to it; taken for the worst value, a crash beside
the optimum would hide it. Which of the two it is, a model of failure tells: least-squares
classification (Rasmussen & Williams 2006, section 6.5) by a Gaussian process over configurations.
The noise that explains best is near 0 for a region and near 1, a coin toss, for chance. By chance,
failed rows stay out of the metrics' models, and what a result is expected to gain counts by the
chance that there will be one (Gelbart et al. 2014).

What passes a cheap task can fail at a dearer one: a large network has the memory for a part of the
data and not for all. To one model of all tasks this looks like chance, and to the metrics' models
like a cheap task that tells nothing. So where dearer tasks fail more often than the cheapest does,
only what the full task has shown, and failures, tell where the full task fails.
Shapes: n rows, d coordinates, k metrics, m configurations.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models import gp
from hpo_tui.engine.optimizer.models.gp import Posterior, Rows
from hpo_tui.engine.optimizer.models.kernel import Hyper, prior
from hpo_tui.engine.optimizer.table import Table

_HOPELESS = 0.1
"""Chance of a result below which a configuration is not worth its price."""
_BY_CHANCE, _NOISE = 0.4, 0.5
"""Noise variance above which failures are chance, and what it is believed to be beforehand."""
_NOISE_ALONE = 0.01
"""What the noise variance is believed to be where the full task fails for causes of its own."""
_REGION, _LEAST_SD = 3, 0.1
"""Failures that can make a region; spread that rare ones are scaled up by at the most."""
_DEARER, _UNLIKELY = 2, 0.001
"""Failures at dearer tasks from which on they may have causes of their own, and the chance of so
many, by how often the cheapest task fails, below which they have."""


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
    """A model of failure: 1 where a trial failed and 0 where not, standardised by their rate.

    ``rate``: None for a model of the full task alone, which has 1 where it failed and -1 where not.
    """

    posterior: Posterior
    rate: float | None

    def chance(self, x: Array) -> Array:
        """Return the probability of a result at (m, d), 0.1 to 1, (m,); 0 for what is less.

        However much it promises, what would almost surely fail is not worth its price. Of the full
        task alone it is 0 to 1: few results tell it, and all of them may be failures.
        """
        if self.rate is None:
            mean, sd = self.posterior.predict(x)
            noise = float(np.exp(self.posterior.hyper.noise[-1]))
            chance = special.ndtr(-mean / np.sqrt(sd**2 + noise))
            return np.asarray(chance * np.minimum(chance / _HOPELESS, 1.0) ** 2)
        spread = math.sqrt(self.rate * (1.0 - self.rate))
        chance = np.clip(1.0 - self.rate - spread * self.posterior.mean(x), 0.0, 1.0)
        return np.where(chance < _HOPELESS, 0.0, chance)


class Failures:
    """Fits the models of failure; one per study. The same rows give the same model.

    ``full``: index of the full task.
    """

    def __init__(self, space: Space, full: int) -> None:
        self.space, self.full = space, full
        self._fitted: dict[tuple[int, bool], tuple[bytes, Array]] = {}
        """Rows, and whether of the full task alone → what tells them from others, the fit."""

    def usable(self, table: Table, n: int) -> Mask:
        """Return what the metrics' models are conditioned on: values, failures by region, (n, k).

        ``n``: the model of failure is fitted on the first so many rows.
        """
        known = np.isfinite(table.values)
        if self._by_task(table) or self._by_chance(table, n):
            return known
        return known | failures(table)[:, None]

    def reliability(self, table: Table, kept: Index, n: int) -> Reliability | None:
        """Return the model on rows ``kept``, fitted on the first ``n``.

        None if nothing has failed, or not by chance: then the metrics' models know.
        """
        failed = failures(table)
        if self._by_task(table):
            telling = failed | (table.task == self.full)
            first = np.flatnonzero(telling)
            first = first[first < max(n, first[0] + 1)]
            fit = self._fit(table.x[first], failed[first], alone=True)
            held = np.flatnonzero(telling)[-len(kept) :]
            return Reliability(self._posterior(table, held, np.where(failed, 1.0, -1.0), fit), None)
        if not self._by_chance(table, n):
            return None
        rate = (float(failed.sum()) + 0.5) / (len(failed) + 1.0)
        y = np.asarray((failed.astype(float) - rate) / math.sqrt(rate * (1.0 - rate)))
        fit = self._fit(table.x[:n], failures(table.first(n)))
        return Reliability(self._posterior(table, kept, y, fit), rate)

    def _posterior(self, table: Table, kept: Index, y: Array, fit: Array) -> Posterior:
        """Return the model of ``y`` (n,) on rows ``kept``, whatever their task."""
        rows = Rows(table.x[kept], np.zeros(len(kept), dtype=np.intp), y[kept])
        return Posterior(rows, Hyper.unpack(fit, self.space.d, 1), self.space.kinds)

    def _by_task(self, table: Table) -> bool:
        """Whether tasks fail for causes that the cheapest does not have."""
        failed, cheapest = failures(table), table.task == 0
        count = int(failed[~cheapest].sum())
        if count < _DEARER or not cheapest.any():
            return False
        rate = (float(failed[cheapest].sum()) + 0.5) / (float(cheapest.sum()) + 1.0)
        return bool(special.bdtrc(count - 1, int((~cheapest).sum()), rate) < _UNLIKELY)

    def _by_chance(self, table: Table, n: int) -> bool:
        """Whether there are failures and the noise of coin tosses explains them.

        One or two make no region.
        """
        failed = failures(table)
        if failed.sum() < _REGION:
            return bool(failed.any())
        fit = self._fit(table.x[:n], failures(table.first(n)))
        return bool(fit[-1] > math.log(_BY_CHANCE))

    def _fit(self, x: Array, failed: Mask, *, alone: bool = False) -> Array:
        """Return hyperparameters fitted on rows (n, d), which failed or not (n,).

        ``alone``: of the full task.
        """
        n, y = len(x), failed.astype(float)
        mark = hashlib.blake2b(x.tobytes() + y.tobytes(), digest_size=12).digest()
        if (n, alone) not in self._fitted or self._fitted[n, alone][0] != mark:
            y = 2.0 * y - 1.0 if alone else (y - y.mean()) / max(float(y.std()), _LEAST_SD)
            rows = Rows(x, np.zeros(n, dtype=np.intp), y)
            noise = _NOISE_ALONE if alone else _NOISE
            fit = gp.fit(rows, self.space.kinds, 1, noise=noise)[0]
            if alone:
                d = self.space.d
                fit[:d] = np.maximum(fit[:d], prior(d, 1).mean[:d])
            self._fitted[n, alone] = (mark, fit)
        return self._fitted[n, alone][1]
