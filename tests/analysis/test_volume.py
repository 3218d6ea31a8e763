"""The hypervolume so far: against a count of cells, and by what must hold of any trials."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.analysis import volume
from hpo_tui.engine.analysis.volume import box_of, covered, volume_so_far
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.spec import Direction, Objective, StudySpec
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState

MakeFrame = Callable[..., Frame]
SIDE = 4
"""Points lie on a grid of this many steps a side: of cells, each is covered whole or not at all."""


@pytest.fixture
def free(spec: StudySpec) -> StudySpec:
    """Two objectives without thresholds, no constraint."""
    both = Objective("acc", Direction.MAXIMIZE), Objective("size", Direction.MINIMIZE)
    return replace(spec, objectives=both, outcome_constraints=())


def points(data: st.DataObject, most: int = 12) -> Array:
    m = data.draw(st.integers(2, 4))
    row = st.lists(st.integers(0, SIDE), min_size=m, max_size=m)
    drawn = data.draw(st.lists(row, min_size=1, max_size=most))
    return np.array(drawn, np.float64) / SIDE


def counted(gains: Array) -> float:
    """The share of cells that lie below a point in every coordinate."""
    m = gains.shape[1]
    cells = (np.array(list(product(range(SIDE), repeat=m))) + 0.5) / SIDE
    below = np.all(cells[:, None] < gains[None], axis=2)
    return float(np.any(below, axis=1).mean())


def known(gains: Array) -> Array:
    found = covered(gains)
    assert found is not None
    return found


@settings(max_examples=150)
@given(st.data())
def test_it_is_the_count_of_cells_after_every_point(data: st.DataObject) -> None:
    gains = points(data)
    expected = [counted(gains[: k + 1]) for k in range(len(gains))]
    np.testing.assert_allclose(known(gains), expected, atol=1e-12)


@settings(max_examples=60)
@given(st.data())
def test_it_never_falls_and_ends_the_same_in_any_order(data: st.DataObject) -> None:
    m, seed = data.draw(st.integers(2, 4)), data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    gains = rng.random((data.draw(st.integers(1, 60)), m))
    shares = known(gains)
    assert (np.diff(shares) >= 0).all()
    assert 0 <= shares[0] <= shares[-1] <= 1
    other = known(rng.permutation(gains))
    assert other[-1] == pytest.approx(shares[-1], abs=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_boxes_made_anew_change_nothing(m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    gains = np.sqrt(np.random.default_rng(m).random((300, m)))
    usual = known(gains)
    monkeypatch.setattr(volume, "_AT_LEAST", 1)
    np.testing.assert_allclose(known(gains), usual, atol=1e-12)


def test_it_agrees_with_a_count_of_random_points_in_four_objectives() -> None:
    rng = np.random.default_rng(3)
    gains = np.abs(rng.normal(size=(80, 4)))
    gains /= np.linalg.norm(gains, axis=1, keepdims=True)
    thrown = rng.random((200_000, 4))
    below = np.zeros(len(thrown), np.bool_)
    for point in gains:
        below |= (thrown < point).all(axis=1)
    assert known(gains)[-1] == pytest.approx(below.mean(), abs=0.005)


def test_a_front_that_is_too_large_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "MOST_BOXES", 20)
    monkeypatch.setattr(volume, "_AT_LEAST", 4)
    rising = np.linspace(0.01, 0.99, 40)
    assert covered(np.stack([rising, rising[::-1]], axis=1)) is None
    # Each leaves the one before it behind.
    np.testing.assert_allclose(known(np.stack([rising, rising], axis=1)), rising**2)


def curve(frame: Frame, spec: StudySpec) -> tuple[list[int], list[float]]:
    found = volume_so_far(frame, spec, box_of([(frame, spec)], ["acc", "size"]))
    assert found is not None
    return frame.number[found[0]].tolist(), found[1].tolist()


@pytest.mark.parametrize("factor", [1e-6, 3.0, 1e9])
@pytest.mark.parametrize("log", [False, True])
def test_the_share_is_the_same_in_other_units(
    free: StudySpec, make_frame: MakeFrame, factor: float, log: bool
) -> None:
    acc, size = np.random.default_rng(7).uniform(1, 9, (2, 60))
    study = replace(free, objectives=(free.objectives[0], replace(free.objectives[1], log=log)))
    rows, shares = curve(make_frame({"acc": acc, "size": size}), study)
    scaled = curve(make_frame({"acc": acc * factor, "size": size * factor}), study)
    assert scaled[0] == rows
    assert scaled[1] == pytest.approx(shares, abs=1e-9)


def test_the_thresholds_are_the_reference(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame(
        {
            "acc": [0.92, 0.95, 0.80, 0.94, 0.99],
            "size": [50, 75, 10, 60, 10],
            "ms": [5, 5, 5, 5, 9],
        }
    )
    # Best inside: 0.95 and 50. The third misses the accuracy, the last the constraint.
    box = box_of([(frame, spec)], ["acc", "size"])
    assert list(box.reference) == [0.9, 100]
    rows, shares = curve(frame, spec)
    assert rows == [1, 2, 4]
    # Of the box of 0.05 x 50: 2/5 x 1, and 3/5 x 1/2, and what the fourth adds of both.
    assert shares == pytest.approx([0.4, 0.7, 0.7 + 0.4 * 0.3])


def test_without_a_threshold_it_lies_beyond_the_worst_that_is_no_far_outlier(
    free: StudySpec, make_frame: MakeFrame
) -> None:
    acc = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    frame = make_frame({"acc": acc, "size": [9, 8, 7, 6, 5, 4, 3, 2, 1e9]})
    # By a tenth of the range of 0.8, and of 7.
    assert box_of([(frame, free)], ["acc", "size"]).reference == pytest.approx((0.02, 9.7))
    few = make_frame({"acc": acc[-3:], "size": [3, 2, 1e9]})
    assert box_of([(few, free)], ["acc", "size"]).reference == pytest.approx((0.68, 1.1e9))


def test_a_log_objective_counts_by_its_logarithm_where_it_has_one(
    free: StudySpec, make_frame: MakeFrame
) -> None:
    logged = replace(free, objectives=(free.objectives[0], replace(free.objectives[1], log=True)))
    frame = make_frame({"acc": [0.0, 0.5, 1.0], "size": [1000, 1, 10]})
    box = box_of([(frame, logged)], ["acc", "size"])
    np.testing.assert_allclose(box.reference, (-0.1, 10**3.3))
    assert curve(frame, logged)[1] == pytest.approx([1 / 121, 6 / 11, 6 / 11 + 5 / 11 * 23 / 33])
    zero = make_frame({"acc": [0.0, 0.5, 1.0], "size": [1000, 0, 10]})
    assert curve(zero, logged)[1] == pytest.approx([1 / 121, 6 / 11, 6 / 11 + 5 / 11 * 109 / 110])


def test_a_loss_and_its_negative_cover_the_same(free: StudySpec, make_frame: MakeFrame) -> None:
    acc, size = np.random.default_rng(3).uniform(0.01, 1, (2, 40))
    down = Objective("size", Direction.MINIMIZE, 0.9, log=True)
    up = Objective("size", Direction.MAXIMIZE, -0.9, log=True)
    found = []
    for sign, goal in ((1.0, down), (-1.0, up)):
        study = replace(free, objectives=(free.objectives[0], goal))
        frame = make_frame({"acc": acc, "size": sign * size**3})
        assert box_of([(frame, study)], ["acc", "size"]).reference[1] == pytest.approx(sign * 0.9)
        found.append(curve(frame, study))
    assert found[0][0] == found[1][0]
    assert found[0][1] == pytest.approx(found[1][1])


def test_what_is_no_result_does_not_count(free: StudySpec, make_frame: MakeFrame) -> None:
    states = [TrialState.COMPLETE] * 3 + [TrialState.FAILED, TrialState.PRUNED, TrialState.KILLED]
    frame = make_frame(
        {
            "acc": [0.2, 0.4, 0.3, 0.9, 0.9, 0.9, 0.9, np.nan, np.inf, 0.9],
            "size": [9.0, 5, 7, 1, 1, 1, 1, 1, 1, -np.inf],
        },
        state=[*states, *[TrialState.COMPLETE] * 4],
        task=[1] * 6 + [0] + [1] * 3,
    )
    # Beyond 0.2 by a tenth of 0.7, and beyond 9 by a tenth of 8: what has one of both is seen.
    assert curve(frame, free) == ([1, 2], pytest.approx([0.07 / 0.27 * 0.8 / 4.8, 1.0]))


def test_the_mean_of_repeats_counts_once_in_the_order_of_their_end(
    free: StudySpec, make_frame: MakeFrame
) -> None:
    frame = make_frame(
        {"acc": [0.0, 0.6, 0.4, 0.5], "size": [9.0, 2, 4, 1]},
        configuration=[1, 2, 2, 3],
        ended=[1.0, 4, 5, 3],
    )
    # The second and third are one of (0.5, 3), which the fourth, before it, is better than.
    assert curve(frame, free) == ([1, 4], pytest.approx([1 / 121, 1.0]))


def test_nothing_to_measure_is_an_empty_box(free: StudySpec, make_frame: MakeFrame) -> None:
    for acc, size in (([], []), ([0.5], [3.0]), ([0.5, 0.6], [3.0, 3.0])):
        frame = make_frame({"acc": acc, "size": size})
        assert box_of([(frame, free)], ["acc", "size"]).empty
        assert curve(frame, free) == ([], [])


def test_two_studies_are_measured_by_one_box(free: StudySpec, make_frame: MakeFrame) -> None:
    limited = replace(
        free, objectives=(replace(free.objectives[0], threshold=0.5), *free.objectives[1:])
    )
    stricter = replace(
        free, objectives=(replace(free.objectives[0], threshold=0.7), *free.objectives[1:])
    )
    first = make_frame({"acc": [0.2, 0.8], "size": [8.0, 4]})
    second = make_frame({"acc": [0.4, 1.0], "size": [12.0, 6]})

    def reference(a: StudySpec, b: StudySpec) -> tuple[float, ...]:
        return box_of([(first, a), (second, b)], ["acc", "size"]).reference

    assert reference(limited, stricter) == pytest.approx((0.5, 12.8))
    assert reference(limited, free) == pytest.approx((0.12, 12.8))
    box = box_of([(first, free), (second, free)], ["acc", "size"])
    shares = [volume_so_far(frame, free, box) for frame in (first, second)]
    assert [found[1].tolist() for found in shares if found] == [
        pytest.approx([1 / 11 * 6 / 11, 17 / 22]), pytest.approx([7 / 22 * 1 / 11, 17 / 22]),
    ]  # fmt: skip


def test_a_trial_that_runs_is_no_result(free: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame({"acc": [0.1, 0.9, 0.5], "size": [5.0, 1, 2]})
    frame.state[1] = STATES.index(TrialState.RUNNING)
    assert curve(frame, free) == ([1, 3], pytest.approx([1 / 121, 1.0]))
