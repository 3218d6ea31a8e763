"""All metrics of a table in model units, and the noise that can be read off it.

Shapes: n rows, k metrics.
"""

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.acquisition.pareto import front
from hpo_tui.engine.optimizer.models.kernel import NOISE
from hpo_tui.engine.optimizer.models.scaling import Column, counts
from hpo_tui.engine.optimizer.models.transform import RowLabels, Warp, warp
from hpo_tui.engine.optimizer.table import Table, signs
from hpo_tui.engine.spec import StudySpec

START_ROWS = 8
"""Rows of the table that count as the start of a study, which was not chosen by its results."""
Units = tuple[Array, list[Warp]]
"""All metrics in model units, (n, k), and the maps that made them."""


def in_units(spec: StudySpec, table: Table) -> Units:
    """All metrics in model units, (n, k), with their maps."""
    full = len(spec.tasks) - 1
    sign = signs(spec)
    objectives = {o.metric: o for o in spec.objectives}
    limits = {c.metric: c.max if c.max is not None else c.min for c in spec.outcome_constraints}
    top = np.flatnonzero((table.task == full) & table.final)
    columns = [spec.metric_names.index(o.metric) for o in spec.objectives]
    losses = table.values[top][:, columns] * np.array([sign[j] for j in columns])
    whole = np.all(np.isfinite(losses), axis=1)
    on_front = np.zeros(len(table.x), dtype=bool)
    if len(columns) > 1 and whole.any():
        on_front[top[whole][front(losses[whole])]] = True
    start = np.arange(len(table.x)) < START_ROWS
    costs = np.array([t.cost for t in spec.tasks_by_cost])
    labels = RowLabels(table.config, table.task, full, start, on_front, costs)
    z = np.zeros((len(table.x), len(sign)))
    warps = []
    for k, metric in enumerate(spec.metric_names):
        objective = objectives.get(metric)
        limit = objective.threshold if objective else limits[metric]
        log = objective is not None and objective.log
        among = 0 if objective is None else len(columns)
        column = Column(table.values[:, k], sign[k], log, limit, among)
        z[:, k], made = warp(column, labels)
        warps.append(made)
    return z, warps


def repeat_noise(table: Table, z: Array) -> Array:
    """Prior of the full task's noise variance: pooled over repeats where there are any, (k,)."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i in np.flatnonzero(table.final & ~table.failed):
        groups.setdefault((int(table.config[i]), int(table.task[i])), []).append(int(i))
    pooled = [(len(g) - 1, z[g].var(axis=0, ddof=1)) for g in groups.values() if len(g) > 1]
    weight = sum(w for w, _ in pooled)
    if not weight:
        return np.full(z.shape[1], NOISE)
    variance = sum((w * v for w, v in pooled), np.zeros(z.shape[1])) / weight
    return np.asarray(np.clip(variance, 1e-5, 1.0))


def prior_noise(table: Table, units: Units, k: int) -> float:
    """Return what the noise variance of metric ``k`` at the full task is believed to be.

    That of repeats; rounding besides, where a count is modelled as the smooth function behind it.
    """
    z, warps = units
    noise = float(repeat_noise(table, z)[k])
    known = table.values[:, k]
    return max(noise, warps[k].rounding()) if counts(known[np.isfinite(known)]) else noise
