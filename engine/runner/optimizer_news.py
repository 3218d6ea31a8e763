"""What the runner does at each thing that the optimizer tells it."""

import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from hpo_tui.engine.analysis import maps, slices
from hpo_tui.engine.execution.proposals.client import News, Reply
from hpo_tui.engine.kept_keys import ETA, FITTED
from hpo_tui.engine.learning import KEPT, SAYS, sources
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.stopping import Audit
from hpo_tui.engine.runner.wishes import Wishes
from hpo_tui.store.models import StudyState

_DEAD = (
    "the optimizer fails again and again (see runner.log); trials that run go on."
    " Resume to try again."
)


class OptimizerNews:
    """Takes in the optimizer's news, in order."""

    def __init__(self, desk: Desk, audit: Audit, wishes: Wishes) -> None:
        self.desk, self._audit = desk, audit
        self._news = deque[Reply]()
        """What was said and is not taken in yet."""
        self._does: dict[News, Callable[[Reply], None]] = {
            News.STOP: self._stop,
            News.INSIGHTS: self._insights,
            News.MAPS: self._maps,
            News.LEARNED: self._learned,
            News.SUGGESTIONS: wishes.granted,
            News.REFUSED: wishes.granted,
            News.STUCK: self._stuck,
            News.DEAD: lambda _: desk.pause("paused", _DEAD),
        }

    def take(self) -> bool:
        """Take in what the optimizer has said; return whether its last word was among it.

        It says a thing once: what cannot be written down now is heard again at the next turn.
        """
        if not self._news:
            self._news.extend(self.desk.proposals.pump())
        last = False
        while self._news:
            self.hear(self._news[0])
            last = bool(self._news.popleft().data.get("last")) or last
        return last

    def hear(self, reply: Reply) -> None:
        """Act on one of its news."""
        self._does[reply.kind](reply)

    def _stop(self, reply: Reply) -> None:
        live = self.desk.live.get(reply.data["number"])
        if live is not None and live.stop is None and live.ended is None:
            self._audit.decide(live, reply.data["text"], reply.data["chance"])

    def _insights(self, reply: Reply) -> None:
        with self.desk.transaction(durable=False):
            self.desk.writer.put(FITTED, reply.data["state"])
            self.desk.writer.put(ETA, reply.data["eta"])
            self.desk.writer.put(SAYS, reply.data["learned"])
            self.desk.writer.put(slices.KEY, reply.data["slices"])

    def _maps(self, reply: Reply) -> None:
        with self.desk.transaction(durable=False):
            self.desk.writer.put(maps.KEY, reply.data["maps"])

    def _learned(self, reply: Reply) -> None:
        desk = self.desk
        earlier: Mapping[str, Any] = reply.data["earlier"]
        said = [sources(earlier), *reply.data["misfits"]]
        try:
            with desk.transaction():
                desk.writer.put(KEPT, earlier)
                desk.event("learned", "; ".join(said))
        except sqlite3.Error:
            # The next runner would read other studies than what this one's trials come from.
            desk.proposals.stale = True
            raise

    def _stuck(self, reply: Reply) -> None:
        if self.desk.state is StudyState.RUNNING:
            self.desk.pause("paused", f"the optimizer cannot go on: {reply.data['text']}")
