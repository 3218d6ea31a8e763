"""How much of what is looked for the full-task trials cover together: hypervolume. Pure numpy.

A *box* lies between a reference and the best values seen, over the objectives. A trial covers the
part of it in which nothing is better than the trial in any objective. Shapes: n trials, m
objectives, k points, b boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis.front import (
    by_logarithm,
    column,
    finish_order,
    full_mask,
    goal_mask,
    results,
    side_of_zero,
)
from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.spec import Objective, StudySpec
from hpo_tui.store.frame import Frame

Studied = tuple[Frame, StudySpec]

MOST_BOXES = 200_000
"""Open boxes that are still cut up: seconds of work. Five objectives and more can reach it."""
_AT_LEAST = 250
"""Boxes up to which it never pays to make them anew."""
_REACH = 3.0
"""Interquartile ranges beyond the quartiles from which a bad result is a far outlier, as charts
have it that draw it at the end of an axis."""
_FEW = 8
"""Results from which quartiles tell that."""
_BEYOND = 0.1
"""Part of the range of results by which a reference lies beyond the worst, so that it counts too:
the smallest network is often the least accurate, and nonetheless a compromise."""


@dataclass(frozen=True, slots=True)
class Box:
    """What shares are of, one entry an objective.

    ``worst`` and ``best``: its corners as losses (less is better). ``sides``: on which side of 0
    those lie that are measured by the logarithm of their distance from it, 0 for the others. Where
    no trial lies inside, ``best`` is no better than ``worst``.
    """

    objectives: tuple[Objective, ...]
    sides: tuple[float, ...]
    worst: Array
    best: Array

    @property
    def empty(self) -> bool:
        """Whether no trial is better than the reference in every objective."""
        return not bool((self.best < self.worst).all())

    @property
    def reference(self) -> tuple[float, ...]:
        """The reference in the metrics' own units."""
        said = zip(self.objectives, self.sides, self.worst.tolist(), strict=True)
        return tuple(
            float(side * np.exp(o.sign * side * w)) if side else o.sign * w for o, side, w in said
        )

    def gains(self, frame: Frame, rows: Index) -> Array:
        """Return how far ``rows`` (k,) come from reference to best seen, (k, m) from 0 to 1."""
        loss = _losses(frame, self.objectives, self.sides, rows)
        with np.errstate(all="ignore"):
            share = (self.worst - loss) / (self.worst - self.best)
        return np.clip(np.nan_to_num(share, nan=0.0), 0.0, 1.0)


def box_of(studies: Sequence[Studied], metrics: Sequence[str]) -> Box:
    """Return the box over the objectives ``metrics``, one for all of ``studies``.

    The reference is an objective's threshold, the loosest where several studies have it; where one
    has none, it lies a tenth of their range beyond the worst full-task result that is no far
    outlier. Logarithms are taken where every study's objective says ``log`` and all of these lie on
    one side of 0.
    """
    many = [[_objective(spec, m) for m in metrics] for _, spec in studies]
    same = list(zip(*many, strict=True))  # by objective, then by study
    frames = [results(frame, spec) for frame, spec in studies]
    sides, worst = [], []
    for of in same:
        seen = np.concatenate([column(f, of[0].metric, rows) for rows, f in frames])
        seen = seen[~np.isnan(seen)]
        limits = [o.threshold for o in of if o.threshold is not None]
        log = all(o.log for o in of)
        sides.append(side_of_zero(np.append(seen, limits)) if log else 0.0)
        loss = _scaled(of[0], seen, sides[-1])
        if len(limits) == len(of):
            worst.append(float(_scaled(of[0], np.array(limits), sides[-1]).max()))
        else:
            worst.append(_beyond(loss))
    first, ends = tuple(many[0]), np.array(worst)
    inside = [np.full((1, len(ends)), np.inf)]
    for (_, spec), (rows, means) in zip(studies, frames, strict=True):
        counted = rows[_counted(means, spec, metrics)[rows]]
        loss = _losses(means, first, sides, counted)
        inside.append(loss[(loss < ends).all(axis=1)])
    best = np.minimum(np.concatenate(inside).min(axis=0), ends)
    return Box(first, tuple(sides), ends, best)


def volume_so_far(frame: Frame, spec: StudySpec, box: Box) -> tuple[Index, Array] | None:
    """Return (rows, shares): the trials that raised the share of ``box`` covered, by their end.

    Full-task complete trials count when they meet every constraint, and every goal of objectives
    that the box is not of. Repeats tell on the first trial of theirs. None where the front is too
    large to be computed.
    """
    first, means = results(frame, spec)
    counted = np.zeros(len(frame), dtype=np.bool_)
    metrics = [o.metric for o in box.objectives]
    counted[first] = _counted(means, spec, metrics)[first]
    order = finish_order(frame)
    rows = order[counted[order]]
    if box.empty:
        return rows[:0], np.zeros(0)
    shares = covered(box.gains(means, rows))
    if shares is None:
        return None
    raised = shares > np.r_[0.0, shares[:-1]]
    return rows[raised], shares[raised]


def covered(gains: Array) -> Array | None:
    """Return the volume that the first 1, 2, … k of ``gains`` (k, m) cover of the unit cube, (k,).

    A point covers what lies between the origin and itself. What nothing covers is kept as disjoint
    boxes: a point takes its part of those that it reaches, and what is left of each is cut into
    boxes again. Only what is new is added, so the volume is exact and never falls. None where there
    would be more than ``MOST_BOXES``.
    """
    k, m = gains.shape
    out, total = np.zeros(k), 0.0
    front = np.zeros((m, 0))
    free, few = _Free(m), _AT_LEAST
    for i, point in enumerate(gains[:, :, None]):
        if (point > 0).all() and not (front >= point).all(axis=0).any():
            front = np.concatenate([front[:, ~(front <= point).all(axis=0)], point], axis=1)
            total = min(total + free.take(point), 1.0)
            if free.count > 2 * few:  # cut by points that the front has left behind
                free = _free_of(front)
                few = max(free.count, _AT_LEAST)
            if free.count > MOST_BOXES:
                return None
        out[i] = total
    return out


def _free_of(front: Array) -> "_Free":
    """Return what a front (m, k) leaves; the best on the whole come first: they cut least."""
    free = _Free(len(front))
    for i in np.argsort(-front.sum(axis=0), kind="stable"):
        free.take(front[:, [i]])
        if free.count > MOST_BOXES:
            break
    return free


class _Free:
    """What no point covers yet of the unit cube: disjoint boxes, in arrays with room to grow."""

    def __init__(self, m: int) -> None:
        self._low, self._high = np.zeros((m, 1)), np.ones((m, 1))
        self.count = 1

    def take(self, point: Array) -> float:
        """Take away what ``point`` (m, 1) covers; return its volume."""
        hit = np.flatnonzero((self._low[:, : self.count] < point).all(axis=0))
        low, high = self._low[:, hit], self._high[:, hit]
        reach = np.minimum(high, point)
        gained = float(np.prod(reach - low, axis=0).sum())
        self._replace(hit, *_rest(low, high, reach))
        return gained

    def _replace(self, gone: Index, low: Array, high: Array) -> None:
        """Put boxes (m, b) into the places of those that are gone, and behind the last."""
        more = low.shape[1] - len(gone)
        end = self.count + more
        if end > self._low.shape[1]:
            room = np.zeros((len(low), end))
            self._low = np.concatenate([self._low, room], axis=1)
            self._high = np.concatenate([self._high, room], axis=1)
        if more < 0:  # the last ones move up into the places that stay empty
            empty, last = gone[low.shape[1] :], np.arange(end, self.count)
            moved = last[~np.isin(last, gone)]
            gone = np.concatenate([gone[: low.shape[1]], empty[empty < end]])
            low = np.concatenate([low, self._low[:, moved]], axis=1)
            high = np.concatenate([high, self._high[:, moved]], axis=1)
        at = np.concatenate([gone, np.arange(self.count, max(end, self.count))])
        self._low[:, at], self._high[:, at] = low, high
        self.count = end


def _rest(low: Array, high: Array, reach: Array) -> tuple[Array, Array]:
    """Return what is left of boxes (m, b) when what lies below ``reach`` (m, b) is taken away.

    Along one objective after the other: what lies above the reach there is left, and the next is
    looked at below it alone.
    """
    lows, highs = [low[:, :0]], [high[:, :0]]
    for j in range(len(low)):
        above = high[j] > reach[j]
        rest = low[:, above]
        rest[j] = reach[j, above]
        lows.append(rest)
        highs.append(high[:, above])
        high = np.concatenate([high[:j], reach[j : j + 1], high[j + 1 :]])
    return np.concatenate(lows, axis=1), np.concatenate(highs, axis=1)


def _objective(spec: StudySpec, metric: str) -> Objective:
    return next(o for o in spec.objectives if o.metric == metric)


def _scaled(objective: Objective, values: Array, side: float) -> Array:
    """Return values as losses, or the logarithms of them as such; of another side none has one."""
    with np.errstate(all="ignore"):
        return objective.sign * by_logarithm(values, side)


def _losses(
    frame: Frame, objectives: Sequence[Objective], sides: Sequence[float], rows: Index
) -> Array:
    said = zip(objectives, sides, strict=True)
    return np.stack([_scaled(o, column(frame, o.metric, rows), of) for o, of in said], axis=1)


def _beyond(loss: Array) -> float:
    """Return what lies beyond the worst of known losses that is no far outlier, -inf for none."""
    if not len(loss):
        return -np.inf
    worst = float(loss.max())
    first, third = np.quantile(loss, (0.25, 0.75))
    reach = _REACH * float(third - first)
    if len(loss) >= _FEW and reach > 0:
        worst = float(loss[loss <= third + reach].max())
    return worst + _BEYOND * (worst - float(loss.min()))


def _counted(frame: Frame, spec: StudySpec, metrics: Sequence[str]) -> Mask:
    """Return which trials (n,) have all ``metrics`` and meet what is asked for beside them."""
    met = full_mask(frame, spec)
    for goal in spec.goals:
        values = column(frame, goal.metric)
        known = isinstance(goal, Objective) and goal.metric in metrics
        met &= ~np.isnan(values) if known else goal_mask(goal, values)
    return met
