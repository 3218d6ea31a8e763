"""Metric values on their way into the model."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from hpo_tui.engine.optimizer.models.scaling import Scaling, counts, prefers_log
from hpo_tui.engine.optimizer.models.transform import offsets
from tests.optimizer.conftest import warped


def test_order_is_kept_and_the_better_half_is_linear() -> None:
    values = [5.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.5]
    z, _ = warped(values)
    assert np.all(np.diff(z[np.argsort(values)]) > 0)
    assert z[2] - z[1] == pytest.approx(z[3] - z[2])
    assert z.max() < 3


def test_a_maximised_metric_is_turned_round() -> None:
    z, _ = warped([0.1, 0.9, 0.5], sign=-1.0)
    assert z[1] < z[2] < z[0]


def test_failures_are_the_worst_there_is() -> None:
    z, _ = warped([1.0, 2.0, np.nan, 3.0, np.nan])
    assert z[2] == z[4] == z.max()
    assert z[2] > z[3]


def test_units_are_standardised_over_what_has_a_value() -> None:
    values = np.append(np.random.default_rng(0).standard_exponential(30), [np.nan] * 5)
    z, _ = warped(list(values))
    assert np.mean(z[:30]) == pytest.approx(0.0, abs=1e-12)
    assert np.std(z[:30]) == pytest.approx(1.0)
    same, made = warped([3.0, 3.0, 3.0])
    assert same.tolist() == [0.0, 0.0, 0.0]
    assert made.limit(3.0) == 0.0


def test_a_threshold_falls_between_the_values_that_it_separates() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    for limit in (1.5, 2.5, 4.5):
        z, made = warped(values, limit=limit)
        at = made.limit(limit)
        assert np.all((z < at) == (np.array(values) < limit))


def test_a_cheap_task_that_is_off_by_a_constant_is_lined_up() -> None:
    full = [1.0, 3.0, 2.0, 5.0, 4.0, 6.0]
    values = [v + 10 for v in full] + full
    z, _ = warped(values, tasks=[0] * 6 + [1] * 6, configs=[*range(6), *range(6)])
    apart, _ = warped(values, tasks=[0] * 6 + [1] * 6)
    assert np.abs(z[:6] - z[6:]).mean() < 0.5 * np.abs(apart[:6] - apart[6:]).mean()


@pytest.mark.parametrize("shift", [0.0, -10.0])
def test_up_to_a_threshold_all_is_linear(shift: float) -> None:
    """However many results are better: what it takes to reach it can be told."""
    values = [*(np.arange(1.0, 10.0) + shift), np.nan]
    plain, aimed = (np.diff(warped(values, limit=limit)[0]) for limit in (None, 7.0 + shift))
    assert np.ptp(plain[:4]) < 1e-9 < np.ptp(plain[:6])
    assert np.ptp(aimed[:6]) < 1e-9 < np.ptp(aimed)
    far, other = (warped(values, limit=limit)[0] for limit in (1e6, 1e9))
    np.testing.assert_array_equal(far, other)


@pytest.mark.parametrize(
    ("rows", "upto"),
    [
        ({}, 5),
        ({"front": [2, 7]}, 8),
        ({"start": [5, 6, 8]}, 7),
        ({"start": [0, 1], "front": [0]}, 5),
        ({"start": [7, 9], "front": [9]}, 8),  # a failure has no value to be linear up to
    ],
)
def test_the_front_and_half_of_the_start_are_in_the_linear_half(rows: Any, upto: int) -> None:
    z, _ = warped([*np.arange(1.0, 10.0), np.nan], **rows)
    gaps = np.diff(z[:9])
    assert np.ptp(gaps[: upto - 1]) < 1e-9
    assert abs(gaps[upto - 1] - gaps[0]) > 1e-3


def test_both_halves_of_normal_results_have_one_unit() -> None:
    drawn = stats.norm.ppf((np.arange(199) + 0.5) / 199)
    z, _ = warped(list(drawn))
    np.testing.assert_allclose(z, drawn, atol=0.03)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_limits_of_a_metric_are_limits_of_its_loss(sign: float) -> None:
    made = warped([1.0, 2.0, 3.0, 5.0], sign=sign)[1]
    ends = made.between(2.0, 4.0)
    assert ends == tuple(sorted(made.limit(v) for v in (2.0, 4.0)))
    above, below = made.between(2.0, None), made.between(None, 4.0)
    assert {above, below} == {(ends[0], np.inf), (-np.inf, ends[1])}
    assert (above[1] == np.inf) == (sign > 0)


def test_each_task_is_lined_up_with_the_nearest_dearer_one_that_it_has_pairs_with() -> None:
    runs = [  # configuration, task, loss
        (0, 0, 1.0), (1, 0, 2.0), (2, 0, 9.0),
        (0, 1, 4.0), (1, 1, 5.0), (3, 1, 7.0),
        (3, 3, 2.0), (0, 3, 0.0), (4, 3, 1.0),
        (2, 2, 5.0),
    ]  # fmt: skip
    config, task = (np.array([r[k] for r in runs], dtype=np.intp) for k in (0, 1))
    found = offsets(np.array([r[2] for r in runs]), config, task, 3)
    # Of two pairs two thirds are believed; what has no pair stays where it is.
    middle = 2 / 3 * np.median([2.0 - 7.0, 0.0 - 4.0])
    np.testing.assert_allclose(found, [middle + 2 / 3 * 3.0, middle, 0.0, 0.0])


def test_logarithms_are_taken_where_values_spread_over_orders_of_magnitude() -> None:
    rng = np.random.default_rng(0)
    assert prefers_log(np.exp(3 * rng.standard_normal(50)))
    assert not prefers_log(rng.uniform(1.0, 20.0, 50))
    assert not prefers_log(np.array([-1.0, 1.0, 100.0]))


@pytest.mark.parametrize("unit", [1e-250, 1e-8, 0.3, 1e6])
def test_whether_logarithms_are_taken_is_no_matter_of_the_unit(unit: float) -> None:
    rng = np.random.default_rng(0)
    drawn = [np.exp(rng.uniform(0.1, 2.0) * rng.standard_normal(30)) + rng.random()
             for _ in range(60)]  # fmt: skip
    chosen = [prefers_log(values) for values in drawn]
    assert 5 < sum(chosen) < 55
    assert [prefers_log(unit * values) for values in drawn] == chosen


def test_logarithms_want_three_positive_values_that_span_a_factor_of_ten() -> None:
    assert prefers_log(np.array([1.0, 2.0, 30.0]))
    assert not prefers_log(np.array([1.0, 30.0]))
    assert not prefers_log(np.array([0.0, 1.0, 2.0, 30.0]))
    assert not prefers_log(np.array([1.0, 1.0, 1.0, 9.9]))
    assert prefers_log(np.array([1.0, 1.0, 1.0, 10.1]))


def test_what_no_logarithm_reaches_is_infinitely_far() -> None:
    for sign in (1.0, -1.0):
        made = warped([1.0, 10.0, 100.0], sign=sign, log=True, limit=0.0)[1]
        assert made.limit(0.0) == made.limit(-3.0) == -sign * np.inf
        assert np.isfinite(made.limit(1e-300))
        assert made.between(None, None) == (-np.inf, np.inf)


ZEROS = [1e-17, 0.9, 1.2, 6e-18, 1.5, 2.0, 2.2, 3e-17, 2.6, 3.1]


def test_a_zero_that_rounding_has_missed_leaves_the_others_their_room() -> None:
    z, made = warped(ZEROS, traded=True)
    assert not made.scaling.log
    exact, _ = warped([v if v > 1e-9 else 0.0 for v in ZEROS], traded=True)
    np.testing.assert_allclose(z, exact, atol=1e-6)


def test_logarithms_of_one_objective_among_several_end_a_thousandth_below_the_usual() -> None:
    usual = list(np.exp(np.linspace(-3.0, 3.0, 25)))
    z, made = warped([*usual, 2e-3, 5e-4, 1e-17], traded=True)
    assert made.scaling.log
    assert z[-1] == z[-2] < z[-3] < z[:-3].min()
    aimed, made = warped([*usual, 1e-9, 1e-17], traded=True, limit=1e-7)
    assert aimed[-2] < made.limit(1e-7) < aimed[:-2].min()


def test_a_single_objective_is_followed_all_the_way_down() -> None:
    z, made = warped([*np.exp(np.linspace(-3.0, 3.0, 25)), 1e-5, 1e-6])
    assert made.scaling.log
    assert z[-1] < z[-2] < z[:-2].min()


@pytest.mark.parametrize("scale", [0.5, 1.0, 40.0])
def test_rounding_is_uniform_over_one_whole_number(scale: float) -> None:
    latent = np.random.default_rng(3).uniform(-40, 0, 4000) * scale
    z, made = warped([*np.round(latent), 1.0])
    rounded = np.array([made.limit(v) for v in np.round(latent)])
    exact = np.array([made.limit(v) for v in latent])
    assert made.rounding() == pytest.approx(np.mean((rounded - exact) ** 2), rel=0.1)
    assert made.rounding() == pytest.approx((made.limit(1.0) - made.limit(0.0)) ** 2 / 12)
    assert np.isfinite(z).all()


def test_rounding_is_no_more_than_half_of_what_is_seen_and_none_of_logarithms() -> None:
    assert warped([0.0, 0.0, 0.0, 1.0])[1].rounding() == 0.5
    assert warped([1.0, 10.0, 100.0], log=True)[1].rounding() == 0.0


@settings(max_examples=60)
@given(
    values=st.lists(
        st.one_of(st.floats(-1e100, 1e100), st.just(np.nan), st.just(1e-12)),
        min_size=1,
        max_size=20,
    ),
    log=st.booleans(),
    limit=st.one_of(st.none(), st.floats(-1e100, 1e100)),
    traded=st.booleans(),
)
def test_whatever_comes_in_finite_numbers_go_out(
    values: list[float], log: bool, limit: float | None, traded: bool
) -> None:
    z, made = warped(values, log=log, limit=limit, traded=traded)
    assert np.all(np.isfinite(z))
    assert np.all(np.abs(z) < 1e7)
    if limit is not None:
        assert not np.isnan(made.limit(limit))


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_unit_of_a_metric_does_not_matter(scale: float) -> None:
    values = np.random.default_rng(1).standard_normal(12)
    z, _ = warped(list(values * scale))
    plain, _ = warped(list(values))
    np.testing.assert_allclose(z, plain, rtol=1e-6)
    moved, _ = warped(list((values + 1000.0) * scale))
    np.testing.assert_allclose(moved, plain, rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.0, 5.0, 4.0, 3.0], True), ([0.0, 1.0, 1.0], False), ([0.0, 1.0, 2.5], False), ([], False)],
)
def test_counts_are_told_from_rates(values: list[float], expected: bool) -> None:
    assert counts(np.array(values)) is expected


def test_what_has_no_true_zero_does_not_grow_with_the_cost() -> None:
    cheap = [-1.0, 0.5, 0.6, 0.7, 0.8, 0.9]
    made = warped(
        [*cheap, *(v + 2.0 for v in cheap)], tasks=[0] * 6 + [1] * 6,
        configs=[*range(6), *range(6)],
    )[1]  # fmt: skip
    assert made.fall == pytest.approx((made.limit(2.0) - made.limit(0.0)) * 6 / 7)


def test_full_results_worse_than_their_looks_are_a_fall_and_better_ones_are_none() -> None:
    full = [1.0, 3.0, 2.0, 5.0, 4.0, 6.0]
    configs, tasks = [*range(6), *range(6)], [0] * 6 + [1] * 6
    z, worse = warped([v - 2.0 for v in full] + full, tasks=tasks, configs=configs)
    _, better = warped([v + 2.0 for v in full] + full, tasks=tasks, configs=configs)
    _, maximised = warped([v + 2.0 for v in full] + full, sign=-1.0, tasks=tasks, configs=configs)
    unit = abs(z[7] - z[8])
    assert worse.fall == pytest.approx(2.0 * 6 / 7 * unit)
    assert better.fall == 0.0
    assert maximised.fall > 0.0
    assert warped(full)[1].fall == 0.0


@pytest.mark.parametrize("log", [False, True])
def test_what_grows_with_the_cost_of_the_task_is_no_fall(log: bool) -> None:
    seconds = [10.0, 30.0, 20.0, 50.0, 40.0, 60.0]
    configs, tasks = [*range(6), *range(6)], [0] * 6 + [1] * 6
    for factor, most in ((4.0, 1e-9), (4.4, 0.2)):
        values = seconds + [factor * v for v in seconds]
        assert warped(values, log=log, tasks=tasks, configs=configs)[1].fall <= most
    values = seconds + [40.0 * v for v in seconds]
    assert warped(values, log=log, tasks=tasks, configs=configs)[1].fall > 0.5


@settings(max_examples=60)
@given(
    st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=24),
    st.one_of(st.none(), st.floats(1e-3, 1e3)),
    st.booleans(),
)
def test_more_of_a_negated_error_is_modelled_as_less_of_the_error(
    values: list[float], limit: float | None, log: bool
) -> None:
    tasks = [i % 2 for i in range(len(values))]
    configs = [i // 2 for i in range(len(values))]
    z, made = warped(values, log=log, limit=limit, tasks=tasks, configs=configs)
    negated = [-v for v in values]
    turned = None if limit is None else -limit
    z2, made2 = warped(negated, sign=-1.0, log=log, limit=turned, tasks=tasks, configs=configs)
    np.testing.assert_array_equal(z, z2)
    assert made2.scaling.log == made.scaling.log
    for at in (*values, 0.0, -3.0, np.inf, -np.inf):
        assert made2.limit(-at) == made.limit(at)
    assert made2.between(-5.0, -0.5) == made.between(0.5, 5.0)


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 8900), min_size=1, max_size=24),
    st.one_of(st.none(), st.integers(1, 9000)),
    st.sampled_from([1.0, 100.0]),
    st.booleans(),
)
@example([2098, 1, 1, 5202, 1607, 3, 282, 8000, 20, 1525, 1900], 2, 1.0, True)
def test_a_score_is_modelled_as_what_it_leaves_of_its_bound(
    parts: list[int], limit: int | None, bound: float, traded: bool
) -> None:
    """An accuracy as the error, as a share and in per cent."""
    # Where one is just 10 or 1000 times another, rounding decides about logarithms.
    errors = [bound * (p + 0.1371828) / 10000 for p in parts]
    turned = None if limit is None else bound * limit / 10000
    z, made = warped(errors, sign=1.0, limit=turned, traded=traded)
    scores = [bound - e for e in errors]
    limit_of_score = None if turned is None else bound - turned
    z2, made2 = warped(scores, sign=-1.0, limit=limit_of_score, traded=traded)
    assert (made2.scaling.foot == bound) == made.scaling.log
    np.testing.assert_allclose(z, z2, atol=1e-6)
    assert made2.limit(bound) == made.limit(0.0) or not made.scaling.log


def test_a_metric_that_may_pass_zero_or_its_bound_has_no_logarithm() -> None:
    negative = [-(10.0**k) for k in range(-3, 9)]
    assert warped(negative, sign=-1.0)[1].scaling.log
    assert not warped(negative, sign=-1.0, limit=0.5)[1].scaling.log
    assert not warped([*negative, 0.0], sign=-1.0)[1].scaling.log
    shares = [1.0 - 10.0**-k for k in range(1, 9)]
    assert warped(shares, sign=-1.0)[1].scaling.log
    assert not warped(shares, sign=-1.0, limit=1.0)[1].scaling.log
    assert not warped([*shares, 1.0], sign=-1.0)[1].scaling.log
    assert not warped(shares, sign=1.0)[1].scaling.log, "less is better"
    assert not warped([100.0 * s for s in shares] + [-1.0], sign=-1.0)[1].scaling.log
    assert not warped([*shares, -1.0, -9.0], sign=-1.0, log=True)[1].scaling.log, "its own"


@given(
    st.sampled_from([(1.0, 0.0), (-1.0, 0.0), (-1.0, 1.0), (-1.0, 100.0)]),
    st.sampled_from([1.0, -1.0]),
    st.booleans(),
    st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=9),
)
def test_losses_are_read_back_as_the_metric(
    view: tuple[float, float], sign: float, log: bool, sizes: list[float]
) -> None:
    side, foot = view
    scaling = Scaling(sign, log, side, foot)
    values = foot + side * np.array(sizes)
    kept = values[scaling.fits(values)]
    np.testing.assert_allclose(scaling.values(scaling.losses(kept)), kept, rtol=1e-9, atol=1e-8)
    assert [scaling.loss(float(v)) for v in kept] == pytest.approx(scaling.losses(kept).tolist())
    # Neighbouring floats can have one logarithm.
    assert (np.diff(scaling.losses(np.sort(sign * kept) * sign)) >= -1e-12).all()
