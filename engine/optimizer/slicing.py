"""What the models expect of each metric as one parameter changes from one of the best trials.

Models of all tasks together say it of the full task, so a study in which full results are few has
slices all the same. Shapes: m configurations, d coordinates, k metrics.
"""

from collections.abc import Sequence

import numpy as np

from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.optimizer.arrays import Array
from hpo_tui.engine.optimizer.axes import Choice, Grid
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.optimizer.space import Space
from hpo_tui.engine.optimizer.surrogate import Models
from hpo_tui.engine.optimizer.transform import FAR, losses, offsets
from hpo_tui.engine.optimizer.trust import TRUSTED
from hpo_tui.engine.optimizer.wishes import compromises
from hpo_tui.engine.spec.model import StudySpec

MOST, FEWEST = 25, 9
"""Values along a parameter."""
_IN_ALL = 500
"""Values along all parameters together, where that leaves each the fewest."""
_DIGITS = 6


def slices(
    spec: StudySpec, history: TrialHistory, search: Search, best: Sequence[int]
) -> list[Slice]:
    """Return a slice per searched parameter that has a value there, and metric.

    Through the trial among the ``best`` that is least bad in any objective; while there is none,
    through the full result that is nearest to the goals. Empty before there is a full result.
    """
    models = search.models(history)
    if models is None:
        return []
    number = next(iter(compromises(history, best)), None)
    number = _nearest(spec, history, models) if number is None else number
    x = None if number is None else search.builder.encoded(history.trials[number])
    if number is None or x is None:
        return []
    space = search.space
    along = [(j, _along(space, x, j)) for j in np.flatnonzero(space.active(x[None])[0]).tolist()]
    along = [(j, rows) for j, rows in along if len(rows) > 1]
    if not along:
        return []
    mean, sd = models.predict(np.vstack([rows for _, rows in along]))
    metrics = [_Reading(history, models, k) for k in range(mean.shape[1])]
    out, start = [], 0
    for j, rows in along:
        at = slice(start, start + len(rows))
        start += len(rows)
        values = tuple(params[space.names[j]] for params in space.decode(rows))
        for k, metric in enumerate(spec.metric_names):
            ends = [metrics[k](mean[at, k] + side * sd[at, k]) for side in (-1.0, 0.0, 1.0)]
            low, high = np.minimum(ends[0], ends[2]), np.maximum(ends[0], ends[2])
            told = (_rounded(ends[1]), _rounded(low), _rounded(high))
            out.append(Slice(number, space.names[j], metric, values, *told))
    return out


def _along(space: Space, x: Array, j: int) -> Array:
    """Return configurations that differ from ``x`` (d,) in parameter ``j``, (m, d), in its order.

    What keeps a constraint over the parameters alone. A parameter that only some of the values
    bring along takes its default, else the middle of its range or the first choice.
    """
    axis, count = space.axes[j], min(max(_IN_ALL // space.d, FEWEST), MOST)
    if isinstance(axis, Choice):
        places = np.arange(min(axis.levels, MOST), dtype=float)
    elif isinstance(axis, Grid) and axis.levels <= count:
        places = axis.at(np.arange(axis.levels))
    else:
        places = np.unique(axis.snap(np.linspace(0.0, 1.0, count)))
    rows = np.where(space.active(x[None])[0], x, _brought(space))
    rows = np.tile(rows, (len(places), 1))
    rows[:, j] = places
    rows = space.snap(rows)
    return rows[space.allowed(rows)]


def _brought(space: Space) -> Array:
    """Return what parameters begin with that a changed one brings along, (d,)."""
    places = []
    for parameter, axis in zip(space.free, space.axes, strict=True):
        default = None if parameter.default is None else axis.coordinate(parameter.default)
        places.append((0.0 if axis.categorical else 0.5) if default is None else default)
    return np.array(places)


def _nearest(spec: StudySpec, history: TrialHistory, models: Models) -> int | None:
    """Return the trial with the full result that misses the goals by least, None without one."""
    table = models.table
    there = (table.task == history.full) & table.final & np.isfinite(table.values).all(axis=1)
    if not there.any():
        return None
    names, warps = spec.metric_names, models.warps
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


class _Reading:
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
        known = np.isfinite(values) & ((values > 0) | (not self._warp.log))
        found = losses(values[known], self._warp.sign, log=self._warp.log)
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
        values = warp.sign * loss
        return np.exp(np.clip(values, -700.0, 700.0)) if warp.log else values


def _rounded(values: Array) -> tuple[float, ...]:
    """Return floats as they are kept: what is beyond six digits nobody sees."""
    return tuple(float(f"{v:.{_DIGITS}g}") for v in np.clip(values, -1e300, 1e300).tolist())
