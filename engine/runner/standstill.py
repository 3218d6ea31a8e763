"""Tells of running trials that somebody has suspended: nothing else shows why they do nothing."""

from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.store.locks import is_suspended

PAUSE = 10.0
"""Seconds between two looks; what stands still at one look only is no news."""


class Standstill:
    """Finds trials with a process that is stopped, as by ``kill -STOP``; each is an event, once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._seen: dict[int, float] = {}
        """Trial → when it was found suspended first, in seconds that the machine was awake."""
        self._told: set[int] = set()

    def look(self) -> None:
        """See which trials are suspended; tell of those that were at the last look too."""
        live, now = self.desk.live, processes.awake()
        still = self._still()
        for number in sorted(self._told - set(still)):
            if number in live and live[number].ended is None:
                lasted = now - self._seen[number]
                text = f"trial {number} goes on: it was suspended for about {lasted:.0f} s"
                self.desk.event("strange", text, number)
        self._told &= set(still)
        self._seen = {number: self._seen.get(number, now) for number in still}
        for number, pids in still.items():
            if number not in self._told and self._seen[number] < now:
                self.desk.event("strange", _said(number, pids), number)
                self._told.add(number)

    def _still(self) -> dict[int, list[int]]:
        """Return trial → those of its processes that stand still, of trials on this machine."""
        here = {
            number: live.process.pid
            for number, live in self.desk.live.items()
            if live.ended is None and live.process.started > 0
        }
        below = processes.children() if here else {}
        found = {n: list(filter(is_suspended, processes.tree(p, below))) for n, p in here.items()}
        return {number: pids for number, pids in found.items() if pids}


def _said(number: int, pids: list[int]) -> str:
    what = "a process of it is" if len(pids) == 1 else f"{len(pids)} processes of it are"
    return (
        f"trial {number} is suspended: {what} stopped, as by kill -STOP, and it keeps its device"
        f" until it goes on: kill -CONT {' '.join(map(str, pids))}"
    )
