"""Scalars in TensorBoard event files, read without TensorFlow.

An event file is a TFRecord file: length (8 bytes), masked CRC-32C of the length (4), a serialized
``Event`` message, masked CRC-32C of it (4). Of the message's fields those of scalars are read:
``Event.step`` (2), ``Event.summary`` (5) → ``Summary.value`` (1) → ``tag`` (1), ``simple_value``
(2), ``tensor`` (8) (tensorflow/core/util/event.proto, framework/summary.proto, tensor.proto).
"""

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.metric_files import LIMIT, merge
from hpo_tui.engine.execution.metric_lines import Entry, Names

_HEAD = struct.Struct("<QI")
_MOST = 1 << 26
"""A record's bytes at most; a larger length is garbage."""
_CHECKED = 1 << 14
"""Records up to this size have their content's checksum verified; larger ones hold images."""


def _make_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _make_table()


def masked_crc(data: bytes) -> int:
    """Return the masked CRC-32C that TFRecord files carry."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    value ^= 0xFFFFFFFF
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield field numbers and values of a protobuf message. Raises ValueError if it is none."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"unknown wire type {kind}")
        if at + size > len(data):
            raise ValueError("a field ends beyond its message")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number without an end")


def scalars(event: bytes) -> tuple[int, dict[str, float]]:
    """Return step and scalars (by tag) of a serialized ``Event``. Raises ValueError."""
    step, found = 0, {}
    for number, value in fields(event):
        if number == 2 and isinstance(value, int):
            step = value
        elif number == 5 and isinstance(value, bytes):
            for place, summary in fields(value):
                if place == 1 and isinstance(summary, bytes):
                    tag, scalar = _summary_value(summary)
                    if scalar is not None:
                        found[tag] = scalar
    return step, found


def _summary_value(data: bytes) -> tuple[str, float | None]:
    tag, scalar = "", None
    for number, value in fields(data):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            tag = value.decode("utf-8", "replace")
        elif number == 2 and len(value) == 4:
            scalar = float(struct.unpack("<f", value)[0])
        elif number == 8:
            scalar = _tensor(value)
    return tag, scalar


def _tensor(data: bytes) -> float | None:
    """Return a tensor of one float or double as a number, None for any other."""
    for number, value in fields(data):
        if isinstance(value, bytes) and number in (4, 5, 6):
            if len(value) == 4:
                return float(struct.unpack("<f", value)[0])
            if len(value) == 8:
                return float(struct.unpack("<d", value)[0])
    return None


class TensorboardSource:
    """Scalars of all event files at or below a path of the trial's folder."""

    def __init__(self, folder: Path, path: str, names: Names) -> None:
        self.folder, self.root, self.names = folder, folder / path, names
        self.offsets: dict[str, int] = {}
        self._broken: set[str] = set()

    def poll(self) -> list[Entry]:
        """Return what is new."""
        found: list[Entry] = []
        for path in self._files():
            try:
                found += self._read(path)
            except OSError:
                continue
        return merge(found)

    def finish(self) -> list[Entry]:
        """Return all that is left."""
        found: list[Entry] = []
        before = None
        while before != self.offsets:
            before = dict(self.offsets)
            found += self.poll()
        return merge(found)

    def skip(self) -> None:
        """Leave out what is there."""
        self.finish()

    def state(self) -> dict[str, Any]:
        """Return the places in all files, by path from the trial's folder."""
        return {"offsets": dict(self.offsets)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on."""
        self.offsets = {str(k): int(v) for k, v in (state.get("offsets") or {}).items()}

    def _files(self) -> list[Path]:
        if self.root.is_file():
            return [self.root]
        if any(c in str(self.root) for c in "*?["):
            place = Path(self.root.anchor)
            return sorted(place.glob(str(self.root.relative_to(place))))
        return sorted(self.root.rglob("*tfevents*")) if self.root.is_dir() else []

    def _read(self, path: Path) -> list[Entry]:
        """Read whole records; one that is still being written is left for the next poll."""
        name = os.path.relpath(path, self.folder)
        if name in self._broken:
            return []
        offset, found = self.offsets.get(name, 0), []
        with path.open("rb") as file:
            file.seek(offset)
            budget = LIMIT
            while budget > 0:
                record = self._record(file.read(_HEAD.size), file.read, name)
                if record is None:
                    break
                size = len(record) + _HEAD.size + 4
                offset, budget = offset + size, budget - size
                found += self._entry(record)
        self.offsets[name] = offset
        return found

    def _record(self, head: bytes, read: Any, name: str) -> bytes | None:
        """Return the next record's content, None if it is not there yet, or damaged."""
        if len(head) < _HEAD.size:
            return None
        size, check = _HEAD.unpack(head)
        if size > _MOST or masked_crc(head[:8]) != check:
            self._broken.add(name)  # what follows cannot be found any more
            return None
        data: bytes = read(size)
        end: bytes = read(4)
        if len(data) < size or len(end) < 4:
            return None
        if size <= _CHECKED and masked_crc(data) != int.from_bytes(end, "little"):
            return bytes(size)  # damaged: as long, and says nothing
        return data

    def _entry(self, record: bytes) -> list[Entry]:
        try:
            step, found = scalars(record)
        except ValueError:
            return []
        metrics = {n: v for tag, v in found.items() if (n := self.names.find(tag)) is not None}
        return [(step, metrics)] if metrics else []
