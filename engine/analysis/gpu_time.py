"""GPU time of all trials of a frame at once, as `engine/occupancy.py` counts it. Pure numpy."""

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.occupancy import gpus_of
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import LOST, TrialState


def gpu_hours(frame: Frame, devices: int, now: float) -> tuple[float, float]:
    """Return (GPU-hours, those when a device had only trials that brought no result).

    ``devices``: GPUs of a trial, for trials that count by themselves. A running one counts since
    it first started.
    """
    running = frame.in_state(TrialState.RUNNING)
    seconds = np.nan_to_num(np.where(running, now - frame.started, frame.duration))
    seconds = np.maximum(seconds, 0.0)
    end = np.where(running, now, frame.ended)
    end = np.where(np.isnan(end), frame.started + seconds, end)
    lost = frame.in_state(*LOST)
    place, row = _places(frame, (seconds > 0) & np.isfinite(end))
    alone = np.ones(len(frame), dtype=np.bool_)
    alone[row] = False
    by_itself = np.where(alone, seconds, 0.0) * devices
    start = end - seconds
    whole = _union(place, start[row], end[row])
    kept = ~lost[row]
    sound = _union(place[kept], start[row[kept]], end[row[kept]])
    total = whole + float(by_itself.sum())
    return total / 3600, (whole - sound + float(by_itself[lost].sum())) / 3600


def busy_devices(frame: Frame, devices: int) -> int:
    """Return how many devices running trials occupy: as many GPU-hours go by in an hour."""
    running = frame.in_state(TrialState.RUNNING)
    place, row = _places(frame, running)
    return len(np.unique(place)) + int(running.sum() - len(np.unique(row))) * devices


def _places(frame: Frame, chosen: Mask) -> tuple[Index, Index]:
    """Return (number of the GPU, row of the trial) of every GPU of every chosen trial on one."""
    names: dict[str, int] = {}
    codes = [names.setdefault(d, len(names)) for d in frame.device.tolist()]
    code = np.array(codes, dtype=np.intp)
    gpus: dict[str, int] = {}
    places, rows = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)]
    for device, i in names.items():
        mine = np.flatnonzero((code == i) & chosen)
        for gpu in gpus_of(device):
            places.append(np.full(len(mine), gpus.setdefault(gpu, len(gpus)), dtype=np.intp))
            rows.append(mine)
    return np.concatenate(places), np.concatenate(rows)


def _union(place: Index, start: Array, end: Array) -> float:
    """Return the seconds covered at each place, in sum."""
    if not len(place):
        return 0.0
    # With the places laid out one after the other, one running maximum serves them all.
    shift = place * (float(end.max() - start.min()) + 1.0) - start.min()
    order = np.argsort(start + shift, kind="stable")
    start, end = (start + shift)[order], (end + shift)[order]
    reach = np.maximum.accumulate(end)
    before = np.r_[-np.inf, reach[:-1]]
    return float((reach - np.maximum(start, before)).clip(0.0).sum())
