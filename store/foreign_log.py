"""Whether the log beside a database is that database's: SQLite itself takes any for its own.

A ``study.db`` that is put back from a copy, beside the log of a runner that was killed, would be
read, and soon written, as a mixture of the pages of both. The writer counts in ``user_version`` how
often the log has begun anew, so a log and a file tell whether one goes on from the other.
"""

import os
import sqlite3
import struct
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct(">I4xI4x8s8x")
"""Of a log (sqlite.org/fileformat2): its kind, the size of a page, what all frames repeat."""
_FRAME = struct.Struct(">I4x8s8x")
"""Before each page: its number, and what the header says."""
_KINDS = (0x377F0682, 0x377F0683)
_MAGIC = b"SQLite format 3\0"
_SCHEMA, _LOGS, _KNOWN = 40, 60, 64
"""Where in the first page the two numbers of :class:`State` lie, and where both are known."""


class State(NamedTuple):
    """How far a database is, by its first page."""

    logs: int
    """``PRAGMA user_version``, raised in the first transaction of each log."""
    schema: int
    """``PRAGMA schema_version``, which ``VACUUM`` raises too: it lays all pages out anew."""


class Log(NamedTuple):
    """What a log says of the database that it was written for."""

    inode: int
    salt: bytes
    first: State
    last: State


def foreign_log(path: Path, log: Path) -> int:
    """Return the inode of the log beside a database if it is another one's, else 0.

    0 too where that cannot be told, as of what an older version has written. Takes no lock, so
    nothing is concluded while somebody writes.
    """
    found = _read(log)
    if found is None:
        return 0
    state = _state_of(path)
    if state is None or _goes_on(state, found) or _read(log) != found:
        return 0
    return found.inode


def _goes_on(state: State, log: Log) -> bool:
    """Whether a log was begun on a file in this state, or has brought it there."""
    counts = log.first.logs - 1 <= state.logs <= log.last.logs
    return counts and state.schema <= log.last.schema


def _state_of(path: Path) -> State | None:
    """Return the state of a file without its log, None where it cannot be read.

    By SQLite: to open and close it ourselves would take away the locks that this process has on it.
    """
    uri = f"{Path(os.path.realpath(path)).as_uri()}?mode=ro&immutable=1"
    try:
        conn = sqlite3.connect(uri, uri=True)
        try:
            return State(*(
                int(conn.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("user_version", "schema_version")
            ))  # fmt: skip
        finally:
            conn.close()
    except sqlite3.Error:
        return None


def _read(log: Path) -> Log | None:
    """Return what a log says, None if it holds no first page, so that nothing can be told."""
    try:
        fd = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _scan(fd)
    except OSError:
        return None
    finally:
        os.close(fd)


def _scan(fd: int) -> Log | None:
    header = os.pread(fd, _HEADER.size, 0)
    if len(header) < _HEADER.size:
        return None
    kind, size, salt = _HEADER.unpack(header)
    if kind not in _KINDS:
        return None
    states: list[State] = []
    at = _HEADER.size
    while len(frame := os.pread(fd, _FRAME.size + _KNOWN, at)) == _FRAME.size + _KNOWN:
        number, own = _FRAME.unpack_from(frame)
        page = frame[_FRAME.size :]
        if own != salt or (number == 1 and not page.startswith(_MAGIC)):
            break  # what is left of a log before this one, or was not written to its end
        if number == 1:
            states.append(State(_number(page, _LOGS), _number(page, _SCHEMA)))
        at += _FRAME.size + size
    if not states:
        return None
    return Log(os.fstat(fd).st_ino, salt, states[0], max(states))


def _number(page: bytes, at: int) -> int:
    return int.from_bytes(page[at : at + 4], "big")
