"""How long trials that run have been at it, and which of them are overdue, in words. Pure."""

from typing import TYPE_CHECKING

from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts.attempts import BEGINNINGS
from hpo_tui.tui.words import present

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Array, Index
    from hpo_tui.tui.watching.snapshot import Snapshot

_NAMED = 2
"""Overdue trials that are named; more are counted."""
_MINUTES = 300.0
"""Seconds without a report from which on a trial is told of where little is."""


def durations(snapshot: "Snapshot") -> "Array":
    """Return the seconds (n,) that each trial took, of those that run the seconds so far."""
    found = snapshot.frame.duration.copy()
    rows = _running(snapshot)
    found[rows] = _so_far(snapshot, rows)
    return found


def _running(snapshot: "Snapshot") -> "Index":
    rows: Index = snapshot.frame.in_state(TrialState.RUNNING).nonzero()[0]
    return rows


def _so_far(snapshot: "Snapshot", rows: "Index") -> "Array":
    """Return for how long the running trials at ``rows`` have been at it."""
    import numpy as np

    frame, again = snapshot.frame, attempt_started(snapshot) if len(rows) else {}
    numbers = zip(frame.number[rows].tolist(), frame.started[rows].tolist(), strict=True)
    since = np.array([again.get(number, started) for number, started in numbers])
    return np.maximum(snapshot.time - since, 0.0)


def attempt_started(snapshot: "Snapshot") -> dict[int, float]:
    """Return trial → when its present attempt began, of those whose beginning is remembered.

    A trial is dated by its first: between two of them a night may have gone by.
    """
    return {
        e.trial: e.time for e in snapshot.events if e.trial is not None and e.kind in BEGINNINGS
    }


def running_texts(snapshot: "Snapshot") -> str:
    """Return the texts about how long trials have run; panes are drawn again when one changes."""
    return " ".join(map(present.took, _so_far(snapshot, _running(snapshot)).tolist()))


def quiet_text(snapshot: "Snapshot") -> str:
    """Return which trials have reported nothing for minutes, in few words; empty where none has."""
    late = {n: snapshot.time - at for n, at in snapshot.quiet.items() if n not in snapshot.overdue}
    late = {n: silence for n, silence in late.items() if silence >= _MINUTES}
    if len(late) > 1:
        return f"{len(late)} trials silent"
    return "".join(f"#{n} silent for {present.took(silence)}" for n, silence in late.items())


def overdue_text(snapshot: "Snapshot") -> str:
    """Return which trials are overdue, in few words; empty where none is."""
    late = snapshot.overdue
    if len(late) > _NAMED:
        return f"{len(late)} trials overdue"
    return ", ".join(f"#{n}" for n in late) + " overdue" if late else ""
