"""When the attempts of a trial ran, of those that events tell of. Pure.

A trial's row has the beginning of its first attempt, the end of its last, and how long all took.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hpo_tui.store.models import Event

BEGINNINGS = ("started", "promoted")
"""Kinds of the event that an attempt leaves when its process has started."""
_ENDS = ("requeued", "oom", "killed", "failed", "complete", "pruned")
_PLACE = re.compile(r" on (\S+)$")
_AGAIN = " starts again "


@dataclass(frozen=True, slots=True)
class Attempt:
    """``end``: when it was seen to have ended, infinite where nothing says so.

    ``device``: where it ran, empty where nobody knows.
    """

    start: float
    end: float = math.inf
    device: str = ""


def attempts_of(events: Iterable[Event]) -> dict[int, list[Attempt]]:
    """Return trial → its attempts in order, of trials that are known to have had several."""
    found: dict[int, list[Attempt]] = {}
    again: set[int] = set()
    for event in events:
        if event.trial is None:
            continue
        known = found.get(event.trial)
        if event.kind in BEGINNINGS:
            place = _PLACE.search(event.text)
            device = place.group(1) if place else ""
            found.setdefault(event.trial, []).append(Attempt(event.time, device=device))
            if _AGAIN in event.text:
                again.add(event.trial)
        elif known and event.kind in _ENDS and math.isinf(known[-1].end):
            known[-1] = Attempt(known[-1].start, event.time, known[-1].device)
    return {trial: found[trial] for trial in again}


def dated(
    attempts: Sequence[Attempt], started: float, ended: float, before: float
) -> list[Attempt]:
    """Return a trial's attempts with their ends: none before the trial's first, nor too long.

    ``before``: how long all but the last took together, not finite where nobody knows. What ran
    before the first that is remembered is one piece from ``started`` on. The end of the last is
    ``ended``. That of any other, which may have been seen late, is at the latest the next one's
    beginning.
    """
    pieces = list(attempts)
    if pieces[0].start > started + 1.0:
        pieces.insert(0, Attempt(started, device=pieces[0].device))
    left = max(before, 0.0) if math.isfinite(before) else math.inf
    found = []
    for piece, following in pairwise(pieces):
        end = min(piece.end, following.start, piece.start + left)
        left -= end - piece.start
        found.append(Attempt(piece.start, end, piece.device))
    last = pieces[-1]
    return [*found, Attempt(last.start, max(ended, last.start), last.device)]
