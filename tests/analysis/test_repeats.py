"""A configuration that ran several times at the full task is judged by the mean of its results."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.analysis import front, repeats
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

MakeFrame = Callable[..., Frame]


@pytest.fixture
def one(spec: StudySpec) -> StudySpec:
    """The study with accuracy alone, to be at least 0.9."""
    return replace(spec, objectives=spec.objectives[:1], outcome_constraints=())


@pytest.fixture
def lucky(make_frame: MakeFrame) -> Frame:
    """Trial 1 is lucky, 4 and 5 repeat it; 2 is looked at cheaply first; 6 has failed."""
    return make_frame(
        {"acc": [0.98, 0.5, 0.93, 0.5, 0.5, 0.1]},
        configuration=[1, 2, 2, 1, 1, 2],
        repeat=[0, 0, 0, 1, 2, 1],
        task=[1, 0, 1, 1, 1, 1],
        state=[*[TrialState.COMPLETE] * 5, TrialState.FAILED],
        ended=[1, 2, 3, 4, 5, 6],
    )


def test_the_mean_decides_who_is_best(one: StudySpec, lucky: Frame) -> None:
    assert lucky.number[front.best_rows(lucky, one)].tolist() == [3]
    assert lucky.number[front.near_misses(lucky, one, 9)].tolist() == [1]
    full = front.full_mask(lucky, one)
    assert (full & front.meets_mask(lucky, one)).tolist() == [False, False, True, *[False] * 3]
    assert front.tally(lucky, one) == (1, 2)
    assert front.losses(lucky, one)[:, 0].tolist() == pytest.approx(
        [-0.66, -0.5, -0.93, -0.66, -0.66, -0.1]
    )
    rows, values = front.best_so_far(lucky, one, one.objectives[0])
    assert (lucky.number[rows].tolist(), values.tolist()) == ([1, 3], pytest.approx([0.66, 0.93]))
    assert repeats.runs(lucky, full) == {1: 3}


def test_the_front_is_of_means(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame(
        {"acc": [0.99, 0.93, 0.91], "size": [50, 60, 90], "ms": [1, 1, 1]},
        configuration=[7, 5, 7],
    )
    # By its first result trial 1 beats trial 2 in both.
    assert frame.number[front.best_rows(frame, spec)].tolist() == [1, 2]


def test_a_repeat_without_a_value_leaves_no_mean(one: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame({"acc": [0.98, np.nan, 0.91]}, configuration=[1, 1, 2])
    assert frame.number[front.best_rows(frame, one)].tolist() == [3]


@pytest.mark.parametrize("big", [0, 10**15, -(10**15)])
def test_equal_results_have_exactly_that_mean(
    one: StudySpec, make_frame: MakeFrame, big: int
) -> None:
    frame = make_frame({"acc": [0.9, 0.91, 0.9, 0.9]}, configuration=[big + 1, 3, big + 1, big + 1])
    assert frame.number[front.best_rows(frame, one)].tolist() == [2, 1]


def test_what_was_never_repeated_costs_nothing(one: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame({"acc": np.full(100_000, 0.95)})
    assert front.results(frame, one)[1] is frame
    again = make_frame({"acc": np.full(100_000, 0.95)}, configuration=np.arange(100_000) // 2)
    front.results(again, one)
    start = time.process_time()
    front.results(again, one)
    assert time.process_time() - start < 0.1  # measured 6 ms
