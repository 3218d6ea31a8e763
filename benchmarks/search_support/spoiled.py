"""Problems made worse: misleading cheap tasks (the full one stays), failures, noisy results."""

import hashlib
import math
from collections import Counter
from dataclasses import replace

import numpy as np

from search_support.problem import Function, Metrics, Params, Problem, from_unit
from search_support.score import axis

KINDS = ("mirrored", "noise")
FAILING = "flaky"
_FAIL_SHARE = 0.3
NOISY = {"noisy10": 0.1, "noisy30": 0.3}
"""Standard deviation of every result, as a part of the way from the median to the best."""


def spoil(problem: Problem, kind: str) -> Problem:
    """Return ``problem`` spoiled: one of :data:`KINDS`, :data:`FAILING` or :data:`NOISY`."""
    name = f"{problem.name}~{kind}"
    if kind in NOISY:
        noisy = _noisy(problem, NOISY[kind])
        return replace(problem, name=name, function=noisy, truth=problem.function)
    make = {"mirrored": _mirrored, "noise": _noise, FAILING: _flaky}[kind]
    return replace(problem, name=name, function=make(problem))


def _mirrored(problem: Problem) -> Function:
    """Reflect a cheap result at the median: what was better than typical is worse by as much."""

    def function(params: Params, fidelity: float) -> Metrics:
        metrics = problem.function(params, fidelity)
        if fidelity >= problem.full.fidelity:
            return metrics
        centre = _medians(problem)
        out = dict(metrics)
        for goal in problem.goals:
            value, middle = metrics[goal.metric], centre[goal.metric]
            if goal.log:
                out[goal.metric] = math.exp(2.0 * math.log(middle) - math.log(value))
            else:
                out[goal.metric] = 2.0 * middle - value
        return out

    return function


def _noise(problem: Problem) -> Function:
    """Replace a cheap result by the full result of another, randomly drawn configuration."""

    def function(params: Params, fidelity: float) -> Metrics:
        if fidelity >= problem.full.fidelity:
            return problem.function(params, fidelity)
        rng = _drawn_for(sorted(params.items()), fidelity)
        other = from_unit(problem.space, rng.random(len(problem.space)))
        return problem.function(other, problem.full.fidelity)

    return function


def _flaky(problem: Problem) -> Function:
    """Let three of ten configurations fail, by chance but at every task: all metrics NaN."""

    def function(params: Params, fidelity: float) -> Metrics:
        metrics = problem.function(params, fidelity)
        if _drawn_for(sorted(params.items())).random() < _FAIL_SHARE:
            return dict.fromkeys(metrics, math.nan)
        return metrics

    return function


def _noisy(problem: Problem, sd: float) -> Function:
    """Add normal noise to every objective at every task, another one when a trial is repeated."""
    scale, runs = problem.reference, Counter[object]()
    ways = [
        abs(axis(goal, median) - axis(goal, best))
        for goal, median, best in zip(problem.goals, scale.median, scale.best, strict=True)
    ]

    def function(params: Params, fidelity: float) -> Metrics:
        metrics = dict(problem.function(params, fidelity))
        what = (tuple(sorted(params.items())), fidelity)
        runs[what] += 1
        drawn = sd * _drawn_for(what, runs[what]).standard_normal(len(ways))
        for goal, way, noise in zip(problem.goals, ways, drawn.tolist(), strict=True):
            value = metrics[goal.metric]
            by = math.exp(way * noise) if goal.log else 1.0
            metrics[goal.metric] = value * by if goal.log else value + way * noise
        return metrics

    return function


def _drawn_for(*what: object) -> np.random.Generator:
    """Return a generator that is the same for the same ``what``."""
    text = repr(what).encode()
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text).digest()[:8], "big"))


def _medians(problem: Problem) -> Metrics:
    found = _CENTRES.get(problem.name)
    if found is None:
        rng = np.random.default_rng(7)
        units = rng.random((256, len(problem.space)))
        rows = [problem.function(from_unit(problem.space, u), problem.full.fidelity) for u in units]
        found = {n: float(np.median([r[n] for r in rows])) for n in rows[0]}
        _CENTRES[problem.name] = found
    return found


_CENTRES: dict[str, Metrics] = {}
