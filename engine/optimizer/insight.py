"""What the cheap tasks tell about the full one: correlation with an interval, and a verdict."""

import math

import numpy as np
from scipy import stats

from hpo_tui.engine.optimizer.api import TaskInsight
from hpo_tui.engine.optimizer.axes import Array
from hpo_tui.engine.optimizer.ledger import Ledger
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.optimizer.trust import TRUSTED
from hpo_tui.engine.spec.model import StudySpec


def insights(spec: StudySpec, ledger: Ledger, search: Search) -> list[TaskInsight]:
    """One line per cheap task and metric.

    The correlation is the model's, between two functions of the configuration; where the model has
    left the cheap rows out, the pairs' rank correlation, shrunk by n / (n + 2). The interval is
    Fisher's, with as many pairs as were run at both tasks and a prior worth five pairs.
    """
    models = search.models(ledger)
    out = []
    for t in range(ledger.full):
        for k, metric in enumerate(spec.metric_names):
            low_values, full_values = paired(ledger, t, metric)
            pairs = len(low_values)
            rank = _spearman(low_values, full_values)
            r = 0.0 if models is None else models.posteriors[k].correlation(t)
            if models is not None and models.trust[k] < TRUSTED:
                r = (rank or 0.0) * pairs / (pairs + 2.0)
            low, high = fisher(r, pairs + 5)
            name = ledger.task_names[t]
            verdict = _verdict(name, metric, r, (low, high), pairs)
            out.append(TaskInsight(name, metric, r, low, high, rank, pairs, verdict))
    return out


def paired(ledger: Ledger, task: int, metric: str) -> tuple[Array, Array]:
    """Values of configurations run both at a task and at the full one."""
    low, high = [], []
    for trials in ledger.of_configuration.values():
        at = {t.task: t.metrics.get(metric, math.nan) for t in trials
              if t.state == "complete" and t.repeat == 0}  # fmt: skip
        a, b = at.get(task, math.nan), at.get(ledger.full, math.nan)
        if math.isfinite(a) and math.isfinite(b):
            low.append(min(max(a, -1e100), 1e100))
            high.append(min(max(b, -1e100), 1e100))
    return np.array(low), np.array(high)


def fisher(r: float, n: int) -> tuple[float, float]:
    """95 % interval of a correlation from ``n`` pairs, by Fisher's z."""
    z = math.atanh(min(max(r, -0.9999), 0.9999))
    half = 1.96 / math.sqrt(max(n - 3, 1))
    return math.tanh(z - half), math.tanh(z + half)


def _spearman(a: Array, b: Array) -> float | None:
    """Rank correlation, None with fewer than three pairs or constant values."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(stats.spearmanr(a, b).statistic)


def _verdict(task: str, metric: str, r: float, ends: tuple[float, float], pairs: int) -> str:
    """In words, whether the task is worth its money for this metric."""
    low, high = ends
    if pairs < 2:
        return f"too few configurations were run at both tasks to say what {task} tells of {metric}"
    if high < 0:
        return f"{task} is reversed for {metric}: what is good there is bad at the full task"
    if r < 0.3:
        return f"{task} tells little about {metric}: consider dropping or raising it"
    if low > 0.5:
        return f"{task} predicts {metric} well"
    return f"{task} tells something about {metric}"
