"""Which parameters matter for a metric: PED-ANOVA in numpy.

Watanabe, Bansal, Hutter: PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
Arbitrary Subspaces, IJCAI 2023, equation 10: a parameter matters as much as its values among the
best trials are distributed otherwise than among all, measured by the Pearson divergence of two
kernel density estimates on a grid.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.analysis import front
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

Floats = NDArray[np.float64]

BEST_SHARE = 0.1
"""The share of trials that count as the best (gamma' of the paper)."""
GRID = 50
"""Points that a number's range is looked at."""
FEWEST = 20
"""Trials below which nothing is said: two of the best would speak for all."""
FEWEST_ACTIVE = 5
"""Best trials, and others, in which a conditional parameter has to be active to be judged."""


def importance(
    frame: Frame, spec: StudySpec, metric: str, task: str | None = None
) -> dict[str, float]:
    """Return parameter → share of the importance for ``metric`` (summing to 1), greatest first.

    Complete trials at ``task`` alone are looked at; the full task when it is not said, because
    results of different tasks are not comparable. Empty when there are too few trials:
    :func:`too_few` says so in words.

    A conditional parameter is judged among the trials in which it is active: its values in the
    best of those against its values in all of those. It counts by the share of the best trials
    that have it at all, because where few do, it decides little and chance a lot; and nothing when
    fewer than :data:`FEWEST_ACTIVE` of the best, or of the others, have it.
    """
    rows, loss = _results(frame, spec, metric, task)
    if len(rows) < FEWEST:
        return {}
    count = max(round(BEST_SHARE * len(rows)), 3)
    best = np.argsort(loss, kind="stable")[:count]
    top = np.zeros(len(rows), dtype=np.bool_)
    top[best] = True
    found: dict[str, float] = {}
    for parameter in spec.free:
        column = frame.params.get(parameter.name)
        found[parameter.name] = (
            0.0
            if column is None
            else _divergence(parameter, column[rows], top, parameter.name in frame.choices)
        )
    total = sum(found.values())
    shares = {k: v / total if total > 0 else 1 / len(found) for k, v in found.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def too_few(frame: Frame, spec: StudySpec, metric: str, task: str | None = None) -> str:
    """Return in words why there is no importance yet, empty when there is."""
    count = len(_results(frame, spec, metric, task)[0])
    if count >= FEWEST:
        return ""
    name = task or spec.full_task.name
    return f"{count} of the {FEWEST} results at {name} that it takes to say what matters"


def _results(
    frame: Frame, spec: StudySpec, metric: str, task: str | None
) -> tuple[NDArray[np.intp], Floats]:
    """Return the rows that count, and the metric there as a loss."""
    values = front.column(frame, metric)
    done = frame.at_task(task or spec.full_task.name) & frame.in_state(TrialState.COMPLETE)
    rows = np.flatnonzero(done & ~np.isnan(values))
    return rows, _sign(spec, metric) * values[rows]


def _sign(spec: StudySpec, metric: str) -> float:
    for objective in spec.objectives:
        if objective.metric == metric:
            return objective.sign
    for constraint in spec.outcome_constraints:
        if constraint.metric == metric and constraint.max is None:
            return -1.0
    return 1.0


def _divergence(parameter: Parameter, values: Floats, top: NDArray[np.bool_], text: bool) -> float:
    """Return the Pearson divergence of a parameter's values among the best from those of all.

    Trials in which it is inactive are left out, and it counts by the share of the best that stay.
    """
    active = np.isfinite(values)
    share = float(active[top].mean())
    if not active.all() and min((active & top).sum(), (active & ~top).sum()) < FEWEST_ACTIVE:
        return 0.0
    values, top = values[active], top[active]
    if values.min() == values.max():
        return 0.0
    if text or not parameter.numeric:
        return share * _of_choices(values, top)
    return share * _of_numbers(parameter, values, top)


def _of_choices(values: Floats, top: NDArray[np.bool_]) -> float:
    kinds, codes = np.unique(values, return_inverse=True)
    count = len(kinds)

    def density(chosen: NDArray[np.intp]) -> Floats:
        # One trial's worth of prior over all choices, so that none has probability zero.
        tally = np.bincount(chosen, minlength=count) + 1.0 / count
        return np.asarray(tally / tally.sum(), dtype=np.float64)

    return _pearson(density(codes[top]), density(codes))


def _of_numbers(parameter: Parameter, values: Floats, top: NDArray[np.bool_]) -> float:
    log = parameter.log and values.min() > 0
    low, high = min(parameter.low, values.min()), max(parameter.high, values.max())
    if log and low > 0:
        values, low, high = np.log(values), np.log(low), np.log(high)
    points = GRID
    if parameter.kind is ParameterKind.INT and not log:
        points = int(min(GRID, high - low + 1))
    at = np.rint((values - low) / (high - low) * (points - 1)).astype(np.intp)
    return _pearson(_density(at[top], points), _density(at, points))


def _density(at: NDArray[np.intp], points: int) -> Floats:
    """Return a discretised, truncated Gaussian kernel density (Scott's bandwidth) on the grid."""
    weights = np.bincount(at, minlength=points) / len(at)
    grid = np.arange(points, dtype=np.float64)
    mean = weights @ grid
    spread = float(np.sqrt(weights @ (grid - mean) ** 2))
    low, high = np.quantile(at, (0.25, 0.75))
    spread = min(spread, (high - low) / 1.34) if high > low else spread
    width = max(1.059 * spread * len(at) ** -0.2, 0.5)
    # The mass in a cell depends on its distance alone: 2 points values, and no import of scipy,
    # which would take longer than the rest of a dashboard's opening.
    offsets = (np.arange(1 - points, points + 1) - 0.5) / (width * math.sqrt(2))
    mass = np.diff([0.5 * math.erfc(-x) for x in offsets.tolist()])
    index = np.arange(points)
    kernel = mass[index[None, :] - index[:, None] + points - 1]
    kernel /= kernel.sum(axis=1, keepdims=True)
    return np.asarray(weights @ kernel, dtype=np.float64)


def _pearson(best: Floats, every: Floats) -> float:
    every = every + 1e-12
    return float(every @ ((best + 1e-12) / every - 1) ** 2)
