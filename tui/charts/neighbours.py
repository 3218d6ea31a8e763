"""From a trial to the next one along an axis."""

import numpy as np

from hpo_tui.engine.arrays import Mask
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts.axes import Axis


def next_along(
    axis: Axis, frame: Frame, mask: Mask | None, selected: int | None, up: int
) -> int | None:
    """Return the number of the next trial up (1) or down (-1) the axis, None at its end.

    Only trials in ``mask`` count. From a trial that is not among them it is the topmost.
    """
    rows = np.arange(len(frame)) if mask is None else np.flatnonzero(mask)
    unit = axis.unit(axis.values(axis.raw(frame)[rows]))
    order = rows[np.lexsort((rows, np.where(np.isnan(unit), -1.0, unit)))]
    here = None if selected is None else frame.index(selected)
    found = np.flatnonzero(order == here) if here is not None else np.zeros(0, np.intp)
    at = int(found[0]) + up if len(found) else len(order) - 1
    return int(frame.number[order[at]]) if 0 <= at < len(order) else None
