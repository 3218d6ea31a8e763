"""Problems to choose the engine's constants by: none of them is among those reported.

More data sets of the given problems' surrogates, and sums of random features (Rahimi and Recht,
NIPS 2007): functions drawn from a stationary prior plus a linear trend, whose cheap task is partly
another draw. Their references are estimates, as in :mod:`search_support.instances`.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from search_support.generated import LEVELS, cube, vector
from search_support.instances import estimated
from search_support.problem import Function, Goal, Metrics, Params, Problem, Reference

_TERMS = 200

DRAWN: dict[str, tuple[int, int, float, float]] = {
    "features-a3": (1, 3, 0.9, 0.5),
    "features-a4": (1, 4, 0.8, 0.7),
    "features-a5": (1, 5, 0.9, 0.9),
    "features-a6": (1, 6, 0.7, 0.8),
    "features-a6-near": (1, 6, 0.95, 1.0),
    "features-a8": (1, 8, 0.85, 1.2),
    "features-b3": (2, 3, 0.9, 0.6),
    "features-b4": (2, 4, 0.8, 0.8),
    "features-b5": (2, 5, 0.9, 1.0),
    "features-b6": (2, 6, 0.7, 1.0),
}
"""Name → objectives, parameters, correlation of the cheapest task, length scale."""


@cache
def drawn(name: str) -> Problem:
    """Return the problem of that name; KeyError if there is none."""
    m, d, correlation, length = DRAWN[name]
    alike = [n for n, (objectives, *_) in DRAWN.items() if objectives == m]
    seed = 100 * m + alike.index(name)
    function = _features(m, d, correlation, length, seed)
    goals = tuple(Goal(f"f{j}") for j in range(m))
    blank = Reference((0.0,) * m, (1.0,) * m)
    problem = Problem(name, "sum of random features", cube(d), goals, LEVELS, blank, function)

    def losses(units: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = [{f"x{j}": float(u[j]) for j in range(d)} for u in units]
        return np.array([list(function(row, 1.0).values()) for row in rows])

    return estimated(problem, losses)


def _features(m: int, d: int, correlation: float, length: float, seed: int) -> Function:
    """``m`` metrics of ``d`` numbers; ``correlation`` of the cheapest task with the full one."""
    rng = np.random.default_rng(seed)
    waves = rng.standard_t(5, size=(m, _TERMS, d)) / length
    phase = rng.uniform(0.0, 2.0 * np.pi, (m, _TERMS))
    own, other = rng.normal(size=(2, m, _TERMS)) * math.sqrt(2.0 / _TERMS)
    slope = rng.normal(size=(m, d))

    def function(params: Params, fidelity: float) -> Metrics:
        x, off = vector(params, d), 1.0 - fidelity
        z = np.cos(waves @ x + phase)
        rho = 1.0 - (1.0 - correlation) * off / 0.75
        value = rho * ((own * z).sum(axis=1) + slope @ (x - 0.5))
        value += math.sqrt(max(1.0 - rho * rho, 0.0)) * (other * z).sum(axis=1) + 0.3 * off
        return {f"f{j}": float(value[j]) for j in range(m)}

    return function


_CURVES = "126025 146212 167104 167149 167161 168329 168868 189354 189865 34539"

SURROGATES: dict[str, tuple[str, str]] = {
    f"{prefix}{data}-{what}": (like, data)
    for prefix, like, what, sets in (
        ("lc", "lc167168-acc", "acc", _CURVES),
        ("xgb", "xgb16-acc", "acc", "1067 1468 23381 4538 40994 1510"),
        ("lc", "lc168908-acc_time", "acc_time", "167152 167190 168331 189905"),
        ("lc", "lc167185-acc_xent", "acc_xent", "146212 168330 189909"),
        ("xgb", "xgb1487-auc_time", "auc_time", "1050 1475 4534 40900"),
        ("rpart", "rpart14-acc_mem", "acc_mem", "1056 1489 4538 60"),
        ("glmnet", "glmnet1489-mmce_nf", "mmce_nf", "40981 41146"),
    )
    for data in sets.split()
}
"""Name → the given problem it is like, and its data set."""
