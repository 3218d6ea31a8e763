"""How long trials that run have been at it, and which take far longer than others did. Pure."""

from typing import TYPE_CHECKING

from hpo_tui.store.models import TrialState
from hpo_tui.tui import present

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpo_tui.tui.snapshot import Snapshot

_TIMES = 3.0
"""A trial is overdue after so many times what the longest of its task took."""
_LEAST = 60.0
"""Seconds before which none is."""
_KNOWN = 3
"""Completed trials of a task from which on one may be judged by them."""
_NAMED = 2
"""Overdue trials that are named; more are counted."""


def durations(snapshot: "Snapshot") -> "NDArray[np.float64]":
    """Return the seconds (n,) that each trial took, of those that run the seconds so far."""
    import numpy as np

    frame = snapshot.frame
    running = frame.in_state(TrialState.RUNNING)
    found = frame.duration.copy()
    again = _again(snapshot)
    for row in np.flatnonzero(running).tolist():
        since = again.get(int(frame.number[row]), frame.started[row])
        found[row] = np.maximum(snapshot.time - since, 0.0)
    return found


def _again(snapshot: "Snapshot") -> dict[int, float]:
    """Return trial → when its present attempt began, where it is not the first.

    A trial is dated by its first: between two of them a night may have gone by.
    """
    return {
        e.trial: e.time
        for e in snapshot.events
        if e.trial is not None and f"trial {e.trial} starts again " in e.text
    }


def running_texts(snapshot: "Snapshot") -> str:
    """Return what is said of the time that trials have run: another text, another picture."""
    running = snapshot.frame.in_state(TrialState.RUNNING)
    return " ".join(map(present.took, durations(snapshot)[running].tolist()))


def overdue(snapshot: "Snapshot") -> list[int]:
    """Return the numbers of running trials that take far longer than any of their task has.

    Without a runner nobody knows whether they run still.
    """
    import numpy as np

    frame = snapshot.frame
    rows = np.flatnonzero(frame.in_state(TrialState.RUNNING))
    if snapshot.runner_pid is None or not len(rows):
        return []
    took = durations(snapshot)
    complete = frame.in_state(TrialState.COMPLETE)
    late = []
    for task in np.unique(frame.task[rows]).tolist():
        # By its own price: a promotion runs for its margin alone.
        with np.errstate(divide="ignore", invalid="ignore"):
            pace = took / frame.cost
        known = pace[complete & (frame.task == task)]
        known = known[np.isfinite(known)]
        if len(known) < _KNOWN:
            continue
        mine = rows[frame.task[rows] == task]
        limit = np.maximum(_LEAST, _TIMES * known.max() * frame.cost[mine])
        late += frame.number[mine[took[mine] > limit]].tolist()
    return sorted(late)


def overdue_text(snapshot: "Snapshot") -> str:
    """Return which trials are overdue, in few words; empty where none is."""
    late = overdue(snapshot)
    if len(late) > _NAMED:
        return f"{len(late)} trials overdue"
    return ", ".join(f"#{n}" for n in late) + " overdue" if late else ""
