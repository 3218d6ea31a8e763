"""Whether what was drawn has arrived: the terminal is asked, and answers once it has read so far.

Nothing else tells. What is written to a slow connection is taken at once, and waits in the buffers
of sshd and of the network: minutes of it, where frames come faster than the line carries them.
"""

import re
import threading
import time
from collections.abc import Callable

QUESTION = "\x1b[5n"
"""How are you (DSR): terminals answer since the VT100. tmux, screen and mosh do it themselves."""
_ANSWER = "\x1b[0n"
_PART = re.compile(r"\x1b\[0?$")

PATIENCE = 0.5
"""Seconds that an answer may take until what can wait does."""
FIRST_SECONDS = 1.0
"""How long the first answer is waited for."""
LOST_SECONDS = 30.0
"""A question that has not been answered by then is not any more."""
ROOM = 4096
"""Bytes that may be on their way, at least; with so many there, frames wait for an answer."""
_MOST_ROOM = 8 * ROOM
"""And at most, so that a line that gets slow has no minute of frames to carry."""
_AHEAD = 0.3
"""Seconds of what the line carries that may be on their way: to a far terminal, more than ROOM."""
HELD_SECONDS = 3.0
"""How long at most: what answered once may be gone (a detached terminal), and keys need an echo."""


class Arrivals:
    """One question at a time, for all that was written before it; may be used from threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._unasked = self._unanswered = 0
        """Bytes that no question has been asked for, and those that one waits for."""
        self._last_written = 0.0
        self._room = ROOM
        self._asked: float | None = None
        """When what is still to be answered was asked."""
        self._answers = False
        """Whether the terminal has ever answered."""
        self._due: int | None = None
        """Questions without an answer so far, None where nothing was ever asked."""
        self._held = ""
        self._escape = False
        """Whether an Esc came last, which can have been the beginning of an answer."""

    def wrote(self, size: int) -> None:
        """Take notice of what was written, in bytes."""
        self._unasked += size
        self._last_written = self._clock()

    def ask(self) -> bool:
        """Whether the question is to be written now, which is then taken for done."""
        with self._changed:
            if not self._unasked or (self._asked is not None and not self._is_lost()):
                return False
            self._unanswered, self._unasked = self._unasked, 0
            self._asked = self._clock()
            self._due = (self._due or 0) + 1
            return True

    def forget(self) -> None:
        """Wait for no answer any more: it came while somebody else had the terminal."""
        with self._changed:
            self._asked, self._unanswered, self._held = None, 0, ""

    def read(self, data: str) -> tuple[str, bool]:
        """Return what the terminal has sent without its answers, and whether there was one.

        A part of one at the end is held back: its letters would be keys. So would those of an
        answer be that nobody waits for: after a night, one comes for each time that it was asked.
        """
        if self._due is None or not data:
            return data, False
        if self._escape and data.startswith(_ANSWER[1:]):
            data = "\x1b" + data  # in two pieces, so late that Esc has been pressed for nothing
        data, self._held = self._held + data, ""
        self._escape = data.endswith("\x1b")
        count = data.count(_ANSWER)
        if count:
            with self._changed:
                self._measure()
                self._asked, self._unanswered, self._answers = None, 0, True
                self._due = max(self._due - count, 0)
                self._changed.notify_all()
            data = data.replace(_ANSWER, "")
        if self._due and (part := _PART.search(data)):
            self._held, data = part.group(), data[: part.start()]
        return data, count > 0

    @property
    def late(self) -> bool:
        """Whether what was drawn has been on its way for a while. Never where nobody answers."""
        asked = self._asked
        return (
            self._answers
            and asked is not None
            and not self._is_lost()
            and self._clock() - asked > PATIENCE
        )

    @property
    def full(self) -> bool:
        """Whether so much is on its way that more would only lie behind it."""
        return (
            self._answers
            and self._asked is not None
            and not self._is_lost()
            and self._unanswered + self._unasked > self._room
            and self._clock() - self._last_written < HELD_SECONDS
        )

    def wait(self, seconds: float) -> None:
        """Wait for an answer that is on its way; without us, the shell would read it as typed."""
        with self._changed:
            if self._asked is not None and not self._answers:  # perhaps it never will
                seconds = min(seconds, self._asked + FIRST_SECONDS - self._clock())
            if seconds > 0:
                self._changed.wait_for(lambda: self._asked is None, seconds)

    def _measure(self) -> None:
        """Make the room what the line has just been seen to carry, if that was enough to tell."""
        if self._asked is not None and self._unanswered > ROOM // 4:
            seconds = max(self._clock() - self._asked, 0.001)
            carried = int(self._unanswered / seconds * _AHEAD)
            self._room = min(max(carried, ROOM), _MOST_ROOM)

    def _is_lost(self) -> bool:
        return self._asked is not None and self._clock() - self._asked > LOST_SECONDS
