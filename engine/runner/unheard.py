"""Tells while the first trials still run that what they report has another name than expected.

Without this a trial of hours would end before anybody knew that it has no result.
"""

from collections.abc import Iterable

from hpo_tui.engine.execution.base import Launch
from hpo_tui.engine.execution.metrics.collector import discover
from hpo_tui.engine.execution.metrics.slips import remedy, slip_of
from hpo_tui.engine.execution.protocol import log_start, tail
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live
from hpo_tui.engine.spec.names import plain

_TWICE = 2
"""Times that a name has to be there: a script may name something once before it begins."""


class Unheard:
    """Looks at running trials as long as no trial has reported one of the study's metrics."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._told: set[str] = set()
        """Metrics of which people were told."""

    def look(self) -> None:
        """See whether a running trial reports a metric under another name; say so once."""
        desk = self.desk
        heard = {name for trial in desk.trials.values() for name in trial.metrics}
        missing = [n for n in desk.spec.metric_names if n not in heard and n not in self._told]
        if not missing:
            return
        for live in desk.live.values():
            if live.ended is not None:
                continue
            names = [*live.result, *_printed(live.launch)]
            self._tell(live, missing, names)
            missing = [name for name in missing if name not in self._told]

    def _tell(self, live: Live, missing: Iterable[str], names: list[str]) -> None:
        for expected in missing:
            slip = slip_of(expected, names)
            if slip is None:
                continue
            self._told.add(expected)
            text = (
                f"trial {live.number} reports {plain(slip)}, but no {plain(expected)}, and will"
                f" have no result without it: {remedy(expected, slip)}"
            )
            self.desk.event("advice", text, live.number)


def _printed(launch: Launch) -> list[str]:
    """Return what looks like metrics at the end of an attempt's output, printed more than once."""
    text = tail(launch.folder.log, log_start(launch))
    return [name for name, values in discover(text).items() if len(values) >= _TWICE]
