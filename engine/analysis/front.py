"""Which trials are best: goals, the Pareto front, near misses. Pure numpy.

Losses are metrics times the objective's sign, so that less is better; only trials that completed
at the full task ever count as best. A configuration that did so several times counts once, as its
first such trial, by the mean of its results (``results``).
"""

import numpy as np

from hpo_tui.engine.analysis.repeats import averaged
from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.spec import Objective, OutcomeConstraint, StudySpec
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState

Goal = Objective | OutcomeConstraint


def column(frame: Frame, metric: str, rows: Index | None = None) -> Array:
    """Return a metric's values (n,), or those of ``rows``.

    NaN where missing or infinite, all NaN if never reported.
    """
    values = frame.metrics.get(metric)
    if values is None:
        return np.full(len(frame) if rows is None else len(rows), np.nan)
    if rows is not None:
        values = values[rows]
    return np.where(np.isfinite(values), values, np.nan)


def losses(frame: Frame, spec: StudySpec) -> Array:
    """Return the objectives as losses, (n, m) in the order of ``spec.objectives``.

    Trials of a configuration that was repeated at the full task have its mean.
    """
    frame = results(frame, spec)[1]
    columns = [o.sign * column(frame, o.metric) for o in spec.objectives]
    return np.stack(columns, axis=1) if columns else np.zeros((len(frame), 0))


def full_mask(frame: Frame, spec: StudySpec) -> Mask:
    """Return which trials (n,) are complete at the full task."""
    complete = frame.state == STATES.index(TrialState.COMPLETE)
    return np.asarray(complete & frame.at_task(spec.full_task.name), dtype=np.bool_)


def results(frame: Frame, spec: StudySpec) -> tuple[Index, Frame]:
    """Return the rows that results are told by, and ``frame`` with the results in them.

    A row is the first complete full-task trial of its configuration; it and the repeats of it hold
    the mean of them all. The frame is the same object where nothing was repeated.
    """
    return averaged(frame, full_mask(frame, spec))


def goal_mask(goal: Goal, values: Array) -> Mask:
    """Return where ``values`` (n,) reach one goal, its threshold or limits, (n,). Never for NaN."""
    if isinstance(goal, Objective):
        if goal.threshold is None:
            return ~np.isnan(values)
        return np.asarray(goal.sign * values <= goal.sign * goal.threshold, dtype=np.bool_)
    met = ~np.isnan(values)
    if goal.min is not None:
        met &= values >= goal.min
    if goal.max is not None:
        met &= values <= goal.max
    return met


def meets_mask(frame: Frame, spec: StudySpec, without: str | None = None) -> Mask:
    """Return which trials (n,), at whatever task, reach every threshold and constraint.

    Those of a configuration that was repeated at the full task do if its mean does. ``without``:
    the metric of an objective whose own threshold is left out of account; it must have a value all
    the same.
    """
    return _meets(results(frame, spec)[1], spec, without)


def _meets(frame: Frame, spec: StudySpec, without: str | None = None) -> Mask:
    met = np.ones(len(frame), dtype=np.bool_)
    for goal in spec.goals:
        values = column(frame, goal.metric)
        met &= ~np.isnan(values) if goal.metric == without else goal_mask(goal, values)
    return met


def tally(frame: Frame, spec: StudySpec, mask: Mask | None = None) -> tuple[int, int]:
    """Return (those that meet all goals, all) of the configurations with a full-task result.

    ``mask``: of those alone whose row it lets be shown.
    """
    rows, frame = results(frame, spec)
    rows = rows if mask is None else rows[mask[rows]]
    return int(_meets(frame, spec)[rows].sum()), len(rows)


def pareto_mask(losses: Array) -> Mask:
    """Return which rows of ``losses`` (n, m) no other row dominates. Rows with NaN never are.

    Equal rows are all kept. O(n log n) for one and two objectives; beyond, a sweep in order of
    the sum, in which only rows found to be on the front can dominate what follows.
    """
    n, m = losses.shape
    mask = np.zeros(n, dtype=np.bool_)
    rows = np.flatnonzero(~np.isnan(losses).any(axis=1))
    if m == 0 or not len(rows):
        return mask
    values = losses[rows]
    if m == 1:
        mask[rows] = values[:, 0] == values.min()
    elif m == 2:
        mask[rows] = _pareto_2d(values)
    else:
        mask[rows] = _pareto_sweep(values)
    return mask


def _pareto_2d(values: Array) -> Mask:
    order = np.lexsort((values[:, 1], values[:, 0]))
    first, second = values[order].T
    starts = np.r_[True, first[1:] != first[:-1]]
    group = np.cumsum(starts) - 1
    lowest = second[starts]  # least second loss among equal first losses
    earlier = np.minimum.accumulate(np.r_[np.inf, lowest])[:-1]
    kept = (second == lowest[group]) & (second < earlier[group])
    mask = np.zeros(len(values), dtype=np.bool_)
    mask[order] = kept
    return mask


def _pareto_sweep(values: Array) -> Mask:
    # Ranks, because a sum of losses of different magnitudes can tie by rounding.
    ranks = np.stack([np.unique(v, return_inverse=True)[1] for v in values.T], axis=1)
    order = np.argsort(ranks.sum(axis=1), kind="stable")
    mask = np.zeros(len(values), dtype=np.bool_)
    front = np.empty_like(ranks)
    size = 0
    for row in order:
        point = ranks[row]
        known = front[:size]
        if ((known <= point).all(axis=1) & (known < point).any(axis=1)).any():
            continue
        front[size] = point
        size += 1
        mask[row] = True
    return mask


def best_rows(frame: Frame, spec: StudySpec) -> Index:
    """Return the rows of the best trials, by the first objective, best first.

    Best are the full-task complete trials that meet all goals; with several objectives their
    Pareto front. Without objectives all that meet, by number. Values are those of the frame that
    ``results`` returns.
    """
    rows, frame = results(frame, spec)
    for goal in spec.goals:
        # Fewer rows with every goal: it pays with a hundred thousand trials.
        rows = rows[goal_mask(goal, column(frame, goal.metric, rows))]
    loss = np.stack(
        [np.zeros(len(rows)), *(o.sign * column(frame, o.metric, rows) for o in spec.objectives)],
        axis=1,
    )[:, 1:]
    if loss.shape[1] == 0:
        return rows
    if loss.shape[1] > 1:
        kept = pareto_mask(loss)
        rows, loss = rows[kept], loss[kept]
    return rows[np.lexsort(loss.T[::-1])]


def front_rows(frame: Frame, spec: StudySpec, best: Index) -> Index:
    """Return those of the rows ``best`` (b,), as of :func:`best_rows`, that none is better than.

    With several objectives all of them are on the front; with one it is the first and its equals.
    Without objectives nothing is better than anything, and there is no front.
    """
    if len(spec.objectives) != 1 or not len(best):
        return best if spec.objectives else best[:0]
    loss = losses(frame, spec)[best, 0]
    return np.asarray(best[loss == loss.min()], dtype=np.intp)


def near_misses(frame: Frame, spec: StudySpec, k: int) -> Index:
    """Return up to ``k`` rows of full-task complete trials that miss a goal, nearest first.

    Nearness is the sum over goals of the shortfall divided by the metric's spread (interquartile
    range over the full-task trials; in log units for objectives that say ``log``, below 0 of the
    distance from it). Trials without a value for a metric with a goal are left out.
    """
    every, frame = results(frame, spec)
    rows = every[~_meets(frame, spec)[every]]
    total = np.zeros(len(rows))
    for goal in spec.goals:
        total += _shortfall(goal, column(frame, goal.metric), every, rows)
    known = np.isfinite(total)
    rows, total = rows[known], total[known]
    return rows[np.argsort(total, kind="stable")[:k]]


def _shortfall(goal: Goal, values: Array, every: Index, rows: Index) -> Array:
    limits: tuple[tuple[float | None, float], ...]
    if isinstance(goal, Objective):
        limits = ((goal.threshold, goal.sign),)
    else:
        limits = ((goal.max, 1.0), (goal.min, -1.0))
    seen = values[every][~np.isnan(values[every])]
    ends = [limit for limit, _ in limits if limit is not None]
    log = isinstance(goal, Objective) and goal.log
    side = side_of_zero(np.append(seen, ends)) if log else 0.0

    def scaled(x: Array) -> Array:
        return by_logarithm(x, side)

    spread = 1.0
    if len(seen):
        first, third = np.quantile(scaled(seen), (0.25, 0.75)).tolist()
        spread = float(third - first) or float(np.ptp(scaled(seen))) or 1.0
    missed = np.where(np.isnan(values[rows]), np.nan, 0.0)
    for limit, sign in limits:
        if limit is not None:
            short = sign * (scaled(values[rows]) - scaled(np.array([limit])))
            missed += np.maximum(short, 0.0) / spread
    return missed


def side_of_zero(values: Array) -> float:
    """Return on which side of 0 all values lie: 1 above, -1 below, 0 where some lie on another."""
    return next((side for side in (1.0, -1.0) if (side * values > 0).all()), 0.0)


def by_logarithm(values: Array, side: float) -> Array:
    """Return values by the logarithm of their distance from 0 if they lie on one ``side`` of it.

    They keep their order. As they are where ``side`` is 0.
    """
    return np.asarray(side * np.log(side * values) if side else values, dtype=np.float64)


def finish_order(frame: Frame) -> Index:
    """Return all rows in the order in which the trials ended; those without an end come last."""
    return np.lexsort((frame.number, np.where(np.isnan(frame.ended), np.inf, frame.ended)))


def best_so_far(frame: Frame, spec: StudySpec, objective: Objective) -> tuple[Index, Array]:
    """Return (rows, values): the trials that improved ``objective``, in order of their end.

    Full-task complete trials count when they meet every other goal; the objective's own threshold
    is left out, so that the way up to it shows. Repeats tell on the first trial of theirs: the line
    ends at the best.
    """
    first, frame = results(frame, spec)
    counted = np.zeros(len(frame), dtype=np.bool_)
    counted[first] = _meets(frame, spec, without=objective.metric)[first]
    order = finish_order(frame)
    rows = order[counted[order]]
    loss = objective.sign * column(frame, objective.metric)[rows]
    before = np.minimum.accumulate(np.r_[np.inf, loss])[:-1]
    better = loss < before
    return rows[better], objective.sign * loss[better]
