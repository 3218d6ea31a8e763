"""Whether the study's file is still the one that the runner has open."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from hpo_tui.store.connect import drop_log, inode, log_of, on_network

PATIENCE = 30.0
"""Seconds for which a folder may be away: renamed by mistake, or on a disk that is mounted anew."""


class OpenedFile:
    """A file as it was when this was made. Raises OSError if it is not there then.

    ``file``: the inode by which it was opened, where another may have come into its place since.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float] = time.monotonic, *, file: int = 0
    ) -> None:
        self.path, self._clock = path, clock
        self._changing = on_network(path)
        """Whether its inode need not stay the same."""
        self._inode = self._look() if self._changing or not file else file
        self._log = inode(log_of(path))
        # Of the folder, not of the file: to close one more descriptor of that would take away
        # every lock that SQLite has on it.
        self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._missed: float | None = None

    @property
    def away(self) -> float | None:
        """For how many seconds it was not there at the last look, None if it was."""
        return None if self._missed is None else self._clock() - self._missed

    def is_gone(self) -> bool:
        """Whether it was deleted, emptied or moved away for long, or another lies in its place."""
        try:
            same = self._look() == self._inode
        except FileNotFoundError:
            self._missed = self._clock() if self._missed is None else self._missed
            return self._is_deleted() or self._clock() - self._missed > PATIENCE
        except OSError:  # a network file system that does not answer at present
            return False
        self._missed = None
        return not same

    def close(self) -> None:
        """Let the folder go; what was written to it is closed already.

        A file in the place of this one must not be read with this one's log.
        """
        os.close(self._folder)
        if inode(self.path) not in (0, self._inode) and not self._changing:
            drop_log(self.path, self._log)

    def _look(self) -> int:
        """Return the file's inode, 0 where that says nothing, -1 if nothing is left in it.

        SQLite would write on into an emptied file what it still remembers of it.
        """
        found = self.path.stat()
        if found.st_size == 0:
            return -1
        return 0 if self._changing else found.st_ino

    def _is_deleted(self) -> bool:
        """Whether it will not come back: its folder is deleted, or is still where it was."""
        try:
            mine = os.fstat(self._folder)
            return mine.st_nlink == 0 or os.path.samestat(mine, self.path.parent.stat())
        except OSError:
            return False
