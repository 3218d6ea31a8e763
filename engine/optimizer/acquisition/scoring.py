"""The acquisition function: how a study's goals score candidates, in model units.

A study's goals become a reference point, limits and two fronts. A full-task result must improve on
the full-task results. A look must show the way to something better than what is in hand already:
those results, and the posterior means of the configurations that were looked at and can still be
carried on, after the effective best solution of Huang et al. (2006). A second look next to a
promising first one so gains little, and the budget goes to something else or to the promotion. A
new configuration bound for the full task takes the look on the way, so it has to improve on those
that are being looked at as well. Shapes: n rows, c candidates, k metrics, m objectives.
"""

from collections.abc import Sequence

import numpy as np
from scipy import special

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.acquisition.expected_gain import Target, target
from hpo_tui.engine.optimizer.acquisition.pareto import ranks, reference_point, typical_values
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models.kernel import cross
from hpo_tui.engine.optimizer.models.relevance import RELEVANT, between
from hpo_tui.engine.optimizer.models.scaling import counts
from hpo_tui.engine.optimizer.models.surrogate import Models
from hpo_tui.engine.spec import StudySpec

_TYPICAL = 256
"""Points all over the space whose median prediction is what a typical configuration reaches."""
_NEAR, _MOST_NEAR, _RANKED = 6, 40, 400
"""Configurations near the front at least and at most; and how many are ranked by fronts."""
_PRIOR_WEIGHT = 5.0
"""Results after which the priors of the study file count for less and less."""


class Acquisition:
    """What a result is worth, for one ask: the acquisition function.

    Several objectives: expected hypervolume improvement below the thresholds, or below what a
    typical configuration is predicted to reach. One: expected improvement on the incumbent. None:
    feasible configurations unlike those that are known. A threshold that nobody has met bounds the
    box all the same: the expected volume beyond it is the chance of meeting it times the amount,
    which did better than the chance alone. ``pursuing``: no full-task result meets the outcome
    constraints yet, so the joint probability of constraints and thresholds is the score.
    """

    def __init__(
        self,
        spec: StudySpec,
        space: Space,
        models: Models,
        busy: Sequence[tuple[Array, int]],
        prospects: Array,
        *,
        seed: int,
    ) -> None:
        """Set up for one ask.

        ``busy``: running configurations (d,) and their tasks. ``prospects``: configurations with a
        cheap result, or one on the way, that can still be carried on, (c, d).
        """
        self.spec, self.space, self.models = spec, space, models
        places = [(spec.metric_names.index(o.metric), o) for o in spec.objectives]
        places = [(k, o) for k, o in places if models.relevance[k] >= RELEVANT]
        self.columns, self.objectives = [k for k, _ in places], [o for _, o in places]
        self.full = len(spec.tasks) - 1
        self.typical = space.sobol(_TYPICAL, seed + 1)
        self.limits = models.limits(spec)
        table = models.table
        # By turns: true for every other row that a trial, ended or running, adds to the table.
        self._odd = (len(table.x) + len(busy)) % 2 == 1
        self._top = np.flatnonzero((table.task == self.full) & table.final & ~table.failed)
        self._known = models.mean(table.x) if models.noisy else models.z
        points, holds, self.pursuing = self._standing()
        under_way = [x for x, t in busy if t == self.full]
        if under_way and not self.pursuing:
            mean = models.mean(np.array(under_way))
            points = np.vstack([points, mean[self._within(mean)][:, self.columns]])
        self._holding = table.x[holds]
        self.target, self.look_target = self._targets(points, prospects)
        self.new_target = self.target
        looked_at = [x for x, t in busy if t < self.full] if spec.resume else []
        if looked_at:
            coming = self._in_hand(np.array(looked_at))
            self.new_target = self._targets(np.vstack([points, coming]), prospects)[0]

    def _thresholds(self) -> Array:
        """Return the objectives' thresholds in model units, infinite where there is none, (m,)."""
        return np.array(
            [
                np.inf if o.threshold is None else self.models.warps[k].limit(o.threshold)
                for o, k in zip(self.objectives, self.columns, strict=True)
            ]
        )

    def _within(self, mean: Array) -> Mask:
        """Which predictions (c, k) lie within all limits, (c,)."""
        inside = np.ones(len(mean), dtype=bool)
        for k, low, high in self.limits:
            inside &= (low <= mean[:, k]) & (mean[:, k] <= high)
        return inside

    def _standing(self) -> tuple[Array, Index, bool]:
        """Objectives of the full-task results that count, their rows, and whether none counts."""
        names = self.spec.metric_names
        raw = self.models.table.values
        rows = self._top[np.all(np.isfinite(raw[self._top]), axis=1)]
        held = [
            all(c.met(raw[i, names.index(c.metric)]) for c in self.spec.outcome_constraints)
            for i in rows
        ]
        rows = rows[np.array(held, dtype=bool)] if len(rows) else rows
        points = self._known[rows][:, self.columns]
        if not self.models.noisy:
            points = np.minimum(points, self._next_step(raw[rows]))
        return points, rows, bool(self.limits) and len(rows) == 0

    def _next_step(self, raw: Array) -> Array:
        """Return the losses below which a result would be better than these metrics (n, k), (n, m).

        A count's model is a smooth function, and the count is that function rounded: what does not
        come half a step nearer to the next whole number is no improvement. Other objectives: inf.
        """
        out = np.full((len(raw), len(self.columns)), np.inf)
        for j, k in enumerate(self.columns):
            known = self.models.table.values[:, k]
            if not counts(known[np.isfinite(known)]):
                continue
            warp = self.models.warps[k]
            out[:, j] = [warp.limit(value - 0.5 * warp.scaling.sign) for value in raw[:, k]]
        return out

    def _targets(self, points: Array, prospects: Array) -> tuple[Target | None, Target | None]:
        """Return what a full-task result must improve upon, and what a look must promise."""
        m = len(self.columns)
        if m == 0:
            return None, None
        if m == 1:
            ref = np.array([points.min() if len(points) else 0.0])
        else:
            limits = self._thresholds()
            ref = reference_point(
                self._typical(points, limits), points, limits, widened=not self._odd
            )
        in_hand = self._in_hand(prospects)
        if m == 1:
            least = min(float(ref[0]), float(in_hand.min(initial=np.inf)))
            return target(in_hand[:0], ref), target(in_hand[:0], np.array([least]))
        full = target(points, ref)
        return full, target(np.vstack([points, in_hand]), ref) if len(in_hand) else full

    def _typical(self, points: Array, limits: Array) -> Array:
        """Return what is typical of the objectives, (m,); the spread is predicted where it counts.

        ``limits``: as of :meth:`_thresholds`.
        """
        bound = np.isfinite(limits)
        if bound.all() or not (bound.any() or self.limits):
            return np.asarray(np.median(self.models.mean(self.typical)[:, self.columns], axis=0))
        mean, sd = self.models.predict(self.typical)
        chance = self.holds(mean, sd, thresholds=True)
        return typical_values(mean[:, self.columns], chance, points, limits)

    def _in_hand(self, prospects: Array) -> Array:
        """Posterior means of the prospects' objectives, of those likely to be feasible, (c, m)."""
        if self.pursuing or len(prospects) == 0:
            return np.zeros((0, len(self.columns)))
        mean, sd = self.models.predict(prospects)
        likely = self.holds(mean, sd, thresholds=False) >= 0.5
        return np.asarray(mean[likely][:, self.columns])

    def holds(self, mean: Array, sd: Array, *, thresholds: bool) -> Array:
        """Probability that the limits, and the thresholds if asked, are met at (c, k), (c,)."""
        chance = np.ones(len(mean))
        for k, low, high in self.limits:
            chance *= between((low - mean[:, k]) / sd[:, k], (high - mean[:, k]) / sd[:, k])
        if thresholds:
            for k, limit in zip(self.columns, self._thresholds(), strict=True):
                chance *= special.ndtr((limit - mean[:, k]) / sd[:, k])
        return chance

    def score(self, x: Array, new: int = 0) -> tuple[Array, Array]:
        """Return the acquisition of a full result, and of a look, at configurations (c, d).

        The first ``new`` are new ones. (c,) each; a look's is the same where no cheap result is in
        hand, or none can count.
        """
        if len(x) == 0:
            return np.zeros(0), np.zeros(0)
        mean, sd = self.models.predict(x)
        if self.target is None or self.look_target is None or self.pursuing:
            chance = self.holds(mean, sd, thresholds=True)
            full = look = chance if self.target is not None else chance * self._unlike(x)
        else:
            chance = self.holds(mean, sd, thresholds=False)
            mean, sd = mean[:, self.columns], sd[:, self.columns]
            full = self.target.gain(mean, sd) * chance
            if new and self.new_target is not None and self.new_target is not self.target:
                full[:new] = self.new_target.gain(mean[:new], sd[:new]) * chance[:new]
            look = full
            if self.look_target is not self.target:
                look = self.look_target.gain(mean, sd) * chance
        if self.models.reliability is not None:
            chance = self.models.reliability.chance(x)
            full, look = full * chance, look * chance
        if self.space.has_priors:
            weight = min(1.0, _PRIOR_WEIGHT / max(len(self.models.table.x), 1))
            belief = np.exp(weight * self.space.log_prior(x))
            full, look = full * belief, look * belief
        return _finite(full), _finite(look)

    def lost(self, chance: float) -> bool:
        """Whether the models lead nowhere, by turns: the best ``chance`` is worse than a blind one.

        While no result meets the outcome constraints; ``chance`` is that one will. A blind one is
        1 / (n + 2) after n configurations of which none did (Laplace's rule of succession). The
        highest of vanishing chances lies where the models are least sure, mostly at corners, and
        these can hide for ever that the space between them is better.
        """
        known = len(np.unique(self.models.table.config))
        return self.pursuing and self._odd and chance < 1.0 / (known + 2.0)

    def _unlike(self, x: Array) -> Array:
        """How unlike the known feasible ones, 0 to 1 (after Malkomes et al. 2021), (c,)."""
        if len(self._holding) == 0:
            return np.ones(len(x))
        scale = np.full(self.space.d, np.log(0.5 * np.sqrt(max(self.space.d, 1))))
        alike = cross(x, self._holding, scale, self.space.kinds).max(axis=1)
        return np.asarray(1.0 - alike + 1e-6)

    def best_known(self) -> Array:
        """Return configurations of best predicted full-task values, at least 6, (c, d)."""
        x = np.unique(self.models.table.x, axis=0)
        if len(x) < _NEAR:
            x = np.vstack([x, self.typical[:_NEAR]])
        if self.pursuing or self.target is None:
            order = np.argsort(-self.holds(*self.models.predict(x), thresholds=True), kind="stable")
            return np.asarray(x[order[:_NEAR]])
        if self.limits:
            mean, sd = self.models.predict(x)
            unlikely = self.holds(mean, sd, thresholds=False) < 0.5
        else:
            mean, unlikely = self.models.mean(x), np.zeros(len(x), dtype=bool)
        if len(self.columns) == 1:
            loss = mean[:, self.columns[0]] + 1e3 * unlikely
            return np.asarray(x[np.argsort(loss, kind="stable")[:_NEAR]])
        if len(x) > _RANKED:
            keep = np.argsort(mean[:, self.columns].sum(axis=1), kind="stable")[:_RANKED]
            x, mean = x[keep], mean[keep]
        rank = ranks(mean[:, self.columns])
        order = np.lexsort((mean[:, self.columns].sum(axis=1), rank))
        return np.asarray(x[order[: max(_NEAR, min(int((rank == 0).sum()), _MOST_NEAR))]])


def _finite(value: Array) -> Array:
    return np.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0)
