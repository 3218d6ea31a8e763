"""Two published multi-fidelity functions, from their formulas; inputs in [0, 1], minimised.

Augmented Hartmann: the six-dimensional Hartmann function (Dixon and Szegö, 1978) with the
fidelity as a seventh input (Wu et al., "Practical multi-fidelity Bayesian optimization for
hyperparameter tuning", UAI 2019, section 4). Multi-fidelity Branin-Currin: Irshad, Karsch and
Döpp, "Expected hypervolume improvement for simultaneous multi-objective and multi-fidelity
optimization" (2021), section 4.1.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)

HARTMANN_BEST = -3.32237
"""The minimum of the six-dimensional Hartmann function."""


def augmented_hartmann(params: Mapping[str, Any], fidelity: float) -> dict[str, float]:
    """Return ``f0`` of ``x0`` … ``x5``; at fidelity 1 it is the plain Hartmann function."""
    x = np.array([params[f"x{j}"] for j in range(6)])
    alpha = _ALPHA.copy()
    alpha[0] -= 0.1 * (1.0 - fidelity)
    bumps = np.exp(-np.sum(_A * (x - _P) ** 2, axis=1))
    return {"f0": -float(alpha @ bumps)}


def branin_currin(params: Mapping[str, Any], fidelity: float) -> dict[str, float]:
    """Return ``f0`` (Branin) and ``f1`` (Currin), both scaled and negated, of ``x0`` and ``x1``."""
    x0, x1, off = params["x0"], params["x1"], 1.0 - fidelity
    u, v = 15.0 * x0 - 5.0, 15.0 * x1
    b = 5.1 / (4.0 * math.pi**2) - 0.01 * off
    c = 5.0 / math.pi - 0.1 * off
    t = 1.0 / (8.0 * math.pi) + 0.05 * off
    branin = (v - b * u**2 + c * u - 6.0) ** 2 + 10.0 * (1.0 - t) * math.cos(u) + 10.0
    upper = 2300.0 * x0**3 + 1900.0 * x0**2 + 2092.0 * x0 + 60.0
    lower = 100.0 * x0**3 + 500.0 * x0**2 + 4.0 * x0 + 20.0
    damp = math.exp(-1.0 / (2.0 * x1)) if x1 > 0.0 else 0.0
    currin = (1.0 - 0.1 * off * damp) * upper / lower
    return {"f0": -(21.0 - branin) / 22.0, "f1": -(14.0 - currin) / 15.0}


def analytic_function(name: str) -> Callable[[Mapping[str, Any], float], dict[str, float]]:
    """Return the function of that name; KeyError if there is none."""
    return {"AugmentedHartmann": augmented_hartmann, "MOMFBraninCurrin": branin_currin}[name]
