"""Files as W&B writes them of a run, from the description of the format."""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

HEAD = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
BLOCK = 1 << 15


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    """A field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def items(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> bytes:
    """Values as items of a history: those of nested dictionaries by their paths."""
    out = b""
    for name, value in values.items():
        at = (*path, name)
        if isinstance(value, dict):
            out += items(value, at)
            continue
        keys = b"".join(field(2, key.encode()) for key in at)
        out += field(1, keys + field(16, json.dumps(value).encode()))
    return out


def history(values: Mapping[str, Any], step: int, num: int = 1) -> bytes:
    """A record of what was logged at a step."""
    own = field(2, field(1, step)) if step else field(2, b"")
    return field(1, num) + field(2, items({**values, "_step": step, "_runtime": 0.5}) + own)


def summary(values: Mapping[str, Any], num: int = 1) -> bytes:
    """A record of values that a script has set in its run's summary."""
    said = (
        field(1, name.encode()) + field(16, json.dumps(v).encode()) for name, v in values.items()
    )
    return field(1, num) + field(3, b"".join(field(1, item) for item in said))


def framed(records: list[bytes], at: int = len(HEAD)) -> bytes:
    """Records in pieces, as they follow each other in a file from an offset on."""
    out = bytearray()
    for record in records:
        rest, begun = record, False
        while rest or not begun:
            left = BLOCK - (at + len(out)) % BLOCK
            if left < 7:
                out += bytes(left)
                continue
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (3 if rest else 4) if begun else (2 if rest else 1)
            check = zlib.crc32(bytes([kind]) + part)
            out += struct.pack("<IHB", check, len(part), kind) + part
            begun = True
    return bytes(out)
