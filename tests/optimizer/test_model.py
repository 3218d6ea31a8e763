"""The Gaussian process against numerical gradients and textbook formulas."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from hpo_tui.engine.optimizer.encoding.columns import CATEGORY, NUMBER
from hpo_tui.engine.optimizer.models import gp, kernel
from hpo_tui.engine.optimizer.models.gp import Posterior, Rows
from hpo_tui.engine.optimizer.models.kernel import Evidence, Hyper

CATEGORICAL = np.array([False, False, True])


def rows(n: int = 18, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.random((n, 2)), rng.integers(3, size=n)])
    task = rng.integers(3, size=n)
    y = np.sin(5 * x[:, 0]) + x[:, 1] + 0.1 * task + 0.05 * rng.standard_normal(n)
    return Rows(x, task, (y - y.mean()) / y.std())


def seen(data: Rows) -> Evidence:
    fixed = kernel.fixed_covariance(
        data.x,
        data.task,
        data.x,
        data.task,
        CATEGORICAL,
        departure=kernel.departure_lengths(len(CATEGORICAL)),
    )
    return Evidence(kernel.pair_distances(data.x, CATEGORICAL), data.task, data.y, fixed)


def vector(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    belief = kernel.prior(3, 3)
    return belief.mean + 0.3 * rng.standard_normal(len(belief.mean))


@pytest.mark.parametrize("seed", range(4))
def test_gradients_of_the_likelihood_match_finite_differences(seed: int) -> None:
    data, belief = rows(seed=seed), kernel.prior(3, 3)
    at = vector(seed)
    _, gradient = kernel.loss(at, seen(data), belief)
    numeric = optimize.approx_fprime(at, lambda v: kernel.loss(v, seen(data), belief)[0], 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=2e-4, atol=2e-4)


def test_likelihood_is_that_of_a_multivariate_normal() -> None:
    data, belief = rows(), kernel.prior(3, 3)
    hyper = Hyper.unpack(vector(), 3, 3)
    cov = dense(hyper, data.x, data.task, data.x, data.task)
    cov += np.diag(np.exp(hyper.noise)[data.task] + kernel.JITTER)
    expected = -stats.multivariate_normal(np.zeros(len(data.y)), cov).logpdf(data.y)
    expected -= 0.5 * len(data.y) * np.log(2 * np.pi)
    gap = (vector() - belief.mean) / belief.sd
    found, _ = kernel.loss(vector(), seen(data), belief)
    assert found == pytest.approx(expected + 0.5 * gap @ gap, rel=1e-9)


def dense(hyper: Hyper, a: np.ndarray, at: np.ndarray, b: np.ndarray, bt: np.ndarray) -> np.ndarray:
    """The covariance written out entry by entry."""
    out = np.zeros((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            gap = np.where(CATEGORICAL, (a[i] != b[j]) * 1.0, (a[i] - b[j]) ** 2)
            k = matern(np.sqrt(np.sum(gap / np.exp(hyper.lengths) ** 2)))
            departure = 0.03 * matern(np.sqrt(np.sum(gap)) / (0.3 * np.sqrt(3)))
            out[i, j] = k * hyper.between[at[i], bt[j]] + 1.0 + (0.1 + departure) * (at[i] == bt[j])
            out[i, j] += kernel.TREND * np.sum((a[i, :2] - 0.5) * (b[j, :2] - 0.5))
    return out


def matern(r: float) -> float:
    """Matérn 5/2 at a scaled distance."""
    return float((1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r))


def test_predictions_are_the_conditional_normal() -> None:
    data, hyper = rows(), Hyper.unpack(vector(), 3, 3)
    asked = rows(5, seed=9)
    full = np.full(5, 2)
    cov = dense(hyper, data.x, data.task, data.x, data.task)
    cov += np.diag(np.exp(hyper.noise)[data.task] + kernel.JITTER)
    across = dense(hyper, asked.x, full, data.x, data.task)
    weights = across @ np.linalg.inv(cov)
    mean, sd = Posterior(data, hyper, CATEGORICAL).predict(asked.x)
    np.testing.assert_allclose(mean, weights @ data.y, rtol=1e-7, atol=1e-9)
    own = dense(hyper, asked.x, full, asked.x, full) - weights @ across.T
    np.testing.assert_allclose(sd**2, np.diag(own), rtol=1e-6, atol=1e-9)


def test_what_a_task_tells_is_the_posterior_correlation() -> None:
    data, hyper = rows(), Hyper.unpack(vector(), 3, 3)
    posterior = Posterior(data, hyper, CATEGORICAL)
    x = rows(4, seed=5).x
    told = posterior.informs(x)
    cov = dense(hyper, data.x, data.task, data.x, data.task)
    noise = np.exp(hyper.noise)
    inverse = np.linalg.inv(cov + np.diag(noise[data.task] + kernel.JITTER))
    for i in range(4):
        both = np.repeat(x[i : i + 1], 2, axis=0)
        task = np.array([0, 2])
        across = dense(hyper, both, task, data.x, data.task)
        joint = dense(hyper, both, task, both, task) - across @ inverse @ across.T
        expected = joint[0, 1] ** 2 / ((joint[0, 0] + noise[0]) * joint[1, 1])
        assert told[i, 0] == pytest.approx(expected, rel=1e-5)


def test_a_trend_in_many_dimensions_varies_no_more_than_the_mean() -> None:
    for d in (2, 12, 13, 50):
        x = np.random.default_rng(0).random((4000, d))
        kinds = np.zeros(d, dtype=np.intp)
        slopes = kernel.trend(kinds) * np.mean(((x - 0.5) ** 2).sum(axis=1))
        assert slopes == pytest.approx(min(d / 12, 1.0), rel=0.02)
    # Categories have no slope, so they leave the others theirs.
    assert kernel.trend(np.array([CATEGORY] * 20 + [NUMBER] * 12)) == kernel.TREND


def test_rows_added_one_by_one_equal_rows_given_at_once() -> None:
    data, hyper = rows(20), Hyper.unpack(vector(), 3, 3)
    first = Rows(data.x[:15], data.task[:15], data.y[:15])
    grown = Posterior(first, hyper, CATEGORICAL).with_rows(data.x[15:], data.task[15:])
    whole = Posterior(grown.rows, hyper, CATEGORICAL)
    x = rows(6, seed=3).x
    np.testing.assert_allclose(grown.predict(x), whole.predict(x), rtol=1e-6, atol=1e-8)


def test_believed_rows_leave_the_mean_and_shrink_the_spread() -> None:
    data, hyper = rows(), Hyper.unpack(vector(), 3, 3)
    before = Posterior(data, hyper, CATEGORICAL)
    x = rows(6, seed=3).x
    after = before.with_rows(x[:2], np.array([2, 2]))
    np.testing.assert_allclose(after.mean(x), before.mean(x), atol=1e-6)
    assert np.all(after.predict(x)[1][:2] < 0.2 * before.predict(x)[1][:2] + 0.05)


def test_fit_finds_the_coordinate_that_matters() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((60, 2))
    y = np.sin(8 * x[:, 0])
    data = Rows(x, np.zeros(60, dtype=np.intp), (y - y.mean()) / y.std())
    found, _ = gp.fit(data, np.array([False, False]), 1)
    assert found[1] > found[0] + 1.0


def test_a_task_of_pure_noise_is_seen_to_tell_nothing() -> None:
    rng = np.random.default_rng(1)
    x = rng.random((60, 2))
    task = np.repeat([0, 1], [40, 20])
    y = np.where(task == 1, np.sin(4 * x[:, 0]) + x[:, 1], rng.standard_normal(60))
    data = Rows(x, task, (y - y.mean()) / y.std())
    found, _ = gp.fit(data, np.array([False, False]), 2)
    posterior = Posterior(data, Hyper.unpack(found, 2, 2), np.array([False, False]))
    assert posterior.explained_share(0) < 0.4


def test_full_results_of_one_corner_do_not_make_looks_elsewhere_certain() -> None:
    rng = np.random.default_rng(2)
    number = np.array([False, False])
    cheap, corner = rng.random((30, 2)), 0.1 * rng.random((8, 2))
    x = np.vstack([cheap, corner, corner])
    task = np.repeat([0, 0, 1], [30, 8, 8])
    y = np.sin(4 * x[:, 0]) + x[:, 1] - 0.3 * (task == 1)
    data = Rows(x, task, (y - y.mean()) / y.std())
    found, _ = gp.fit(data, number, 2)
    posterior = Posterior(data, Hyper.unpack(found, 2, 2), number)
    sd = posterior.predict(cheap)[1]
    assert sd[cheap.max(axis=1) < 0.2].max() < 0.1
    assert sd[cheap.min(axis=1) > 0.6].min() > 0.2
    assert posterior.correlation(0) < 0.97


def test_rows_left_out_are_predicted_as_by_a_dense_computation() -> None:
    data, hyper = rows(12), Hyper.unpack(vector(), 3, 3)
    posterior = Posterior(data, hyper, CATEGORICAL)
    cov = dense(hyper, data.x, data.task, data.x, data.task)
    cov += np.diag(np.exp(hyper.noise)[data.task] + kernel.JITTER)
    for out in (data.task == 2, np.arange(12) == 5, np.ones(12, dtype=bool)):
        gain = cov[np.ix_(out, ~out)] @ np.linalg.inv(cov[np.ix_(~out, ~out)])
        gap, spread = posterior.left_out(out)
        np.testing.assert_allclose(gap, data.y[out] - gain @ data.y[~out], atol=1e-6)
        expected = cov[np.ix_(out, out)] - gain @ cov[np.ix_(~out, out)]
        np.testing.assert_allclose(spread, expected, atol=1e-6)
        values, prior = posterior.by_themselves(out)
        np.testing.assert_array_equal(values, data.y[out])
        np.testing.assert_allclose(prior, cov[np.ix_(out, out)], atol=1e-9)


def test_along_a_parameter_that_does_nothing_tasks_do_not_depart_from_one_another() -> None:
    usual = kernel.departure_lengths(4)
    fitted = usual + np.log([0.5, 2.9, 6.0, 30.0])
    lengths = np.exp(kernel.departure_lengths(4, fitted) - usual)
    np.testing.assert_allclose(lengths, [1.0, 1.0, 4.0, 100.0])


def test_other_values_of_what_does_nothing_promise_nothing_at_a_place_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Categories of which the fit has learned that they change nothing, at any task."""
    kinds = np.array([NUMBER, CATEGORY, CATEGORY])
    rng = np.random.default_rng(0)
    x = np.column_stack([np.linspace(0.0, 1.0, 24), rng.integers(0, 3, (24, 2))])
    vector = kernel.prior(3, 2).mean.copy()
    vector[1:3] = math.log(20.0)

    def doubt() -> float:
        """Return how little is known where the same numbers were run with other categories."""
        data = Rows(x, np.ones(24, dtype=np.intp), np.sin(4 * x[:, 0]))
        model = Posterior(data, Hyper.unpack(vector, 3, 2), kinds)
        return float(np.mean(model.predict(x + np.array([0.0, 5.0, 5.0]))[1]))

    now = doubt()
    usual = kernel.departure_lengths(3)
    monkeypatch.setattr(kernel, "departure_lengths", lambda *_: usual)
    assert now < 0.6 * doubt()
