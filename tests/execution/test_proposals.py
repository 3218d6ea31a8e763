"""Suggestions prepared ahead by the real process, taken back when a result comes in."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

import hpo_tui
from hpo_tui.engine.execution.proposals import child as proposals_child
from hpo_tui.engine.execution.proposals.client import Proposals
from hpo_tui.engine.execution.proposals.process import void
from hpo_tui.engine.launch import create_study
from hpo_tui.engine.optimizer import Suggestion
from hpo_tui.store.folder import HOME

STUDY = """
[study]
name = "t"
command = ["{python}", "train.py"]
budget = 6
resume = true
[space.x]
type = "float"
low = 0.0
high = 1.0
[space.y]
type = "float"
low = 0.0
high = 1.0
[[objective]]
metric = "loss"
direction = "minimize"
[[task]]
name = "short"
cost = 0.25
epochs = 5
[[task]]
name = "full"
cost = 1.0
epochs = 20
"""


def loss(s: Suggestion) -> dict[str, float]:
    x, y = float(s.params["x"]), float(s.params["y"])
    return {"loss": (x - 0.3) ** 2 + (y - 0.6) ** 2 + (0.1 if s.task == "short" else 0.0)}


Begin = Callable[[str], Proposals]
REAL = "hpo_tui.engine.optimizer:Optimizer"


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Return a function that starts the optimizer's process for a study."""
    # The process under test is of this very checkout, wherever another one is installed.
    places = Path(__file__).parents[1] / "runner", Path(hpo_tui.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, places)))
    (tmp_path / "train.py").touch()
    folder = create_study(STUDY.format(python=sys.executable), tmp_path / HOME)
    started = []

    def start(optimizer: str) -> Proposals:
        proposals = Proposals({
            "optimizer": optimizer, "db": str(folder.db), "text": folder.file.read_text(),
            "source": str(folder.file), "seed": 3, "workers": 1,
        })  # fmt: skip
        proposals.start()
        started.append(proposals)
        return proposals

    yield start
    for proposals in started:
        proposals.close()


def until(proposals: Proposals, condition: Callable[[], Any], seconds: float = 45.0) -> list[Any]:
    """Pump until a condition holds; return the replies."""
    deadline, replies = time.monotonic() + seconds, []
    while not condition():
        replies += proposals.pump()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return replies


def begun(proposals: Proposals) -> Suggestion:
    """Wait for a suggestion that knows everything and start it."""
    until(proposals, lambda: proposals.current)
    assert proposals.current is not None
    suggestion = proposals.current
    proposals.begun(suggestion)
    return suggestion


def withdrawn(proposals: Proposals) -> Suggestion:
    """Run one trial with another prepared meanwhile, which its result withdraws; return it."""
    proposals.want(1)
    first = begun(proposals)
    proposals.want(1)
    until(proposals, lambda: proposals.shelf.ready)
    proposals.tell("tell", number=first.number, metrics={"loss": 1.0}, duration=1.0)
    proposals.want(1)
    return first


def test_what_was_prepared_ahead_changes_nothing(begin: Begin) -> None:
    def spend(proposals: Proposals, *, ahead: bool) -> Iterator[Suggestion]:
        """Spend the budget one trial at a time, in a process alike: rounding is the same."""
        while True:
            proposals.want(1)
            until(proposals, lambda: proposals.current or proposals.shelf.exhausted)
            if proposals.shelf.exhausted:
                return
            s = begun(proposals)
            if ahead:
                proposals.want(1)
                until(proposals, lambda: proposals.shelf.ready or proposals.shelf.exhausted)
            proposals.tell("tell", number=s.number, metrics=loss(s), duration=1.0)
            assert proposals.current is None
            yield s

    asked = list(spend(begin(REAL), ahead=True))
    assert len(asked) > 10
    assert asked == list(spend(begin(REAL), ahead=False))


def test_a_former_suggestion_can_be_started_before_the_new_one_is_there(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_SLOW", "0.3")
    proposals = begin("tiny:Optimizer")
    first = withdrawn(proposals)
    assert proposals.current is None
    former = proposals.former
    assert former is not None
    assert former.number == first.number + 1
    proposals.begun(former)
    assert proposals.former is None
    proposals.want(1)
    until(proposals, lambda: proposals.shelf.ready)
    assert begun(proposals).number == former.number + 1


def test_no_former_suggestion_takes_the_number_of_a_wish(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_SLOW", "0.3")
    proposals = begin("tiny:Optimizer")
    withdrawn(proposals)
    proposals.wish("enqueue", params={"x": 0.5}, task=None, promote=None, why="")
    assert proposals.former is None
    replies: list[Any] = []

    def answered() -> Any:
        replies.extend(r for r in proposals.pump() if r.kind == "suggestions")
        return replies

    until(proposals, answered)
    wished = replies[0].suggestions[0]
    assert proposals.former is None or proposals.former == proposals.current
    proposals.want(1)
    assert wished.number != begun(proposals).number


def test_a_wish_goes_before_what_nobody_has_started(begin: Begin) -> None:
    proposals = begin("tiny:Optimizer")
    proposals.want(1)
    until(proposals, lambda: proposals.shelf.ready)
    number = proposals.shelf.ready[0].number
    proposals.wish("enqueue", params={"x": 0.5}, task=None, promote=None, why="")
    replies: list[Any] = []

    def answered() -> Any:
        replies.extend(r for r in proposals.pump() if r.kind == "suggestions")
        return replies

    until(proposals, answered)
    assert replies[0].suggestions[0].number == number
    proposals.want(1)
    assert begun(proposals).number == number + 1


def test_a_suggestion_not_wanted_any_more_is_not_made() -> None:
    ask, tell, withdraw = {"op": "ask", "id": 1}, {"op": "tell"}, {"op": "withdraw"}
    assert void(ask, [tell, withdraw])
    assert not void(ask, [tell])
    assert not void(tell, [withdraw])


def test_an_optimizer_that_hangs_is_started_anew(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposals = begin("tiny:Optimizer")

    def suggested() -> Suggestion:
        deadline = time.monotonic() + 30
        while proposals.current is None:
            assert time.monotonic() < deadline
            proposals.want(1)
            proposals.pump()
        return proposals.current

    proposals.begun(suggested())
    assert proposals._child is not None
    hung = proposals._child.process
    hung.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(proposals_child, "_SILENCE", 0.0)
    proposals.want(1)
    assert proposals.pump() == []
    monkeypatch.undo()
    assert hung.poll() is not None
    assert suggested()


def test_an_optimizer_that_sends_what_is_no_message_is_started_anew(begin: Begin) -> None:
    proposals = begin(REAL)
    first = proposals._child
    assert first is not None
    first.inbox._data += b"\0\0\0\4oops"
    assert proposals.pump() == []
    assert proposals._child is not first
    proposals.want(1)
    assert until(proposals, lambda: proposals.shelf.ready) == []


@pytest.mark.parametrize("why", ["died", "stale"])
def test_an_optimizer_that_the_machine_does_not_start_is_started_later(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """As when a user has as many processes as the machine allows."""
    proposals = begin("tiny:Optimizer")
    assert proposals._child is not None
    proposals._child.process.kill()
    proposals._child.process.wait()
    proposals.stale = why == "stale"
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", Mock(side_effect=BlockingIOError(errno.EAGAIN, "no")))
        for _ in range(2):
            with pytest.raises(BlockingIOError):
                proposals.pump()
    until(proposals, lambda: proposals.want(1) or proposals.current)
    assert not proposals.stale


def test_a_new_process_is_in_no_haste(begin: Begin) -> None:
    proposals = begin("tiny:Optimizer")
    proposals.shelf.ahead = 3
    proposals.restart()
    assert proposals.shelf.ahead == 0
