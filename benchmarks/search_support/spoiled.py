"""Problems made worse: cheap tasks that mislead (the full one stays as it is), trials that fail."""

import hashlib
import math
from dataclasses import replace

import numpy as np

from search_support.problem import Function, Metrics, Params, Problem, from_unit

KINDS = ("mirrored", "noise")
FAILING = "flaky"
_FAIL_SHARE = 0.3


def spoil(problem: Problem, kind: str) -> Problem:
    """Return ``problem`` spoiled; ``kind`` is one of :data:`KINDS` or :data:`FAILING`."""
    make = {"mirrored": _mirrored, "noise": _noise, FAILING: _flaky}[kind]
    return replace(problem, name=f"{problem.name}~{kind}", function=make(problem))


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
