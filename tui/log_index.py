"""A log file of any size by line: where each begins is kept, the text is read when it is shown."""

import mmap
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_CHUNK = 8 << 20
_LONGEST = 8192
"""Bytes of a line that are read; of a longer one (a progress bar of one night) the last."""


class LogIndex:
    """The lines of one file, which may grow, be cut or not be there yet.

    Use it from one thread at a time, except that :meth:`lines` and :meth:`__len__` may be called
    while another thread is in :meth:`extend`: they see the index as it was before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._starts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._size = 0
        self._identity: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def size(self) -> int:
        """Bytes that the index covers."""
        return self._size

    def extend(self) -> bool:
        """Take in what was appended; whether anything is another than before."""
        try:
            with self.path.open("rb") as file:
                stat = os.fstat(file.fileno())
                identity = (stat.st_dev, stat.st_ino)
                if identity != self._identity or stat.st_size < self._size:
                    self._starts, self._size = np.zeros(0, dtype=np.int64), 0
                    self._identity = identity
                if stat.st_size == self._size:
                    return False
                self._take(file.fileno(), stat.st_size)
                return True
        except OSError:
            changed = self._size > 0
            self._starts, self._size, self._identity = np.zeros(0, dtype=np.int64), 0, None
            return changed

    def _take(self, fd: int, size: int) -> None:
        at = self._size
        parts = [self._starts]
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
        self._starts = np.concatenate(parts)
        self._size = at

    def lines(self, first: int, count: int) -> list[bytes]:
        """Return up to ``count`` lines from ``first`` on; of a very long one the end."""
        starts, size = self._starts, self._size
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

    def find(self, text: str, line: int, *, backwards: bool = False) -> int | None:
        """Return the next line after ``line`` (before it, ``backwards``) that holds ``text``."""
        needle = text.encode()
        starts = self._starts
        if not needle or not len(starts):
            return None
        try:
            with (
                self.path.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view,
            ):
                if backwards:
                    at = view.rfind(needle, 0, int(starts[max(0, min(line, len(starts) - 1))]))
                else:
                    begin = int(starts[line + 1]) if line + 1 < len(starts) else self._size
                    at = view.find(needle, begin)
        except (OSError, ValueError):
            return None
        return None if at < 0 else int(np.searchsorted(starts, at, side="right")) - 1
