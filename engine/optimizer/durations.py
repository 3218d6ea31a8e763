"""What trials take: measured prices of configurations and tasks, and when the budget is spent.

Log seconds from scratch = a level per task + a quadratic in the coordinates, by ridge regression
around zero (Hoerl & Kennard 1970): with little data every configuration costs what its task does.
"""

import math
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.encoding.columns import centred
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.table import TableBuilder

_ENOUGH = 3
"""Timed trials of a task from which on its time is known."""
_RIDGE, _ROUNDS = 1.0, 5
"""Ridge penalty of the weights, and how often levels and weights are fitted in turn."""
_MOST = 8.0
"""Times a typical configuration's cost that another one is taken to cost at most."""
_RISE = 0.98
"""A task costs at most so much of the next dearer one, whatever their times say."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Costs of the tasks for a typical configuration, and the model of the others.

    ``costs``: full-task units, the full task 1. ``weights`` belong to :func:`_features`.
    """

    costs: list[float]
    weights: Array
    space: Space

    def factor(self, x: Array) -> Array:
        """How many times a typical configuration's cost each of ``x`` takes, 1/8 to 8, (c,)."""
        log = _features(self.space, x) @ self.weights
        return np.asarray(np.exp(np.clip(log, -math.log(_MOST), math.log(_MOST))))


class Durations:
    """Reads durations off the history."""

    def __init__(self, space: Space, builder: TableBuilder) -> None:
        self.space, self.builder = space, builder

    def prices(self, history: TrialHistory) -> Prices | None:
        """Return measured prices; None until some task has been timed three times.

        A task that is seldom run takes as many times its declared cost as those next to it.
        """
        rows = [
            (t, s, x) for t, s in self._timed(history) if (x := self.builder.encoded(t)) is not None
        ]
        at = np.array([t.task for t, _, _ in rows], dtype=np.intp)
        known = np.flatnonzero(np.bincount(at, minlength=history.full + 1) >= _ENOUGH)
        if len(known) == 0:
            return None
        used = np.isin(at, known)
        at = np.searchsorted(known, at[used])
        log = np.log([s for _, s, _ in rows])[used]
        features = _features(self.space, np.array([x for _, _, x in rows])[used])
        level, weights = _fitted(log, at, features)
        declared = np.log(history.costs)
        each = declared + np.interp(declared, declared[known], level - declared[known])
        costs = [math.exp(min(float(v - each[-1]), 0.0)) for v in each]
        costs[-1] = 1.0
        for i in range(len(costs) - 2, -1, -1):  # what goes on for nothing would always be best
            costs[i] = min(costs[i], _RISE * costs[i + 1])
        return Prices(costs, weights, self.space)

    def _timed(self, history: TrialHistory) -> list[tuple[Trial, float]]:
        """Return finished trials with the seconds from scratch, resumed ones with their past."""
        out = []
        for trial in history.trials.values():
            if trial.state != "complete" or trial.duration is None:
                continue
            total, before = trial.duration, trial.resume_from
            while before is not None and before in history.trials:
                total += history.trials[before].duration or 0.0
                before = history.trials[before].resume_from
            out.append((trial, total))
        return out

    def rate(self, history: TrialHistory, *, by_count: bool) -> float | None:
        """Return seconds per full-task unit, or per trial; None before any has ended.

        The median of each task, by its part of what was spent: a short run takes longer for its
        cost, since it has to begin as well.
        """
        rates: dict[int, list[float]] = {}
        costs: dict[int, float] = {}
        for t in history.trials.values():
            if t.duration is not None and t.state == "complete" and t.cost > 0:
                cost = 1.0 if by_count else t.cost
                rates.setdefault(t.task, []).append(t.duration / cost)
                costs[t.task] = costs.get(t.task, 0.0) + cost
        if not rates:
            return None
        return float(sum(np.median(rates[t]) * costs[t] for t in rates) / sum(costs.values()))

    def eta(
        self, history: TrialHistory, left: float, workers: int, *, by_count: bool
    ) -> float | None:
        """Return seconds until ``left`` is spent by so many trials at once."""
        rate = self.rate(history, by_count=by_count)
        if rate is None:
            return None
        under_way = sum(1.0 if by_count else t.cost for t in history.running())
        return rate * (max(left, 0.0) + 0.5 * under_way) / max(workers, 1)


def _fitted(log: Array, at: Index, features: Array) -> tuple[Array, Array]:
    """Return the level of each task, (T,), and the weights of ``features`` (n, f), (f,).

    By turns: a task's level is a median, so that a run that hung does not move it.
    """
    weights: Array = np.zeros(features.shape[1])
    gram = features.T @ features + _RIDGE * np.eye(features.shape[1])
    for _ in range(_ROUNDS):
        rest: Array = log - features @ weights
        level = np.array([float(np.median(rest[at == i])) for i in range(int(at.max()) + 1)])
        weights = np.asarray(np.linalg.solve(gram, features.T @ (log - level[at])), dtype=float)
    return level, weights


def _features(space: Space, x: Array) -> Array:
    """Centred coordinates, their squares, and one column a category, (c, f)."""
    number = 2.0 * centred(x, space.kinds)
    columns = [number, number**2 - 1.0 / 3.0]
    for j in np.flatnonzero(space.categorical):
        levels = np.arange(space.axes[j].levels)
        columns.append((x[:, j, None] == levels[None]) - 1.0 / len(levels))
    return np.hstack(columns)
