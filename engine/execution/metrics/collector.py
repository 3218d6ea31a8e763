"""Metrics of an unmodified script: from its output and from the files that it writes, as they grow.

Entries may be partial: a script that prints its loss and its accuracy on two lines can have them in
two polls, at the same step. Whoever summarizes looks at each metric by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hpo_tui.engine.execution.metrics.csv_table import CsvSource
from hpo_tui.engine.execution.metrics.discovery import discover, discover_files
from hpo_tui.engine.execution.metrics.files import Source, Tail
from hpo_tui.engine.execution.metrics.json_records import JsonlSource
from hpo_tui.engine.execution.metrics.lines import Entry, LineParser
from hpo_tui.engine.execution.metrics.names import Names
from hpo_tui.engine.execution.metrics.output import StdoutSource
from hpo_tui.engine.execution.metrics.steps import STEP_KEYS
from hpo_tui.engine.execution.metrics.tensorboard import TensorboardSource
from hpo_tui.engine.execution.metrics.text import strip_escapes
from hpo_tui.engine.execution.metrics.wandb_runs import WandbSource
from hpo_tui.engine.spec import MetricSource
from hpo_tui.store.folder import TrialFolder

__all__ = [
    "STEP_KEYS",
    "Collector",
    "Entry",
    "LineParser",
    "Names",
    "discover",
    "discover_files",
    "strip_escapes",
]


class Collector:
    """Reads all sources of one trial. ``names``: the metrics that are wanted; others are left.

    Nothing here raises for what a file holds, or when it is not there.
    """

    def __init__(
        self, sources: Sequence[MetricSource], folder: TrialFolder, names: Collection[str]
    ) -> None:
        self._sources = [_open(source, folder, names) for source in sources]

    def poll(self) -> list[Entry]:
        """Return what is new since the last poll, in order; a read of each source is bounded."""
        return [entry for source in self._sources for entry in source.poll()]

    @property
    def fault(self) -> str:
        """Why a file could not be read at the last try, empty where all could."""
        tails = (getattr(source, "tail", None) for source in self._sources)
        return next((tail.fault for tail in tails if tail is not None and tail.fault), "")

    def finish(self) -> list[Entry]:
        """Return all that is left once the script has ended, an unfinished last line included."""
        return [entry for source in self._sources for entry in source.finish()]

    def skip(self) -> None:
        """Leave out what is there: another attempt of a trial appends to the log of the first."""
        for source in self._sources:
            source.skip()

    def begin_at(self, offset: int) -> None:
        """Leave out the first so many bytes of the log: an earlier attempt has written them."""
        for source in self._sources:
            if type(source) is StdoutSource:  # its kin read files of their own
                source.tail.offset = offset

    def state(self) -> dict[str, Any]:
        """Return where reading stands, JSON-able."""
        return {"sources": [source.state() for source in self._sources]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on exactly where :meth:`state` was taken, of a collector of the same sources."""
        for source, kept in zip(self._sources, state.get("sources") or (), strict=False):
            source.restore(kept)


def _open(source: MetricSource, folder: TrialFolder, names: Collection[str]) -> Source:
    wanted = Names(names, source.rename)
    path = source.place
    if source.kind == "tensorboard":
        return TensorboardSource(folder.path, path, wanted, source.step)
    if source.kind == "wandb":
        return WandbSource(folder.path, path, wanted, source.step)
    parser = LineParser(wanted, step=source.step, pattern=source.pattern)
    if source.kind == "csv":
        return CsvSource(Tail(folder.path, path), parser)
    if source.kind == "jsonl":
        return JsonlSource(Tail(folder.path, path), parser)
    return StdoutSource(Tail(folder.log.parent, folder.log.name), parser)
