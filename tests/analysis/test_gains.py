"""When a study last gained something, and whether curves still gain at their end."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.analysis.gains import last_gain, late_gain, still_gaining
from hpo_tui.engine.spec import Direction, Objective, StudySpec
from hpo_tui.store.frame import Frame

MakeFrame = Callable[..., Frame]


@pytest.fixture
def one(spec: StudySpec) -> StudySpec:
    """The study with accuracy alone, to be at least 0.9."""
    return replace(spec, objectives=spec.objectives[:1], outcome_constraints=())


def test_the_last_gain_of_one_objective(one: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame(
        {"acc": [0.5, 0.99, 0.7, 0.6, 0.7]}, task=[1, 0, 1, 1, 1], charged=[1, 0.25, 0.75, 1, 1],
        ended=[1, 2, 3, 4, 5],
    )  # fmt: skip
    found = last_gain(frame, one)
    assert found is not None
    assert (found.trial, found.spent, found.total, found.since) == (3, 2.0, 4.0, 2)
    assert found.share_since == 0.5
    assert found.values == (0.5, 0.7)
    assert found.late == 0.0
    assert not found.first


def test_what_came_late_is_a_part_of_all_gains(one: StudySpec, make_frame: MakeFrame) -> None:
    low = replace(one, objectives=(Objective("acc", Direction.MINIMIZE),))
    values = np.array([0.1, 0.5, 0.6, 0.6, 0.7, 0.2])
    for spec, sign in ((one, 1.0), (low, -1.0)):
        found = last_gain(make_frame({"acc": sign * values}, ended=np.arange(6)), spec)
        assert found is not None
        assert (found.trial, found.since) == (5, 1)
        assert found.late == pytest.approx(0.1 / 0.6)
        assert found.values == (sign * 0.6, sign * 0.7)


def test_repeats_are_no_search(one: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame(
        {"acc": [0.5, 0.7, 0.7, 0.7]}, configuration=[1, 2, 2, 2], repeat=[0, 0, 1, 2],
        ended=[1, 2, 3, 4],
    )  # fmt: skip
    found = last_gain(frame, one)
    assert found is not None
    assert (found.trial, found.since, found.share_since) == (2, 0, 0.0)


def test_several_objectives_gain_by_volume(spec: StudySpec, make_frame: MakeFrame) -> None:
    free = replace(spec, outcome_constraints=())
    # The third is a compromise that neither of the others is; no trial reaches the thresholds.
    frame = make_frame(
        {"acc": [0.5, 0.8, 0.7, 0.6], "size": [200, 500, 300, 400]}, ended=[1, 2, 3, 4]
    )
    found = last_gain(frame, free)
    assert found is not None
    assert (found.trial, found.since, found.volume) == (3, 1, True)


def test_an_objective_of_one_value_does_not_hide_the_other(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    frame = make_frame({"acc": [0.5, 0.8, 0.7], "size": [200.0] * 3}, ended=[1, 2, 3])
    found = last_gain(frame, replace(spec, outcome_constraints=()))
    assert found is not None
    assert (found.trial, found.volume) == (2, False)


def test_nothing_is_said_without_a_full_result(spec: StudySpec, make_frame: MakeFrame) -> None:
    assert last_gain(make_frame({"acc": [0.5], "size": [1.0], "ms": [1.0]}, task=0), spec) is None


STEPS = np.arange(1.0, 21.0)


@pytest.mark.parametrize(
    ("values", "gain"),
    [
        (STEPS / 20, 0.25),
        (np.where(STEPS < 10, STEPS / 20, 0.5), 0.0),
        (1 - np.exp(-STEPS), 0.0),  # so little is as good as nothing
        (np.full(20, 0.3), math.nan),
        (np.r_[STEPS[:3], np.full(17, np.nan)], math.nan),
    ],
)
def test_the_end_of_a_curve(values: np.ndarray, gain: float) -> None:
    up, down = (Objective("m", way) for way in (Direction.MAXIMIZE, Direction.MINIMIZE))
    assert late_gain(up, STEPS, values) == pytest.approx(gain, nan_ok=True)
    assert late_gain(down, STEPS, -values) == pytest.approx(gain, nan_ok=True)


def test_curves_are_counted() -> None:
    assert still_gaining([0.1, math.nan, 0.0, 0.3]) == (2, 3, pytest.approx(0.2))
    assert still_gaining([]) == (0, 0, 0.0)
