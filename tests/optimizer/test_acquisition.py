"""Hypervolume and its expected improvement against brute force and Monte Carlo."""

import itertools

import numpy as np
import pytest
from scipy import stats

from hpo_tui.engine.optimizer.acquisition.expected_gain import improvement, target
from hpo_tui.engine.optimizer.acquisition.pareto import front, open_boxes, ranks, thinned


def gains(points: np.ndarray, ref: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The hypervolume that each draw (n, m) adds to points, by inclusion and exclusion, (n,)."""
    total = np.zeros(len(draws))
    for k in range(len(points) + 1):
        for group in itertools.combinations(points, k):
            worst = np.max([*group, np.full(len(ref), -np.inf)], axis=0)
            total += (-1) ** k * np.prod(np.maximum(ref - np.maximum(worst, draws), 0), axis=1)
    return total


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_boxes_are_disjoint_and_hold_exactly_what_no_point_dominates(m: int) -> None:
    rng = np.random.default_rng(m)
    points, ref = rng.random((12, m)), np.linspace(0.9, 0.7, m)
    points[0, 0] = ref[0]  # on the edge: dominates nothing below the reference
    lows, highs = open_boxes(points, ref)
    for at in rng.random((400, m)):
        inside = np.sum(np.all((lows < at) & (at < highs), axis=1))
        free = np.all(at < ref) and not np.any(np.all(points <= at, axis=1))
        assert inside == int(free)
    assert len(open_boxes(points[front(points)], ref)[0]) == len(lows)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_expected_improvement_is_what_draws_gain_on_average(m: int) -> None:
    rng = np.random.default_rng(m)
    points = rng.random((5, m))
    ref = np.linspace(1.1, 0.9, m)
    if m == 1:
        points, ref = np.zeros((0, 1)), points.min(axis=0)
    mean, sd = rng.random((3, m)), rng.uniform(0.1, 0.5, (3, m))
    exact = target(points, ref).gain(mean, sd)
    for i in range(3):
        drawn = gains(points, ref, mean[i] + sd[i] * rng.standard_normal((20_000, m)))
        error = np.std(drawn) / np.sqrt(len(drawn))
        assert exact[i] == pytest.approx(np.mean(drawn), abs=4 * error + 1e-6)


def test_improvement_keeps_its_order_far_in_the_tail() -> None:
    w = np.array([-1e4, -301, -299, -50, -37, -30, -20, -8, -3, -1.5, -1.001, -1, 0, 2, 50.0])
    values = improvement(w)
    assert np.all(np.diff(values) > 0)
    assert np.all(values > 0)
    expected = w * stats.norm.cdf(w) + stats.norm.pdf(w)
    np.testing.assert_allclose(values[8:], expected[8:], rtol=1e-9)
    assert improvement(np.array([-np.inf]))[0] == 0.0


@pytest.mark.parametrize("m", [1, 2, 3])
def test_ranks_are_of_the_fronts_one_behind_the_other(m: int) -> None:
    y = np.random.default_rng(m).integers(0, 6, (40, m)).astype(float)
    better = np.all(y[:, None] <= y[None], axis=2) & np.any(y[:, None] < y[None], axis=2)
    expected, left = np.zeros(40, dtype=int), np.ones(40, dtype=bool)
    for level in range(40):
        now = left & ~better[left].any(axis=0)
        expected[now] = level
        left &= ~now
    np.testing.assert_array_equal(ranks(y), expected)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_front_is_what_nothing_dominates_the_first_of_equal_points(m: int) -> None:
    rng = np.random.default_rng(m)
    for n in (0, 1, 30):
        y = rng.integers(0, 5, (n, m)).astype(float)
        y[rng.random((n, m)) < 0.05] = np.inf
        better = np.all(y[:, None] <= y[None], axis=2) & np.any(y[:, None] < y[None], axis=2)
        same = np.all(y[:, None] == y[None], axis=2) & (np.arange(n)[:, None] < np.arange(n))
        expected = np.flatnonzero(~(better | same).any(axis=0))
        np.testing.assert_array_equal(front(y), expected)


def test_a_thinned_front_keeps_the_best_of_each_objective_and_leaves_no_gap() -> None:
    t = np.linspace(0, 1, 81)
    points = np.column_stack([t, 1 - t])
    kept = thinned(points, 9)
    assert kept[:, 0].min() == kept[:, 1].min() == 0.0
    np.testing.assert_allclose(np.diff(np.sort(kept[:, 0])), 1 / 8)
    np.testing.assert_array_equal(thinned(points, 81), points)


@pytest.mark.parametrize("m", [3, 4, 5])
def test_many_results_behind_a_front_take_nothing_from_what_it_leaves_open(m: int) -> None:
    rng = np.random.default_rng(m)
    best = 0.5 * rng.dirichlet(np.ones(m), size=9)
    behind = best[rng.integers(9, size=300)] + rng.uniform(0.01, 0.5, (300, m))
    mean, sd = rng.uniform(0.0, 1.0, (20, m)), rng.uniform(0.01, 0.3, (20, m))
    ref = np.full(m, 1.2)
    alone = target(best, ref).gain(mean, sd)
    np.testing.assert_allclose(target(np.vstack([best, behind]), ref).gain(mean, sd), alone)


def test_how_a_front_is_thinned_is_no_matter_of_units() -> None:
    angle = np.sort(np.random.default_rng(0).uniform(0, np.pi / 2, 60))
    points = 1.0 - np.column_stack([np.sin(angle), np.cos(angle)])
    unit, shift = np.array([100.0, 1.0]), np.array([3.0, -40.0])
    expected = thinned(points, 7) * unit + shift
    np.testing.assert_allclose(thinned(points * unit + shift, 7), expected)
    level = np.column_stack([points, np.full(60, 5.0)])  # an objective in which all are the same
    np.testing.assert_array_equal(thinned(level, 7)[:, :2], thinned(points, 7))
