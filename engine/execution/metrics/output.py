"""Metrics in what a script prints."""

import re
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.execution.metrics.files import Tail, TailSource, merge
from hpo_tui.engine.execution.metrics.lines import Entry, LineParser

_LINES = re.compile(rb"([^\r\n]+)(\r*\n|\r|$)")
"""Lines and what ends them; a carriage return alone has the next one written over it."""
_DIGIT = re.compile(rb"\d")
_BAR = re.compile(rb"\d%\|.*\](?:\s|\x1b\[\w)*$")
"""A progress bar, which goes on also where the cursor goes down to another bar and up again."""


class StdoutSource(TailSource):
    """Metrics in a script's output. Of output that names no metric only the steps are looked at.

    A line that is written over, as a progress bar is, counts once its step is over: until then it
    may show what was reached at the step before.
    """

    def __init__(self, tail: Tail, parser: LineParser) -> None:
        super().__init__(tail, parser)
        self._words = [word.encode() for word in parser.names.pieces()]
        words = b"|".join(map(re.escape, self._words))
        self._wanted = re.compile(words if self._words else b"(?!)", re.IGNORECASE)
        self._keys = [k.split("_")[-1].lower().encode() for k in parser.steps.keys]
        self._steps = re.compile(b"|".join(map(re.escape, self._keys)), re.IGNORECASE)
        self._held: Entry | None = None
        """What a progress bar shows of the present step."""

    def finish(self) -> list[Entry]:
        """Return all that is left."""
        return merge([*super().finish(), *self._release()])

    def skip(self) -> None:
        """Leave out what is there."""
        self.tail.skip()

    def state(self) -> dict[str, Any]:
        """Return the place, where the parser stands, and what a progress bar shows."""
        return super().state() | {"held": self._held}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        super().restore(state)
        held = state.get("held")
        self._held = (held[0], dict(held[1])) if held else None

    def _release(self) -> list[Entry]:
        held, self._held = self._held, None
        return [held] if held else []

    def _take(self, entry: Entry | None, *, live: bool) -> list[Entry]:
        """Return what counts now that a line has said ``entry``."""
        step = self.parser.steps.now if entry is None else entry[0]
        found = self._release() if self._held and self._held[0] != step else []
        if entry is None:
            return found
        joined = (step, (self._held[1] if self._held else {}) | entry[1])
        self._held = joined if live else None
        return found if live else [*found, joined]

    def _parse(self, data: bytes) -> list[Entry]:
        """Return what whole lines say; most output names no metric and is only searched."""
        low = data.lower()
        if self._may_report(low):
            return self._lines(data)
        self._note_last_step(data, low)
        return self._take(None, live=False)

    def _may_report(self, low: bytes) -> bool:
        """Whether output (in lower case) may hold a metric.

        Plain searches, 20 times as fast as an expression: output can be gigabytes.
        """
        if self.parser.pattern is not None or self.parser.columns.names:
            return True
        return any(word in low for word in self._words)

    def _names_metric(self, line: bytes) -> bool:
        return self.parser.pattern is not None or self._wanted.search(line) is not None

    def _lines(self, data: bytes) -> list[Entry]:
        found: list[Entry] = []
        for line, end in _LINES.findall(data):
            wanted = self._names_metric(line)
            live = end == b"\r" or _BAR.search(line) is not None
            for piece in _pieces(line):
                text = piece.decode("utf-8", "replace")
                entry = None
                if wanted:
                    entry = self.parser.parse(text, live=live)
                elif self._steps.search(piece):
                    self.parser.note_steps(text)
                found += self._take(entry or self.parser.row(text), live=live)
        return found

    def _note_last_step(self, data: bytes, low: bytes) -> None:
        """Take in the last step that is named in output (``low``: in lower case) without metric.

        Looked for from the end on: most often the last line with the word for one names it.
        """
        keys = [key for key in self._keys if key in low]  # a fast search before a slow one
        if not keys:
            return
        for line, lowered in zip(
            reversed(data.splitlines()), reversed(low.splitlines()), strict=True
        ):
            if not (any(key in lowered for key in keys) and _DIGIT.search(line)):
                continue
            texts = (piece.decode("utf-8", "replace") for piece in reversed(_pieces(line)))
            if any(map(self.parser.note_steps, texts)):
                return


def _pieces(line: bytes, longest: int = 8192) -> list[bytes]:
    """Return a line in pieces that an expression of the user's can search in bounded time."""
    if len(line) <= longest:
        return [line] if line else []
    return [line[i : i + longest] for i in range(0, len(line), longest)]
