from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.analysis.importance import importance, too_few
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame

MakeFrame = Callable[..., Frame]


def study(make_frame: MakeFrame, n: int = 400, **columns: object) -> Frame:
    rng = np.random.default_rng(3)
    lr, wd = 10 ** rng.uniform(-4, -1, n), rng.random(n)
    opt = rng.integers(0, 3, n).astype(float)
    acc = -((np.log10(lr) + 2) ** 2) + 0.02 * rng.normal(size=n)
    return make_frame(
        {"acc": acc, "size": opt + 0.01 * rng.random(n), "ms": np.ones(n)},
        params={"lr": lr, "wd": wd, "opt": opt},
        choices={"opt": ("sgd", "adam", "lion")},
        **columns,
    )


def test_what_decides_the_metric_matters_most(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = study(make_frame)
    accuracy = importance(frame, spec, "acc")
    assert next(iter(accuracy)) == "lr"
    assert accuracy["lr"] > 0.8
    assert sum(accuracy.values()) == pytest.approx(1)
    assert next(iter(importance(frame, spec, "size"))) == "opt"


def test_only_the_full_task_counts_unless_told(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = study(make_frame, task=0)
    assert importance(frame, spec, "acc") == {}
    assert "0 of the 20" in too_few(frame, spec, "acc")
    assert importance(frame, spec, "acc", task="short")["lr"] > 0.8


def conditional(make_frame: MakeFrame, seed: int, matters: bool) -> Frame:
    """400 trials; ``wd`` is active in every fifth, of the best too, or decides the metric."""
    rng = np.random.default_rng(seed)
    lr, wd = 10 ** rng.uniform(-4, -1, 400), rng.random(400)
    active = rng.random(400) < (0.9 if matters else 0.2)
    acc = -0.1 * (np.log10(lr) + 2) ** 2 + 0.02 * rng.normal(size=400)
    if matters:
        acc -= np.where(active, 5 * (wd - 0.2) ** 2, 3.0)
    return make_frame(
        {"acc": acc, "size": lr, "ms": np.ones(400)},
        params={"lr": lr, "wd": np.where(active, wd, np.nan), "opt": rng.integers(0, 3, 400) * 1.0},
        choices={"opt": ("sgd", "adam", "lion")},
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_parameter_that_few_of_the_best_have_is_not_made_much_of(
    seed: int, spec: StudySpec, make_frame: MakeFrame
) -> None:
    shares = importance(conditional(make_frame, seed, matters=False), spec, "acc")
    assert shares["lr"] > 0.6
    assert shares["wd"] < 0.1


def test_a_conditional_parameter_that_matters_does(spec: StudySpec, make_frame: MakeFrame) -> None:
    shares = importance(conditional(make_frame, 0, matters=True), spec, "acc")
    assert next(iter(shares)) == "wd"


def test_too_few_trials_say_nothing(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = study(make_frame, n=19)
    assert importance(frame, spec, "acc") == {}
    assert "19 of the 20" in too_few(frame, spec, "acc")


def test_inactive_constant_and_new_parameters_do_no_harm(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    frame = study(make_frame)
    frame.params["wd"][:] = np.nan
    more = (*spec.space, Parameter("added", ParameterKind.FLOAT, 0, 1))
    shares = importance(frame, replace(spec, space=more), "acc")
    assert shares["wd"] == 0
    assert shares["added"] == 0
    assert all(np.isfinite(v) for v in shares.values())
