"""What SQLite's errors about a study's file mean, in words for people, and what can be done."""

import os
import resource
import sqlite3
from contextlib import suppress
from pathlib import Path

from hpo_tui.store.connect import BUSY_SECONDS
from hpo_tui.store.file_errors import how_to_open, in_words, user_name
from hpo_tui.store.rows import StrangeValueError
from hpo_tui.store.schema import NewerFileError

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_DISK = "the disk may be full, your quota used up, or the disk has a fault"


def explained(error: Exception, path: Path | None = None) -> str:
    """Return what is wrong with a study's file, and what to do where something can be done.

    ``path``: the file, where it is known: who may not write it is told whose it is.
    """
    code = _code(error)
    if isinstance(error, NewerFileError):
        return f"{error}: update hpo-tui to open it"
    if code in _DAMAGED or isinstance(error, StrangeValueError):
        return (
            f"it is damaged ({error}). Put back a copy of the study's folder if you have one; what"
            " the trials reported is also in its trials/*/reports.jsonl"
        )
    if code == sqlite3.SQLITE_READONLY:
        how = "" if path is None else _beside(path) or how_to_open(path)
        return f"you may not write it ({error})" + (f": {how}" if how else "")
    if code == sqlite3.SQLITE_IOERR:
        return f"{error}: {_capped() or _DISK}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"{error}: another program has been writing to it for {BUSY_SECONDS:g} s. Try again"
    if code == sqlite3.SQLITE_CANTOPEN:
        return f"it cannot be opened ({error}): is its folder there, and may you use both?"
    if "no such table" in str(error):
        return f"it is not a study of hpo-tui ({error})"
    return in_words(error) if isinstance(error, OSError) else str(error)


def _beside(path: Path) -> str:
    """Return what to do where not a database, but what lies beside it cannot be written."""
    for name in (f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(OSError):
            owner = path.with_name(name).stat().st_uid
            if os.access(path, os.W_OK) and not os.access(path.with_name(name), os.W_OK):
                return (
                    f"{name} beside it is {user_name(owner)}'s, who has looked at it. Once nobody"
                    f" has the study open, remove {path.name}-shm, and {path.name}-wal if it is"
                    " empty"
                )
    return ""


def lacks_room(error: sqlite3.Error) -> bool:
    """Whether there may be no room: SQLite does not tell a used-up quota from a faulty disk."""
    return "full" in str(error) or _code(error) == sqlite3.SQLITE_IOERR


def may_pass(error: sqlite3.Error) -> bool:
    """Whether the same may work in a moment: a hiccup of the disk, or too many open files."""
    return _code(error) in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another program was writing to it all the time that this one has waited."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _capped() -> str:
    """Return that files of this process may only have some size, empty where they may have any."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if most == resource.RLIM_INFINITY:
        return ""
    return f"`ulimit -f` allows files of {most // 1024} KiB only, raise it; or {_DISK}"


def _code(error: Exception) -> int:
    """Return the primary code of an error; 0 of one that is not SQLite's own."""
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
