"""What the models expect of each metric as one parameter changes from one of the best trials.

Models of all tasks together say it of the full task, so a study in which full results are few has
slices all the same. Shapes: m configurations, d coordinates, k metrics.
"""

from collections.abc import Sequence

import numpy as np

from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.explain.readout import Reading, filled, places, shortened, viewpoint
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.search import Search

MOST, FEWEST = 25, 9
"""Values along a parameter."""
_IN_ALL = 500
"""Values along all parameters together, where that leaves each the fewest."""
_DIGITS = 6
"""What is beyond them nobody sees."""


def slices(history: TrialHistory, search: Search, best: Sequence[int]) -> list[Slice]:
    """Return a slice per searched parameter that has a value there, and metric.

    Through the trial among the ``best`` that is least bad in any objective; while there is none,
    through the full result that is nearest to the goals. Empty before there is a full result.
    """
    found = viewpoint(history, search, best)
    if found is None:
        return []
    space, x, models = search.space, found.x, found.models
    along = [(j, _along(space, x, j)) for j in np.flatnonzero(space.active(x[None])[0]).tolist()]
    along = [(j, rows) for j, rows in along if len(rows) > 1]
    if not along:
        return []
    mean, sd = models.predict(np.vstack([rows for _, rows in along]))
    metrics = [Reading(history, models, k) for k in range(mean.shape[1])]
    out, start = [], 0
    for j, rows in along:
        at = slice(start, start + len(rows))
        start += len(rows)
        values = tuple(params[space.names[j]] for params in space.decode(rows))
        for k, metric in enumerate(history.spec.metric_names):
            told = metrics[k].band(mean[at, k], sd[at, k])
            numbers = (tuple(shortened(v, _DIGITS).tolist()) for v in told)
            out.append(Slice(found.number, space.names[j], metric, values, *numbers))
    return out


def _along(space: Space, x: Array, j: int) -> Array:
    """Return configurations that differ from ``x`` (d,) in parameter ``j``, (m, d), in its order.

    What keeps a constraint over the parameters alone.
    """
    at = places(space.axes[j], min(max(_IN_ALL // space.d, FEWEST), MOST))
    rows = np.tile(filled(space, x), (len(at), 1))
    rows[:, j] = at
    rows = space.snap(rows)
    return rows[space.allowed(rows)]
