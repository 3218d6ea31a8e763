"""What a run is worth: regret with one objective, a share of the best hypervolume with several.

Only configurations evaluated at the full task count. Regret is (y - best) / (median - best).
Hypervolume: every objective scaled so that the ideal is 0 and the reference point 1 (in logarithms
where the objective has ``log``), divided by the hypervolume of the best known front.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_support.problem import Goal, Metrics, Problem

Point = tuple[float, ...]


class Scoreboard:
    """Keeps the score of one run as full-task results come in."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._best: float | None = None
        self._front: list[Point] = []
        self._volume = 0.0
        self._noisy: list[tuple[Point, Point]] = []
        """Where results have noise: each as it looked and as it truly is."""

    @property
    def score(self) -> float | None:
        """Regret so far (None before the first full result), or hypervolume share so far."""
        if self._problem.single:
            return self._best
        return self._volume / self._problem.reference.volume

    def add(self, metrics: Metrics, truth: Metrics | None = None) -> None:
        """Count a full-task result; one beyond a limit, or not finite, counts for nothing.

        ``truth``: the result without its noise, where it has any. What is best by the results is
        then scored by what it truly is, since that is what a user takes away.
        """
        problem = self._problem
        if any(not metrics[name] <= most for name, most in problem.limits):
            return
        point = scaled(problem, metrics)
        if not all(math.isfinite(v) for v in point):
            return
        if truth is not None:
            self._noisy.append((point, scaled(problem, truth)))
            self._by_truth()
        elif problem.single:
            self._best = point[0] if self._best is None else min(self._best, point[0])
        elif all(v < 1.0 for v in point) and not any(_covers(f, point) for f in self._front):
            self._front = [f for f in self._front if not _covers(point, f)] + [point]
            self._volume = hypervolume(self._front)

    def _by_truth(self) -> None:
        if self._problem.single:
            self._best = min(self._noisy)[1][0]
            return
        seen = [looks for looks, _ in self._noisy]
        best = [true for looks, true in self._noisy if not any(_beats(s, looks) for s in seen)]
        self._volume = hypervolume(best)


def scaled(problem: Problem, metrics: Metrics) -> Point:
    """Return the objectives with the ideal (or best) at 0 and the median at 1."""
    reference = problem.reference
    return tuple(
        (axis(goal, loss) - axis(goal, best)) / (axis(goal, median) - axis(goal, best))
        for goal, loss, best, median in zip(
            problem.goals, problem.losses(metrics), reference.best, reference.median, strict=True
        )
    )


def axis(goal: Goal, loss: float) -> float:
    """Return a loss as it is scored: in logarithms where the objective has ``log``."""
    if not goal.log:
        return loss
    if goal.direction == "maximize":
        return -math.log(max(-loss, 1e-300))
    return math.log(max(loss, 1e-300))


def _covers(a: Point, b: Point) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True))


def _beats(a: Point, b: Point) -> bool:
    return a != b and _covers(a, b)


def hypervolume(points: Sequence[Point]) -> float:
    """Return the volume that ``points`` dominate below the point (1, …, 1); less is better.

    Slices along the last objective, recursively; exact, meant for fronts of a few dozen points.
    """
    inside = [p for p in points if all(v < 1.0 for v in p)]
    if not inside:
        return 0.0
    if len(inside[0]) == 1:
        return 1.0 - min(p[0] for p in inside)
    inside.sort(key=lambda p: p[-1])
    if len(inside[0]) == 2:
        return _area(inside)
    total, below = 0.0, [p[-1] for p in inside[1:]] + [1.0]
    for i, (p, upper) in enumerate(zip(inside, below, strict=True)):
        if upper > p[-1]:
            total += (upper - p[-1]) * hypervolume(_front([q[:-1] for q in inside[: i + 1]]))
    return total


def _area(points: Sequence[Point]) -> float:
    area, edge = 0.0, 1.0
    for x, y in points:
        if x < edge:
            area += (edge - x) * (1.0 - y)
            edge = x
    return area


def _front(points: list[Point]) -> list[Point]:
    unique = list(dict.fromkeys(points))
    return [p for p in unique if not any(_beats(q, p) for q in unique)]


def share_beyond(front: NDArray[np.float64], samples: NDArray[np.float64]) -> float:
    """Return the share of ``samples`` dominated by ``front``: a hypervolume by sampling."""
    hits = np.zeros(len(samples), dtype=bool)
    for point in front:
        hits |= np.all(samples >= point, axis=1)
    return float(hits.mean())
