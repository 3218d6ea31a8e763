"""The format of the files that Weights & Biases writes of a run, read without it.

A ``.wandb`` file has seven bytes of head and then LevelDB's log: blocks of 32 KiB, the head being a
part of the first. In them pieces: CRC-32 of type and content (4 bytes), length (2), type (1), the
content. A record is a full piece (type 1) or a first, middle ones and a last (2, 3, 4); fewer than
seven bytes at the end of a block are left free. Each is a serialized ``Record``, of which two kinds
are read (wandb/proto/wandb_internal.proto): ``history`` (2), what was logged at a step, and
``summary`` (3), a run's last values.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from hpo_tui.engine.execution.metrics.event_files import fields
from hpo_tui.engine.execution.metrics.text import flatten

HEAD = 7
"""Bytes before the first piece."""
_SIGN = b":W&B"
_PIECE = struct.Struct("<IHB")
_BLOCK = 1 << 15
_MOST = 1 << 24
"""A record's bytes at most: a larger one holds no metrics that anybody looks at."""
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_UNREAD = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
"""Numbers that JSON has no word for, where they are written as texts."""


@dataclass(slots=True)
class Logged:
    """What a record says: the numbers of a step, or of the summary (``step`` is None then)."""

    step: int | None
    values: dict[str, float] = field(default_factory=dict)


def begins(file: BinaryIO) -> bool | None:
    """Whether a file is one of W&B's, None while its head is not written."""
    head = file.read(HEAD)
    return None if len(head) < HEAD else head.startswith(_SIGN)


def record(file: BinaryIO, at: int) -> tuple[int, bytes] | None:
    """Return where the record ends that begins at an offset, and what it holds.

    None where it is not all there yet. What is damaged is passed over: a piece with a wrong
    checksum holds nothing, and where its length is wrong, too, the next block is sound again.
    """
    kept: list[bytes] | None = None
    while True:
        left = _BLOCK - at % _BLOCK
        if left < _PIECE.size:
            at += left
            continue
        file.seek(at)
        head = file.read(_PIECE.size)
        if len(head) < _PIECE.size:
            return None
        check, size, kind = _PIECE.unpack(head)
        if size > left - _PIECE.size or not _FULL <= kind <= _LAST:
            return at + left, b""
        data = file.read(size)
        if len(data) < size:
            return None
        begun, at = at, at + _PIECE.size + size
        if zlib.crc32(data, zlib.crc32(head[6:])) != check:
            return at, b""
        if (kept is None) is (kind in (_MIDDLE, _LAST)):
            return (at if kept is None else begun), b""
        if kind == _FULL:
            return at, data
        kept = [*(kept or []), data]
        if kind == _LAST or sum(map(len, kept)) > _MOST:
            return at, b"".join(kept) if kind == _LAST else b""


def logged(data: bytes) -> Logged | None:
    """Return the numbers of a record, None where it holds none.

    What media are described by is left out. Raises ValueError where it is no record at all.
    """
    for number, value in fields(data):
        if number in (2, 3) and isinstance(value, bytes):
            return _values(value, None if number == 3 else 0)
    return None


def _values(message: bytes, step: int | None) -> Logged:
    """Return what a ``HistoryRecord`` (item 1, step 2) or a ``SummaryRecord`` (update 1) says."""
    found: dict[tuple[str, ...], Any] = {}
    for number, value in fields(message):
        if number == 1 and isinstance(value, bytes):
            path, said = _item(value)
            found[path] = said
        elif number == 2 and step is not None and isinstance(value, bytes):
            step = next((v for n, v in fields(value) if n == 1 and isinstance(v, int)), step)
    media = {path[:-1] for path in found if path[-1:] == ("_type",)}
    numbers: dict[str, float] = {}
    for path, said in found.items():
        if not media.isdisjoint(path[:n] for n in range(1, len(path))):
            continue
        numbers |= _numbers(".".join(path), said)
    return Logged(step, numbers)


def _numbers(name: str, said: Any) -> dict[str, float]:
    if isinstance(said, str):
        said = float(_UNREAD[said]) if said in _UNREAD else None
    elif isinstance(said, dict) and "_type" in said:
        said = None
    return flatten({name: said})


def _item(data: bytes) -> tuple[tuple[str, ...], Any]:
    """Return the path of a ``HistoryItem`` or a ``SummaryItem``, and its value.

    ``key`` (1) or ``nested_key`` (2), ``value_json`` (16); a history can have the value in a field
    of its type: ``integer`` (5), ``number`` (6).
    """
    path: list[str] = []
    said: Any = None
    for number, value in fields(data):
        if isinstance(value, int):
            if number == 5:
                said = value - (1 << 64 if value >> 63 else 0)
        elif number in (1, 2):
            path.append(value.decode("utf-8", "replace"))
        elif number == 6 and len(value) == 8:
            said = struct.unpack("<d", value)[0]
        elif number == 16:
            said = _read(value)
    return tuple(path), said


def _read(value: bytes) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def records(file: BinaryIO, at: int, limit: int) -> Iterator[tuple[int, int, Logged | None]]:
    """Yield begin, end and numbers of the records from an offset on, of so many bytes or more.

    Damaged ones say nothing. It ends where a record is not all there yet.
    """
    stop = at + limit
    while at < stop and (read := record(file, at)) is not None:
        try:
            said = logged(read[1])
        except ValueError:
            said = None
        yield at, read[0], said
        at = read[0]
