"""Tells people of trials that are overdue: nothing else may ever end one that hangs."""

from collections.abc import Iterable

from hpo_tui.engine.overdue import KEY
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec.units import show_duration
from hpo_tui.store.models import Trial, TrialState

_EVENT = "overdue"
_KNOWN = 3
"""Completed trials of a task from which on one may be judged by them."""
_LEAST = 60.0
"""Seconds before which none is overdue."""
_TIMES = 3.0
"""A trial is overdue after so many times what the longest of its task took."""


class Lateness:
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
                desk.event(_EVENT, text, number)
                if desk.spec.notify:
                    desk.notices.add(_EVENT, text)
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
        kill = f"hpo-tui kill {self.desk.folder.word} {trial.number}"
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
