"""Predicts the end of a running trial from its present value and from earlier learning curves.

The final values of earlier trials at the same task are regressed on their values at the same step.
So a schedule that follows the task's length is taken into account, and a metric that grows by a
factor, as time does, is predicted no worse than one that grows by a difference. Shapes: n earlier
trials, k metrics.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.summaries import summarized

ENOUGH = 4
"""Earlier trials with a value at the same step from which on an end is predicted."""
_LEAST_SPREAD = 0.02
"""Spread of a prediction at least, as a share of the range of the earlier trials' ends."""
_HUGE = 1e100
"""Size to which values are limited, so that their squares are finite."""


def bounded(values: Array) -> Array:
    """Return values that can be squared: NaN where not finite, at most 1e100 in size."""
    return np.where(np.isfinite(values), np.clip(values, -_HUGE, _HUGE), np.nan)


def comparable(trials: Iterable[Trial], trial: Trial) -> list[Trial]:
    """Those of ``trials`` that a trial's curve can be told by: ended at its task, with reports."""
    return [
        t
        for t in trials
        if t.task == trial.task and t.state == "complete" and t.reports and t.repeat == 0
    ]


def values_at(spec: StudySpec, trials: Sequence[Trial], step: int, names: Sequence[str]) -> Array:
    """Metrics of trials as they stood at a step, NaN where there was none, (n, k)."""
    out = np.full((len(trials), len(names)), np.nan)
    for i, trial in enumerate(trials):
        metrics = summarized(spec, (m for at, m in trial.reports if at <= step))
        out[i] = [metrics.get(n, np.nan) for n in names]
    return bounded(out)


def ends(trials: Sequence[Trial], names: Sequence[str]) -> Array:
    """Results of trials that have ended, (n, k)."""
    found = [[t.metrics.get(n, np.nan) for n in names] for t in trials]
    return bounded(np.array(found, dtype=float).reshape(len(trials), len(names)))


def outlook(now: Array, then: Array, end: Array) -> tuple[Array, Array] | None:
    """Centre and spread (k,) of where values ``now`` (k,) end; ``then`` and ``end`` are (n, k).

    None where ``now`` lacks a metric, or fewer than 4 trials can be compared with. Ridge regression
    (Hoerl & Kennard 1970), each metric by itself, its slope drawn towards 1 by the weight of one
    trial; the spread is that of a new observation, wider where few are known. Where what stood
    worse ended better, the values at that step are taken to tell nothing: that the best would end
    worst does not follow.
    """
    whole = np.all(np.isfinite(then) & np.isfinite(end), axis=1)
    then, end = then[whole], end[whole]
    n = len(end)
    if n < ENOUGH or not np.all(np.isfinite(now)):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        gap, rise, off = then - then.mean(axis=0), end - end.mean(axis=0), now - then.mean(axis=0)
        square = (gap * gap).sum(axis=0)
        one = np.maximum(square / n, 1e-300)
        slope = np.maximum(((gap * rise).sum(axis=0) + one) / (square + one), 0.0)
        centre = bounded(end.mean(axis=0) + slope * off)
        left = rise - slope * gap
        spread = np.sqrt((left * left).sum(axis=0) / (n - 1))
        spread = np.maximum(spread, 1e-9 + _LEAST_SPREAD * np.ptp(end, axis=0)) * (1 + 2 / n)
        spread = np.minimum(spread * np.sqrt(1 + 1 / n + off * off / (square + one)), _HUGE)
    return (centre, spread) if np.all(np.isfinite([centre, spread])) else None
