"""Held-out problems made of textbook functions, so that nothing is tuned to the given ones.

Each full task is a known function with a known optimum (Rosenbrock, Ackley, Levy as in Surjanovic
and Bingham's library; DTLZ2: Deb et al., CEC 2002; ZDT1: Zitzler, Deb and Thiele, 2000), moved off
the centre and off symmetric places. The cheap tasks are biased in different ways: shifted,
smoothed, favouring the wrong branch, or telling all about one objective and nothing about another.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from search_support.problem import Function, Goal, Level, Metrics, Params, Problem, Reference
from search_support.problem import from_unit as decode
from search_support.score import share_beyond

LEVELS = (Level("s25", 0.25, 0.25), Level("s50", 0.5, 0.5), Level("s100", 1.0, 1.0))
Space = tuple[Mapping[str, Any], ...]


def cube(d: int) -> Space:
    """Return ``d`` numbers from 0 to 1."""
    return tuple({"name": f"x{j}", "type": "float", "low": 0.0, "high": 1.0} for j in range(d))


def vector(params: Params, d: int) -> NDArray[np.float64]:
    """Return the numbers of a configuration of :func:`cube`, (d,)."""
    return np.array([params[f"x{j}"] for j in range(d)])


def rosenbrock(params: Params, fidelity: float) -> Metrics:
    """Rosenbrock on [-2, 2]^4, its logarithm; a cheap task moves the valley."""
    z = 4.0 * vector(params, 4) - 2.0 + 0.25 * (1.0 - fidelity)
    value = float(np.sum(100.0 * (z[1:] - z[:-1] ** 2) ** 2 + (1.0 - z[:-1]) ** 2))
    return {"f0": math.log1p(value)}


def ackley(params: Params, fidelity: float) -> Metrics:
    """Ackley in six dimensions, off the centre; a cheap task is flatter and moved."""
    shift = np.array([0.31, 0.62, 0.44, 0.73, 0.27, 0.55]) + 0.06 * (1.0 - fidelity)
    z = 10.0 * (vector(params, 6) - shift)
    ripple = float(np.mean(np.cos(2.0 * np.pi * z))) * fidelity + (1.0 - fidelity)
    root = math.sqrt(float(np.mean(z**2)))
    return {"f0": 20.0 + math.e - 20.0 * math.exp(-0.2 * root) - math.exp(ripple)}


_BRANCHES: Space = (
    {"name": "method", "type": "categorical", "choices": ["a", "b", "c"]},
    {"name": "rate", "type": "float", "low": 1e-5, "high": 1.0, "log": True},
    {"name": "depth", "type": "int", "low": 1, "high": 12, "when": ["method", ["a", "b"]]},
    {
        "name": "width",
        "type": "int",
        "low": 8,
        "high": 1024,
        "log": True,
        "when": ["method", ["a"]],
    },
    {"name": "decay", "type": "float", "low": 0.0, "high": 1.0, "when": ["method", ["b", "c"]]},
    {"name": "power", "type": "float", "low": 1.0, "high": 4.0, "when": ["method", ["c"]]},
)


def branches(params: Params, fidelity: float) -> Metrics:
    """Levy over whichever parameters the branch has; cheap tasks favour the branch ``c``."""
    method, off = params["method"], 1.0 - fidelity
    z = [(math.log10(params["rate"]) + 2.7) * 1.6]
    if method in ("a", "b"):
        z.append((params["depth"] - (7 if method == "a" else 4)) * 0.6)
    if method == "a":
        z.append((math.log2(params["width"]) - 8.0) * 0.9)
    if method in ("b", "c"):
        z.append((params["decay"] - 0.35) * 6.0)
    if method == "c":
        z.append((params["power"] - 2.2) * 2.0)
    floor = {"a": 0.0, "b": 0.8, "c": 2.0 - 3.0 * off}[method]
    return {"loss": _levy(np.array(z)) + floor + 0.5 * off * abs(z[0])}


def _levy(z: NDArray[np.float64]) -> float:
    w = 1.0 + z / 4.0
    middle = np.sum((w[:-1] - 1.0) ** 2 * (1.0 + 10.0 * np.sin(np.pi * w[:-1] + 1.0) ** 2))
    last = (w[-1] - 1.0) ** 2 * (1.0 + math.sin(2.0 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + middle + last)


def limited(params: Params, fidelity: float) -> Metrics:
    """Distance to a point outside of the allowed ball: the optimum lies on the limit."""
    x, off = vector(params, 4), 1.0 - fidelity
    target, centre = np.array([0.9, 0.8, 0.15, 0.7]), np.array([0.5, 0.5, 0.5, 0.5])
    size = float(np.linalg.norm(x - centre)) * (1.0 - 0.3 * off)
    wave = 0.1 * off * math.sin(12.0 * float(x.sum()))
    return {"loss": float(np.linalg.norm(x - target)) + wave, "size": size}


def _dtlz2(m: int, d: int) -> Function:
    def function(params: Params, fidelity: float) -> Metrics:
        x, off = vector(params, d), 1.0 - fidelity
        g = float(np.sum((x[m - 1 :] - 0.62 - 0.1 * off) ** 2)) * 4.0
        angles = np.clip(x[: m - 1] + 0.05 * off, 0.0, 1.0) * np.pi / 2.0
        out: Metrics = {}
        for j in range(m):
            value = 1.0 + g
            for a in angles[: m - 1 - j]:
                value *= math.cos(a)
            out[f"f{j}"] = value * (math.sin(angles[m - 1 - j]) if j else 1.0)
        return out

    return function


def corner(params: Params, fidelity: float) -> Metrics:
    """ZDT1, whose front lies where four parameters are at a bound; cheap: one objective noise."""
    x, off = vector(params, 5), 1.0 - fidelity
    far = np.array([x[1], 1.0 - x[2], x[3], 1.0 - x[4]])
    g = 1.0 + 9.0 * float(far.mean())
    cost = x[0] + 0.8 * off * abs(math.sin(40.0 * float(x @ [1.0, 2.0, 3.0, 4.0, 5.0])))
    return {"f0": cost, "f1": g * (1.0 - math.sqrt(x[0] / g)) * (1.0 + 0.2 * off)}


_STAIRS: Space = (
    {"name": "units", "type": "int", "low": 1, "high": 40},
    {"name": "penalty", "type": "float", "low": 1e-4, "high": 1e2, "log": True},
    {"name": "kind", "type": "categorical", "choices": ["l1", "l2", "none"]},
)


def stairs(params: Params, fidelity: float) -> Metrics:
    """Return an error and a number of features: the second objective is a staircase."""
    rate = math.log10(params["penalty"])
    strength = {"l1": 1.0, "l2": 0.45, "none": 0.1}[params["kind"]]
    kept = 1.0 / (1.0 + math.exp(1.5 * (rate * strength + 0.6 * (1.0 - fidelity))))
    count = math.floor(params["units"] * kept)
    bend = 0.04 * (rate + 1.0) ** 2 * (1.0 - 0.5 * strength)
    error = 0.1 + 0.5 * math.exp(-count / 5.0) + bend + 0.1 * (1.0 - fidelity)
    return {"error": error, "features": float(count)}


def _median(function: Function, space: Space, names: tuple[str, ...]) -> tuple[float, ...]:
    rows = [function(decode(space, u), 1.0) for u in _points(len(space), 10)]
    return tuple(float(np.median([r[n] for r in rows])) for n in names)


def _points(d: int, power: int) -> NDArray[np.float64]:
    return np.asarray(qmc.Sobol(d, seed=20).random_base2(power), dtype=np.float64)


def _several(
    name: str,
    source: str,
    *,
    space: Space,
    function: Function,
    front: Callable[[], NDArray[np.float64]],
    names: tuple[str, ...],
) -> Problem:
    points, median = front(), np.array(_median(function, space, names))
    ideal = points.min(axis=0)
    volume = share_beyond((points - ideal) / (median - ideal), _points(len(names), 14))
    goals = tuple(Goal(n) for n in names)
    reference = Reference(tuple(ideal.tolist()), tuple(median.tolist()), volume)
    return Problem(name, source, space, goals, LEVELS, reference, function)


def _single(name: str, source: str, space: Space, function: Function, best: float) -> Problem:
    metric = "f0" if function in (rosenbrock, ackley) else "loss"
    median = _median(function, space, (metric,))
    reference = Reference((best,), median)
    limits = (("size", 0.3),) if function is limited else ()
    goals = (Goal(metric),)
    return Problem(name, source, space, goals, LEVELS, reference, function, limits)


def _sphere(m: int) -> NDArray[np.float64]:
    angles = _points(m - 1, 5 * (m - 1) if m < 4 else 12) * np.pi / 2.0
    columns = [np.prod(np.cos(angles), axis=1)]
    columns += [
        np.prod(np.cos(angles[:, : m - 1 - j]), axis=1) * np.sin(angles[:, m - 1 - j])
        for j in range(1, m)
    ]
    return np.vstack([np.column_stack(columns), np.eye(m)])


def _zdt1() -> NDArray[np.float64]:
    x = np.linspace(0.0, 1.0, 400)
    return np.column_stack([x, 1.0 - np.sqrt(x)])


def _steps() -> NDArray[np.float64]:
    rows = [
        list(stairs({"units": u, "penalty": 10.0**e, "kind": k}, 1.0).values())
        for u in range(1, 41)
        for e in np.linspace(-4.0, 2.0, 121)
        for k in ("l1", "l2", "none")
    ]
    best: dict[float, float] = {}
    for error, count in rows:
        best[count] = min(error, best.get(count, math.inf))
    return np.array([[error, count] for count, error in best.items()])


_ball = float(np.linalg.norm([0.4, 0.3, -0.35, 0.2])) - 0.3

GENERATED: dict[str, Callable[[], Problem]] = {
    "rosenbrock4": lambda: _single("rosenbrock4", "Rosenbrock, moved", cube(4), rosenbrock, 0.0),
    "ackley6": lambda: _single("ackley6", "Ackley, flattened", cube(6), ackley, 0.0),
    "levy-branches": lambda: _single(
        "levy-branches", "Levy, conditional, cheap tasks favour a branch", _BRANCHES, branches, 0.0
    ),
    "ball-limit": lambda: _single(
        "ball-limit", "distance with an outcome constraint", cube(4), limited, _ball
    ),
    "dtlz2-2": lambda: _sphere_problem(2, 5),
    "dtlz2-3": lambda: _sphere_problem(3, 6),
    "dtlz2-4": lambda: _sphere_problem(4, 6),
    "zdt1-corner": lambda: _several(
        "zdt1-corner",
        "ZDT1, one objective noise below",
        space=cube(5),
        function=corner,
        front=_zdt1,
        names=("f0", "f1"),
    ),
    "stairs": lambda: _several(
        "stairs",
        "whole-numbered second objective",
        space=_STAIRS,
        function=stairs,
        front=_steps,
        names=("error", "features"),
    ),
}
"""Problems made here, by name; each is built when called."""


@cache
def generated(name: str) -> Problem:
    """Return the problem of that name; KeyError if there is none."""
    return GENERATED[name]()


def _sphere_problem(m: int, d: int) -> Problem:
    return _several(
        f"dtlz2-{m}",
        f"DTLZ2 with {m} objectives, moved",
        space=cube(d),
        function=_dtlz2(m, d),
        front=lambda: _sphere(m),
        names=tuple(f"f{j}" for j in range(m)),
    )
