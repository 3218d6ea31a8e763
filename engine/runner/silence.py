"""Running trials from which nothing is heard: what they write cannot be read, or they hang."""

from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.spec.units import show_duration

_MUTE = 10.0
"""Seconds that reports may be unreadable before people are told: less is a hiccup."""
_AWAY = 10.0
"""Seconds without a look at the trials from which on theirs of silence are not counted."""


class Silence:
    """Tells of trials whose reports cannot be read; stops those that have stalled."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._watched = processes.awake()
        """When it was last looked whether trials hang, in seconds that the machine was awake."""

    def unread(self) -> None:
        """Tell of trials whose reports cannot be read for long, and when they can be again."""
        desk, now = self.desk, processes.awake()
        for live in desk.live.values():
            why = live.unreadable
            if not why:
                if live.mute_told:
                    desk.event("strange", f"the reports of trial {live.number} can be read again")
                live.mute, live.mute_told = None, False
                continue
            live.mute = live.mute or now
            live.heard = now  # it may have reported: nobody can tell
            if now - live.mute > _MUTE and not live.mute_told:
                live.mute_told = True
                text = f"the reports of trial {live.number} cannot be read: {why}. It runs on"
                desk.event("strange", f"{text}, and reading is tried again", live.number)

    def stalls(self) -> None:
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
