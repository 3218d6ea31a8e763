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
