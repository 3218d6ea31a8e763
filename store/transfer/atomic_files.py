"""Files that appear when they are whole: a reader never meets half of one.

What is being written lies beside its place, under a name of its own, and is locked for as long as
its writer lives. The next that writes into the folder removes what nobody holds any more.
"""

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpo_tui.store.file_errors import CLOSED
from hpo_tui.store.locks import is_held

_MARK = ".hpo-"
_PART = re.compile(rf".+{re.escape(_MARK)}[0-9a-f]{{8}}\.part", re.DOTALL)
"""What is being written, as nobody else calls a file."""
_DATABASE = "-new"
"""Ends the name of a database in the making; it is locked by the file of the name before that."""


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to; what is there at the end becomes ``path``.

    It is nobody else's: of two that write one file at once, the last to end is read. An OSError
    about that name, from the block too, is one about ``path``, or about its folder if that is
    closed.
    """
    with _held(path) as part:
        yield part
        part.replace(path)


@contextmanager
def atomic_database(path: Path) -> Iterator[Path]:
    """Give a name beside ``path``, at which nothing is, for a file that a program locks itself.

    What is there at the end becomes ``path``. Raises FileExistsError if that has been made
    meanwhile by somebody else, OSError as :func:`atomic_file` does.
    """
    with _held(path) as part:
        made = part.with_name(part.name + _DATABASE)
        try:
            yield made
            if path.exists():
                said = "it was made by somebody else meanwhile"
                raise FileExistsError(errno.EEXIST, said, str(path))
            made.replace(path)
        finally:
            _remove_with(part)


def remove_left(folder: Path) -> None:
    """Remove what was being written in a folder by those who were killed, as far as that can be.

    What somebody writes is left, and where files cannot be locked, all is.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for name in [e.name for e in entries if _PART.fullmatch(e.name)]:
            with suppress(OSError):
                _remove_unheld(folder / name)


@contextmanager
def _held(path: Path) -> Iterator[Path]:
    """Make a file beside ``path`` and hold it; it is gone after the block."""
    remove_left(path.parent)
    part, held = path, -1
    try:
        part, held = _begun(path)
        yield part
    except OSError as error:
        if str(error.filename).startswith(f"{path}{_MARK}"):
            error.filename = str(path.parent if error.errno in CLOSED else path)
        raise
    finally:
        if held >= 0:
            with suppress(OSError):
                part.unlink()
            os.close(held)


def _begun(path: Path) -> tuple[Path, int]:
    """Make a file with a name that nothing has, and lock it; return its path and descriptor."""
    while True:
        part = path.with_name(f"{path.name}{_MARK}{secrets.token_hex(4)}.part")
        held = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if _is_locked(held):
            with suppress(FileNotFoundError):
                if os.path.samestat(part.stat(), os.fstat(held)):
                    return part, held
        os.close(held)  # somebody took it for one that is left, before it was locked


def _is_locked(held: int) -> bool:
    """Lock a file; return False if somebody else has it, who removes it."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not is_held(error)  # where there are no locks, nobody takes it away
    return True


def _remove_unheld(part: Path) -> None:
    """Remove what a writer has left, if none holds it."""
    held = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISREG(os.fstat(held).st_mode):
            _remove_with(part)
            part.unlink()
    finally:
        os.close(held)


def _remove_with(part: Path) -> None:
    """Remove the database that a part stands for, and what belongs to that: journal, log, lock."""
    begins = part.name + _DATABASE
    with suppress(OSError), os.scandir(part.parent) as entries:
        for name in [e.name for e in entries if e.name.startswith(begins)]:
            with suppress(OSError):
                (part.parent / name).unlink()
