"""Tells people of trials that take too long: to run, and to end once they were told to."""

from collections.abc import Callable, Iterable

from hpo_tui.engine.execution import processes
from hpo_tui.engine.overdue import KEY
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live
from hpo_tui.engine.spec.names import plural
from hpo_tui.engine.spec.units import show_duration
from hpo_tui.store.models import Trial, TrialState

_KNOWN = 3
"""Completed trials of a task from which on one may be judged by them."""
_LEAST = 60.0
"""Seconds before which none is overdue."""
_TIMES = 3.0
"""A trial is overdue after so many times what the longest of its task took."""
_SOON = 2.0
"""Seconds within which most trials end that are told to."""
_STUCK = 30.0
"""Seconds after its SIGKILL from which on a trial hangs in the kernel."""
_NAMED = 3
"""Processes that are named at most."""


class OverdueTrials:
    """Finds overdue trials; each is an event, and a notice where there is ``notify``, but once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._kept: dict[str, list[int]] | None = None
        """``now``: those that are overdue; ``told``: those of which people know."""

    def look(self) -> None:
        """See which trials are overdue by now; write that down where it is another."""
        if self._kept is None:
            self._kept = self.desk.kept(KEY) or {"now": [], "told": []}
        found = self._overdue()
        told = [n for n in self._kept["told"] if not self.desk.trials[n].state.ended]
        fresh = {n: said for n, said in found.items() if n not in told}
        kept = {"now": sorted(found), "told": sorted([*told, *fresh])}
        if kept == self._kept:
            return
        desk = self.desk
        with desk.transaction(durable=False):
            desk.writer.put(KEY, kept)
            for number, text in fresh.items():
                desk.announce("overdue", text, number)
        self._kept = kept

    def _overdue(self) -> dict[int, str]:
        """Return trial → what is to be said of it, of those that are overdue."""
        desk = self.desk
        gone = {n: desk.elapsed(live) for n, live in desk.live.items() if live.ended is None}
        gone = {n: seconds for n, seconds in gone.items() if seconds > _LEAST}
        if not gone:
            return {}  # spares the sum over all trials
        paces = _paces(desk.trials.values(), {desk.trials[n].task for n in gone})
        found = {}
        for number, seconds in gone.items():
            trial = desk.trials[number]
            known = paces[trial.task]
            if len(known) < _KNOWN:
                continue
            longest = max(known) * trial.cost
            if seconds > _TIMES * longest:
                found[number] = self._said(trial, seconds, longest)
        return found

    def _said(self, trial: Trial, seconds: float, longest: float) -> str:
        others, so_far = show_duration(max(1, round(longest))), show_duration(round(seconds))
        return (
            f"trial {trial.number} has run for {so_far}, others at {trial.task} {others} at most; "
            f"{self._fate(trial)}"
        )

    def _fate(self, trial: Trial) -> str:
        """Say what will stop the trial if it hangs."""
        ends, resources = [], self.desk.spec.resources
        if resources.stall is not None:
            ends.append(f"once it reports nothing for {show_duration(resources.stall)} (stall)")
        if resources.timeout is not None:
            ends.append(f"after {show_duration(resources.timeout)} in all (timeout)")
        if ends:
            return f"it is stopped {' or '.join(ends)}"
        kill = f"hpo-tui kill {self.desk.folder.path_word} {trial.number}"
        return f"nothing stops it but `{kill}`: neither stall nor timeout is set"


def _paces(trials: Iterable[Trial], tasks: set[str]) -> dict[str, list[float]]:
    """Return task → the seconds that its completed trials took for each unit of their price.

    A promotion runs for its margin alone.
    """
    found: dict[str, list[float]] = {task: [] for task in tasks}
    for t in trials:
        if t.task in tasks and t.state is TrialState.COMPLETE and t.duration and t.cost > 0:
            found[t.task].append(t.duration / t.cost)
    return found


class LingeringTrials:
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
