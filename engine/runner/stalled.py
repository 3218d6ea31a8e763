"""Running trials that have stalled, and those of which nobody can tell: unreadable reports."""

from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.spec.units import show_duration

_MUTE = 10.0
"""Seconds that reports may be unreadable before people are told: less is a hiccup."""
_AWAY = 10.0
"""Seconds without a look at the trials from which on theirs of silence are not counted."""


class StalledTrials:
    """Stops trials that have stalled; tells of those whose reports cannot be read."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._watched = processes.awake()
        """When it was last looked whether trials hang, in seconds that the machine was awake."""
        self._mute: dict[int, float] = {}
        """Trial → since when its reports cannot be read, in such seconds."""
        self._told = set[int]()
        """Those of them that were told."""

    def tell_unreadable(self) -> None:
        """Tell of trials whose reports cannot be read for long, and when they can be again."""
        desk, now = self.desk, processes.awake()
        faults = {n: live.unreadable for n, live in desk.live.items()}
        self._mute = {n: self._mute.get(n, now) for n, why in faults.items() if why}
        for number in sorted(self._told & faults.keys() - self._mute.keys()):
            desk.event("strange", f"the reports of trial {number} can be read again")
        self._told &= self._mute.keys()
        for number, since in self._mute.items():
            desk.live[number].heard = now  # it may have reported: nobody can tell
            if now - since > _MUTE and number not in self._told:
                self._told.add(number)
                text = f"the reports of trial {number} cannot be read: {faults[number]}. It runs on"
                desk.event("strange", f"{text}, and reading is tried again", number)

    def stop_stalled(self) -> None:
        """Stop trials that have reported nothing for too long."""
        desk, limit, now = self.desk, self.desk.spec.resources.stall, processes.awake()
        away, self._watched = now - self._watched, now
        if limit is None:
            return
        for live in desk.live.values():
            if away > _AWAY:  # this process was suspended, and so they may have been
                live.heard = min(now, live.heard + away)
            if live.stop is None and now - live.heard > limit:
                text = f"stalled: reported nothing for {show_duration(limit)}"
                desk.end(live, Stop("stall", text))
