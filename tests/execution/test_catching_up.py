"""What a study has shown is told also where something is asked for without a pause."""

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.execution.proposals.insights import LATE
from hpo_tui.engine.execution.proposals.pace import MANY
from hpo_tui.engine.execution.proposals.process import serve
from hpo_tui.engine.execution.proposals.wire import Inbox, encode
from hpo_tui.engine.execution.proposals.worker import Worker
from hpo_tui.engine.optimizer import Suggestion

ONE = Map(1, "x", "y", "loss", (0.0,), (0.0,), (0.5,), (0.4,), (0.6,))


class Slow:
    """An optimizer that takes a second for a suggestion; it hangs up after the last request."""

    def __init__(self, requests: int, pipe: int) -> None:
        self.clock, self.left, self.pipe = 0.0, requests, pipe
        self.worked = 0
        self.at_asks: list[int] = []

    def ask(self, left: float | None) -> Suggestion:
        del left
        self.clock += 1.0
        self.left -= 1
        self.at_asks.append(self.worked)
        if not self.left:
            os.close(self.pipe)
        return Suggestion(self.left + 1, 1, {"x": 0.5}, "full", 1.0, None, {}, 0)

    def tell(self, number: int, metrics: object, duration: float) -> None:
        """Learn nothing."""

    def slices(self) -> list[Any]:
        return []

    def maps(self) -> Iterator[Map]:
        for _ in range(3):
            self.worked += 1
            yield ONE

    def state(self) -> dict[str, Any]:
        return {"now": self.clock}

    def eta(self, workers: int) -> float:
        return 100.0 / workers


class Sharing(Slow):
    """It takes a tenth of a second for all that share a look but the first."""

    def __init__(self, requests: int, pipe: int) -> None:
        super().__init__(requests, pipe)
        self.several, self.shared = 1, 0
        self.looks: list[int] = []
        """At which requests it had a look."""

    def share(self, several: int) -> None:
        self.several = several

    @property
    def looked(self) -> bool:
        return self.shared == 0

    def ask(self, left: float | None) -> Suggestion:
        self.shared = (self.shared + 1) % self.several
        before, request = self.clock, len(self.at_asks)
        found = super().ask(left)
        if self.looked:
            self.looks.append(request)
        else:
            self.clock = before + 0.1
        return found


def told(
    requests: int, *, workers: int = 1, seconds: float = 1.0, kind: type[Slow] = Slow
) -> tuple[list[dict[str, Any]], Slow]:
    """Return what is answered to requests that have all come in at once, a result before each.

    ``seconds``: what each of the trials took.
    """
    theirs, ours = os.pipe()
    answers, out = os.pipe()
    optimizer = kind(requests, ours)
    worker = Worker(out, lambda: optimizer.clock)
    worker.optimizer, worker.workers = optimizer, workers
    for n in range(requests):
        result = {"op": "tell", "number": n, "metrics": {"loss": 1.0}, "duration": seconds}
        os.write(ours, encode(result) + encode({"op": "ask", "id": n, "left": None}))
    serve(worker, Inbox(theirs))
    os.close(out)
    inbox, messages = Inbox(answers), []
    while inbox.read():
        while (message := inbox.take()) is not None:
            messages.append(message)
    os.close(answers)
    os.close(theirs)
    return messages, optimizer


def test_insights_and_maps_are_told_between_requests() -> None:
    messages, _ = told(60)
    kinds = [m["op"] for m in messages]
    assert kinds.count("suggestions") == 60
    times = [m["state"]["now"] for m in messages if m["op"] == "insights"]
    assert len(times) == 60 // (LATE + 1)
    assert all(after - before == LATE + 1 for before, after in pairwise([0.0, *times]))
    assert 3 <= kinds.count("maps") <= 6


def test_a_message_waits_for_one_map_at_the_most() -> None:
    _, optimizer = told(60)
    assert optimizer.worked > 3
    # Each time a result and a request: two messages.
    assert all(after - before <= 2 for before, after in pairwise(optimizer.at_asks))


def test_a_few_requests_are_answered_first() -> None:
    messages, optimizer = told(int(LATE))
    assert {m["op"] for m in messages} == {"suggestions"}
    assert optimizer.worked == 0


@pytest.mark.parametrize(
    ("workers", "seconds", "eta"),
    [(4, 8.0, 25.0), (4, 1.0, 100.0), (8, 2.0, 50.0), (1, 0.5, 200.0)],
)
def test_the_time_left_is_that_of_suggestions_where_they_take_longer(
    workers: int, seconds: float, eta: float
) -> None:
    """A suggestion takes a second, and 100 seconds of trials are left."""
    messages, _ = told(10, workers=workers, seconds=seconds)
    assert [m["eta"] for m in messages if m["op"] == "insights"] == [pytest.approx(eta)]


@pytest.mark.parametrize("seconds", [4.0, 1.0])
def test_looks_are_shared_once_there_are_many_results_of_short_trials(seconds: float) -> None:
    messages, optimizer = told(MANY + 40, workers=4, seconds=seconds, kind=Sharing)
    assert isinstance(optimizer, Sharing)
    ahead = [m["ahead"] for m in messages if m["op"] == "suggestions"]
    assert ahead[: MANY - 1] == [0] * (MANY - 1)
    assert optimizer.looks[: MANY - 1] == list(range(MANY - 1))
    if seconds == 4.0:
        assert set(ahead) == {0}
        assert len(optimizer.looks) == MANY + 40
    else:
        assert set(ahead[MANY - 1 :]) == {4}
        assert MANY + 40 / 16 <= len(optimizer.looks) < MANY + 40 / 8
