"""Notes which running trials have reported nothing for far longer than they used to."""

import time

from hpo_tui.engine.execution import processes
from hpo_tui.engine.quiet import KEY
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live

_LEAST = 60.0
"""Seconds without a report that are nothing out of the ordinary."""
_TIMES = 5.0
"""A trial is quiet after so many times what there was between two of its reports on average."""


class QuietTrials:
    """Finds trials that seem to hang: how long they will take cannot be told any more."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._known: dict[int, float] | None = None
        """Trial → its ``heard`` when it was written down; None before the first look."""

    def look(self) -> None:
        """See which trials are quiet by now; write that down where it is another."""
        awake = processes.awake()
        found = {
            number: live.heard
            for number, live in self.desk.live.items()
            if live.ended is None and self._is_quiet(live, awake - live.heard)
        }
        if found == self._known:
            return
        now = time.time()
        kept = [[number, now - (awake - heard)] for number, heard in found.items()]
        with self.desk.transaction(durable=False):
            self.desk.writer.put(KEY, kept)
        self._known = found

    def _is_quiet(self, live: Live, silence: float) -> bool:
        """Whether a trial is long due to report; nobody knows when one is that never has."""
        reports = live.tail.seq - live.seq
        if reports <= 0 or silence <= _LEAST:
            return False
        return silence > _TIMES * max(0.0, self.desk.elapsed(live) - silence) / reports
