"""Metrics in a CSV table that a script writes."""

import csv
import zlib
from collections import deque
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.execution.metrics.files import Tail, TailSource
from hpo_tui.engine.execution.metrics.lines import Entry, LineParser
from hpo_tui.engine.execution.metrics.text import to_number

_SEEN, _KEPT = 4096, 512
"""Rows whose checksums are remembered, and of those the last that go into the state."""


class CsvSource(TailSource):
    """Metrics in a table with a header. A table that is written anew tells only what is new in it.

    Some loggers rewrite their file at every epoch, or when a column appears.
    """

    def __init__(self, tail: Tail, parser: LineParser) -> None:
        super().__init__(tail, parser)
        self.header: list[str] = []
        self._delimiter = ","
        self._seen: deque[int] = deque(maxlen=_SEEN)
        self._again = False
        """Whether the table was ever written anew: only then can a row be one that was told."""

    def state(self) -> dict[str, Any]:
        """Return place and header, and the checksums of the last rows."""
        seen = list(self._seen)[-_KEPT:]
        return super().state() | {"header": self.header, "delimiter": self._delimiter, "seen": seen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        super().restore(state)
        self.header = list(state.get("header") or [])
        self._delimiter = str(state.get("delimiter") or ",")
        self._seen.extend(state.get("seen") or [])

    def _parse(self, data: bytes) -> list[Entry]:
        if self.tail.rewritten:
            self.header, self._again, self.parser.counts = [], True, {}
        found: list[Entry] = []
        for line in data.decode("utf-8", "replace").splitlines():
            if not line.strip():
                continue
            if not self.header:
                self._delimiter = max(",;\t", key=line.count)
                self.header = [w.strip() for w in self._split(line.lstrip("\ufeff"))]
                continue
            cells = zip(self.header, self._split(line), strict=False)
            # Semicolons part the cells where the comma stands for the decimal point.
            comma = self._delimiter == ";"
            numbers = ((k, to_number(v, decimal_comma=comma)) for k, v in cells)
            row = {k: n for k, n in numbers if n is not None}
            entry = self.parser.take(row)
            if entry and self._is_new(entry):
                found.append(entry)
        return found

    def _split(self, line: str) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self._delimiter), [])
        except csv.Error:
            return []

    def _is_new(self, entry: Entry) -> bool:
        mark = zlib.crc32(repr(entry).encode())
        if self._again and mark in self._seen:
            return False
        self._seen.append(mark)
        return True
