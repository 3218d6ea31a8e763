"""Files that a script writes, read as they grow: its output, CSV tables, JSON lines.

A read is bounded, a line that never ends is cut, a file that is written anew is read anew and says
only what it has not said before. Where reading stopped is a few numbers that JSON can hold.
"""

import csv
import re
import stat
import zlib
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from hpo_tui.engine.execution.metric_lines import Entry, LineParser
from hpo_tui.engine.execution.metric_text import to_number

LIMIT = 1 << 20
"""Bytes read from one file in one poll at most."""
LONGEST = 1 << 16
"""Bytes after which a line without an end is cut and read in pieces."""
_BEFORE = 32
_LINES = re.compile(rb"([^\r\n]+)(\r*\n|\r|$)")
"""Lines and what ends them; a carriage return alone has the next one written over it."""
_BAR = re.compile(rb"\d%\|")
"""A progress bar, which goes on also where the cursor goes down to another bar and up again."""
_SEEN = 4096


class Source(Protocol):
    """Something that metrics are read from."""

    def poll(self) -> list[Entry]:
        """Return what is new since the last poll, as far as one bounded read goes."""

    def finish(self) -> list[Entry]:
        """Return all that is left, an unfinished last line included."""

    def skip(self) -> None:
        """Leave out what is there at present."""

    def state(self) -> dict[str, Any]:
        """Return where reading stands, JSON-able."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""


class Tail:
    """The growing end of a file. ``offset``: bytes that were handed out.

    ``path`` may hold wildcards: the newest file that fits is followed.
    """

    def __init__(self, folder: Path, path: str, limit: int = LIMIT) -> None:
        self.folder, self.pattern, self.limit = folder, path, limit
        self.offset = 0
        self.rewritten = False
        """Whether the last read found that the file was written anew, and began at its start."""
        self._before = b""
        self._rest = b""
        """The beginning of a line whose end is not written yet."""
        self._last = (-1, 0)
        """Size and time of the file when all of it was read."""

    def path(self) -> Path | None:
        """Return the file that is followed, None while there is none."""
        if not any(c in self.pattern for c in "*?["):
            return self.folder / self.pattern
        found = [p for p in self.folder.glob(self.pattern) if p.is_file()]
        return max(found, key=lambda p: p.stat().st_mtime, default=None)

    def read(self, final: bool = False) -> bytes:
        """Return whole lines that are new (at most the limit); with ``final`` the last piece, too.

        Nothing where there is no such file.
        """
        self.rewritten = False
        try:
            path = self.path()
            if path is None:
                return b""
            there = path.stat()
            if not stat.S_ISREG(there.st_mode):  # to open a pipe would wait for who writes to it
                return b""
            # The time matters as well: a table of one row can be written anew at the same size.
            mark = (there.st_size, there.st_mtime_ns)
            if mark == self._last and not final:
                return b""
            data = self._read(path, there.st_size, final)
            self._last = mark if self.offset + len(self._rest) >= there.st_size else (-1, 0)
            return data
        except OSError:
            return b""

    def skip(self) -> None:
        """Go to the present end."""
        while self.read(final=True):
            pass

    def state(self) -> dict[str, Any]:
        """Return the place, JSON-able."""
        return {"offset": self.offset, "before": self._before.hex()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a place."""
        self.offset = int(state.get("offset", 0))
        self._before, self._last = bytes.fromhex(str(state.get("before", ""))), (-1, 0)

    def _read(self, path: Path, size: int, final: bool) -> bytes:
        kept = len(self._before)
        with path.open("rb") as file:
            file.seek(self.offset - kept)
            data = file.read(kept + self.limit)
            if data[:kept] != self._before:
                self.rewritten, self.offset, self._before, kept = True, 0, b"", 0
                file.seek(0)
                data = file.read(self.limit)
        new = data[kept:]
        ended = self.offset + len(new) >= size
        taken = new if final and ended else new[: _cut(new)]
        self._rest = new[len(taken) :] if ended else b""
        self.offset += len(taken)
        self._before = (data[:kept] + taken)[-_BEFORE:]
        return taken


def _cut(data: bytes) -> int:
    """Return where the last whole line ends; in a line that is too long, after a blank or comma."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    if end or len(data) < LONGEST:
        return end
    return max(data.rfind(b" "), data.rfind(b","), data.rfind(b"\t"), len(data) // 2) + 1


class StdoutSource:
    """Metrics in a script's output. Of output that names no metric only the steps are looked at.

    A line that is written over, as a progress bar is, counts once its step is over: until then it
    may show what was reached at the step before.
    """

    def __init__(self, tail: Tail, parser: LineParser) -> None:
        self.tail, self.parser = tail, parser
        self._words = [w.encode() for w in parser.names.pieces()]
        words = [re.escape(w) for w in self._words]
        self._wanted = re.compile(b"|".join(words) or b"(?!)", re.IGNORECASE)
        self._keys = [k.split("_")[-1].lower().encode() for k in parser.keys]
        steps = [re.escape(key) for key in self._keys]
        self._steps = re.compile(b"[^\r\n]*(?:" + b"|".join(steps) + b")[^\r\n]*", re.IGNORECASE)
        self._held: Entry | None = None
        """What a progress bar shows of the present step."""

    def poll(self) -> list[Entry]:
        """Return what is new."""
        return merge(self._parse(self.tail.read()))

    def finish(self) -> list[Entry]:
        """Return all that is left."""
        found: list[Entry] = []
        while data := self.tail.read(final=True):
            found += merge(self._parse(data))
        return merge([*found, *self._release()])

    def skip(self) -> None:
        """Leave out what is there."""
        self.tail.skip()

    def state(self) -> dict[str, Any]:
        """Return place and step."""
        return self.tail.state() | {"parser": self.parser.state(), "held": self._held}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on."""
        self.tail.restore(state)
        self.parser.restore(state.get("parser") or {})
        held = state.get("held")
        self._held = (held[0], dict(held[1])) if held else None

    def _release(self) -> list[Entry]:
        held, self._held = self._held, None
        return [held] if held else []

    def _take(self, entry: Entry | None, *, live: bool) -> list[Entry]:
        """Return what counts now that a line has said ``entry``."""
        step = self.parser.step if entry is None else entry[0]
        found = self._release() if self._held and self._held[0] != step else []
        if entry is None:
            return found
        joined = (step, (self._held[1] if self._held else {}) | entry[1])
        self._held = joined if live else None
        return found if live else [*found, joined]

    def _parse(self, data: bytes) -> list[Entry]:
        low = data.lower()
        # Plain searches, 20 times as fast as the expression: output can be gigabytes.
        plain = self.parser.pattern is None and not self.parser.columns.names
        if plain and not any(w in low for w in self._words):
            self._note_step(data, low)
            return self._take(None, live=False)
        found: list[Entry] = []
        for line, end in _LINES.findall(data):
            wanted = self.parser.pattern is not None or self._wanted.search(line)
            live = end == b"\r" or _BAR.search(line) is not None
            for piece in _pieces(line):
                text = piece.decode("utf-8", "replace")
                entry = self.parser.parse(text, live=live) if wanted else self.parser.row(text)
                if not wanted and not entry and self._steps.match(piece):
                    self.parser.note_steps(text)
                found += self._take(entry, live=live)
        return found

    def _note_step(self, data: bytes, low: bytes) -> None:
        """Take in the last step that is named in output (``low``: in lower case) without metric."""
        keys = [key for key in self._keys if key in low]  # a fast search before a slow one
        if not keys:
            return
        at = max(map(low.rfind, keys))
        start = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at), at - 200) + 1
        self.parser.note_steps(data[start : at + 200].decode("utf-8", "replace"))


def _pieces(line: bytes, longest: int = 8192) -> list[bytes]:
    """Return a line in pieces that an expression of the user's can search in bounded time."""
    if len(line) <= longest:
        return [line] if line else []
    return [line[i : i + longest] for i in range(0, len(line), longest)]


class JsonlSource(StdoutSource):
    """Metrics in a file of JSON lines."""

    def _parse(self, data: bytes) -> list[Entry]:
        lines = (line.decode("utf-8", "replace") for line in data.splitlines())
        return [e for e in map(self.parser.parse, lines) if e]


class CsvSource:
    """Metrics in a table with a header. A table that is written anew tells only what is new in it.

    Some loggers rewrite their file at every epoch, or when a column appears.
    """

    def __init__(self, tail: Tail, parser: LineParser) -> None:
        self.tail, self.parser = tail, parser
        self.header: list[str] = []
        self._delimiter = ","
        self._seen: deque[int] = deque(maxlen=_SEEN)
        self._again = False

    def poll(self) -> list[Entry]:
        """Return new rows."""
        return merge(self._parse(self.tail.read()))

    def finish(self) -> list[Entry]:
        """Return all rows that are left."""
        found: list[Entry] = []
        while data := self.tail.read(final=True):
            found += self._parse(data)
        return merge(found)

    def skip(self) -> None:
        """Leave out the rows that are there."""
        self.finish()

    def state(self) -> dict[str, Any]:
        """Return place, header and what the last rows said."""
        own = {"header": self.header, "delimiter": self._delimiter, "seen": list(self._seen)[-512:]}
        return self.tail.state() | own | {"parser": self.parser.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on."""
        self.tail.restore(state)
        self.parser.restore(state.get("parser") or {})
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


def merge(entries: list[Entry]) -> list[Entry]:
    """Join entries of one step that follow each other: a later value takes an earlier one's place.

    A progress bar repeats itself many times a second, and scripts print one metric a line.
    """
    joined: list[Entry] = []
    for step, metrics in entries:
        if joined and joined[-1][0] == step:
            joined[-1][1].update(metrics)
        else:
            joined.append((step, dict(metrics)))
    return joined
