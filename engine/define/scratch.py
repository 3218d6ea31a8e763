"""Folders for what looking at a script writes, and those that who was killed has left."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_BEGINS = "hpo-try-"
"""How their names begin."""
_LEFT_SECONDS = 24 * 3600.0
"""After so long without a change, one that nobody holds is nobody's: no try lasts as long."""


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Make an empty folder that is gone behind the block, and remove those that were left.

    Raises OSError where none can be made.
    """
    remove_left()
    with tempfile.TemporaryDirectory(prefix=_BEGINS, ignore_cleanup_errors=True) as made:
        held = _held(Path(made))
        try:
            yield Path(made)
        finally:
            if held is not None:
                os.close(held)


def remove_left() -> None:
    """Remove folders of this user that ended without doing so, as by SIGKILL."""
    with contextlib.suppress(OSError):
        for path in Path(tempfile.gettempdir()).glob(f"{_BEGINS}*"):
            with contextlib.suppress(OSError):
                _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    found = path.lstat()
    if found.st_uid != os.getuid() or time.time() - found.st_mtime < _LEFT_SECONDS:
        return
    held = _held(path)
    if held is not None:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def _held(path: Path) -> int | None:
    """Return a folder, open and locked; None where somebody holds it or it cannot be locked."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks
        os.close(opened)
        return None
    return opened
