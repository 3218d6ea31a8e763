"""The models of all metrics: when they are fitted, on which rows, and what they know.

Hyperparameters depend on the history alone: fits happen at fixed row counts, each from an anchor
that itself was fitted at a fixed count, so a study that is read back proposes what the unbroken
one would have. What is kept of earlier fits counts only for the very rows that it was fitted on: a
retried trial or an edited goal changes them. Shapes: n rows, d coordinates, k metrics, T tasks.
"""

import hashlib
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models import gp, kernel
from hpo_tui.engine.optimizer.models.gp import Guesses, Posterior, Rows
from hpo_tui.engine.optimizer.models.kernel import Hyper
from hpo_tui.engine.optimizer.models.relevance import RELEVANT, Limit, relevance
from hpo_tui.engine.optimizer.models.reliability import Failures, Reliability, with_values
from hpo_tui.engine.optimizer.models.transform import Warp
from hpo_tui.engine.optimizer.models.trust import TRUSTED, trust
from hpo_tui.engine.optimizer.models.units import (
    START_ROWS,
    Units,
    in_units,
    prior_noise,
    repeat_noise,
)
from hpo_tui.engine.optimizer.table import Table
from hpo_tui.engine.spec import StudySpec

FIT_ROWS, KEEP_ROWS = 200, 700
"""Rows at most that hyperparameters are fitted on, and that a posterior is conditioned on."""
_EVERY_UPTO = 60
"""Rows up to which every new one has the hyperparameters fitted anew."""
_COLD_UPTO, _LAST_LINK = 61, 210
"""Anchors up to the first are fitted from the prior, those beyond the second from that one."""
_SCALE_ROWS = 4
"""Full results that tell a scale by themselves."""
_SUBSET_STREAM = 77
"""Keeps the draws of a subset apart from all others of the same seed."""
_ANYWHERE = 64
"""Spread configurations at which is asked whether a limit still decides anything."""
_NOISY = 2e-3
"""Variance between repeats, in model units, from which on results are known to be noisy."""


def anchor_before(n: int) -> int:
    """Return the largest anchor up to ``n`` (8, 12, 18, 27, …: each half as much again)."""
    anchor = START_ROWS
    while anchor + (anchor + 1) // 2 <= n:
        anchor += (anchor + 1) // 2
    return min(anchor, n)


def fit_count(n: int) -> int:
    """On how many of ``n`` rows the hyperparameters stand: all below 60, then every 5 % more."""
    if n <= _EVERY_UPTO:
        return n
    count = _EVERY_UPTO
    while math.ceil(count * 1.05) <= n:
        count = math.ceil(count * 1.05)
    return count


def _limits(spec: StudySpec, warps: Sequence[Warp]) -> list[Limit]:
    """Return the limits of all outcome constraints in model units."""
    return [
        (k := spec.metric_names.index(c.metric), *warps[k].between(c.min, c.max))
        for c in spec.outcome_constraints
    ]


@dataclass(frozen=True, slots=True)
class Models:
    """Posteriors and maps of the metrics, in the order of the study's ``metric_names``.

    ``z``: all rows in model units (n, k). ``noisy``: repeats of a result are known to differ.
    ``trust``: how far the cheap tasks' rows are believed, 0 to 1, per metric. ``reliability``: how
    likely a configuration is to give a result at all; None while none has failed by chance.
    ``relevance``: how much each metric matters to what is sought, 0 to 1.
    ``joint``: the posteriors with all rows, those too that are left out of ``posteriors``.
    """

    posteriors: list[Posterior]
    warps: list[Warp]
    z: Array
    table: Table
    noisy: bool
    trust: list[float]
    relevance: list[float]
    reliability: Reliability | None
    joint: list[Posterior]

    @property
    def trusted(self) -> bool:
        """Whether the cheap rows of all metrics that matter are believed."""
        both = zip(self.trust, self.relevance, strict=True)
        return all(belief >= TRUSTED for belief, matters in both if matters >= RELEVANT)

    def limits(self, spec: StudySpec) -> list[Limit]:
        """Metric, low and high end in model units, of every outcome constraint."""
        return _limits(spec, self.warps)

    def running(self, busy: Sequence[tuple[Array, int]]) -> "Models":
        """With trials under way, (d,) at a task each, taken as done at their predicted value."""
        if not busy:
            return self
        x, task = np.array([x for x, _ in busy]), np.array([t for _, t in busy], dtype=np.intp)
        grown = [p.with_rows(x, task) for p in self.posteriors]
        joint = [
            new if whole is own else whole.with_rows(x, task)
            for new, own, whole in zip(grown, self.posteriors, self.joint, strict=True)
        ]
        return replace(self, posteriors=grown, joint=joint)

    def mean(self, x: Array) -> Array:
        """Posterior means at the full task, (m, k)."""
        return np.stack([p.mean(x) for p in self.posteriors], axis=1)

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Posterior means and standard deviations at the full task, (m, k) each."""
        both = [p.predict(x) for p in self.posteriors]
        return np.stack([b[0] for b in both], axis=1), np.stack([b[1] for b in both], axis=1)


class Surrogate:
    """Fits and remembers; one per study.

    ``guesses``: what earlier studies say of each metric, in the order of ``metric_names``;
    ``earlier``: what tells these studies from any others. Beyond ``keep`` rows some are left out.
    """

    def __init__(
        self,
        spec: StudySpec,
        space: Space,
        seed: int,
        *,
        guesses: Sequence[Guesses | None] = (),
        earlier: bytes = b"",
        keep: int = KEEP_ROWS,
    ) -> None:
        self.spec, self.space, self.seed, self._keep = spec, space, seed, keep
        self._guesses = list(guesses) or [None] * len(spec.metric_names)
        self.tasks = len(spec.tasks)
        asked = repr((spec.objectives, spec.outcome_constraints, spec.tasks)).encode()
        self._asked = asked + earlier
        """What is asked of the metrics, and from which earlier studies they are known, as bytes."""
        self._anchors: dict[tuple[str, int], tuple[str, Array]] = {}
        """Metric and number of rows → what tells these rows from others, and the fit on them."""
        self._current: dict[str, tuple[str, Array]] = {}
        """Metric → the same of the last fit."""
        self._apart: dict[tuple[str, int], Array] = {}
        """Metric and number of full-task rows → the fit on those alone."""
        self._anywhere = space.sobol(_ANYWHERE, seed)
        self._failures = Failures(space, self.tasks - 1)
        self._built: tuple[Hashable, Models] | None = None
        """The last models, and the version that they are of."""

    def state(self) -> dict[str, Any]:
        """Fitted hyperparameters, JSON-able."""
        return {
            "anchors": [[m, n, of, v.tolist()] for (m, n), (of, v) in self._anchors.items()],
            "current": [[m, of, v.tolist()] for m, (of, v) in self._current.items()],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up stored hyperparameters; what does not belong to this study is left out."""
        size = self.space.d + self.tasks * (self.tasks + 1) // 2 + self.tasks
        for entry in [*state.get("anchors", []), *state.get("current", [])]:
            match entry:
                case [str(metric), int(n), str(of), [*vector]] if len(vector) == size:
                    self._anchors[metric, n] = (of, np.array(vector, dtype=float))
                case [str(metric), str(of), [*vector]] if len(vector) == size:
                    self._current[metric] = (of, np.array(vector, dtype=float))
                case _:
                    continue

    def models(self, table: Table, version: Hashable) -> Models:
        """Models of all rows; the same object while ``version`` stays the same."""
        if self._built is not None and self._built[0] == version:
            return self._built[1]
        count = fit_count(len(table.x))
        prefix = table.first(count)
        then = in_units(self.spec, prefix)
        z, warps = then if count == len(table.x) else in_units(self.spec, table)
        kept = self._subset(table, z, self._keep, len(table.x))
        fitted_on = min(count, FIT_ROWS)
        usable = self._failures.usable(table, fitted_on)
        joint, fixed = [], kernel.FixedCovariance(self.space.kinds)
        for k, metric in enumerate(self.spec.metric_names):
            vector = self._fitted(metric, k, prefix, then)
            hyper = Hyper.unpack(vector, self.space.d, self.tasks)
            held = with_values(usable[:, k], kept)
            rows = Rows(table.x[held], table.task[held], z[held, k])
            guesses = self._guesses[k]
            joint.append(Posterior(rows, hyper, self.space.kinds, guesses, fixed=fixed))
        noisy = self.spec.noisy
        if noisy is None:
            noisy = bool(np.any(repeat_noise(table, z) > _NOISY))
        limits = _limits(self.spec, warps)
        matters = relevance(self.spec, table, joint, limits, self._anywhere)
        believed = trust(joint, [w.fall for w in warps], matters)
        reliability = self._failures.reliability(table, kept, fitted_on)
        built = Models(
            posteriors=joint,
            warps=warps,
            z=z,
            table=table,
            noisy=noisy,
            trust=believed,
            relevance=matters,
            reliability=reliability,
            joint=joint,
        )
        if min(believed, default=1.0) < TRUSTED:
            built = self._doubting(built, kept, usable)
        self._built = (version, built)
        return built

    def _doubting(self, models: Models, kept: Index, usable: Mask) -> Models:
        """Return the models with the cheap rows of metrics that are not trusted left out.

        Out of the model units as well, once there are full results enough to tell a scale by: the
        worse half of a metric is ranks, and ranks among misleading values are misleading.
        """
        top = np.flatnonzero(models.table.task == self.tasks - 1)
        table = models.table.rows(top)
        n = min(fit_count(len(top)), FIT_ROWS)
        warps, whole, start = models.warps, models.z[top], models.z[top][:n]
        if len(top) >= _SCALE_ROWS:
            whole, warps = in_units(self.spec, table)
            start = whole if n == len(top) else in_units(self.spec, table.first(n))[0]
        held = np.flatnonzero(np.isin(top, kept))
        z, posteriors, maps = models.z.copy(), list(models.posteriors), list(models.warps)
        for k in range(len(posteriors)):
            if models.trust[k] < TRUSTED:
                known = usable[top, k]
                first, own = with_values(known, np.arange(n)), with_values(known, held)
                fitted = Rows(table.x[first], table.task[first], start[first, k])
                rows = Rows(table.x[own], table.task[own], whole[own, k])
                posteriors[k] = self._alone(k, n, fitted, rows)
                z[top, k], maps[k] = whole[:, k], warps[k]
        return replace(models, posteriors=posteriors, warps=maps, z=z)

    def _alone(self, k: int, n: int, fitted: Rows, rows: Rows) -> Posterior:
        """Return a posterior of full-task rows alone, fitted on those of the first ``n``."""
        metric, guesses = self.spec.metric_names[k], self._guesses[k]
        # Few rows are fitted anew each time: what is proposed must not depend on when it first was.
        if n <= _EVERY_UPTO or (metric, n) not in self._apart:
            found = gp.fit(fitted, self.space.kinds, self.tasks, guesses=guesses)
            self._apart[metric, n] = found[0]
        hyper = Hyper.unpack(self._apart[metric, n], self.space.d, self.tasks)
        return Posterior(rows, hyper, self.space.kinds, guesses)

    def _fitted(self, metric: str, k: int, table: Table, units: Units) -> Array:
        """Hyperparameters of one metric on the first ``len(table.x)`` rows."""
        n, mark = len(table.x), self._mark(table)
        if metric in self._current and self._current[metric][0] == mark:
            return self._current[metric][1]
        anchor = anchor_before(n)
        warm = self._anchor(metric, k, table, anchor)
        vector = warm if anchor == n else self._fit(table, k, units, warm)
        self._current[metric] = (mark, vector)
        return vector

    def _mark(self, table: Table) -> str:
        """Return what tells these rows, and what is asked of their metrics, from any others."""
        known = np.where(np.isnan(table.values), np.inf, table.values) + 0.0  # no negative zero
        parts = (self._asked, table.x, table.task, known, table.final, table.failed)
        return hashlib.blake2b(b"".join(bytes(p) for p in parts), digest_size=12).hexdigest()

    def _anchor(self, metric: str, k: int, table: Table, n: int) -> Array:
        """Hyperparameters at an anchor: cold for small ones, else from the anchor before."""
        prefix = table.first(n)
        mark = self._mark(prefix)
        kept = self._anchors.get((metric, n))
        if kept is None or kept[0] != mark:
            warm = None
            if n > _COLD_UPTO:
                warm = self._anchor(metric, k, table, anchor_before(min(n - 1, _LAST_LINK)))
            vector = self._fit(prefix, k, in_units(self.spec, prefix), warm)
            kept = self._anchors[metric, n] = (mark, vector)
        return kept[1]

    def _fit(self, table: Table, k: int, units: Units, warm: Array | None) -> Array:
        """One fit, on at most 200 rows."""
        y = units[0][:, k]
        usable = self._failures.usable(table, min(len(y), FIT_ROWS))
        kept = with_values(usable[:, k], self._subset(table, y[:, None], FIT_ROWS, len(y)))
        rows = Rows(table.x[kept], table.task[kept], y[kept])
        noise = prior_noise(table, units, k)
        said = self._guesses[k]
        return gp.fit(rows, self.space.kinds, self.tasks, warm, noise, guesses=said)[0]

    def _subset(self, table: Table, z: Array, limit: int, n: int) -> Index:
        """Which rows to keep: good ones and full-task ones rather than others, and some luck."""
        if len(z) <= limit:
            return np.arange(len(z))
        rng = np.random.default_rng([self.seed, n, _SUBSET_STREAM])
        rank = np.argsort(np.argsort(np.mean(z, axis=1))) / len(z)
        order = rank - 0.5 * (table.task == self.tasks - 1) + 0.7 * rng.random(len(z))
        return np.sort(np.argsort(order)[:limit])
