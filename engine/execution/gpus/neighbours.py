"""GPUs among users: a lock that everybody's studies can see.

The leases are their user's own, and the driver shows a trial of another user only once it computes.
In the seconds before that, two users' studies would take the same GPU. What cannot be locked here,
because the folder is closed or is not what it should be, is not: a study runs all the same.
"""

import fcntl
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "HPO_TUI_GPU_LOCKS"
"""Names another folder, such as one that containers share."""
_FOLDER = Path("/tmp/hpo-tui-gpus")
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Whoever puts a link or a pipe in a lock's place leads nobody astray, and keeps nobody waiting."""


def find_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the locks."""
    return Path(environ.get(VARIABLE) or _FOLDER)


@dataclass
class Neighbours:
    """The lock on one GPU among users, held while any trial of this study is there.

    ``folder``: None where there are no neighbours. The file is empty and of whoever came first;
    to lock a file it is enough to read it.
    """

    folder: Path | None
    name: str
    _fd: int | None = None

    def take(self) -> str:
        """Take the lock; return an empty string, or in words who has the GPU."""
        if self._fd is not None or self.folder is None:
            return ""
        try:
            fd = _opened(self.folder, f"{self.name}.lock")
        except OSError:
            return ""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return "a study of another user has it"
        except OSError:  # this file system has no locks
            os.close(fd)
            return ""
        self._fd = fd
        return ""

    def free(self) -> None:
        """Give the lock back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _opened(folder: Path, name: str) -> int:
    """Open a lock's file, made if need be. Raises OSError, also where others could swap it."""
    try:
        folder.mkdir(mode=0o700)
        folder.chmod(0o1777)
    except FileExistsError:
        pass
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or not info.st_mode & stat.S_ISVTX:
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
