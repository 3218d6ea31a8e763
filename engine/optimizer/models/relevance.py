"""How much each metric has to say in what is sought.

A metric that an outcome constraint bounds, and that lies within it wherever the search has been,
decides nothing: whether its cheap results tell of its full ones is no reason to look less, nor to
doubt the results of others. Nor does an objective that is the same everywhere. Shapes: n rows,
k metrics, m configurations.
"""

from collections.abc import Sequence

import numpy as np
from scipy import special

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.models.gp import Posterior
from hpo_tui.engine.optimizer.table import Table
from hpo_tui.engine.spec import StudySpec

RELEVANT = 0.5
"""Relevance from which on a metric counts where it can only count or not: as an objective, and in
the doubt about cheap tasks."""
_FEWEST, _ROUNDING = 5, 1e-9
"""Results that tell that a metric is always the same, and what part of it may be rounding."""
_CLOSEST = 50
"""Results nearest to a limit at most, where it is asked whether it holds."""
Limit = tuple[int, float, float]
"""A metric's place, and the low and high end that it has to lie between, in model units."""


def relevance(
    spec: StudySpec,
    table: Table,
    posteriors: Sequence[Posterior],
    limits: Sequence[Limit],
    anywhere: Array,
) -> list[float]:
    """Return how much each metric matters, 0 to 1, (k,).

    1 for objectives, but 0 for one that is the same in all results, while another is not. For what
    only has to keep a limit 4p(1 - p), or 1 if p is below one half, where p is the chance that it
    does where this is least likely: at one of the configurations ``anywhere`` in the space (m, d)
    or one that was run and came near the limit. Without objectives the limits are what is sought: 1
    for all.
    """
    sought = {o.metric for o in spec.objectives}
    out = [float(not sought or metric in sought) for metric in spec.metric_names]
    flat = [same and _flat(table, k) for k, same in enumerate(out)]
    if any(matters and not same for matters, same in zip(out, flat, strict=True)):
        out = [0.0 if same else matters for matters, same in zip(out, flat, strict=True)]
    for k, low, high in limits:
        out[k] = max(out[k], _open(posteriors[k], low, high, anywhere))
    return out


def _flat(table: Table, k: int) -> bool:
    """Whether all results of a metric are the same at each task, but for rounding; five at least.

    Nothing but the hope that this will change could be gained by it, and a model has that hope
    wherever it knows little.
    """
    known = np.isfinite(table.values[:, k])
    values, task = table.values[known, k], table.task[known]
    spreads = [np.ptp(values[task == t]) for t in np.unique(task)]
    return len(values) >= _FEWEST and max(spreads) <= _ROUNDING * float(np.max(np.abs(values)))


def _open(posterior: Posterior, low: float, high: float, anywhere: Array) -> float:
    """Return how open it is whether a limit is kept, 1 where nothing is known yet."""
    rows = posterior.rows
    if len(rows.y) == 0:
        return 1.0
    gap = np.minimum(np.abs(rows.y - low), np.abs(rows.y - high))
    near = rows.x[np.argsort(gap, kind="stable")[:_CLOSEST]]
    mean, sd = posterior.predict(np.vstack([anywhere, near]))
    least = float(np.min(between((low - mean) / sd, (high - mean) / sd)))
    return 4.0 * least * (1.0 - least) if least > 0.5 else 1.0


def between(low: Array, high: Array) -> Array:
    """Probability that a standard normal lies between, exact in both tails, (m,)."""
    upper = low > 0.0
    return special.ndtr(np.where(upper, -low, high)) - special.ndtr(np.where(upper, -high, low))
