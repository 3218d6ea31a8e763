"""What a trial prints and writes, searched for metrics for as long as it reports none by itself."""

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.metrics.collector import Collector, Entry
from hpo_tui.store.models import Report

_DOUBT = 0.25
"""Seconds in which one that prints may begin to report by itself."""


class Printed:
    """The output and files of one trial. ``fresh``: nothing of them has been stored yet."""

    def __init__(self, collector: Collector, *, fresh: bool) -> None:
        self.collector = collector
        self.last: Report | None = None
        """What was last taken in of it."""
        self.drained = False
        """Whether the trial has ended and all that it printed was read."""
        self._passed_over: Collector | None = None
        """Searches what was read before an edit for the metrics that the edit has added."""
        self._held: list[Entry] | None = [] if fresh else None
        """What was found first, until it is known if the trial reports by itself; then None."""
        self._held_since: float | None = None
        """Since when there is something of that, in seconds that the machine was awake."""

    @property
    def fault(self) -> str:
        """Why a file could not be read at the last try, empty if all could."""
        return self.collector.fault

    def read(self, *, ended: bool) -> list[Entry]:
        """Return the next of what was printed or written anew. ``ended``: the trial has.

        Output can be gigabytes: it is read in slices, and what is left when a slice is empty is a
        last line without an end.
        """
        before = self.collector.state()
        found = self._read_passed_over() + self.collector.poll()
        nothing_more = self._passed_over is None and self.collector.state() == before
        self.drained = ended and nothing_more
        if self.drained:
            found += self.collector.finish()
        return self._undoubted(found, ended=ended)

    def _read_passed_over(self) -> list[Entry]:
        if self._passed_over is None:
            return []
        before = self._passed_over.state()
        found = self._passed_over.poll()
        if self._passed_over.state() == before:
            self._passed_over = None
        return found

    def _undoubted(self, found: list[Entry], *, ended: bool) -> list[Entry]:
        """Return what is taken in now, first among it what was held back.

        Callbacks print a step a moment before they report it: read at once, the first step would
        be there twice. The place in the output is stored with what is taken in, so nothing is lost
        by it.
        """
        if self._held is None:
            return found
        self._held += found
        now = processes.awake()
        if self._held and self._held_since is None:
            self._held_since = now
        waits = self._held_since is None or now < self._held_since + _DOUBT
        if waits and not ended:
            return []
        found, self._held = self._held, None
        return found

    def search_for(self, wanted: Collector, added: Collector | None) -> None:
        """Read on with ``wanted``, as an edited study asks for other metrics.

        ``added`` looks from the beginning for those that were passed over: they may be printed but
        once.
        """
        wanted.restore(self.collector.state())
        self.collector = wanted
        self._passed_over = added or self._passed_over

    def go_back(self, stored: Collector) -> None:
        """Read on with ``stored``, which stands where the store does: what followed may be lost."""
        self.collector = stored
        if self._held is not None:
            self._held, self._held_since = [], None
