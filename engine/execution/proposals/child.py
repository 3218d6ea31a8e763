"""One process of the optimizer, as the runner holds it: messages to it and from it, its end."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from hpo_tui.engine.execution.proposals.wire import Inbox, Message, Outbox
from hpo_tui.engine.threads import thread_environment

_SILENCE = 900.0
"""Seconds without a word, while something is asked for, after which it is taken to hang."""
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Has glibc keep what is freed: matrices of a few MB are made all the time, and fresh pages for
each took a quarter of a suggestion's time."""
_CROWDED = 4 << 20
"""Bytes unsent from which on it is spared what it can do without."""


class Child:
    """A process that has begun to learn the store. ``init``: the first message to it.

    Raises OSError where the machine starts no process.
    """

    def __init__(self, init: Mapping[str, Any]) -> None:
        argv = [sys.executable, "-P", "-m", "hpo_tui.engine.execution.proposals.process"]
        # One thread: the cores belong to the trials, and numeric libraries whose threads have to
        # fight for cores take a hundred times as long over small matrices.
        environment = {**_MEMORY, **os.environ, **thread_environment(1)}
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            env=environment,
        )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._pipes = self.process.stdin, self.process.stdout
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)
        self.outbox = Outbox(self.process.stdin.fileno())
        self.inbox = Inbox(self.process.stdout.fileno())
        self._garbage = ""
        """What was wrong with what is no message, once it has sent such."""
        self._heard = time.monotonic()
        """When it last said something, or had nothing to say."""
        self.send({"op": "init", **init})

    @property
    def crowded(self) -> bool:
        """Whether it is so far behind that it is to be spared what it can do without."""
        return len(self.outbox) >= _CROWDED

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when it says something."""
        return self.inbox.fd

    def send(self, message: Message) -> None:
        """Send a message, or what the pipe takes of it; the rest follows by and by."""
        self.outbox.put(message)

    def messages(self) -> Iterator[Message]:
        """Send what there is, and go through what it has said since."""
        self.outbox.flush()
        while self.inbox.read():
            pass
        try:
            while (message := self.inbox.take()) is not None:
                self._heard = time.monotonic()
                yield message
        except ValueError as error:
            self._garbage = str(error)

    def fault(self, *, awaited: bool) -> str:
        """Return why it is of no more use, empty if it is; ``awaited``: it owes an answer."""
        if not awaited:
            self._heard = time.monotonic()
        if self._garbage:
            return f"the optimizer's process sent what is no message ({self._garbage})"
        if self.inbox.closed:
            return "the optimizer's process died"
        if time.monotonic() - self._heard > _SILENCE:
            return f"the optimizer has said nothing for {_SILENCE:.0f} s"
        return ""

    def end(self) -> None:
        """End it, at once."""
        self.process.kill()
        self.process.wait()
        for pipe in self._pipes:
            try:
                pipe.close()
            except OSError:
                continue
