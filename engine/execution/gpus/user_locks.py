"""The lock on a GPU that the studies of all users can see.

The leases are their user's own, and the driver shows a trial of another user only once it computes.
In the seconds before that, two users' studies would take the same GPU. What cannot be locked here,
because the folder is closed or is not what it should be, is not: a study runs all the same.
"""

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.gpu_locks import is_everybody_s
from hpo_tui.store.file_errors import user_name

_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Whoever puts a link or a pipe in a lock's place leads nobody astray, and keeps nobody waiting."""
_TOLD_SECONDS = 2.0
"""How long it holds who has a lock: a trial that waits asks many times a second."""


@dataclass
class UserLock:
    """The lock on one GPU among users, held while any trial of this study is there.

    ``folder``: None where there are no other users. The file is empty and of whoever came first;
    to lock a file it is enough to read it.
    """

    folder: Path | None
    name: str
    _fd: int | None = None
    _told: tuple[float, str] = (float("-inf"), "")
    """When it was last said who has it (monotonic), and what."""

    def take(self) -> str:
        """Take the lock; return an empty string, or in words who has the GPU."""
        if self._fd is not None or self.folder is None:
            return ""
        self._fd, why = self._locked(self.folder)
        return why

    def _locked(self, folder: Path) -> tuple[int | None, str]:
        """Lock the file; return its descriptor, None where that cannot be, and who has it."""
        try:
            fd = _opened(folder, f"{self.name}.lock")
        except OSError:
            return None, ""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - self._told[0] > _TOLD_SECONDS:
                self._told = time.monotonic(), f"{_holder(fd)} has it"
            os.close(fd)
            return None, self._told[1]
        except OSError:  # this file system has no locks
            os.close(fd)
            return None, ""
        return fd, ""

    def free(self) -> None:
        """Give the lock back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def heal(self) -> None:
        """Lock the file anew if it was deleted, as by what empties ``/tmp`` of old files.

        The lock on a deleted file keeps nobody out who comes now.
        """
        if self._fd is None or self.folder is None:
            return
        with suppress(OSError):
            there = (self.folder / f"{self.name}.lock").lstat()
            if os.path.samestat(there, os.fstat(self._fd)):
                return
        fd, _ = self._locked(self.folder)
        if fd is not None:
            os.close(self._fd)
            self._fd = fd


def _holder(fd: int) -> str:
    """Return whose study has locked a file, as far as the kernel says."""
    found = os.fstat(fd)
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}".encode()
    with suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_bytes().splitlines():
            words = line.split()  # 1: FLOCK ADVISORY WRITE 4242 fe:00:77 0 EOF
            if words[1:2] == [b"FLOCK"] and words[5:6] == [device]:
                owner = Path(f"/proc/{int(words[4])}").stat().st_uid
                mine = owner == os.geteuid()
                return "another study of yours" if mine else f"a study of {user_name(owner)}"
    return "a study of another user"


def _opened(folder: Path, name: str) -> int:
    """Open a lock's file, made if need be. Raises OSError, also where others could swap it."""
    try:
        folder.mkdir(mode=0o700)
        folder.chmod(0o1777)
    except FileExistsError:
        pass
    if not is_everybody_s(folder):
        raise NotADirectoryError(f"{folder} is no folder that everybody may write to")
    path = folder / name
    try:
        return os.open(path, _OPEN)
    except FileNotFoundError:
        try:
            fd = os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:  # another user was quicker
            return os.open(path, _OPEN)
        os.fchmod(fd, 0o644)
        return fd
