"""Files that a script writes, followed as they grow.

A read is bounded, a line that never ends is cut, a file that is written anew is read anew and says
only what it has not said before. Where reading stopped is a few numbers that JSON can hold.
"""

import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.metrics.lines import Entry, LineParser
from hpo_tui.engine.execution.metrics.names import Names
from hpo_tui.engine.execution.transient_errors import words

LIMIT = 1 << 20
"""Bytes read from one file in one poll at most."""
LONGEST = 1 << 16
"""Bytes after which a line without an end is cut and read in pieces."""
_BEFORE = 32
"""Bytes before the place of reading that are kept, by which a file written anew is told."""


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
        if not has_wildcards(self.pattern):
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


class Source(ABC):
    """Something that metrics are read from. Nothing in what it reads makes it raise."""

    def poll(self) -> list[Entry]:
        """Return what is new since the last poll, as far as one bounded read goes."""
        return merge(self._new())

    @abstractmethod
    def finish(self) -> list[Entry]:
        """Return all that is left, an unfinished last line included."""

    def skip(self) -> None:
        """Leave out what is there at present."""
        self.finish()

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return where reading stands, JSON-able."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""

    @abstractmethod
    def _new(self) -> list[Entry]:
        """Return the entries of one bounded read."""


class TailSource(Source):
    """Metrics in the lines of one file."""

    def __init__(self, tail: Tail, parser: LineParser) -> None:
        self.tail, self.parser = tail, parser

    def finish(self) -> list[Entry]:
        """Return all that is left, an unfinished last line included."""
        found: list[Entry] = []
        while data := self.tail.read(final=True):
            found += merge(self._parse(data))
        return merge(found)

    def state(self) -> dict[str, Any]:
        """Return the place, and where the parser stands."""
        return self.tail.state() | {"parser": self.parser.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.tail.restore(state)
        self.parser.restore(state.get("parser") or {})

    def _new(self) -> list[Entry]:
        return self._parse(self.tail.read())

    @abstractmethod
    def _parse(self, data: bytes) -> list[Entry]:
        """Return what whole lines say."""


class FilesSource(Source):
    """Metrics in records of the files at or below a path of the trial's folder.

    ``step``: the name that counts steps; ``epoch`` where it is there and nothing is said.
    """

    def __init__(self, folder: Path, path: str, names: Names, step: str | None) -> None:
        self.folder, self.root, self.names = folder, folder / path, names
        self.key = step or "epoch"
        self.offsets: dict[str, int] = {}
        """How far each file is read, by its path from the trial's folder."""

    def finish(self) -> list[Entry]:
        """Return all that is left."""
        found: list[Entry] = []
        before = None
        while before != self.offsets:
            before = dict(self.offsets)
            found += self._new(final=True)
        return merge(found)

    def state(self) -> dict[str, Any]:
        """Return the places in all files."""
        return {"offsets": dict(self.offsets)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.offsets = {str(k): int(v) for k, v in (state.get("offsets") or {}).items()}

    def _new(self, *, final: bool = False) -> list[Entry]:
        found: list[Entry] = []
        with suppress(OSError):  # its folder is closed to us at present
            for path in self._files():
                with suppress(OSError):
                    found += self._read(path, final=final)
        return found

    @abstractmethod
    def _files(self) -> list[Path]:
        """Return the files that there are. Raises OSError."""

    @abstractmethod
    def _read(self, path: Path, *, final: bool) -> list[Entry]:
        """Return what is new in one of them. Raises OSError."""


def has_wildcards(path: str) -> bool:
    """Whether a path stands for whatever fits it."""
    return any(c in path for c in "*?[")


def fitting(root: Path) -> Iterator[Path]:
    """Return what fits a whole path with wildcards."""
    place = Path(root.anchor)
    return place.glob(str(root.relative_to(place)))


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
