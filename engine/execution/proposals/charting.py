"""When the optimizer's process computes maps: one piece at a time, between requests, and seldom.

All maps of a study together take as long as one suggestion. They must never delay anything:
requests go first, and wait for one pair of parameters at most. If there is always another request,
one pair is computed after each of them once the maps are late.
"""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from hpo_tui.engine.analysis.maps import Map, kept

log = logging.getLogger("proposals")

_REST, _SHARE = 5.0, 20.0
"""Between two rounds lie so many seconds at least, and so many times what a round took."""
LATE = 5.0
"""Seconds that what is due waits for a moment in which nothing is asked for."""


class Charting:
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
        self._due = self._clock() + max(_REST, _SHARE * self._took)
