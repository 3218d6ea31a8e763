"""What an importance is from, and what in it would mislead."""

from collections.abc import Callable

import numpy as np
import pytest

from hpo_tui.engine.analysis.basis import basis
from hpo_tui.engine.analysis.importance import importance, too_few
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

MakeFrame = Callable[..., Frame]
CHOICES = {"opt": ("sgd", "adam", "lion")}


def drawn(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    lr, wd = 10 ** rng.uniform(-4, -1, n), rng.random(n)
    return {"lr": lr, "wd": wd, "opt": rng.integers(0, 3, n).astype(float)}


def test_of_noise_nothing_is_said_to_matter(spec: StudySpec, make_frame: MakeFrame) -> None:
    """In one study of twenty it may happen by chance."""
    named = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = (20, 40, 100, 300)[seed % 4]
        frame = make_frame({"acc": rng.normal(size=n)}, params=drawn(rng, n), choices=CHOICES)
        named += any(importance(frame, spec, "acc").values())
    assert named <= 5


@pytest.mark.parametrize("seed", range(5))
def test_what_decides_half_of_a_metric_is_found_in_fifty(
    seed: int, spec: StudySpec, make_frame: MakeFrame
) -> None:
    rng = np.random.default_rng(seed)
    params = drawn(rng, 50)
    acc = params["wd"] + rng.normal(size=50) * params["wd"].std()
    frame = make_frame({"acc": acc}, params=params, choices=CHOICES)
    assert importance(frame, spec, "acc")["wd"] > 0.6


def test_repeats_count_once(spec: StudySpec, make_frame: MakeFrame) -> None:
    """Five configurations run five times each are five results, and say little."""
    rng = np.random.default_rng(0)
    params = {name: values.repeat(5) for name, values in drawn(rng, 5).items()}
    frame = make_frame(
        {"acc": rng.normal(size=5).repeat(5)}, params=params, choices=CHOICES,
        configuration=np.arange(1, 6).repeat(5),
    )  # fmt: skip
    assert importance(frame, spec, "acc") == {}
    assert "5 of the 20" in too_few(frame, spec, "acc")
    assert basis(frame, spec, "full").results == 5


def test_failed_trials_are_counted_apart_at_their_own_task(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    states = [TrialState.COMPLETE] * 6 + [TrialState.FAILED] * 4
    frame = make_frame({"acc": np.ones(10)}, state=states, task=[1] * 8 + [0] * 2)
    of = basis(frame, spec, "full")
    assert (of.results, of.failed) == (6, 2)


@pytest.mark.parametrize("of", ["numbers", "choice and number", "conditional"])
def test_parameters_that_went_together_are_named(
    of: str, spec: StudySpec, make_frame: MakeFrame
) -> None:
    rng = np.random.default_rng(1)
    params = drawn(rng, 60)
    if of == "numbers":
        params["wd"] = 1 - (np.log10(params["lr"]) + 4) / 3 + 0.01 * rng.normal(size=60)
        pair = ("lr", "wd")
    elif of == "choice and number":
        params["wd"] = 0.3 * params["opt"] + 0.01 * rng.normal(size=60)
        pair = ("wd", "opt")
    else:
        params["wd"] = np.where(params["opt"] == 1, params["lr"], np.nan)
        pair = ("lr", "wd")
    frame = make_frame({"acc": params["lr"]}, params=params, choices=CHOICES)
    assert basis(frame, spec, "full").together == (pair,)


@pytest.mark.parametrize("n", [4, 12, 20, 60])
def test_parameters_that_were_drawn_apart_are_not(
    n: int, spec: StudySpec, make_frame: MakeFrame
) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frame = make_frame({"acc": np.ones(n)}, params=drawn(rng, n), choices=CHOICES)
        assert basis(frame, spec, "full").together == ()
