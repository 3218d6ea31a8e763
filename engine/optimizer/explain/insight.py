"""What cheap tasks tell about the full one, and earlier studies about this one.

Of each a correlation with an interval, and a verdict in words.
"""

import math

import numpy as np

from hpo_tui.engine.analysis.tasks import FEWEST_PAIRS, rank_correlation
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.api import EarlierInsight, TaskInsight
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.curves import bounded
from hpo_tui.engine.optimizer.models.guess import FEWEST, Guess
from hpo_tui.engine.optimizer.models.trust import TRUSTED
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.optimizer.table import signs
from hpo_tui.engine.spec.names import listing


def insights(history: TrialHistory, search: Search) -> list[TaskInsight]:
    """One line per cheap task and metric.

    The correlation is the model's, between two functions of the configuration; where the model has
    left the cheap rows out, the pairs' rank correlation, shrunk by n / (n + 2). The interval is
    Fisher's, with as many pairs as were run at both tasks and a prior worth five pairs. What the
    screens show is another answer, of :func:`hpo_tui.engine.analysis.tasks.assess_tasks`: from the
    results alone, without a model, and with what the task costs.
    """
    models = search.models(history)
    metrics = history.spec.metric_names
    out = []
    for t in range(history.full):
        for k, metric in enumerate(metrics):
            low_values, full_values = paired(history, t, metric)
            pairs = len(low_values)
            rank = rank_correlation(low_values, full_values)
            r = 0.0 if models is None else models.posteriors[k].correlation(t)
            if models is not None and models.trust[k] < TRUSTED:
                r = (rank or 0.0) * pairs / (pairs + 2.0)
            low, high = fisher(r, pairs + 5)
            name = history.task_names[t]
            verdict = _verdict(name, metric, r, (low, high), pairs)
            out.append(TaskInsight(name, metric, r, low, high, rank, pairs, verdict))
    return out


def learned(history: TrialHistory, search: Search) -> list[EarlierInsight]:
    """One line per earlier study and metric.

    The interval is Fisher's around the correlation shrunk by n / (n + 2): of three pairs one set in
    six is in perfect order by chance.
    """
    return [
        _holds(history, search, guess, metric)
        for guess in search.guesses
        for metric in history.spec.metric_names
    ]


def _holds(history: TrialHistory, search: Search, guess: Guess, metric: str) -> EarlierInsight:
    """Return how far one guess at a metric holds."""
    x, values = _most_run(history, search, metric)
    rank: float | None = None
    if metric in guess.metrics and len(x):
        sign = signs(history.spec)[history.spec.metric_names.index(metric)]
        rank = rank_correlation(guess.says(metric, x), sign * values)
    pairs = len(x)
    low, high = fisher((rank or 0.0) * pairs / (pairs + 2.0), pairs)
    if rank is None:
        verdict = _untold(guess, metric, pairs)
    else:
        low, high = min(low, rank), max(high, rank)
        verdict = _learned(guess.name, metric, rank, (low, high))
        verdict += f"; weight {_weight(history, search, guess, metric):+.2f}"
    return EarlierInsight(guess.name, metric, guess.rows, rank, low, high, pairs, verdict)


def _weight(history: TrialHistory, search: Search, guess: Guess, metric: str) -> float:
    """Return what one guess at a metric counts for: the slope along it."""
    models = search.models(history)
    assert models is not None
    k = history.spec.metric_names.index(metric)
    those = [g for g in search.guesses if metric in g.metrics]
    return float(models.posteriors[k].slopes()[those.index(guess)])


def _most_run(history: TrialHistory, search: Search, metric: str) -> tuple[Array, Array]:
    """Return the configurations at the task that most were run at, (n, d), and a metric, (n,)."""
    found: dict[int, list[tuple[Array, float]]] = {}
    for trials in history.of_configuration.values():
        for t in trials:
            value = t.metrics.get(metric, math.nan)
            x = search.builder.encoded(t)
            if t.state == "complete" and t.repeat == 0 and math.isfinite(value) and x is not None:
                found.setdefault(t.task, []).append((x, value))
    most = max(found.values(), key=len, default=[])
    return (
        np.array([x for x, _ in most]).reshape(len(most), search.space.d),
        bounded(np.array([v for _, v in most])),
    )


def _untold(guess: Guess, metric: str, pairs: int) -> str:
    """In words, why there is no telling yet what an earlier study is worth for a metric."""
    name = guess.name
    if not guess.rows:
        why = f": {guess.misfit}" if guess.misfit else ""
        none = f"no result of {name} has a place in this space{why}"
        return none if guess.found else f"{name} had no result yet when it was read"
    if guess.spoken[metric] and metric not in guess.metrics:
        few = f"{name} has too few results of {metric} here to say anything"
        lacks = f"{name} had none of the parameters that are searched here"
        return few if guess.spoken[metric] < FEWEST else lacks
    if metric not in guess.metrics:
        others = sorted(guess.other_metrics)
        known = f", only of {listing(others, most=4)}" if others else ""
        return f"{name} says nothing of {metric}{known}"
    if pairs < FEWEST_PAIRS:
        return f"too few results here to say what {name} is worth for {metric}"
    return f"{metric} is the same in all results here, or {name} says so: nothing to compare"


def _learned(name: str, metric: str, rank: float, ends: tuple[float, float]) -> str:
    """In words, what an earlier study is worth for a metric."""
    low, high = ends
    if low > 0.3:
        return f"{name} predicts {metric}"
    if high < 0:
        return f"{name} is the other way round for {metric}"
    if rank < -0.3:
        return f"{name} looks the other way round for {metric} so far"
    if rank < 0.3:
        return f"{name} says little about {metric}"
    return f"{name} says something about {metric}"


def paired(history: TrialHistory, task: int, metric: str) -> tuple[Array, Array]:
    """Return a metric of the p configurations run both at a task and at the full one, (p,) each."""
    low, high = [], []
    for trials in history.of_configuration.values():
        at = {t.task: t.metrics.get(metric, math.nan) for t in trials
              if t.state == "complete" and t.repeat == 0}  # fmt: skip
        a, b = at.get(task, math.nan), at.get(history.full, math.nan)
        if math.isfinite(a) and math.isfinite(b):
            low.append(a)
            high.append(b)
    return bounded(np.array(low)), bounded(np.array(high))


def fisher(r: float, n: int) -> tuple[float, float]:
    """95 % interval of a correlation from ``n`` pairs, by Fisher's z."""
    z = math.atanh(min(max(r, -0.9999), 0.9999))
    half = 1.96 / math.sqrt(max(n - 3, 1))
    return math.tanh(z - half), math.tanh(z + half)


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
