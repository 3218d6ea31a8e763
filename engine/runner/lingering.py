"""Tells people of trials that were told to end and go on: why, and how long that may last."""

from collections.abc import Callable

from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live
from hpo_tui.engine.spec.names import plural

_SOON = 2.0
"""Seconds within which most trials end that are told to."""
_STUCK = 30.0
"""Seconds after its SIGKILL from which on a trial hangs in the kernel."""
_NAMED = 3
"""Processes that are named at most."""


class Lingering:
    """Looks at trials that are being ended; of each it tells that it is, and that it hangs."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._told: dict[int, Callable[[Live, float], str]] = {}
        """Trial → what was told of it last."""

    def look(self) -> None:
        """See which trials have been told to end for a while."""
        desk, now = self.desk, processes.awake()
        self._told = {n: said for n, said in self._told.items() if n in desk.live}
        for number, live in desk.live.items():
            if live.kill_at is None or live.ended is not None:
                continue
            left = live.kill_at - now
            if left < -_STUCK:
                say = _stuck
            elif 0 < left < live.launch.grace - _SOON:
                say = _ending
            else:
                continue
            if self._told.get(number) is not say:
                desk.event("strange" if say is _stuck else "ending", say(live, left), number)
                self._told[number] = say


def _ending(live: Live, left: float) -> str:
    why = f" ({live.stop.text})" if live.stop is not None else ""
    return (
        f"trial {live.number} is told to end{why}: it saves what it has, or does not listen, and is"
        f" killed in {left:.0f} s"
    )


def _stuck(live: Live, left: float) -> str:
    where = ""
    if live.process.started > 0:  # else it is on another machine
        pids = processes.tree(live.process.pid)[1:]
        more = f" and {plural(len(pids) - _NAMED, 'other')}" if len(pids) > _NAMED else ""
        named = ", ".join(map(str, pids[:_NAMED])) or f"{live.process.pid}, which is to kill it"
        where = f" (pid {named}{more})"
    return (
        f"trial {live.number} was to be killed {-left:.0f} s ago and has not ended{where}: what"
        " SIGKILL does not end hangs in the kernel, as on a GPU driver or a disk that does not"
        " answer. Its device stays taken until it ends, or the machine is restarted"
    )
