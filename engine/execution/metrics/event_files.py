"""The format of TensorBoard's event files, read without TensorFlow.

An event file is a TFRecord file: length (8 bytes), masked CRC-32C of the length (4), a serialized
``Event`` message, masked CRC-32C of it (4). Of the message's fields those of scalars are read:
``Event.step`` (2), ``Event.summary`` (5) → ``Summary.value`` (1) → ``tag`` (1), ``simple_value``
(2), ``tensor`` (8) (tensorflow/core/util/event.proto, framework/summary.proto, tensor.proto).
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

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


class Broken(Exception):  # noqa: N818 - the file's state
    """What follows in the file cannot be found any more."""


def record(file: BinaryIO) -> tuple[int, bytes] | None:
    """Return size on disk and content of the next record, None where it is not there yet.

    Of a damaged one the content is none that says anything. Raises :class:`Broken`.
    """
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    size, check = _HEAD.unpack(head)
    if size > _MOST or masked_crc(head[:8]) != check:
        raise Broken
    data, end = file.read(size), file.read(4)
    if len(data) < size or len(end) < 4:
        return None
    if size <= _CHECKED and masked_crc(data) != int.from_bytes(end, "little"):
        data = b""
    return size + _HEAD.size + 4, data
