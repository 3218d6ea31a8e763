"""Which parameters matter for a metric: functional ANOVA of an additive model, in numpy.

Hutter, Hoos, Leyton-Brown: An Efficient Approach for Assessing Hyperparameter Importance, ICML
2014: a parameter matters by the variance that its main effect has over its whole range, in a model
of the results. The model is a Gaussian process that is a sum of one function a parameter
(Durrande et al.: ANOVA kernels and RKHS of zero mean functions, 2013), each written in cosines;
how large each function is, and the noise, are found by the evidence (MacKay: Bayesian
interpolation, 1992), which takes a parameter without influence to zero.

All functions are fitted together, over the whole range: where a search has converged, the values
that it happened to settle on go with good results whether they matter or not. Methods that look at
one parameter's values among the best at a time (PED-ANOVA, Watanabe et al. 2023) take those for
causes. What two parameters do only together, with neither's mean effect moved, is not seen.
"""

import math

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.repeats import averaged
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

WAVES = 8
"""Cosines that a number's function is written in, where there are few parameters."""
COLUMNS = 240
"""Columns that all cosines together take, about: the time grows with their cube."""
LOOKED_AT = 4000
"""Results that are looked at, evenly spread over the study, where there are more."""
ROUNDS = 60
"""Steps that the evidence takes at the most."""
FEWEST = 20
"""Results below which nothing is said."""
FEWEST_ACTIVE = 5
"""Results in which a conditional parameter has to be active to be judged."""
LEAST = 0.01
"""Share of the variance below which what all parameters explain together is taken for noise."""
_TINY = 1e-9
"""Stands for a variance or a share of zero in divisions and logarithms."""


def importance(
    frame: Frame, spec: StudySpec, metric: str, task: str | None = None
) -> dict[str, float]:
    """Return parameter → share of the importance for ``metric`` (summing to 1), greatest first.

    Complete trials at ``task`` alone are looked at; the full task when it is not said, because
    results of different tasks are not comparable. Empty when there are too few trials:
    :func:`too_few` says so in words. All are 0 when the parameters explain no more of the metric
    than they would of noise (:func:`chance`). Repeats of a configuration count once, by their mean.

    A conditional parameter is judged among the trials in which it is active, and counts by their
    share of all; nothing when fewer than :data:`FEWEST_ACTIVE` have it.
    """
    rows, results = _results(frame, spec, metric, task)
    if len(rows) < FEWEST:
        return {}
    if len(rows) > LOOKED_AT:
        some = np.linspace(0, len(rows) - 1, LOOKED_AT).astype(np.intp)
        rows, results = rows[some], results[some]
    waves = min(max(COLUMNS // max(len(spec.free), 1), 2), WAVES)
    parts = [_columns(p, frame, rows, waves) for p in spec.free]
    columns = np.concatenate([part[0] for part in parts], axis=1)
    explained = _variances(parts, columns, _ranks(results, _leverage(columns)))
    total = sum(explained)
    if total < LEAST:
        explained, total = [0.0] * len(explained), 1.0
    shares = {p.name: e / total for p, e in zip(spec.free, explained, strict=True)}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def too_few(frame: Frame, spec: StudySpec, metric: str, task: str | None = None) -> str:
    """Return in words why there is no importance yet, empty when there is."""
    count = len(_results(frame, spec, metric, task)[0])
    if count >= FEWEST:
        return ""
    name = task or spec.full_task.name
    return f"{count} of the {FEWEST} results at {name} that it takes to say what matters"


def _results(frame: Frame, spec: StudySpec, metric: str, task: str | None) -> tuple[Index, Array]:
    """Return a row of each configuration that counts, and its metric, the mean of its repeats."""
    values = front.column(frame, metric)
    done = frame.at_task(task or spec.full_task.name) & frame.in_state(TrialState.COMPLETE)
    # Repeats say no more of what the parameters do: they have the same ones.
    rows, frame = averaged(frame, done & ~np.isnan(values))
    return rows, front.column(frame, metric, rows)


def _ranks(values: Array, weight: Array) -> Array:
    """Return weighted ranks, equal ones shared, with mean 0 and variance 1 (0 for a constant).

    Ranks, because one diverged loss would be all of a metric's variance.
    """
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


def _columns(
    parameter: Parameter, frame: Frame, rows: Index, waves: int
) -> tuple[Array, Array, float]:
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


def _variances(
    parts: list[tuple[Array, Array, float]], columns: Array, target: Array
) -> list[float]:
    """Return the variance that each part's function has over its range, 0 to about 1.

    Fixed-point steps of the evidence (MacKay 1992): ``size`` is the prior variance of a part's
    coefficients, ``noise`` that of the target; each is set to what the fit says, divided by the
    number of coefficients that the data determine.
    """
    expected = np.concatenate([part[1] for part in parts])
    owner = np.repeat(np.arange(len(parts)), [part[0].shape[1] for part in parts])
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
        return [0.0] * len(parts)
    found = np.bincount(owner, weights**2, len(parts))
    return [float(f) * part[2] for f, part in zip(found, parts, strict=True)]


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
