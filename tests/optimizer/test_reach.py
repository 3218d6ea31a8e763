"""Results far beyond all others, which must not set the scale of a metric."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.models.reach import within_reach
from hpo_tui.engine.optimizer.models.scaling import Column
from hpo_tui.engine.optimizer.models.transform import RowLabels, warp


@pytest.mark.parametrize(
    "far", [np.full(9, 1e6), 1e30 * np.linspace(1.0, 1.2, 9), np.logspace(6.0, 30.0, 9)]
)
def test_what_lies_far_beyond_does_not_set_the_scale(far: Array) -> None:
    good = np.array([0.9, 0.1, 0.35, 0.5])
    values = np.concatenate([far[:3], good[:2], far[3:], good[2:]])
    near = np.concatenate([[False] * 3, [True] * 2, [False] * 6, [True] * 2])
    start = np.arange(len(values)) < 8
    np.testing.assert_array_equal(within_reach(values, start), near)
    column = Column(values, 1.0, False, None, 1)
    everywhere = np.zeros(len(values), dtype=np.intp)
    labels = RowLabels(np.arange(len(values)), everywhere, 0, start, ~near & near, np.ones(1))
    z, made = warp(column, labels)
    assert np.ptp(z[near]) > 1.0
    assert z[~near].min() > z[near].max()
    assert made.limit(0.1) == pytest.approx(float(z[near].min()))


def test_only_many_that_a_wide_gap_parts_are_far() -> None:
    start = np.arange(12) < 8
    few = np.array([0.1, 1e6, 0.5, 0.9, 0.3, 0.7, 0.2, 0.6, 0.4, 0.8, 0.35, 0.45])
    assert within_reach(few, start).all()
    converged = np.concatenate([np.linspace(0.1, 1.0, 8), 1e-9 * np.arange(4)])
    assert within_reach(converged, start).all()
    assert within_reach(-converged, start).all()
    assert within_reach(10.0 ** -np.arange(12.0), start).all()
    assert within_reach(np.array([0.5, 1e6, 1e6, 1e6]), np.ones(4, dtype=bool)).all()
    assert within_reach(np.ones(12), start).all()
    assert within_reach(np.zeros(0), np.zeros(0, dtype=bool)).all()
    groups = np.array([1e30, 1e30, 1e12, 1e12, 0.5, 0.4, 0.1, 1e30, 1e30, 0.3, 0.2, 1e12])
    assert (within_reach(groups, start) == (groups < 1)).all()
    ends = np.array([1.7e308, 1.6e308, -1.0, 0.5, 0.4, 0.1, 1.7e308, 1.5e308, 0.3, 1e308, 1.7e308])
    assert (within_reach(ends, start[1:]) == (ends < 1)).all()
    assert within_reach(ends - 1.7e308, start[1:]).all()


def test_losses_that_blow_up_over_many_decades_are_far() -> None:
    rng = np.random.default_rng(0)
    good, blown = rng.uniform(0.05, 1.0, 8), 10.0 ** rng.uniform(3.0, 30.0, 24)
    y = np.concatenate([blown[:7], good, blown[7:]])
    near = within_reach(y, np.arange(32) < 8)
    assert not near[y > 1e6].any()
    assert near[y <= 1.0].all()


def test_scores_that_fall_without_bound_are_far_even_where_no_gap_parts_them() -> None:
    """As R squared does: where values are of both signs, no logarithm copes with them."""
    y = np.concatenate([np.linspace(-1.0, 0.0, 6), 10.0 ** np.arange(1.0, 19.0)])
    near = within_reach(y, np.arange(24) >= 16)
    assert near[:6].all()
    assert not near[y > 1e3].any()


def test_that_the_better_half_is_equal_says_nothing_of_the_rest() -> None:
    y = np.array([0.5, 0.4, 0.3, 0.2, 0.1, *[0.0] * 7])
    assert within_reach(y, np.arange(12) < 6).all()


def test_before_anything_good_is_found_the_best_three_alone_are_near() -> None:
    y = np.array([0.0, 1.0, 1e3, 1e6, 1e7, 1e10, 1e11])
    assert within_reach(y, np.ones(7, dtype=bool)).tolist() == [True] * 3 + [False] * 4


def test_a_loss_that_runs_smoothly_over_ten_decades_is_all_near() -> None:
    y = np.logspace(-10.0, 0.0, 24)
    assert within_reach(y, np.arange(24) % 3 == 0).all()


@given(
    st.lists(st.floats(-1e300, 1e300, allow_subnormal=False), max_size=40),
    st.integers(0, 40),
)
def test_what_is_near_is_better_than_all_else_and_never_fewer_than_three(
    values: list[float], start: int
) -> None:
    y = np.array(values)
    near = within_reach(y, np.arange(len(y)) < start)
    assert near.sum() >= min(len(y), 3)
    if not near.all():
        assert y[near].max() <= y[~near].min()
