"""When the optimizer's process says what the study has shown: in a moment without requests.

Where results come faster than suggestions are made there is no such moment: what has waited for
long is then said between two requests.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from hpo_tui.engine.execution.proposals.charting import LATE, Charting
from hpo_tui.engine.execution.proposals.wire import Message

_SETTLED = 0.05
"""Seconds without news after which there is time to say what the study has shown."""
_SHARE = 20.0
"""How many times as long as saying it took it waits for such a time, at the least :data:`LATE`."""


class Telling:
    """Says it by ``send``. ``eta``: the seconds that are left of the budget, as far as known."""

    def __init__(
        self, send: Callable[[Message], None], eta: Callable[[], float | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._send, self._eta, self._clock = send, eta, clock
        self.learns = False
        """Whether there are earlier studies to learn from, of which it is said what they teach."""
        self._charting = Charting(clock)
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
        return _SETTLED if self._changed is not None else self._charting.patience

    def idle(self, optimizer: Any) -> None:
        """Say what there is to say; work a map out where there is nothing."""
        if self._changed is not None:
            self.insights(optimizer)
            self._charting.news()
        else:
            self._maps(self._charting.work(optimizer))

    def catch_up(self, optimizer: Any) -> None:
        """Do between two requests what has waited for long for a moment without any."""
        patience = max(LATE, _SHARE * self._took)
        if self._changed is not None and self._clock() - self._changed > patience:
            self.insights(optimizer)
            self._charting.news()
        elif self._charting.late:
            self._maps(self._charting.work(optimizer))

    def insights(self, optimizer: Any, *, last: bool = False) -> None:
        """Send what has been learned, the state to begin with another time, and the time left."""
        self._changed, began = None, self._clock()
        # The slices first: for them the models are fitted, which is what the state keeps.
        slices = [asdict(s) for s in optimizer.slices()]
        if last:
            self._maps(self._charting.finish(optimizer))
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
