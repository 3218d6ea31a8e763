"""Keys that arrive faster than they are handled wait: each acts on what the one before has opened.

A slow connection delivers many keys at once. Textual looks a key up in the screen on top, but what
the previous key opens appears only after its messages have been handled. Until then, the ``r`` in
the text of a filter would be the key that runs a trial again.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from textual import events
from textual.app import ScreenStackError
from textual.command import CommandPalette
from textual.message import Message

from hpo_tui.tui.clicks import Clicks
from hpo_tui.tui.pastes import of_a_jumble

CALM_ROUNDS = 3
"""How often in a row screen and focus have to be the same until a key counts as done."""
CALM_SECONDS = 1.0
"""After that the next key is let through, whatever still goes on."""
LOOK_SECONDS = 0.01
OPENING_SECONDS = 2.0
"""How long keys wait at the most for a new screen, or for a question that a thread prepares."""
ASKING = "asking"
"""Group of the workers at whose end a question is on the screen."""
_AWAITED = (ASKING, CommandPalette._GATHER_COMMANDS_GROUP)


@dataclass
class _Passed(Message):
    """Goes the way that a key goes: from the focused widget up to the app."""

    done: asyncio.Event


class TypedAhead(Clicks):
    """An app in which a key is handled when what the one before it began has been done.

    A screen whose ``opening`` is true lets the keys that were typed ahead of it wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead: deque[events.Key | events.Paste] = deque()
        self._settling: asyncio.Task[None] | None = None
        self.in_a_jumble = False
        """Whether the key that is handled may be one of a text that was pasted."""

    async def on_event(self, event: events.Event) -> None:
        """Let a key wait for the one before it."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._settling is None:
            await self._let_through(event)
        else:
            self._ahead.append(event)

    def hold_keys(self) -> None:
        """Let keys wait for the first screen."""
        self._settling = asyncio.create_task(self._settle(None))

    async def _let_through(self, event: events.Event) -> None:
        before, self.in_a_jumble = self.screen, of_a_jumble(event)
        await super().on_event(event)
        self._settling = asyncio.create_task(self._settle(before))

    async def _settle(self, before: object) -> None:
        """Wait until a key has been handled and what it has begun is done, then take the next."""
        with suppress(ScreenStackError):  # the app is being left
            await self._calm_down()
            end = time.monotonic() + OPENING_SECONDS
            while self._unfinished(before) and time.monotonic() < end:
                await asyncio.sleep(LOOK_SECONDS)
                if not self._unfinished(before):  # what it has found may open something
                    await self._calm_down()
        if not self.call_later(self._next):
            self._settling = None

    async def _calm_down(self) -> None:
        place, calm, end = self._place(), 0, time.monotonic() + CALM_SECONDS
        while calm < CALM_ROUNDS and time.monotonic() < end:
            await self._round(end)
            place, last = self._place(), place
            calm = calm + 1 if place == last else 0

    async def _next(self) -> None:
        self._settling, self.in_a_jumble = None, False
        if self._ahead:
            await self._let_through(self._ahead.popleft())

    def _place(self) -> tuple[int, int]:
        return id(self.screen), id(self.screen.focused)

    async def _round(self, end: float) -> None:
        """Wait until what is queued on the way from the focused widget to here is handled."""
        passed, target = _Passed(asyncio.Event()), self.focused or self.screen
        if not target.post_message(passed):
            return
        # A widget that has been taken away brings nothing back.
        while not passed.done.is_set() and target.is_attached and time.monotonic() < end:
            with suppress(TimeoutError):
                await asyncio.wait_for(passed.done.wait(), LOOK_SECONDS)

    def on__passed(self, message: _Passed) -> None:
        """Take in what has come all the way."""
        message.done.set()

    def _unfinished(self, before: object) -> bool:
        opening = self.screen is not before and getattr(self.screen, "opening", False)
        return opening or any(w.group in _AWAITED and not w.is_finished for w in self.workers)
