"""What trials of a frame were charged, and what of it was lost. Pure numpy."""

import numpy as np

from hpo_tui.engine.analysis.front import finish_order
from hpo_tui.engine.arrays import Array
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import LOST


def charged(frame: Frame) -> Array:
    """Return what each trial (n,) was charged, in full-task units."""
    return np.nan_to_num(frame.charged)


def spent_by_end(frame: Frame) -> Array:
    """Return what all trials had been charged by the end of each (n,), NaN for those without."""
    order = finish_order(frame)
    spent = np.empty(len(frame))
    spent[order] = np.cumsum(charged(frame)[order])
    return np.where(np.isnan(frame.ended), np.nan, spent)


def lost(frame: Frame) -> Array:
    """Return what of that brought no result (n,).

    All of a trial that ended without one; else what attempts took that were begun again, which is
    told, or seen where a trial was charged above its price: files of the first schema tell nothing.
    """
    above = np.fmax(np.nan_to_num(frame.wasted), np.nan_to_num(frame.charged - frame.cost))
    return np.where(frame.in_state(*LOST), charged(frame), np.clip(above, 0.0, charged(frame)))
