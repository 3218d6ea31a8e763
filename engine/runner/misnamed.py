"""Tells while the first trials still run that what they report has another name than expected.

Without this a trial of hours would end before anybody knew that it has no result.
"""

from collections.abc import Iterable

from hpo_tui.engine.execution.base import Launch
from hpo_tui.engine.execution.metrics.collector import discover
from hpo_tui.engine.execution.metrics.slips import slip_of
from hpo_tui.engine.execution.protocol import log_start, tail
from hpo_tui.engine.misnamed import KEY, Misnamed
from hpo_tui.engine.runner.desk import Desk

_TWICE = 2
"""Times that a name has to be there: a script may name something once before it begins."""


class MisnamedMetrics:
    """Looks at running trials as long as no trial has reported one of the study's metrics."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._found: dict[str, Misnamed] | None = None
        """By the study's names; None before the first look, an earlier runner may have told."""
        self._sources: object = None
        """Where metrics were read when they were found."""

    def look(self) -> None:
        """See whether a running trial reports a metric under another name; say so once."""
        desk = self.desk
        if self._found is None:
            kept = (Misnamed(*packed) for packed in desk.kept(KEY) or ())
            self._found, self._sources = {one.expected: one for one in kept}, desk.spec.metrics
        missing = desk.unreported()
        found = {n: one for n, one in self._found.items() if n in missing}
        if desk.spec.metrics != self._sources:  # an edit may have put it right, or not
            found, self._sources = {}, desk.spec.metrics
        fresh = self._fresh([name for name in missing if name not in found])
        found |= {one.expected: one for one in fresh}
        if found != self._found:
            self._tell(found, fresh)

    def _fresh(self, missing: list[str]) -> list[Misnamed]:
        """Return which of the ``missing`` metrics a running trial reports under another name."""
        found: dict[str, Misnamed] = {}
        for live in self.desk.live.values() if missing else ():
            if live.ended is not None:
                continue
            names = [*live.result, *_printed(live.launch)]
            for expected in missing:
                slip = slip_of(expected, names)
                if slip is not None:
                    found.setdefault(expected, Misnamed(expected, slip, live.number))
        return list(found.values())

    def _tell(self, found: dict[str, Misnamed], fresh: Iterable[Misnamed]) -> None:
        """Write down which are found by now, and tell people of the fresh ones."""
        desk = self.desk
        with desk.transaction():
            desk.writer.put(KEY, [one.packed() for one in found.values()])
            for one in fresh:
                desk.announce("advice", one.text, one.trial)
        self._found = found


def _printed(launch: Launch) -> list[str]:
    """Return what looks like metrics at the end of an attempt's output, printed more than once."""
    text = tail(launch.folder.log, log_start(launch))
    return [name for name, values in discover(text).items() if len(values) >= _TWICE]
