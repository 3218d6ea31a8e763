"""When trials ran, and where: lanes of trials, and an axis of time without the long idle stretches.

Pure numpy. Times are Unix seconds.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.occupancy import gpus_of
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Event, TrialState
from hpo_tui.tui.charts.attempts import Attempt, attempts_of, dated
from hpo_tui.tui.words import fmt

MOST_TRIALS = 2000
"""The last trials that are drawn: more than cells could show, and few enough for every update."""
LONG_IDLE = 120.0
"""Seconds without any trial from which an idle stretch may be left out of the axis …"""
IDLE_SHARE = 0.05
"""… where it is longer than this share of the time that trials ran."""
COLUMNS_A_CUT = 8
"""Columns of the axis to every cut: more cuts would leave nothing to read."""
SHORT = 1200.0
"""Seconds on the axis below which its moments are told to the second."""
MARK_EVERY = 16
"""Columns from one moment below the axis to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """n trials that have run, or attempts of theirs, in the order in which they began.

    ``row``: their rows of the frame; ``start``, ``end``: float64 (n,). One that runs ends now.
    ``device``: where attempts ran, of those that may have run elsewhere than the trial's last.
    """

    row: Index
    start: Array
    end: Array
    device: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """A line of the timeline: a device, or one of several for a device that trials share.

    ``at``: indices of :class:`Ran`, in order; no two of them ran at once.
    """

    label: str
    at: Index


def ran(frame: Frame, now: float, events: Iterable[Event] = ()) -> Ran:
    """Return the last :data:`MOST_TRIALS` trials that have run.

    Attempts of a trial of which ``events`` do not tell are taken for one piece that ended when the
    trial did.
    """
    running = frame.in_state(TrialState.RUNNING)
    end = np.where(running, now, frame.ended)
    whole = np.isnan(frame.duration) | running
    start = np.where(whole, frame.started, end - np.nan_to_num(frame.duration))
    known = np.isfinite(start) & np.isfinite(end) & (end >= start)
    rows = np.flatnonzero(known & ~frame.in_state(TrialState.WAITING))
    rows = rows[np.argsort(start[rows], kind="stable")][-MOST_TRIALS:]
    whole_ones = Ran(rows, start[rows], end[rows])
    return _parted(frame, whole_ones, attempts_of(events))


def _parted(frame: Frame, trials: Ran, attempts: Mapping[int, Sequence[Attempt]]) -> Ran:
    """Return the trials with those in pieces whose ``attempts`` are known."""
    at = [i for i, n in enumerate(frame.number[trials.row].tolist()) if n in attempts]
    if not at:
        return trials
    rows, pieces = list[int](), list[Attempt]()
    for i in at:
        row = int(trials.row[i])
        known, end = attempts[int(frame.number[row])], float(trials.end[i])
        before = float(frame.duration[row])  # of one that runs, what its earlier attempts took
        if frame.state[row] != STATES.index(TrialState.RUNNING):
            before -= end - known[-1].start
        found = dated(known, float(frame.started[row]), end, before)
        rows += [row] * len(found)
        pieces += found
    row = np.r_[np.delete(trials.row, at), np.array(rows, dtype=trials.row.dtype)]
    start = np.r_[np.delete(trials.start, at), [p.start for p in pieces]]
    end = np.r_[np.delete(trials.end, at), [p.end for p in pieces]]
    device = [""] * (len(row) - len(pieces)) + [p.device for p in pieces]
    order = np.argsort(start, kind="stable")
    places = {n: device[i] for n, i in enumerate(order.tolist()) if device[i]}
    return Ran(row[order], start[order], end[order], places)


def lanes(frame: Frame, trials: Ran) -> list[Lane]:
    """Return the lanes, by device: each trial in the first of its device's that is free."""
    free: dict[tuple[str, int], float] = {}
    found: dict[tuple[str, int], list[int]] = {}
    for i, row in enumerate(trials.row.tolist()):
        device = trials.device.get(i) or str(frame.device[row])
        for place in gpus_of(device) or (device or "-",):
            track = 0
            while free.get((place, track), -np.inf) > trials.start[i]:
                track += 1
            free[place, track] = float(trials.end[i])
            found.setdefault((place, track), []).append(i)
    order = sorted(found, key=lambda lane: (fmt.natural(lane[0]), lane[1]))
    return [Lane(name if not n else "", np.array(found[name, n])) for name, n in order]


class TimeAxis:
    """Columns of time. Long stretches in which nothing ran take one column each, ``cuts``."""

    def __init__(self, trials: Ran, width: int) -> None:
        """Lay ``trials`` (at least one) out over ``width`` columns."""
        reach = np.maximum.accumulate(trials.end)
        idle = np.flatnonzero(trials.start[1:] > reach[:-1])
        length = trials.start[idle + 1] - reach[idle]
        whole = float(reach[-1] - trials.start[0])
        long = length > max(LONG_IDLE, IDLE_SHARE * (whole - float(length.sum())))
        longest = np.argsort(-np.where(long, length, 0.0), kind="stable")
        most = min(int(long.sum()), width // COLUMNS_A_CUT)
        gone = np.sort(idle[longest[:most]])
        froms = np.r_[trials.start[0], trials.start[gone + 1]]
        tills = np.r_[reach[gone], reach[-1]]
        self.seconds = max(float((tills - froms).sum()), 1e-9)
        """What the axis shows."""
        ran_before = np.cumsum(tills - froms)[:-1]
        self.cuts = _places(ran_before * (width - most) / self.seconds, width)
        left = np.array([0, *(cut + 1 for cut in self.cuts)], dtype=np.float64)
        right = np.array([*self.cuts, width], dtype=np.float64)
        self._times = np.ravel(np.column_stack([froms, np.maximum(tills, froms + 1e-9)]))
        self._columns = np.ravel(np.column_stack([left, right]))

    def columns(self, times: Array) -> Array:
        """Return where ``times`` (n,) lie, from 0 to the width (n,)."""
        return np.interp(times, self._times, self._columns)

    def time(self, column: float) -> float:
        """Return the moment at ``column``: in a cut, when trials ran again."""
        at = int(np.searchsorted(self._columns, column, side="right"))
        if at % 2 == 0 and 0 < at < len(self._times):
            return float(self._times[at])
        return float(np.interp(column, self._columns, self._times))


def _places(before: Array, width: int) -> list[int]:
    """Return a column for every cut, that leaves each piece of the axis a column at least.

    ``before``: the columns that trials ran in before each, (n,).
    """
    cuts: list[int] = []
    for i, columns in enumerate(before.tolist()):
        least = cuts[-1] + 2 if cuts else 1
        most = width - 2 * (len(before) - i)
        cuts.append(min(max(int(columns) + i, least), most))
    return cuts


def marks(axis: TimeAxis, width: int, now: float) -> list[tuple[int, str]]:
    """Return (column, moment in local time) to write below the axis: the day where it changes."""
    clock = "%H:%M:%S" if axis.seconds < SHORT else "%H:%M"
    day, written = time.strftime("%F", time.localtime(now)), []
    column = 0
    while column < width:
        then = time.localtime(axis.time(column))
        today = time.strftime("%F", then)
        text = time.strftime(clock if today == day else f"%m-%d {clock}", then)
        day = today
        if column + len(text) > width:
            break
        written.append((column, text))
        column += max(len(text) + 2, MARK_EVERY)
    return written


def cells(axis: TimeAxis, trials: Ran, lane: Lane, width: int) -> NDArray[np.int64]:
    """Return which of ``trials`` every cell of a lane shows, (width,); −1: none.

    Each takes one cell at least; of several in one cell it is the last.
    """
    shown = np.full(width, -1, dtype=np.int64)
    left = np.floor(axis.columns(trials.start[lane.at])).astype(int).clip(0, width - 1)
    left -= np.isin(left, axis.cuts)  # begun, and ended, at the very end of a piece
    right = np.round(axis.columns(trials.end[lane.at])).astype(int)
    right = np.minimum(np.maximum(right, left + 1), width)
    small = right - left == 1
    for at, a, b in zip(lane.at[~small], left[~small], right[~small], strict=True):
        shown[a:b] = at
    shown[left[small]] = lane.at[small]
    return shown


def busy(axis: TimeAxis, trials: Ran, lane: Lane) -> float:
    """Return the share of the shown time that a lane's trials ran."""
    seconds = float((trials.end[lane.at] - trials.start[lane.at]).sum())
    return min(seconds / axis.seconds, 1.0)
