"""When the optimizer's process says what the study has shown: in moments without requests.

Where results come faster than suggestions are made there is no such moment: what has waited for
long is then said between two requests. All maps of a study together take as long as one suggestion,
and must never delay anything: they are computed one piece at a time, and seldom. Requests go first,
and wait for one pair of parameters at most. If there is always another request, one pair follows
each of them once the maps are late.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from hpo_tui.engine.analysis.maps import Map, kept
from hpo_tui.engine.execution.proposals.wire import Message

log = logging.getLogger("proposals")

_REST, _MAP_SHARE = 5.0, 20.0
"""Between two rounds lie so many seconds at least, and so many times what a round took."""
LATE = 5.0
"""Seconds that what is due waits for a moment in which nothing is asked for."""
_SETTLED = 0.05
"""Seconds without news after which there is time to say what the study has shown."""
_SHARE = 20.0
"""How many times as long as saying it took it waits for such a time, at the least :data:`LATE`."""


class MapRounds:
    """Works the maps out anew when there is news; ``clock``: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._news = False
        self._since = 0.0
        """When the news came that the next round is for."""
        self._due = 0.0
        """When the next round may begin."""
        self._took = 0.0
        """Seconds that this round, or the last one, has taken."""
        self._left: Iterator[Map] | None = None
        """What is still to be worked out in this round, None between two."""
        self._done: list[Map] = []
        """What was worked out in it."""

    def news(self) -> None:
        """Take note that the models know more than the last maps."""
        if not self._news:
            self._news = True
            if self._left is None:
                self._since = self._clock()

    @property
    def patience(self) -> float | None:
        """The seconds until there is something to work out; None while there is nothing."""
        if self._left is not None:
            return 0.0
        return max(0.0, self._due - self._clock()) if self._news else None

    @property
    def late(self) -> bool:
        """Whether what is due has waited long enough for a moment in which nothing is asked for."""
        waited = self._clock() - max(self._since, self._due)
        return self.patience == 0.0 and waited > LATE

    def work(self, optimizer: Any) -> list[dict[str, Any]] | None:
        """Work a piece out; return all maps when they are done, None before."""
        if self.patience != 0.0:
            return None
        began = self._clock()
        try:
            if self._left is None:
                self._news, self._done, self._took = False, [], 0.0
                self._left = optimizer.maps()
            one = next(self._left, None)
        except Exception:  # a picture that fails must not end the search
            log.exception("the maps could not be worked out")
            self._rest()
            return None
        self._took += self._clock() - began
        if one is not None:
            self._done.append(one)
            return None
        self._rest()
        return [kept(m) for m in self._done]

    def finish(self, optimizer: Any) -> list[dict[str, Any]] | None:
        """Work all of them out at once; None where they cannot be."""
        self._left, self._news, self._due = None, True, 0.0
        while self.patience == 0.0:
            done = self.work(optimizer)
            if done is not None:
                return done
        return None

    def _rest(self) -> None:
        self._left = None
        self._due = self._clock() + max(_REST, _MAP_SHARE * self._took)


class Insights:
    """Sends what the study has shown. ``eta``: seconds that are left of the budget, if known."""

    def __init__(
        self, send: Callable[[Message], None], eta: Callable[[], float | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._send, self._eta, self._clock = send, eta, clock
        self.learns = False
        """Whether there are earlier studies to learn from, of which it is said what they teach."""
        self._rounds = MapRounds(clock)
        self._changed: float | None = None
        """Since when there is more to say than was said, None while there is not."""
        self._took = 0.0
        """Seconds that it took to say it the last time."""

    def news(self) -> None:
        """Take note that there is more to say than was said."""
        if self._changed is None:
            self._changed = self._clock()

    @property
    def patience(self) -> float | None:
        """Seconds without a request after which to call :meth:`idle`; None: there is no need."""
        return _SETTLED if self._changed is not None else self._rounds.patience

    def idle(self, optimizer: Any) -> None:
        """Say what there is to say; work a map out where there is nothing."""
        if self._changed is not None:
            self.send(optimizer)
            self._rounds.news()
        else:
            self._maps(self._rounds.work(optimizer))

    def catch_up(self, optimizer: Any) -> None:
        """Do between two requests what has waited for long for a moment without any."""
        patience = max(LATE, _SHARE * self._took)
        if self._changed is not None and self._clock() - self._changed > patience:
            self.send(optimizer)
            self._rounds.news()
        elif self._rounds.late:
            self._maps(self._rounds.work(optimizer))

    def send(self, optimizer: Any, *, last: bool = False) -> None:
        """Send what has been learned, the state to begin with another time, and the time left."""
        self._changed, began = None, self._clock()
        # The slices first: for them the models are fitted, which is what the state keeps.
        slices = [asdict(s) for s in optimizer.slices()]
        if last:
            self._maps(self._rounds.finish(optimizer))
        self._send({
            "op": "insights",
            "last": last,
            "slices": slices,
            "state": optimizer.state(),
            "eta": self._eta(),
            "learned": [asdict(e) for e in optimizer.learned()] if self.learns else [],
        })  # fmt: skip
        self._took = self._clock() - began

    def _maps(self, maps: list[dict[str, Any]] | None) -> None:
        if maps is not None:
            self._send({"op": "maps", "maps": maps})
