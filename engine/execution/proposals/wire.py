"""Length-prefixed JSON messages over a pipe, read and written without ever blocking the runner."""

import json
import os
from typing import Any

_HEADER = 4
_CHUNK = 1 << 20
LONGEST = 256 << 20
"""A longer message is taken as garbage in the pipe."""

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """Return a message as bytes; NaN and infinities are kept."""
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return len(body).to_bytes(_HEADER, "big") + body


class Inbox:
    """Puts messages together from the bytes that a descriptor gives."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.closed = False
        self._data = bytearray()

    def read(self) -> bool:
        """Take in what there is; return whether anything came. A closed pipe sets ``closed``."""
        try:
            data = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return False
        self._data += data
        return True

    def take(self) -> Message | None:
        """Return the next whole message, None if there is none. Raises ValueError if garbled."""
        if len(self._data) < _HEADER:
            return None
        size = int.from_bytes(self._data[:_HEADER], "big")
        if size > LONGEST:
            raise ValueError(f"a message of {size} bytes")
        if len(self._data) < _HEADER + size:
            return None
        body = bytes(self._data[_HEADER : _HEADER + size])
        del self._data[: _HEADER + size]
        message = json.loads(body.decode("utf-8", "surrogatepass"))
        assert isinstance(message, dict)
        return message


class Outbox:
    """Keeps what a full pipe does not take yet."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def put(self, message: Message) -> None:
        """Queue a message and send what the pipe takes."""
        self._data += encode(message)
        self.flush()

    def flush(self) -> None:
        """Send what the pipe takes; a closed pipe loses it (its reader is gone)."""
        while self._data:
            try:
                sent = os.write(self.fd, self._data[:_CHUNK])
            except BlockingIOError:
                return
            except OSError:
                self._data.clear()
                return
            del self._data[:sent]
