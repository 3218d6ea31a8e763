"""One Gaussian process over configurations and tasks: fit, condition, predict.

Plain LAPACK throughout: at these sizes it is many times faster than a tensor library.
Shapes: n rows of d coordinates at tasks 0..T-1, T - 1 the full one; m rows asked about.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.encoding.columns import Kinds
from hpo_tui.engine.optimizer.models import kernel
from hpo_tui.engine.optimizer.models.kernel import Hyper

FIRST_ITERATIONS, WARM_ITERATIONS = 40, 15
"""Steps of the optimization of hyperparameters at most: of a first fit, and from an earlier one."""
Guesses = Callable[[Array], Array]
"""What ``s`` earlier studies say of a metric at configurations (n, d), (n, s): see guess.py."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What has been seen of one metric: coordinates (n, d), tasks (n,), values (n,)."""

    x: Array
    task: Index
    y: Array


def fit(
    rows: Rows,
    kinds: Kinds,
    tasks: int,
    warm: Array | None = None,
    noise: float = kernel.NOISE,
    *,
    guesses: Guesses | None = None,
) -> tuple[Array, float]:
    """Packed hyperparameters of highest posterior density, and their penalised loss.

    Cold: two starts (the prior mean; short length scales). Warm: a few steps from ``warm``.
    """
    from scipy import optimize  # as long to import as all else here: the first trials need no fit

    d = rows.x.shape[1]
    belief = kernel.prior(d, tasks, noise)
    departure, y = kernel.departure_lengths(d), rows.y
    own = (rows.x, rows.task)
    fixed = kernel.fixed_covariance(*own, *own, kinds, departure=departure)
    if guesses is not None:
        said = guesses(rows.x)
        fixed += kernel.guessed_covariance(said, said)
        y = y - kernel.guessed_mean(said)
    seen = kernel.Evidence(kernel.pair_distances(rows.x, kinds), rows.task, y, fixed)
    bounds = list(zip(belief.low.tolist(), belief.high.tolist(), strict=True))
    if warm is not None and len(warm) == len(belief.mean):
        starts, iterations = [warm], WARM_ITERATIONS
    else:
        short = belief.mean.copy()
        short[:d] = math.log(0.3 * math.sqrt(max(d, 1)))
        starts, iterations = [belief.mean, short], FIRST_ITERATIONS
    best, lowest = belief.mean, math.inf
    for start in starts:
        minimize: Any = optimize.minimize  # its stubs cannot match a method with bounds and options
        found = minimize(
            lambda vector: kernel.loss(vector, seen, belief),
            np.clip(start, belief.low, belief.high),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": iterations},
        )
        if np.all(np.isfinite(found.x)) and float(found.fun) < lowest:
            best, lowest = found.x, float(found.fun)
    return best, lowest


class Posterior:
    """A Gaussian process conditioned on rows, hyperparameters given.

    ``fixed``: one for all metrics of a study spares the others what the first has worked out.
    """

    def __init__(
        self,
        rows: Rows,
        hyper: Hyper,
        kinds: Kinds,
        guesses: Guesses | None = None,
        *,
        fixed: kernel.FixedCovariance | None = None,
    ) -> None:
        self.rows, self.hyper, self.kinds, self.guesses = rows, hyper, kinds, guesses
        self._fixed = kernel.FixedCovariance(kinds) if fixed is None else fixed
        self._said = None if guesses is None else guesses(rows.x)
        self.full = len(hyper.noise) - 1
        self._between = hyper.between
        self._noise = np.exp(hyper.noise)
        self._departure = kernel.departure_lengths(len(kinds), hyper.lengths)
        self._chol = cholesky(self._result_cov(rows.x, rows.task))
        self._alpha = linalg.cho_solve((self._chol, True), self._residuals(), check_finite=False)

    def _residuals(self) -> Array:
        """Return the results less what the guesses make of them before any is known, (n,)."""
        return self.rows.y - kernel.guessed_mean(self._guess(self.rows.x))

    def slopes(self) -> Array:
        """Return the posterior means of the slopes along the guesses, (s,)."""
        said = self._guess(self.rows.x)
        share = max(said.shape[1], 1)
        learned = kernel.SLOPE_VARIANCE * (said.T @ self._alpha)
        return np.asarray((kernel.SLOPE_MEAN + learned) / share)

    def _cov(self, a: Array, at: Index, b: Array, bt: Index, said: Array | None = None) -> Array:
        """Prior covariance of the function between two sets of rows; ``said``: :meth:`_guess` b."""
        shape = self._cov_without_guesses(a, at, b, bt)
        if self._said is not None:
            said = self._guess(b) if said is None else said
            shape += kernel.guessed_covariance(said if a is b else self._guess(a), said)
        return shape

    def _cov_without_guesses(self, a: Array, at: Index, b: Array, bt: Index) -> Array:
        """Return the same without what earlier studies say."""
        shape = kernel.cross(a, b, self.hyper.lengths, self.kinds)
        shape *= self._between[at[:, None], bt[None]]
        shape += self._fixed(a, at, b, bt, self._departure)
        return shape

    def _guess(self, x: Array) -> Array:
        """Return what the earlier studies say at ``x`` (n, d), (n, s); of the rows it is kept.

        It costs as much as a prediction by the models of them all. (n, 0) where there are none.
        """
        if self.guesses is None:
            return np.empty((len(x), 0))
        return self._said if x is self.rows.x and self._said is not None else self.guesses(x)

    def _result_cov(self, x: Array, task: Index) -> Array:
        """Prior covariance of results, noise included, (n, n)."""
        cov = self._cov(x, task, x, task)
        cov[np.diag_indices(len(cov))] += self._noise[task] + kernel.JITTER
        return cov

    def _half(self, cov: Array) -> Array:
        """Solve L v = cov for covariances (n, m) with the rows."""
        return np.asarray(linalg.solve_triangular(self._chol, cov, lower=True, check_finite=False))

    def _prior_covariance(self, x: Array, said: Array, task: int, other: int) -> Array:
        """Prior covariance between the functions of two tasks at the same configurations, (m,).

        ``said``: :meth:`_guess` of them.
        """
        fixed = kernel.fixed_variance(x, self.kinds, same=task == other)
        if self.guesses is not None:
            fixed += kernel.guessed_variance(said)
        return np.asarray(self._between[task, other] + fixed)

    def mean(self, x: Array, task: int | None = None) -> Array:
        """Posterior mean of the function at ``task`` (full when not said), (m,)."""
        t = np.full(len(x), self.full if task is None else task)
        own = self._cov_without_guesses(x, t, self.rows.x, self.rows.task) @ self._alpha
        return np.asarray(own + self._guess(x) @ self.slopes())

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Posterior mean and standard deviation of the function at the full task, (m,) each."""
        said = self._guess(x)
        cov = self._cov(self.rows.x, self.rows.task, x, np.full(len(x), self.full), said)
        half = self._half(cov)
        variance = self._prior_covariance(x, said, self.full, self.full) - np.einsum(
            "ij,ij->j", half, half
        )
        mean = np.asarray(cov.T @ self._alpha) + kernel.guessed_mean(said)
        return mean, np.sqrt(np.maximum(variance, 1e-9))

    def informs(self, x: Array) -> Array:
        """rho^2 between one noisy result at (x, task) and the full task's value, (m, T).

        Posterior, so what a task has already told at ``x`` has gone. Column T - 1 is 1.
        """
        m, tasks = len(x), self.full + 1
        out = np.ones((m, tasks))
        said = self._guess(x)

        def half(task: int) -> Array:
            return self._half(self._cov(self.rows.x, self.rows.task, x, np.full(m, task), said))

        top = half(self.full)
        var_full = self._prior_covariance(x, said, self.full, self.full)
        var_full = np.maximum(var_full - np.einsum("ij,ij->j", top, top), 1e-9)
        for t in range(self.full):
            low = half(t)
            var = self._prior_covariance(x, said, t, t) - np.einsum("ij,ij->j", low, low)
            cov = self._prior_covariance(x, said, t, self.full) - np.einsum("ij,ij->j", low, top)
            out[:, t] = cov**2 / (np.maximum(var, 0.0) + self._noise[t] + 1e-9) / var_full
        return np.clip(out, 0.0, 1.0)

    def with_rows(self, x: Array, task: Index) -> "Posterior":
        """Conditioned also on the posterior mean at running rows (Ginsbourger et al. 2010).

        Means stay, variances shrink. The Cholesky factor grows by k rows, O(k n^2).
        """
        if len(x) == 0:
            return self
        y = np.array([self.mean(x[i : i + 1], int(task[i]))[0] for i in range(len(x))])
        cov = self._cov(self.rows.x, self.rows.task, x, task)
        corner = self._result_cov(x, task)
        half = self._half(cov)
        n, k = cov.shape
        chol = np.zeros((n + k, n + k))
        chol[:n, :n] = self._chol
        chol[n:, :n] = half.T
        chol[n:, n:] = cholesky(corner - half.T @ half)
        grown = copy.copy(self)
        grown.rows = Rows(
            np.vstack([self.rows.x, x]),
            np.concatenate([self.rows.task, task]),
            np.concatenate([self.rows.y, y]),
        )
        grown._chol = chol
        grown._said = None if self._said is None else np.vstack([self._said, self._guess(x)])
        grown._alpha = linalg.cho_solve((chol, True), grown._residuals(), check_finite=False)
        return grown

    def left_out(self, rows: Mask) -> tuple[Array, Array]:
        """Return results less their prediction from all others, of marked rows (n,), at least one.

        (k,), and the covariance of that difference, noise included, (k, k): the inverse of their
        block of the precision matrix (Rasmussen & Williams 2006, section 5.4.2, for one row).
        """
        unit = np.eye(len(rows))[:, rows]
        half = linalg.solve_triangular(self._chol, unit, lower=True, check_finite=False)
        precision = cholesky(half.T @ half)
        spread = linalg.cho_solve((precision, True), np.eye(len(precision)), check_finite=False)
        return np.asarray(spread @ self._alpha[rows]), np.asarray(spread)

    def by_themselves(self, rows: Mask) -> tuple[Array, Array]:
        """Return results of marked rows (n,) less their prior mean, and their prior covariance.

        (k,) and (k, k).
        """
        return self._residuals()[rows], self._result_cov(self.rows.x[rows], self.rows.task[rows])

    def correlation(self, task: int) -> float:
        """Modelled correlation between the functions of ``task`` and of the full task."""
        return float(self._between[task, self.full] / math.sqrt(self._variances(task)))

    def explained_share(self, task: int) -> float:
        """Share of the full task's variance that a noisy result of ``task`` explains."""
        noise = float(self._noise[task])
        return float(self._between[task, self.full] ** 2 / self._variances(task, noise))

    def _variances(self, task: int, noise: float = 0.0) -> float:
        """Product of the prior variances of ``task`` (with its noise) and of the full task.

        Without the means and the trend, which say nothing of one configuration against another
        nearby, and with the departures.
        """
        b = self._between
        own = float(b[task, task]) + kernel.DEPARTURE + noise
        return own * (float(b[self.full, self.full]) + kernel.DEPARTURE)


def cholesky(cov: Array) -> Array:
    """Lower Cholesky factor, with more jitter where rounding has made the matrix indefinite."""
    jitter = 0.0
    for _ in range(8):
        try:
            return np.asarray(
                linalg.cholesky(
                    cov + jitter * np.eye(len(cov)) if jitter else cov,
                    lower=True,
                    check_finite=False,
                )
            )
        except linalg.LinAlgError:
            jitter = max(jitter * 10, 1e-6)
    return np.diag(np.sqrt(np.maximum(np.diag(cov), 1e-6)))
