"""A log file of any size by line: where each begins is kept, the text is read when it is shown."""

import os
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_tui.tui.widgets.log_lines import holds
from hpo_tui.tui.words.plain import log_line, unescaped

_CHUNK = 8 << 20
_LONGEST = 8192
"""Bytes of a line that are read; of a longer one (a progress bar of one night) the last."""
_STRETCH = 1 << 18
"""Bytes that are searched at a time: for no longer does a search hold up the screen."""


class _Known(NamedTuple):
    """Where each line begins, and the bytes up to which that is known."""

    starts: NDArray[np.int64]
    size: int


_NOTHING = _Known(np.zeros(0, dtype=np.int64), 0)


class LogIndex:
    """The lines of one file, which may grow, be cut or not be there yet.

    Use it from one thread at a time, except that :meth:`lines` and :meth:`__len__` may be called
    while another thread is in :meth:`extend`: they see the index as it was before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = _NOTHING
        self._identity: tuple[int, int] | None = None
        self.fault = ""
        """Why the file could not be read at the last look; empty too where there is none."""
        self.written: float | None = None
        """When the file was written last (Unix time), as of the last look; None without one."""

    def __len__(self) -> int:
        return len(self._known.starts)

    @property
    def size(self) -> int:
        """Bytes that the index covers."""
        return self._known.size

    def extend(self) -> bool:
        """Take in what was appended; return whether anything has changed."""
        try:
            with self.path.open("rb") as file:
                stat = os.fstat(file.fileno())
                identity = (stat.st_dev, stat.st_ino)
                self.fault, self.written = "", stat.st_mtime
                if identity != self._identity or stat.st_size < self.size:
                    self._known, self._identity = _NOTHING, identity
                if stat.st_size == self.size:
                    return False
                self._take(file.fileno(), stat.st_size)
                return True
        except OSError as error:
            fault = "" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
            changed = self.size > 0 or fault != self.fault
            self._known, self._identity = _NOTHING, None
            self.fault = fault
            return changed

    def _take(self, fd: int, size: int) -> None:
        parts, at = [self._known.starts], self._known.size
        fresh_line = at == 0 or os.pread(fd, 1, at - 1) == b"\n"
        if fresh_line:
            parts.append(np.array([at], dtype=np.int64))
        while at < size:
            chunk = os.pread(fd, min(_CHUNK, size - at), at)
            if not chunk:
                break
            ends = np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == 10) + at + 1
            at += len(chunk)
            parts.append(ends[ends < size].astype(np.int64))
        self._known = _Known(np.concatenate(parts), at)  # at once: others look at it meanwhile

    def lines(self, first: int, count: int) -> list[bytes]:
        """Return up to ``count`` lines from ``first`` on; of a very long one the end."""
        starts, size = self._known
        last = min(len(starts), first + count)
        if first >= last:
            return []
        found: list[bytes] = []
        try:
            with self.path.open("rb") as file:
                for at in range(first, last):
                    begin = int(starts[at])
                    end = int(starts[at + 1]) if at + 1 < len(starts) else size
                    begin = max(begin, end - _LONGEST)
                    found.append(os.pread(file.fileno(), end - begin, begin))
        except OSError:
            return found
        return found

    def find(
        self, text: str, line: int, *, backwards: bool = False, over: Event | None = None
    ) -> int | None:
        """Return the next line after ``line`` (before it, ``backwards``) that shows ``text``.

        What is searched is what is drawn: no escape sequences, of a progress bar the last state,
        of a very long line the end. ``over``: set where nobody waits for an answer any more.
        """
        starts, size = self._known
        if not text or not len(starts):
            return None
        at = min(line, len(starts)) if backwards else max(0, line + 1)
        while (at > 0 if backwards else at < len(starts)) and not (over and over.is_set()):
            first, last = self._stretch(starts, at, backwards=backwards)
            end = int(starts[last]) if last < len(starts) else size
            if self._may_hold(text, int(starts[first]), end):
                found = [first + i for i, raw in enumerate(self.lines(first, last - first))
                         if holds(log_line(raw), text)]  # fmt: skip
                if found:
                    return found[-1 if backwards else 0]
            at = first if backwards else last
        return None

    @staticmethod
    def _stretch(starts: NDArray[np.int64], at: int, *, backwards: bool) -> tuple[int, int]:
        """Return (first line, line after the last) of what is looked through at a time."""
        if backwards:
            first = int(np.searchsorted(starts, starts[at - 1] - _STRETCH))
            return min(first, at - 1), at
        last = int(np.searchsorted(starts, starts[at] + _STRETCH, side="right"))
        return at, max(at + 1, last - 1) if last < len(starts) else len(starts)

    def _may_hold(self, text: str, begin: int, end: int) -> bool:
        """Whether it is worth to look for ``text`` line by line between two places of the file."""
        if end - begin > 2 * _STRETCH:
            return True  # a line of that length, of which the end is read
        try:
            with self.path.open("rb") as file:
                raw = os.pread(file.fileno(), end - begin, begin)
        except OSError:
            return False
        return holds(unescaped(raw.decode("utf-8", "replace").expandtabs(8)), text)
