"""What the models say, in the metrics' own units, of which trial, and at which values.

For slices and maps, which look at what is expected around one of the best trials. Shapes: m
configurations, d coordinates, k metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.encoding.axes import Axis, Choice, Grid
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.finalists import compromises
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.surrogate import Models
from hpo_tui.engine.optimizer.models.transform import FAR, offsets
from hpo_tui.engine.optimizer.models.trust import TRUSTED
from hpo_tui.engine.optimizer.search import Search

MOST_CHOICES = 25
"""Choices along a parameter that are looked at."""


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What is looked around from: the models, a trial's ``number``, its configuration x (d,)."""

    models: Models
    number: int
    x: Array


def viewpoint(history: TrialHistory, search: Search, best: Sequence[int]) -> Viewpoint | None:
    """Return the trial among the ``best`` that is least bad in any objective.

    While there is none, the full result that is nearest to the goals; None before there is a full
    result.
    """
    models = search.models(history)
    if models is None:
        return None
    number = next(iter(compromises(history, best)), None)
    number = _nearest(history, models) if number is None else number
    x = None if number is None else search.builder.encoded(history.trials[number])
    return None if number is None or x is None else Viewpoint(models, number, x)


def filled(space: Space, x: Array) -> Array:
    """Return ``x`` (d,) with what parameters begin with that a changed one brings along, (d,).

    Their default, else the middle of the range or the first choice.
    """
    begins = []
    for parameter, axis in zip(space.free, space.axes, strict=True):
        default = None if parameter.default is None else axis.coordinate(parameter.default)
        begins.append((0.0 if axis.categorical else 0.5) if default is None else default)
    return np.where(space.active(x[None])[0], x, np.array(begins))


def places(axis: Axis, count: int) -> Array:
    """Return coordinates along an axis, in its order: the choices, and ``count`` of numbers."""
    if isinstance(axis, Choice):
        return np.arange(min(axis.levels, MOST_CHOICES), dtype=float)
    if isinstance(axis, Grid) and axis.levels <= count:
        return axis.at(np.arange(axis.levels))
    return np.unique(axis.snap(np.linspace(0.0, 1.0, count)))


def _nearest(history: TrialHistory, models: Models) -> int | None:
    """Return the trial with the full result that misses the goals by least, None without one."""
    table = models.table
    there = (table.task == history.full) & table.final & np.isfinite(table.values).all(axis=1)
    if not there.any():
        return None
    spec, warps = history.spec, models.warps
    names = spec.metric_names
    limits = [
        (k := names.index(o.metric), -np.inf, warps[k].limit(o.threshold))
        for o in spec.objectives
        if o.threshold is not None
    ] + models.limits(spec)
    # A limit that no logarithm reaches is infinitely far from all, and yet some are nearer.
    bounded = [(models.z[:, k], *np.clip(ends, -FAR, FAR)) for k, *ends in limits]
    beyond = np.zeros(len(table.x))
    for z, low, high in bounded:
        beyond += np.maximum(low - z, 0.0) + np.maximum(z - high, 0.0)
    return int(table.trial[np.argmin(np.where(there, beyond, np.inf))])


class Reading:
    """Reads one metric back out of model units.

    The better half is linear there. The worse half is ranks, which are read back as the results
    that have them; nothing is known beyond the worst.
    """

    def __init__(self, history: TrialHistory, models: Models, k: int) -> None:
        self._warp = models.warps[k]
        table = models.table
        if models.trust[k] < TRUSTED:  # the cheap rows are not in these units
            table = table.rows(np.flatnonzero(table.task == history.full))
        values = table.values[:, k]
        scaling = self._warp.scaling
        known = scaling.fits(values)
        found = scaling.losses(values[known])
        task = table.task[known]
        found = found + offsets(found, table.config[known], task, history.full)[task]
        z = models.z[:, k]
        if table is not models.table:
            z = z[models.table.task == history.full]
        self._pivot = -self._warp.mean / self._warp.sd
        worse = z[known] > self._pivot
        self._z = np.append(self._pivot, np.sort(z[known][worse]))
        self._losses = np.append(self._warp.pivot, np.sort(found[worse]))

    def __call__(self, z: Array) -> Array:
        """Return the metric at model units ``z``, (m,)."""
        warp = self._warp
        linear = (z * warp.sd + warp.mean) * warp.scale + warp.pivot
        loss = np.where(z <= self._pivot, linear, np.interp(z, self._z, self._losses))
        values = warp.scaling.values(loss)
        return np.asarray(np.clip(values, -1e300, 1e300))

    def band(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        """Return what is expected, and between what in two cases of three, (m,) each."""
        low, middle, high = (self(mean + side * sd) for side in (-1.0, 0.0, 1.0))
        return middle, np.minimum(low, high), np.maximum(low, high)


def shortened(values: Array, digits: int) -> Array:
    """Return numbers as they are kept: of so many digits."""
    return np.array([float(f"{v:.{digits}g}") for v in values.tolist()])
