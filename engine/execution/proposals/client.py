"""The runner's side of the optimizer's process: never waits for it, survives its death.

What becomes of one suggestion is told in :mod:`hpo_tui.engine.execution.proposals.shelf`. Of the
process it is told here:

========  ===========================================  ============================================
state     what happens                                 then
========  ===========================================  ============================================
NONE      ``start``                                    RUNS, and learns the store
RUNS      what it has learned is stale, at ``pump``    LOST
RUNS      it died, hangs or sends garbage              LOST
RUNS      the third time without an answer between     GIVEN_UP, and the reply ``DEAD``
LOST      at once, else at each ``pump``               RUNS, another one, once the machine starts it
GIVEN_UP  ``revive``                                   RUNS
any       ``close``                                    NONE
========  ===========================================  ============================================

Another one was asked for nothing: what was ready is forgotten, and users' wishes are sent again.

Messages to it are the methods ``do_OP`` of the worker. Its messages, and what each leads to:

===================  ==============================================================================
``ready``            nothing: it has learned the store
``suggestions``      of a wish: the reply SUGGESTIONS; of a request of our own: onto the shelf
``spent``            the shelf is ``exhausted``
``refused``          of a wish: the reply REFUSED; of a request that is counted on: STUCK
all others           the reply of that name
===================  ==============================================================================
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum, StrEnum, auto
from typing import Any

from hpo_tui.engine.execution.proposals.child import Child
from hpo_tui.engine.execution.proposals.shelf import Shelf
from hpo_tui.engine.execution.proposals.wire import Message
from hpo_tui.engine.optimizer.api import Suggestion

log = logging.getLogger("runner.proposals")

_DEATHS = 3
"""Deaths, or hangs, without one answer between them after which the optimizer is given up."""


class News(StrEnum):
    """What the optimizer tells the runner."""

    SUGGESTIONS = auto()
    """Those of a user's wish; what was asked for here is kept ready instead."""
    REFUSED = auto()
    """A wish cannot be granted."""
    STOP = auto()
    """A running trial is to be stopped early."""
    INSIGHTS = auto()
    MAPS = auto()
    LEARNED = auto()
    """What it has read of earlier studies."""
    STUCK = auto()
    """It cannot suggest."""
    DEAD = auto()
    """It is given up."""


_PASSED_ON = {str(n): n for n in (News.STOP, News.INSIGHTS, News.MAPS, News.LEARNED)}
"""Messages that the runner gets as they are."""


@dataclass(frozen=True, slots=True)
class Reply:
    """News from the optimizer."""

    kind: News
    id: int = 0
    suggestions: tuple[Suggestion, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


class Life(Enum):
    """Where the process stands."""

    NONE = auto()
    RUNS = auto()
    LOST = auto()
    GIVEN_UP = auto()


class Proposals:
    """Keeps suggestions ready. ``init`` makes the first message (the store's path, the study)."""

    def __init__(self, init: Mapping[str, Any]) -> None:
        self.init = dict(init)
        self.stale = False
        """Whether the store holds what the optimizer has to learn anew: it is restarted."""
        self.shelf = Shelf()
        self._wishes: dict[int, Message] = {}
        """What users have asked for and was not answered yet, by the ids of the requests."""
        self._life = Life.NONE
        self._child: Child | None = None
        """The process, while it is there."""
        self._deaths = 0

    def start(self) -> None:
        """Start the process and have it learn the store."""
        self._child, self._life = Child(self.init), Life.RUNS
        self.shelf.clear()
        for message in self._wishes.values():
            self._send(message)

    def restart(self) -> None:
        """Begin anew from what the store holds: after an edit, or when it has died.

        Raises OSError where the machine starts no process; :meth:`pump` tries it again.
        """
        self.close()
        self._life = Life.LOST
        self.start()

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.end()
        self._child, self._life = None, Life.NONE

    @property
    def given_up(self) -> bool:
        """Whether it has failed so often that only a person has it tried again."""
        return self._life is Life.GIVEN_UP

    def revive(self) -> None:
        """Try again after :attr:`given_up`."""
        self._deaths = 0
        self.restart()

    @property
    def pid(self) -> int:
        """The process's PID, 0 while there is none."""
        return 0 if self._child is None else self._child.process.pid

    def fileno(self) -> int | None:
        """Return the descriptor that becomes readable when there is news."""
        return None if self._child is None else self._child.fileno()

    @property
    def current(self) -> Suggestion | None:
        """The next suggestion that knows all results, None until it is there."""
        return None if self.stale else self.shelf.current

    @property
    def former(self) -> Suggestion | None:
        """A suggestion prepared before the last results, None if there is none."""
        # A wish takes numbers, which may be those of what was withdrawn; an edit moves the space.
        return None if self._wishes or self.stale else self.shelf.former

    def want(self, count: int, left: Callable[[], float | None] = lambda: None) -> None:
        """See to it that ``count`` suggestions are ready, or will be, that know all there is.

        Where there is haste they are more, and know nearly all. ``left`` tells what is left of the
        budget, in full-task units, where the optimizer cannot know; it is called only when
        something is asked for.
        """
        if self.shelf.exhausted or self._child is None:
            return
        if self.shelf.outdated:
            self._withdraw()
        for number in self.shelf.ask(count):
            self._send({"op": "ask", "id": number, "left": left()})

    def begun(self, suggestion: Suggestion) -> None:
        """Take note that :attr:`current` runs, or :attr:`former`."""
        if self.shelf.begin(suggestion):
            self._send({"op": "started", "number": suggestion.number})
        else:
            self._send({"op": "keep", "suggestion": asdict(suggestion)})

    def wish(self, op: str, **values: Any) -> int:
        """Pass on a user's wish for certain trials; the reply carries the returned id.

        It goes before what nobody has started: that must not take its budget, or its number.
        """
        if self.shelf.ready or self.shelf.awaits:
            self._withdraw()
        number = self.shelf.next_id()
        message = self._wishes[number] = {"op": op, "id": number, **values}
        self._send(message)
        return number

    def tell(self, op: str, **values: Any) -> None:
        """Pass on news: ``op`` names a method ``do_OP`` of the worker, ``values`` what it reads.

        All but ``settle``, which only asks for a last summary, outdate what is ready or asked for.
        """
        self.shelf.news(outdates=op != "settle")
        self._send({"op": op, **values})

    def report(
        self, number: int, reports: Sequence[tuple[int, Mapping[str, float]]], *, judge: bool
    ) -> None:
        """Pass on a running trial's reports; ``judge``: have it said whether to stop it.

        They only serve early stopping, and are left out where the optimizer is far behind.
        """
        if self._child is not None and not self._child.crowded:
            self._send({"op": "reports", "number": number, "reports": reports, "judge": judge})

    def pump(self) -> list[Reply]:
        """Send and take in what there is; return the news. Starts the process again if it died.

        Raises OSError where the machine starts none.
        """
        if self._life is Life.LOST or (self.stale and self._life is Life.RUNS):
            self.restart()
            self.stale = False
        if self._child is None:
            return []
        heard = (self._hear(message) for message in self._child.messages())
        replies = [reply for reply in heard if reply is not None]
        fault = self._child.fault(awaited=self.shelf.awaits or bool(self._wishes))
        if fault:
            log.error("%s: it is started anew", fault)
            replies += self._replace()
        return replies

    def _send(self, message: Message) -> None:
        """Send a message; where there is no process, the next one learns it from the store."""
        if self._child is not None:
            self._child.send(message)

    def _withdraw(self) -> None:
        """Have the optimizer forget what it has suggested and nobody has started."""
        self.shelf.withdraw()
        self._send({"op": "withdraw"})

    def _replace(self) -> list[Reply]:
        """End what is left of the process and start another, but not for ever."""
        self._deaths += 1
        if self._deaths >= _DEATHS:
            self.close()
            self._life = Life.GIVEN_UP
            return [Reply(News.DEAD)]
        self.restart()
        return []

    def _hear(self, message: Message) -> Reply | None:
        """Take in one message; return what the runner has to know of it, None where nothing."""
        operation, number = str(message["op"]), int(message.get("id") or 0)
        if operation == "ready":
            return None
        self._deaths = 0
        match operation:
            case "suggestions":
                return self._suggested(message, number)
            case "spent":
                self.shelf.spent(number, str(message["text"]))
                return None
            case "refused":
                return self._refused(message, number)
        kind = _PASSED_ON.get(operation)
        return None if kind is None else Reply(kind, number, data=message)

    def _suggested(self, message: Message, number: int) -> Reply | None:
        found = tuple(Suggestion(**s) for s in message["suggestions"])
        if self._wishes.pop(number, None) is not None:
            self.shelf.forget_former()
            return Reply(News.SUGGESTIONS, number, found)
        self.shelf.answer(number, found[0], int(message["ahead"]))
        return None

    def _refused(self, message: Message, number: int) -> Reply | None:
        if self._wishes.pop(number, None) is not None:
            return Reply(News.REFUSED, number, data=message)
        # What is no request has no number: it has failed at news.
        stuck = self.shelf.refused(number) or not number
        return Reply(News.STUCK, data=message) if stuck else None
