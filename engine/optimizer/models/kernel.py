"""The multi-task covariance and its likelihood with gradients.

k((x,t),(x',t')) = M52(r) (L L')[t,t'] + 1 + (x - 1/2)'(x' - 1/2)
+ [t = t'] (0.1 + 0.03 M52(r0)) + sigma_t^2 [same row]: an intrinsic coregionalisation model
(Bonilla et al. 2007) over a Matérn 5/2 kernel with one length scale per coordinate. The constants
are the prior variances of a common and of a per-task mean; the product is that of a linear trend in
the numeric coordinates (Rasmussen & Williams 2006, section 2.7): it points at corners that nothing
near has shown yet, and is scaled down beyond twelve coordinates (:func:`trend`). The 0.03 is a
departure of each task from the others, after the discrepancy of Kennedy & O'Hagan (2000) and out
of reach of the fit: the few full results of a study lie close together, where a cheap task differs
from the full one by a constant, and L would learn from them that it does so everywhere. Its length
scales are fixed, but for parameters that do nothing (:func:`departure_lengths`).
Shapes: n rows, d coordinates, T tasks; ``pairs`` is (d, n * n).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.linalg import lapack

from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.optimizer.encoding.columns import (
    CATEGORY,
    OPTIONAL,
    Kinds,
    arc,
    centred,
    scaled,
)

COMMON, PER_TASK, DEPARTURE, TREND = 1.0, 0.1, 0.03, 1.0
"""Prior variances of the terms of the covariance above, in squared model units."""
JITTER = 1e-6
"""Added to the diagonal of the covariance, so that rounding does not make it indefinite."""
SLOPE_MEAN, SLOPE_VARIANCE = 0.5, 0.25
"""Prior of the slope along what earlier studies say, of all of them together: like problems mostly
go the same way, and by less than their own results differ."""
_DEPARTURE_LENGTH, _IDLE = 0.3, math.log(3.0)
"""Length scale of a task's departure from the others, times sqrt(d), in coordinates; and how much
longer, as a logarithm, that of what they share is along a parameter that does nothing."""
_ROOT5 = math.sqrt(5.0)
_PRIOR_CORRELATION, _SD_L = 0.85, 0.3
"""Prior correlation between any two tasks, and prior sd of each element of the factor L."""
NOISE = 1e-3
"""Prior noise variance of a result, in model units, where no repeats tell it."""
_NOISE_LOW, _NOISE_HIGH = math.log(1e-6), 1.0
"""Bounds of the logarithm of a noise variance."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal priors over the packed hyperparameters, and their bounds; each (d + T(T+1)/2 + T,).

    ``tasks``: T.
    """

    tasks: int
    mean: Array
    sd: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a fit sees: distances (d, n * n), tasks, values (n,), what no fit changes (n, n)."""

    pairs: Array
    task: Index
    y: Array
    fixed: Array


@dataclass(frozen=True, slots=True)
class Hyper:
    """Log length scales (d,), task factor L lower triangular (T, T), log noise variances (T,)."""

    lengths: Array
    factor: Array
    noise: Array

    @property
    def between(self) -> Array:
        """The covariance between tasks, L L', (T, T)."""
        return np.asarray(self.factor @ self.factor.T)

    @staticmethod
    def unpack(vector: Array, d: int, tasks: int) -> "Hyper":
        """Return them from one vector: lengths, the factor's lower part, noise."""
        lower = _lower(tasks)
        k = len(lower[0])
        factor = np.zeros((tasks, tasks))
        factor[lower] = vector[d : d + k]
        return Hyper(vector[:d], factor, vector[d + k :])


@cache
def _lower(tasks: int) -> tuple[Index, Index]:
    """Return where the factor's lower part is: a fit asks twice at each of its steps."""
    rows, columns = np.tril_indices(tasks)
    return rows, columns


def prior(d: int, tasks: int, noise: float = NOISE) -> Prior:
    """Return the prior: length scales 0.5 sqrt(d), tasks correlated 0.85, noise ``noise``."""
    base = (1 - _PRIOR_CORRELATION) * np.eye(tasks) + _PRIOR_CORRELATION
    factor = np.linalg.cholesky(base)[_lower(tasks)]
    k = len(factor)
    log_noise = np.full(tasks, math.log(NOISE))
    sd_noise = np.full(tasks, 2.5)
    log_noise[-1], sd_noise[-1] = math.log(noise), 1.5
    length = math.log(0.5 * math.sqrt(max(d, 1)))
    return Prior(
        tasks,
        np.concatenate([np.full(d, length), factor, log_noise]),
        np.concatenate([np.ones(d), np.full(k, _SD_L), sd_noise]),
        np.concatenate([np.full(d, math.log(0.02)), np.full(k, -3.0), np.full(tasks, _NOISE_LOW)]),
        np.concatenate([np.full(d, math.log(100)), np.full(k, 3.0), np.full(tasks, _NOISE_HIGH)]),
    )


def pair_distances(x: Array, kinds: Kinds) -> Array:
    """Squared differences, or 0/1 on a category, of all pairs of rows, (d, n * n)."""
    n, d = x.shape
    out = np.empty((d, n * n))
    for j in range(d):
        if kinds[j] == OPTIONAL:
            place = arc(x[:, j])
            out[j] = ((place[:, None] - place[None]) ** 2).sum(axis=2).ravel()
            continue
        gap = x[:, j, None] - x[None, :, j]
        out[j] = (gap != 0).ravel() if kinds[j] == CATEGORY else (gap * gap).ravel()
    return out


def matern(square: Array) -> Array:
    """Matérn 5/2 of squared scaled distances."""
    # In place: on matrices of this size fresh memory costs more than the arithmetic.
    r = np.sqrt(square)
    r *= _ROOT5
    out, third = r + 1.0, r * r
    third /= 3.0
    out += third
    np.negative(r, out=r)
    out *= np.exp(r, out=r)
    return np.asarray(out)


def cross(a: Array, b: Array, lengths: Array, kinds: Kinds) -> Array:
    """Matérn 5/2 between rows ``a`` (n, d) and ``b`` (m, d), (n, m)."""
    weight = np.exp(-lengths)
    p, q = scaled(a, weight, kinds), scaled(b, weight, kinds)
    square = (p * p).sum(1)[:, None] + (q * q).sum(1)[None] - 2.0 * (p @ q.T)
    np.maximum(square, 0.0, out=square)
    for j in np.flatnonzero(kinds == CATEGORY):
        square += (a[:, j, None] != b[None, :, j]) * weight[j] ** 2
    return matern(square)


def trend(kinds: Kinds) -> float:
    """Return the prior variance of the trend's slope along a numeric coordinate.

    Over a uniform space a trend of slopes of variance 1 has a variance of d / 12. It may not be
    more than that of the common mean: in many dimensions nothing but corners would be looked at.
    """
    numbers = int((kinds != CATEGORY).sum())
    return TREND * min(1.0, 12.0 / max(numbers, 1))


def departure_lengths(d: int, fitted: Array | None = None) -> Array:
    """Log length scales of a task's departure from the others, (d,).

    ``fitted``: those of what the tasks share, (d,). A parameter along which that does not change is
    not believed to make the tasks differ either: otherwise the same place would be looked at again
    and again, with other values of all that does nothing.
    """
    out = np.full(d, math.log(_DEPARTURE_LENGTH * math.sqrt(max(d, 1))))
    return out if fitted is None else out + 2.0 * np.maximum(fitted - out - _IDLE, 0.0)


def fixed_covariance(
    a: Array, task: Index, b: Array, other: Index, kinds: Kinds, *, departure: Array
) -> Array:
    """Prior covariance of the parts that no fit changes, (n, m).

    A constant and a linear trend that the tasks share; a constant and a departure of each task's,
    of log length scales ``departure``, (d,).
    """
    out = COMMON + trend(kinds) * centred(a, kinds) @ centred(b, kinds).T
    for t in np.intersect1d(task, other):
        i, j = np.flatnonzero(task == t), np.flatnonzero(other == t)
        own = cross(a[i], b[j], departure, kinds)
        own *= DEPARTURE
        own += PER_TASK
        if len(j) == len(b):
            out[i] += own
        else:
            out[np.ix_(i, j)] += own
    return np.asarray(out)


class FixedCovariance:
    """:func:`fixed_covariance`, the last one remembered: most metrics of a study share it."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self._last: tuple[tuple[Array | Index, ...], Array] | None = None

    def __call__(self, a: Array, task: Index, b: Array, other: Index, departure: Array) -> Array:
        """Return it for two sets of rows, (n, m): not to be changed."""
        of = (a, task, b, other, departure)
        if self._last is None or not all(map(np.array_equal, of, self._last[0])):
            kept = tuple(part.copy() for part in of)
            self._last = (
                kept,
                fixed_covariance(a, task, b, other, self.kinds, departure=departure),
            )
        return self._last[1]


def fixed_variance(x: Array, kinds: Kinds, *, same: bool) -> Array:
    """:func:`fixed_covariance` of rows with themselves, at the same task or at two, (n,)."""
    slopes = trend(kinds) * (centred(x, kinds) ** 2).sum(axis=1)
    return np.asarray(slopes + COMMON + (PER_TASK + DEPARTURE if same else 0.0))


def guessed_mean(a: Array) -> Array:
    """Prior mean by the guesses of ``s`` earlier studies (n, s), (n,); 0 where there are none."""
    return np.asarray((SLOPE_MEAN / max(a.shape[1], 1)) * a.sum(axis=1))


def guessed_covariance(a: Array, b: Array) -> Array:
    """Prior covariance of slopes along guesses of ``s`` earlier studies, (n, s) and (m, s), (n, m).

    The tasks share it. Studies that agree are believed together as much as one of them alone.
    """
    return np.asarray((SLOPE_VARIANCE / max(a.shape[1], 1)) * a @ b.T)


def guessed_variance(a: Array) -> Array:
    """:func:`guessed_covariance` of rows (n, s) with themselves, (n,)."""
    return np.asarray((SLOPE_VARIANCE / max(a.shape[1], 1)) * (a**2).sum(axis=1))


def loss(vector: Array, seen: Evidence, belief: Prior) -> tuple[float, Array]:
    """Negative log posterior of the hyperparameters and its gradient.

    G = (K^-1 - a a')/2 with a = K^-1 y; every derivative is a sum over G times that of K.
    """
    pairs, task, y = seen.pairs, seen.task, seen.y
    n, d, tasks = len(y), pairs.shape[0], belief.tasks
    hyper = Hyper.unpack(vector, d, tasks)
    weight = np.exp(-2.0 * hyper.lengths)
    r = _ROOT5 * np.sqrt(weight @ pairs)
    decay = np.exp(-r)
    shape = ((1.0 + r + r * r / 3.0) * decay).reshape(n, n)
    between = hyper.between[np.ix_(task, task)]
    cov = shape * between + seen.fixed
    noise = np.exp(hyper.noise)
    cov[np.diag_indices(n)] += noise[task] + JITTER
    chol, info = lapack.dpotrf(cov, lower=1, clean=1, overwrite_a=1)
    if info != 0:
        return 1e10, np.zeros_like(vector)
    alpha = lapack.dpotrs(chol, y, lower=1)[0]
    inverse = lapack.dpotri(chol, lower=1)[0]
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    half = 0.5 * (inverse - np.outer(alpha, alpha))
    value = 0.5 * float(y @ alpha) + float(np.sum(np.log(np.diag(chol))))
    slope = (half * between).ravel() * ((1.0 + r) * decay)
    by_length = (5.0 / 3.0) * (pairs @ slope) * weight
    weighted = half * shape
    member = (task[:, None] == np.arange(tasks)[None]).astype(float)
    by_factor = 2.0 * (member.T @ weighted @ member) @ hyper.factor
    by_noise = noise * (member.T @ np.diag(half))
    gap = (vector - belief.mean) / belief.sd
    gradient = np.concatenate([by_length, by_factor[_lower(tasks)], by_noise])
    return value + 0.5 * float(gap @ gap), gradient + gap / belief.sd
