"""Metrics in files of JSON: a line for each report, or one value that is written at once."""

import stat
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.execution.metrics.files import LIMIT, Tail
from hpo_tui.engine.execution.metrics.lines import Entry, LineParser
from hpo_tui.engine.execution.metrics.output import StdoutSource
from hpo_tui.engine.execution.metrics.text import read_object, read_objects

_KEPT = 512
"""Entries of a file that is one value which go into the state."""


class JsonlSource(StdoutSource):
    """Metrics in a file of JSON.

    One of several lines that is a single value, as results are written at the end of a training or
    a history anew at each epoch, is read when it is whole, and says only what is new in it.
    """

    def __init__(self, tail: Tail, parser: LineParser) -> None:
        super().__init__(tail, parser)
        self._mark = (-1, 0)
        """Size and time of the file when its value was read."""
        self._said: list[Entry] = []

    def poll(self) -> list[Entry]:
        """Return what is new."""
        found = self._value()
        return super().poll() if found is None else found

    def finish(self) -> list[Entry]:
        """Return all that is left."""
        found = self._value()
        return super().finish() if found is None else found

    def skip(self) -> None:
        """Leave out what is there."""
        if self._value() is None:
            super().skip()

    def state(self) -> dict[str, Any]:
        """Return the place, and what the value last said."""
        return super().state() | {"said": self._said[-_KEPT:]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        super().restore(state)
        self._said = [(step, dict(metrics)) for step, metrics in state.get("said") or ()]

    def _parse(self, data: bytes) -> list[Entry]:
        lines = (line.decode("utf-8", "replace") for line in data.splitlines())
        return [e for e in map(self.parser.parse, lines) if e]

    def _value(self) -> list[Entry] | None:
        """Return what is new in a file that is one value, None of a file that is none (yet)."""
        try:
            path = self.tail.path()
            if path is None or not stat.S_ISREG((there := path.stat()).st_mode):
                return None
            mark = (there.st_size, there.st_mtime_ns)
            if mark == self._mark:
                return []
            with path.open("rb") as file:
                text = file.read(LIMIT).decode("utf-8", "replace").lstrip()
        except OSError:
            return None
        if text[:1] not in ("{", "[") or read_object(text.partition("\n")[0]) is not None:
            return None
        objects = read_objects(text)
        if not objects:
            return [] if there.st_size <= LIMIT else None  # not all of it is written yet
        self.parser.counts = {}
        entries = [entry for entry in map(self.parser.take, objects) if entry]
        new = [entry for entry in entries if entry not in self._said]
        self._mark, self._said = mark, entries
        return new
