"""Tells what of a study somebody has suspended: nothing else shows why it does nothing."""

from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.store.locks import is_suspended

PAUSE = 10.0
"""Seconds between two looks; what stands still at one look only is no news."""
_OPTIMIZER = 0
"""What stands for the optimizer's process among numbers of trials."""


class SuspendedProcesses:
    """Finds running trials, and an optimizer, with a process that is stopped (``kill -STOP``).

    Each is an event, and so is that it goes on.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._seen: dict[int, float] = {}
        """Trial → when it was found suspended first, in seconds that the machine was awake."""
        self._told: set[int] = set()

    def look(self) -> None:
        """See what is suspended; tell of what was at the last look too."""
        still, now = self._still(), processes.awake()
        for number in sorted(self._told - set(still)):
            self._told.discard(number)
            if self._runs(number):
                lasted = now - self._seen[number]
                self._tell(number, f"{_called(number)} goes on: it stood still for {lasted:.0f} s")
        self._seen = {number: self._seen.get(number, now) for number in still}
        for number, pids in still.items():
            if number not in self._told and self._seen[number] < now:
                self._tell(number, _said(number, pids))
                self._told.add(number)

    def _tell(self, number: int, text: str) -> None:
        self.desk.event("strange", text, None if number == _OPTIMIZER else number)

    def _runs(self, number: int) -> bool:
        live = self.desk.live.get(number)
        return number == _OPTIMIZER or (live is not None and live.ended is None)

    def _still(self) -> dict[int, list[int]]:
        """Return trial → those of its processes that stand still, of trials on this machine."""
        here = {
            number: live.process.pid
            for number, live in self.desk.live.items()
            if self._runs(number) and live.process.started > 0
        }
        below = processes.children() if here else {}
        found = {number: processes.tree(pid, below) for number, pid in here.items()}
        found[_OPTIMIZER] = [self.desk.proposals.pid] if self.desk.proposals.pid else []
        still = {number: list(filter(is_suspended, pids)) for number, pids in found.items()}
        return {number: pids for number, pids in still.items() if pids}


def _called(number: int) -> str:
    return "the optimizer" if number == _OPTIMIZER else f"trial {number}"


def _said(number: int, pids: list[int]) -> str:
    what = "a process of it is" if len(pids) == 1 else f"{len(pids)} processes of it are"
    means = "nothing new starts" if number == _OPTIMIZER else "it keeps its device"
    return (
        f"{_called(number)} is suspended: {what} stopped, as by kill -STOP, and {means} until it"
        f" goes on: kill -CONT {' '.join(map(str, pids))}"
    )
