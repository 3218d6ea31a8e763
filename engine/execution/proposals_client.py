"""The runner's side of the optimizer's process: never waits for it, survives its death."""

import itertools
import logging
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from hpo_tui.engine.answers import SPENT
from hpo_tui.engine.execution.wire import Inbox, Message, Outbox
from hpo_tui.engine.optimizer.api import Suggestion
from hpo_tui.engine.threads import thread_environment

log = logging.getLogger("runner.proposals")

_DEATHS = 3
"""Deaths, or hangs, without one answer between them after which the optimizer is given up."""
_SILENCE = 900.0
"""Seconds without a word, while something is asked for, after which it is taken to hang."""
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Has glibc keep what is freed: matrices of a few MB are made all the time, and fresh pages for
each took a quarter of a suggestion's time."""
_CROWDED = 4 << 20
"""Bytes unsent from which on reports are not passed on: they only serve early stopping."""


@dataclass(frozen=True, slots=True)
class Reply:
    """News from the optimizer.

    ``kind``: ``suggestions`` (of a user's wish), ``refused``, ``stop``, ``insights``, ``maps``,
    ``stuck`` (it cannot suggest) or ``dead``; suggestions of our own asking are kept ready instead.
    """

    kind: str
    id: int = 0
    suggestions: tuple[Suggestion, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


class Proposals:
    """Keeps suggestions ready. ``init`` makes the first message (the store's path, the study)."""

    def __init__(self, init: Mapping[str, Any]) -> None:
        self.init = dict(init)
        self.ready: deque[Suggestion] = deque()
        self.exhausted = ""
        """Why there is nothing more to suggest, until something changes."""
        self.given_up = False
        self.stale = False
        """Whether the store holds what the optimizer has to learn anew: it is restarted."""
        self.since = 0.0
        """Since when (monotonic) there has been nothing :attr:`current`."""
        self._asked: set[int] = set()
        self._former: deque[Suggestion] = deque()
        """Suggestions that were withdrawn: one is run where there is no time for a new one."""
        self._kept = 0
        """The last id given out when a former one was started.

        It took the number of a trial that suggestions with smaller ids have as well.
        """
        self._outdated = False
        """Whether something has become known that what is ready or asked for does not know."""
        self.ahead = 0
        """How many more are kept ready, which no news outdates: where trials end faster than
        suggestions are made."""
        self._wishes: dict[int, Message] = {}
        self._ids = itertools.count(1)
        self._last_news = 0
        self._deaths = 0
        self._heard = 0.0
        """When (monotonic) it last said something, or had nothing to say."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and have it learn the store."""
        argv = [sys.executable, "-P", "-m", "hpo_tui.engine.execution.proposals"]
        # One thread: the cores belong to the trials, and numeric libraries whose threads have to
        # fight for cores take a hundred times as long over small matrices.
        environment = {**_MEMORY, **os.environ, **thread_environment(1)}
        process = self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            env=environment,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        self._out, self._in = Outbox(process.stdin.fileno()), Inbox(process.stdout.fileno())
        self.ready.clear()
        self._former.clear()
        self._asked.clear()
        self._outdated, self.ahead = False, 0
        self.exhausted = ""
        self._heard = time.monotonic()
        self._out.put({"op": "init", **self.init})
        for message in self._wishes.values():
            self._out.put(message)

    def restart(self) -> None:
        """Begin anew from what the store holds: after an edit, or when it has died."""
        self.close()
        self.start()

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                continue
        self._process = None

    def fileno(self) -> int | None:
        """Return the descriptor that becomes readable when there is news."""
        return self._in.fd if self._process is not None else None

    def want(self, count: int, left: Callable[[], float | None] = lambda: None) -> None:
        """See to it that ``count`` suggestions are ready, or will be, that know all there is.

        Where there is haste they are :attr:`ahead` more, and know nearly all. ``left`` tells what
        is left of the budget, in full-task units, where the optimizer cannot know; it is called
        only when something is asked for.
        """
        if self.exhausted or self._process is None:
            return
        if self._outdated:
            self._withdraw()
        for _ in range(count + self.ahead - len(self.ready) - len(self._asked)):
            number = next(self._ids)
            self._asked.add(number)
            self._out.put({"op": "ask", "id": number, "left": left()})

    def _withdraw(self) -> None:
        """Have the optimizer forget what it has suggested and nobody has started."""
        self._outdated = False
        self._former = self.ready or self._former
        self.ready = deque()
        self._asked.clear()
        if self._process is not None:
            self._out.put({"op": "withdraw"})

    @property
    def current(self) -> Suggestion | None:
        """The next suggestion that knows all results, None until it is there."""
        return self.ready[0] if self.ready and not (self._outdated or self.stale) else None

    @property
    def former(self) -> Suggestion | None:
        """A suggestion prepared before the last results, None if there is none."""
        # A wish takes numbers, which may be those of what was withdrawn; an edit moves the space.
        if self._wishes or self.stale:
            return None
        return next(iter(self.ready or self._former), None)

    def begun(self, suggestion: Suggestion) -> None:
        """Take note that :attr:`current` runs, or :attr:`former`."""
        if self.ready and self.ready[0] == suggestion:
            self.ready.popleft()
            if self._process is not None:
                self._out.put({"op": "started", "number": suggestion.number})
            return
        self._former.clear()
        self._asked.clear()
        self._outdated, self._kept = False, next(self._ids)
        if self._process is not None:
            self._out.put({"op": "keep", "suggestion": asdict(suggestion)})

    def wish(self, op: str, **values: Any) -> int:
        """Pass on a user's wish for certain trials; the reply carries the returned id.

        It goes before what nobody has started: that must not take its budget, or its number.
        """
        if self.ready or self._asked:
            self._withdraw()
        number = next(self._ids)
        message = {"op": op, "id": number, **values}
        self._wishes[number] = message
        if self._process is not None:
            self._out.put(message)
        return number

    def tell(self, op: str, **values: Any) -> None:
        """Pass on news: ``op`` names a method ``do_OP`` of the worker, ``values`` what it reads.

        All but ``settle``, which only asks for a last summary, outdate what is ready or asked for.
        """
        self.exhausted = ""
        self._last_news = next(self._ids)
        if op != "settle":
            if not (self._outdated or self._former):
                self.since = time.monotonic()
            self._outdated = bool(self.ready or self._asked) and not self.ahead
        if self._process is not None:
            self._out.put({"op": op, **values})

    def report(
        self, number: int, reports: Sequence[tuple[int, Mapping[str, float]]], *, judge: bool
    ) -> None:
        """Pass on a running trial's reports; ``judge``: have it said whether to stop it."""
        if self._process is not None and len(self._out) < _CROWDED:
            self._out.put({"op": "reports", "number": number, "reports": reports, "judge": judge})

    def pump(self) -> list[Reply]:
        """Send and take in what there is; return the news. Starts the process again if it died."""
        if self._process is None:
            return []
        if self.stale:
            self.stale = False
            self.restart()
        self._out.flush()
        while self._in.read():
            pass
        replies, fault = [], ""
        try:
            while (message := self._in.take()) is not None:
                self._heard = time.monotonic()
                reply = self._sort(message)
                if reply is not None:
                    replies.append(reply)
        except ValueError as error:
            fault = f"the optimizer's process sent what is no message ({error})"
        if self._in.closed:
            fault = fault or "the optimizer's process died"
        elif self._hangs():
            fault = fault or f"the optimizer has said nothing for {_SILENCE:.0f} s"
        if fault:
            log.error("%s: it is started anew", fault)
            replies += self._bury()
        return replies

    def _hangs(self) -> bool:
        """Whether it has left unanswered for very long what it was asked for."""
        if not (self._asked or self._wishes):
            self._heard = time.monotonic()
        return time.monotonic() - self._heard > _SILENCE

    def _bury(self) -> list[Reply]:
        """End what is left of the process and start another, but not for ever."""
        self._deaths += 1
        self.close()
        if self._deaths >= _DEATHS:
            self.given_up = True
            return [Reply("dead")]
        self.start()
        return []

    def revive(self) -> None:
        """Try again after :attr:`given_up`."""
        self.given_up, self._deaths = False, 0
        self.restart()

    def _follows(self, found: Sequence[Suggestion]) -> bool:
        """Whether what comes late was made to follow the former one, and takes it to run.

        Started in its place it would leave out a number.
        """
        return bool(self._former and found) and self._former[0].number < found[0].number

    def _sort(self, message: Message) -> Reply | None:
        """Take in one message; return what the runner has to know of it, None where nothing."""
        operation, number = str(message["op"]), int(message.get("id") or 0)
        if operation == "ready":
            return None
        self._deaths = 0
        if operation == "suggestions":
            return self._suggested(message, number)
        if operation == "spent":
            # Else a trial has ended since, maybe below its price.
            if number in self._asked and number > self._last_news:
                self.exhausted = str(message["text"]) or SPENT
                self._former.clear()
            self._asked.discard(number)
            return None
        if operation == "refused" and self._wishes.pop(number, None) is None:
            asked = number in self._asked
            self._asked.discard(number)
            return Reply("stuck", data=message) if asked or not number else None
        return Reply(operation, number, data=message)

    def _suggested(self, message: Message, number: int) -> Reply | None:
        """Keep suggestions that were asked for here ready; return those that a user wished for.

        What was withdrawn before it came is kept as a former one, for when there is no time.
        """
        found = tuple(Suggestion(**s) for s in message["suggestions"])
        self.ahead = int(message.get("ahead", self.ahead))
        if number in self._asked:
            self._asked.remove(number)
            self.ready.extend(found)
            self._former.clear()
            return None
        if self._wishes.pop(number, None) is not None:
            self._former.clear()
            return Reply("suggestions", number, found)
        if number > self._kept and not self._follows(found):
            self._former = deque(found)
        return None
