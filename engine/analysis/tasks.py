"""What the cheap tasks are worth: whether they rank configurations as the full task does."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.analysis import front
from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.spec import StudySpec, Task
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

FEWEST = 6
"""Configurations run at both tasks below which no judgement is passed."""
FEWEST_PAIRS = 3
"""Pairs from which on there is a rank correlation."""
_FEW = 10
"""Pairs below which a range that is but a little narrower matters too."""
_NARROW, _NARROWER = 0.75, 0.9
"""Shares of the range below which pairs are too much alike to show how well they are told apart."""
_HIGH = 0.9
"""A correlation that needs no excuse."""


@dataclass(frozen=True, slots=True)
class TaskAssessment:
    """A cheap task seen against the full one, for one metric.

    ``correlation`` is Spearman's, over the ``pairs`` configurations complete at both tasks, with
    its 95 % interval ``low`` … ``high`` (NaN where unknown). ``regret``: how much worse, in the
    metric's own unit, the full result of the configuration that this task ranks first is than the
    best full result among the pairs. ``measured``: the task's running time as a share of the full
    task's, NaN where unknown; with checkpoints what earlier tasks took is counted in.
    ``reach``: how far the pairs lie apart among all results at the task, as a share of what all of
    these do; NaN where unknown.
    """

    task: str
    metric: str
    pairs: int
    correlation: float
    low: float
    high: float
    regret: float
    declared: float
    measured: float
    advice: str
    reach: float = math.nan

    @property
    def narrow(self) -> bool:
        """Whether the correlation over all configurations is probably higher than of these pairs.

        Those that go on to the full task were good already, and what lies close together is hard to
        rank: the restricted range of Thorndike (Personnel selection, 1949).
        """
        limit = _NARROWER if self.pairs < _FEW else _NARROW
        return self.correlation < _HIGH and self.reach < limit


def assess_tasks(frame: Frame, spec: StudySpec) -> list[TaskAssessment]:
    """Return an assessment per task but the full one (cheapest first) and metric with a goal."""
    times = _total_times(frame)
    full_time = _median_time(frame, spec.full_task, times)
    found = []
    for task in spec.tasks_by_cost[:-1]:
        measured = _median_time(frame, task, times) / full_time if full_time > 0 else math.nan
        found += [_assess(frame, spec, task, metric, measured) for metric in spec.metric_names]
    return found


def _assess(
    frame: Frame, spec: StudySpec, task: Task, metric: str, measured: float
) -> TaskAssessment:
    cheap, full, reach = _pairs(frame, spec, task, metric)
    pairs = len(cheap)
    correlation, low, high = spearman(cheap, full)
    cost = measured if measured > 0 else task.cost
    return TaskAssessment(
        task=task.name,
        metric=metric,
        pairs=pairs,
        correlation=correlation,
        low=low,
        high=high,
        regret=_regret(spec, metric, cheap, full),
        declared=task.cost,
        measured=measured,
        advice=_advice(pairs, (correlation, low, high), cost),
        reach=reach,
    )


def _pairs(frame: Frame, spec: StudySpec, task: Task, metric: str) -> tuple[Array, Array, float]:
    """Return the metric of the configurations complete at both tasks: (at ``task``, at full).

    The third is their reach among all that are complete at ``task``.
    """
    values = front.column(frame, metric)
    done = frame.in_state(TrialState.COMPLETE) & ~np.isnan(values)
    cheap = _means(frame, values, done & frame.at_task(task.name))
    full = _means(frame, values, done & frame.at_task(spec.full_task.name))
    both, at, of = np.intersect1d(cheap[0], full[0], return_indices=True)
    del both
    return cheap[1][at], full[1][of], _reach(cheap[1], at)


def _reach(values: Array, at: Index) -> float:
    """Return how far those ``at`` lie apart, as a share of what all do; by rank."""
    if len(at) < 2 or np.ptp(values) == 0:
        return math.nan
    rank = ranks(values)
    return float(np.std(rank[at], ddof=1) / np.std(rank, ddof=1))


def _means(frame: Frame, values: Array, chosen: Mask) -> tuple[NDArray[np.int64], Array]:
    """Return (configurations, mean value over repeats) of the chosen trials."""
    configurations, at = np.unique(frame.configuration[chosen], return_inverse=True)
    if not len(configurations):
        return configurations, np.zeros(0)
    return configurations, np.bincount(at, weights=values[chosen]) / np.bincount(at)


def spearman(a: Array, b: Array) -> tuple[float, float, float]:
    """Return Spearman's rank correlation of ``a`` and ``b``, (n,) each, and its 95 % interval.

    NaN for fewer than four pairs, or if either does not vary.

    The interval is Fisher's with the variance of Bonett and Wright, Psychometrika 65 (2000). Pairs
    in perfect order, as few pairs can be by chance, count as half-way to the next lower value that
    so many pairs can have: Fisher's would leave no doubt at all.
    """
    n, nan = len(a), math.nan
    rho = rank_correlation(a, b)
    if n < 4 or rho is None:
        return nan, nan, nan
    most = 1 - 6 / (n * (n * n - 1))
    held = min(max(rho, -most), most)
    z = math.atanh(held)
    reach = 1.96 * math.sqrt((1 + held * held / 2) / (n - 3))
    return rho, min(math.tanh(z - reach), rho), max(math.tanh(z + reach), rho)


def rank_correlation(a: Array, b: Array) -> float | None:
    """Return Spearman's rank correlation of ``a`` and ``b``, (n,) each.

    None for fewer than three pairs, or if either does not vary.
    """
    if len(a) < FEWEST_PAIRS or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def ranks(values: Array) -> Array:
    """Return ranks from 1, equal values sharing the mean of theirs (without importing scipy)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse], dtype=np.float64)


def _regret(spec: StudySpec, metric: str, cheap: Array, full: Array) -> float:
    goal = next((o for o in spec.objectives if o.metric == metric), None)
    if goal is None or not len(cheap):
        return math.nan
    chosen = int(np.argmin(goal.sign * cheap))
    return float(goal.sign * full[chosen] - (goal.sign * full).min())


def _advice(pairs: int, interval: tuple[float, float, float], cost: float) -> str:
    """Say whether the task is worth its money.

    A cheap result with correlation r tells r² of the variance of the full one, so a task pays when
    r² exceeds its cost: as many looks for the same money say more (the argument of control
    variates: Peherstorfer, Willcox and Gunzburger, SIAM Review 60, 2018, section 3.2).
    """
    rho, low, high = interval
    if pairs < FEWEST:
        have = "1 configuration has" if pairs == 1 else f"{pairs} configurations have"
        return f"too few pairs to judge: {have} run at both tasks, {FEWEST} are needed"
    if math.isnan(rho):
        return "not to be judged: at one of the two tasks all results are the same"
    worth, at_least = _share(rho), _share(low)
    if high <= 0.1:
        return "misleads: what is good here is no better at the full task; leave this task out"
    if at_least > cost:
        said = (
            f"ranks configurations as the full task does (at least {low:.2f}), for {_percent(cost)}"
        )
        return f"worth its cost: {said}"
    if worth > cost:
        return f"probably worth its cost; the interval is wide ({low:.2f} to {high:.2f})"
    if _share(high) < cost:
        return "not worth its cost: the same cost at a more expensive task says more"
    return f"doubtful: a correlation of {rho:.2f} hardly pays for {_percent(cost)} of the full cost"


def _percent(cost: float) -> str:
    return f"{cost:.0%}" if cost >= 0.01 else f"{100 * cost:.2g}%"


def _share(rho: float) -> float:
    return rho * rho if rho > 0 else 0.0


def _total_times(frame: Frame) -> Array:
    """Return running times (n,) with those of the trials that each was resumed from."""
    total = frame.duration.copy()
    parents = np.searchsorted(frame.number, frame.resumed_from)
    resumed = np.flatnonzero(frame.resumed_from > 0)
    parents = np.clip(parents, 0, max(len(frame) - 1, 0))
    known = frame.number[parents[resumed]] == frame.resumed_from[resumed]
    total[resumed[~known]] = np.nan
    # A trial's number is above that of the one it goes on from: one pass, oldest first.
    for row in resumed[known].tolist():
        total[row] += total[parents[row]]
    return total


def _median_time(frame: Frame, task: Task, times: Array) -> float:
    chosen = times[frame.at_task(task.name) & frame.in_state(TrialState.COMPLETE)]
    chosen = chosen[np.isfinite(chosen)]
    return float(np.median(chosen)) if len(chosen) else math.nan
