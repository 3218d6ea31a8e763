"""Tables with a header, printed a row at a time: those of fastai, skorch and rich, and CSV."""

import re
from collections.abc import Callable, Sequence

_LONGEST = 400
"""Characters beyond which a line is no row of a table that people read."""
_OVER = 100_000
"""Lines that are no row after which a table is over: to look for its rows takes time."""
_BAR = re.compile(r":?\s*\d+%\|.*")
"""A progress bar behind a row."""
_EDGES = re.compile(r"\s*[|│┃║]\s*")
_COMMAS = re.compile(r"[^\s,]+(?:,\s?[^\s,]+)+")
_GAPS = re.compile(r"\s{2,}|\t")
_NUMBER = re.compile(r"[-+]?(?:\d[\d,_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?%?|[-+]?(?:nan|inf)")
_DIGIT = re.compile(r"\d")
_COUNT = re.compile(r"^(\d+)/\d+$")
"""How far a count is: epoch 1/3."""


class Columns:
    """The header that rows are read by, the last one that named a metric.

    ``wanted`` tells whether a column's name is that of a metric, ``counts`` whether it is that of a
    step. ``apart``: only columns that more than a blank parts are such, as where any word may be a
    name.
    """

    def __init__(
        self, wanted: Callable[[str], object],
        counts: Callable[[str], object] = lambda _: False, *, apart: bool = False,
    ) -> None:  # fmt: skip
        self._wanted, self._counts, self._apart = wanted, counts, apart
        self.names: list[str] = []
        self._others = 0
        """Lines that were no row since the last that was."""

    def see(self, line: str) -> None:
        """Take in a line that may be a header: names alone, one of them that of a metric."""
        if len(line) > _LONGEST:
            return
        for cells in self._ways(line):
            names = len(cells) > 1 and not any(map(_NUMBER.fullmatch, cells))
            if names and any(map(self._wanted, cells)):
                self.names, self._others = cells, 0
                return

    def row(self, line: str) -> dict[str, str] | None:
        """Return column → text of a line that is a row, None of any other.

        A row has as many cells as the header; those of metrics, and at least half of all, are
        numbers, and those of steps hold one: ``epoch 3`` is no row of a table of two columns.
        """
        if not self.names:
            return None
        found = self._cells(line) if len(line) <= _LONGEST else None
        self._others = 0 if found else self._others + 1
        if self._others > _OVER:
            self.names = []
        return found

    def _cells(self, line: str) -> dict[str, str] | None:
        for cells in self._ways(line):
            if len(cells) != len(self.names):
                continue
            texts = [_COUNT.sub(r"\1", cell) for cell in cells]
            numbers = [bool(_NUMBER.fullmatch(text)) for text in texts]
            row = dict(zip(self.names, texts, strict=True))
            named = zip(self.names, numbers, strict=True)
            if (
                2 * sum(numbers) >= len(texts)
                and all(n for c, n in named if self._wanted(c))
                and all(_DIGIT.search(text) for c, text in row.items() if self._counts(c))
            ):
                return row
        return None

    def _ways(self, line: str) -> Sequence[list[str]]:
        """Return the cells of a line, by edges, else by commas, else by wide gaps, else by any."""
        line = _BAR.sub("", line).strip()
        if _EDGES.search(line):
            return [[cell for cell in _EDGES.split(line) if cell]]
        if _COMMAS.fullmatch(line):
            return [[cell.strip() for cell in line.split(",")]]
        return [_GAPS.split(line)] if self._apart else [_GAPS.split(line), line.split()]
