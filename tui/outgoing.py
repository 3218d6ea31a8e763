"""What is written to the terminal waits here for a line that is slow, or that stands still.

Nothing else does: Textual's own writer lets its app wait after 30 writes, and its end for the last.
A connection that has stalled takes nothing for minutes, and who told the app to leave would wait.
"""

import os
import select
import termios
from collections import deque
from contextlib import suppress
from threading import Condition
from typing import IO

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

_AT_ONCE = 4096
"""Bytes that are written at once: about as many as a terminal takes."""
_LOOK_SECONDS = 0.05
_LAST_SECONDS = 0.2
"""How long the last words may take where all before them had to be dropped."""


class Outgoing(WriterThread):
    """Writes in a thread. What it is given is never waited for, and dropped if it must end."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._encoding = getattr(file, "encoding", None) or "utf-8"
        self._line = _opened_again(file.fileno())
        self._changed = Condition()
        self._waiting: deque[str] = deque()
        self._last: deque[str] | None = None
        """Of what waits, that which the terminal is to be left with."""
        self._ends = self._drops = False

    @property
    def behind(self) -> bool:
        """Whether so much waits that what can come later should."""
        return len(self._waiting) > MAX_QUEUED_WRITES

    def write(self, text: str) -> None:
        """Write a text when those before it are written."""
        with self._changed:
            (self._waiting if self._last is None else self._last).append(text)
            self._changed.notify()

    def begin_last_words(self) -> None:
        """Take what comes from here on for what the terminal is to be left with."""
        with self._changed:
            self._last = self._last if self._last is not None else deque()

    def finish(self, seconds: float) -> bool:
        """End when all is written; after ``seconds`` of that, write the last words alone.

        Return whether the terminal has taken those, and so would take more.
        """
        with self._changed:
            self._ends = True
            self._changed.notify()
        self.join(max(seconds, 0.0))
        if self.is_alive():
            with self._changed:
                self._waiting.clear()
                self._drops = True
            with suppress(termios.error):
                termios.tcflush(self._line, termios.TCOFLUSH)
            self.join(_LAST_SECONDS)
        if self.is_alive():
            return False
        os.close(self._line)
        return True

    def stop(self) -> None:
        """End without waiting for a line that stands still."""
        self.finish(_LAST_SECONDS)

    def run(self) -> None:
        """Write what there is, until the end."""
        while (found := self._next()) is not None:
            text, is_last = found
            self._send(text.encode(self._encoding, "replace"), is_last)

    def _next(self) -> tuple[str, bool] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._last or self._ends)
            if self._waiting:
                return self._waiting.popleft(), False
            return (self._last.popleft(), True) if self._last else None

    def _send(self, data: bytes, is_last: bool) -> None:
        while data and (is_last or not self._drops):
            try:
                data = data[os.write(self._line, data[:_AT_ONCE]) :]
            except BlockingIOError:
                select.select([], [self._line], [], _LOOK_SECONDS)
            except OSError:  # the terminal is no more: who reads from it ends the app
                return


def _opened_again(terminal: int) -> int:
    """Return the terminal opened for us alone, so that no write waits.

    To set that for what is open already would set it for the shell as well.
    """
    try:
        return os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:  # of another user (su), or of a namespace that is not seen from here
        return os.dup(terminal)
