"""Importance against the functional ANOVA of known functions, by Monte Carlo."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hpo_tui.engine.analysis.importance import importance
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame

Floats = NDArray[np.float64]
Function = Callable[[dict[str, Floats]], Floats]
MakeFrame = Callable[..., Frame]

SPACE = (
    Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True),
    Parameter("width", ParameterKind.INT, 8, 256),
    Parameter("layers", ParameterKind.INT, 1, 4),
    Parameter("drop", ParameterKind.FLOAT, 0.0, 1.0),
    Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam", "lion")),
)


def values(unit: Floats) -> dict[str, Floats]:
    """The points of the unit cube (n, 5) in the space."""
    lr, width, layers, drop, opt = unit.T
    return {
        "lr": 10 ** (-4 + 3 * lr),
        "width": 8.0 + np.floor(width * 249),
        "layers": 1.0 + np.floor(layers * 4),
        "drop": drop,
        "opt": np.floor(opt * 3),
    }


def depth(x: dict[str, Floats]) -> Floats:
    return np.log10(x["lr"])


FUNCTIONS: dict[str, Function] = {
    "lr alone": lambda x: (depth(x) + 2) ** 2,
    "width squared": lambda x: x["width"] ** 2,
    "layers and lr": lambda x: x["layers"] + 0.2 * (depth(x) + 2) ** 2,
    "opt, lr and drop": lambda x: x["opt"] + 0.3 * depth(x) + 0.3 * x["drop"],
    "a cliff in lr": lambda x: np.where(depth(x) > -2, 1e6, 0.0) + (depth(x) + 2.5) ** 2,
}


def truth(function: Function) -> dict[str, float]:
    """The share of each main effect in the variance of the ranked function."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 20_000, 5))
    order = np.sort(function(values(a)))
    found = {}
    for at, parameter in enumerate(SPACE):
        mixed = b.copy()
        mixed[:, at] = a[:, at]
        pair = (np.searchsorted(order, function(values(u))) for u in (a, mixed))
        found[parameter.name] = max(float(np.cov(*pair)[0, 1]), 0.0)
    total = sum(found.values())
    return {name: value / total for name, value in found.items()}


def converged(function: Function, seed: int, n: int, noise: float) -> Floats:
    """Points of a search that soon tries little but the neighbourhood of its best."""
    rng = np.random.default_rng(seed)
    points = rng.random((30, 5))
    while len(points) < n:
        loss = function(values(points)) + noise * rng.normal(size=len(points))
        best = points[np.argsort(loss)[: 1 + len(points) // 20]]
        near = best[rng.integers(len(best), size=10)] + 0.05 * rng.normal(size=(10, 5))
        points = np.concatenate([points, np.clip(near, 0, 0.999)])
    return points


def shares(
    points: Floats, function: Function, spec: StudySpec, make_frame: MakeFrame, noise: float
) -> dict[str, float]:
    x = values(points)
    loss = function(x)
    loss = loss + noise * loss.std() * np.random.default_rng(1).normal(size=len(points))
    frame = make_frame(
        {"acc": -loss, "size": loss, "ms": loss},
        params=x,
        choices={"opt": ("sgd", "adam", "lion")},
    )
    return importance(frame, replace(spec, space=SPACE), "acc")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("n", [60, 400])
def test_random_trials_tell_the_true_shares(
    name: str, n: int, spec: StudySpec, make_frame: MakeFrame
) -> None:
    function = FUNCTIONS[name]
    points = np.random.default_rng(2).random((n, 5))
    found, true = shares(points, function, spec, make_frame, 0.05), truth(function)
    for parameter, share in true.items():
        assert found[parameter] == pytest.approx(share, abs=0.12), (found, true)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("seed", range(4))
def test_a_converged_search_does_not_make_causes_of_what_it_settled_on(
    name: str, seed: int, spec: StudySpec, make_frame: MakeFrame
) -> None:
    function = FUNCTIONS[name]
    points = converged(function, seed, 370, 0.02)
    found, true = shares(points, function, spec, make_frame, 0.02), truth(function)
    assert max(found, key=found.__getitem__) == max(true, key=true.__getitem__), found
    unused = sum(share for parameter, share in found.items() if true[parameter] < 0.01)
    assert unused < 0.1, found


def test_noise_is_nobodys_doing(spec: StudySpec, make_frame: MakeFrame) -> None:
    points = np.random.default_rng(5).random((400, 5))
    noise = np.random.default_rng(6).normal(size=400)
    found = shares(points, lambda _: noise, spec, make_frame, 0.0)
    assert set(found.values()) == {0.0}
