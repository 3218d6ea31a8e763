"""Files that a script writes, followed as they grow.

A read is bounded, a line that never ends is cut, a file that is written anew is read anew and says
only what it has not said before. Where reading stopped is a few numbers that JSON can hold.
"""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from hpo_tui.engine.execution.hiccups import words
from hpo_tui.engine.execution.metrics.lines import Entry

LIMIT = 1 << 20
"""Bytes read from one file in one poll at most."""
LONGEST = 1 << 16
"""Bytes after which a line without an end is cut and read in pieces."""
_BEFORE = 32
"""Bytes before the place of reading that are kept, by which a file written anew is told."""


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

    def __init__(self, folder: Path, path: str) -> None:
        self.folder, self.pattern = folder, path
        self.offset = 0
        self.rewritten = False
        """Whether the last read found that the file was written anew, and began at its start."""
        self.fault = ""
        """Why the file could not be read at the last try."""
        self._before = b""
        """The last bytes that were handed out."""
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
        self.rewritten, self.fault = False, ""
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
        except OSError as error:
            self.fault = words(error)
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
            data = file.read(kept + LIMIT)
            if data[:kept] != self._before:
                self.rewritten, self.offset, self._before, kept = True, 0, b"", 0
                file.seek(0)
                data = file.read(LIMIT)
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
