"""A model of results that is a sum of one function a parameter, fitted by the evidence, in numpy.

A Gaussian process (Durrande et al.: ANOVA kernels and RKHS of zero mean functions, 2013) whose
functions are written in cosines; how large each function is, and the noise, are found by the
evidence (MacKay: Bayesian interpolation, 1992), which takes a parameter without influence to zero.

All functions are fitted together, over the whole range: where a search has converged, the values
that it happened to settle on go with good results whether they matter or not. Methods that look at
one parameter's values among the best at a time (PED-ANOVA, Watanabe et al. 2023) take those for
causes. What two parameters do only together, with neither's mean effect moved, is not seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.store.frame import Frame

WAVES = 8
"""Cosines that a number's function is written in, where there are few parameters."""
COLUMNS = 240
"""Columns that all cosines together take, about: the time grows with their cube."""
ROUNDS = 60
"""Steps that the evidence takes at the most."""
FEWEST_ACTIVE = 5
"""Results in which a conditional parameter has to be active to be judged."""
_SWAY = 0.05
"""Share of all that a function does by which its value somewhere may be off."""
_TINY = 1e-9
"""Stands for a variance or a share of zero in divisions and logarithms."""

_Part = tuple[Array, Array, float]
"""A parameter's columns (n, k), how large each is expected (k,), and its active share."""


@dataclass(frozen=True, slots=True, eq=False)
class Additive:
    """Functions of the parameters that explain more of the results than noise would.

    ``weights``: of all columns, (k,), with their covariance ``spread``, (k, k).
    """

    names: tuple[str, ...]
    parts: Sequence[_Part]
    weights: Array
    spread: Array

    @property
    def variances(self) -> dict[str, float]:
        """Parameter → variance that its function has over its range, 0 to about 1."""
        owner = _owner(self.parts)
        found = np.bincount(owner, self.weights**2, len(self.parts))
        shares = (part[2] for part in self.parts)
        return {
            name: float(f) * share for name, f, share in zip(self.names, found, shares, strict=True)
        }

    def lower(self, name: str, there: Mask, elsewhere: Mask) -> tuple[float, bool]:
        """Return whether a parameter's function is lower in some rows (n,) than in others.

        By how many of its standard deviations it is in the mean; and whether it is lowest there,
        about: cosines sway.
        """
        at = self.names.index(name)
        own = _owner(self.parts) == at
        columns, weights = self.parts[at][0], self.weights[own]
        if not weights.any():
            return 0.0, False
        apart = columns[elsewhere].mean(axis=0) - columns[there].mean(axis=0)
        spread = float(apart @ self.spread[np.ix_(own, own)] @ apart)
        values = columns @ weights
        lowest = bool(values[there].min() <= values[elsewhere].min() + _SWAY * np.ptp(values))
        return float(apart @ weights) / math.sqrt(max(spread, _TINY)), lowest


def fitted(
    frame: Frame, parameters: Sequence[Parameter], rows: Index, results: Array
) -> Additive | None:
    """Return the model of some rows' results, (n,) or (n, m); None if they may be noise.

    It is one of their ranks, because one diverged loss would be all of a metric's variance; of
    several metrics of the mean of these.
    """
    waves = min(max(COLUMNS // max(len(parameters), 1), 2), WAVES)
    parts = [_columns(p, frame, rows, waves) for p in parameters]
    columns = np.concatenate([part[0] for part in parts], axis=1)
    leverage = _leverage(columns)
    ranks = [_ranks(of, leverage) for of in results.reshape(len(rows), -1).T]
    target = np.mean(ranks, axis=0)
    fit = _fit(parts, columns, target / (target.std() or 1.0))
    return None if fit is None else Additive(tuple(p.name for p in parameters), parts, *fit)


def _ranks(values: Array, weight: Array) -> Array:
    """Return weighted ranks, equal ones shared, with mean 0 and variance 1 (0 for a constant)."""
    kinds, kind = np.unique(values, return_inverse=True)
    mass = np.bincount(kind, weight, len(kinds))
    ranks = (np.cumsum(mass) - mass / 2)[kind]
    spread = ranks.std()
    return np.asarray((ranks - ranks.mean()) / (spread if spread > 0 else 1.0), dtype=np.float64)


def _leverage(columns: Array) -> Array:
    """Return how alone each row (n,) lies: by that it counts in the ranks.

    In a converged search most ranks would be spent on what hardly differs, the neighbourhood of
    the best, and few on the rest of the range.
    """
    gram = columns.T @ columns + np.eye(columns.shape[1])
    leverage = np.einsum("ij,ij->i", columns @ np.linalg.inv(gram), columns)
    return np.asarray(np.maximum(leverage, _TINY), dtype=np.float64)


def _columns(parameter: Parameter, frame: Frame, rows: Index, waves: int) -> _Part:
    """Return a parameter's columns (n, k), how large each is expected (k,), and its active share.

    The columns are orthonormal over the parameter's range, so that squared coefficients are the
    variance there, wherever trials were made. No columns where nothing can be said.
    """
    nothing = np.empty((len(rows), 0)), np.empty(0), 0.0
    column = frame.params.get(parameter.name)
    if column is None:
        return nothing
    active = np.isfinite(column[rows])
    values = column[rows][active]
    if len(values) < FEWEST_ACTIVE or values.min() == values.max():
        return nothing
    if parameter.name in frame.choices or not parameter.numeric:
        found, expected = _of_choices(values)
    else:
        found, expected = _of_numbers(parameter, values, waves)
    columns = np.zeros((len(rows), found.shape[1]))
    # An inactive parameter's function is 0, and has its mean there: that it is inactive is what
    # its parents do.
    columns[active] = found - found.mean(axis=0)
    return columns, expected, float(active.mean())


def _of_choices(values: Array) -> tuple[Array, Array]:
    kinds = np.unique(values)
    chosen = (values[:, None] == kinds[None, :]) - 1 / len(kinds)
    return chosen * math.sqrt(len(kinds)), np.ones(len(kinds))


def _of_numbers(parameter: Parameter, values: Array, waves: int) -> tuple[Array, Array]:
    log = parameter.log and values.min() > 0
    low, high = min(parameter.low, values.min()), max(parameter.high, values.max())
    if parameter.kind is ParameterKind.INT and not log:
        # A cell a value: on few values cosines are orthonormal at the middles of cells alone.
        waves = int(min(waves, (high - low) / (parameter.step or 1)))
        low, high = low - (parameter.step or 1) / 2, high + (parameter.step or 1) / 2
    if log and low > 0:
        values, low, high = np.log(values), np.log(low), np.log(high)
    wave = np.arange(1, max(waves, 1) + 1)
    at = (values - low) / (high - low)
    # Smooth functions are likelier: a Sobolev prior.
    columns = math.sqrt(2) * np.cos(math.pi * at[:, None] * wave)
    return columns.astype(np.float64), (wave**-2.0).astype(np.float64)


def _owner(parts: Sequence[_Part]) -> Index:
    """Return which part each of all columns (k,) belongs to."""
    return np.repeat(np.arange(len(parts)), [part[0].shape[1] for part in parts])


def _fit(parts: Sequence[_Part], columns: Array, target: Array) -> tuple[Array, Array] | None:
    """Return the weights of all columns and their covariance; None if there may be but noise.

    Fixed-point steps of the evidence (MacKay 1992): ``size`` is the prior variance of a part's
    coefficients, ``noise`` that of the target; each is set to what the fit says, divided by the
    number of coefficients that the data determine.
    """
    expected = np.concatenate([part[1] for part in parts])
    owner = _owner(parts)
    gram, seen = columns.T @ columns, columns.T @ target
    size, noise = np.full(len(parts), 0.5 / len(parts)), 0.5
    weights = np.zeros(len(owner))
    for _ in range(ROUNDS):
        scale = np.sqrt(size[owner] * expected)
        inverse = np.linalg.inv(gram * scale * scale[:, None] / noise + np.eye(len(owner)))
        weights = scale * (inverse @ (scale * seen)) / noise
        known = 1 - np.diag(inverse)
        before, share = size, np.bincount(owner, known, len(parts))
        squares = np.bincount(owner, weights**2 / expected, len(parts))
        size = np.maximum(squares / np.maximum(share, _TINY), _TINY)
        left = target @ target - 2 * weights @ seen + weights @ gram @ weights
        noise = max(float(left) / max(len(target) - known.sum(), 1.0), 1e-4)
        if np.allclose(size, before, rtol=1e-2, atol=1e-5):
            break
    many = sum(part[0].shape[1] > 0 for part in parts)
    if _gain(gram, seen, target, scale, weights, noise) < chance(len(target), many):
        return None
    return weights, scale * inverse * scale[:, None]


def chance(results: int, parameters: int) -> float:
    """Return how much log evidence noise alone reaches in one study of twenty, about.

    Fitted to made studies of 20 to 200 results and 2 to 20 parameters whose metric is noise: the
    evidence is the best of many, and the more so the fewer results there are for each.
    """
    return 1.5 + 0.3 * parameters * (1 + 40 / results)


def _gain(  # noqa: PLR0917 - the pieces of one formula
    gram: Array, seen: Array, target: Array, scale: Array, weights: Array, noise: float
) -> float:
    """Return by how much the log evidence exceeds that of a target that is noise alone."""
    n = len(target)
    inner = gram * scale * scale[:, None] / noise + np.eye(len(scale))
    misfit = float(target @ target - seen @ weights) / noise
    explained = float(np.linalg.slogdet(inner)[1]) + n * math.log(noise) + misfit
    alone = n + n * math.log(max(float(target @ target) / n, _TINY))
    return (alone - explained) / 2
