"""One write that fails loses nothing: no trial, no answer of the optimizer's, no command."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.execution.proposals.client import News, Reply
from hpo_tui.engine.optimizer.api import Suggestion
from hpo_tui.engine.runner.commands import Commands
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.loop import Runner
from hpo_tui.engine.runner.starting import Starter
from hpo_tui.store.ask import ask
from hpo_tui.store.models import Command, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

SECOND = Suggestion(2, 2, {"x": 0.25}, "full", 1.0, None, {"kind": "model", "text": "t"})


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, method: str) -> Iterator[None]:
    """Have one method of the writer fail, as a disk does for a moment."""

    def fails(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(StudyWriter, method, fails)
        with pytest.raises(sqlite3.OperationalError):
            yield


def test_a_trial_that_could_not_be_written_down_takes_no_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, it would have a budget of so many trials end one short of it."""
    released: list[str] = []
    slot: Any = SimpleNamespace(release=lambda: released.append("it"), device="cpu:0")
    desk.executor.reserve = lambda *_, **__: slot  # type: ignore[method-assign]
    desk.proposals = SimpleNamespace(  # type: ignore[assignment]
        current=SECOND, former=None, begun=lambda _: None
    )
    starter = Starter(desk)
    with failing(monkeypatch, "update_trial"):
        starter.fill()
    assert released == ["it"]
    assert set(desk.trials) == {1}
    started: list[int] = []
    monkeypatch.setattr(starter, "_start", lambda trial, _: started.append(trial.number))
    assert starter._next()
    assert started == [2]
    assert desk.trials[2].state is TrialState.RUNNING


def test_what_waits_goes_on_waiting_where_a_stop_could_not_be_written_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.proposals = SimpleNamespace(tell=lambda *_, **__: None)  # type: ignore[assignment]
    for number in (2, 3):
        desk.add(replace(desk.trials[1], number=number, state=TrialState.WAITING))
        desk.queue.add(number)
    commands = Commands(desk, Breaker(3))
    ask(desk.folder.db, "stop")
    with failing(monkeypatch, "answer_command"):
        commands.obey()
    assert [t.number for t in desk.queue.in_turn()] == [2, 3]
    commands.obey()  # it is refused: whoever asked asks again
    ask(desk.folder.db, "stop")
    commands.obey()
    assert not list(desk.queue.in_turn())


@pytest.fixture
def runner(desk: Desk) -> Runner:
    """As far as it listens to the optimizer, which has one suggestion for a wish."""
    desk.executor.capacity = lambda: 1  # type: ignore[method-assign]
    told = [[Reply(News.SUGGESTIONS, 7, (SECOND,))]]
    desk.proposals = SimpleNamespace(pump=lambda: told.pop() if told else [])  # type: ignore[assignment]
    found = Runner(desk, SimpleNamespace())  # type: ignore[arg-type]
    number = ask(desk.folder.db, "promote", {"trial": 1})
    desk.writer.take_commands()
    desk.queue.pending[7] = Command(number, 0.0, "promote", {"trial": 1})
    return found


@pytest.mark.parametrize("method", ["add_trial", "add_event", "answer_command"])
def test_what_the_optimizer_says_is_heard_again(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    desk = runner.desk
    with failing(monkeypatch, method):
        runner.news.take()
    assert (set(desk.trials), list(desk.queue)) == ({1}, [])
    assert desk.queue.pending
    runner.news.take()
    assert (list(desk.queue), desk.queue.pending) == ([2], {})
    runner.news.take()
    with StudyReader(desk.folder.db) as reader:
        assert [t.number for t in reader.trials()] == [1, 2]
        command = reader.command(1)
    assert command is not None
    assert command.ok


@pytest.fixture
def asked(desk: Desk) -> Callable[[int], Command]:
    """Two commands, and what came of each."""
    for number in (1, 2):
        ask(desk.folder.db, "note", {"trial": 1, "text": f"note {number}"})

    def found(number: int) -> Command:
        with StudyReader(desk.folder.db) as reader:
            command = reader.command(number)
        assert command is not None
        return command

    return found


def test_a_command_that_could_not_be_done_is_refused_and_the_next_one_done(
    desk: Desk, asked: Callable[[int], Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(desk, Breaker(5))
    with failing(monkeypatch, "update_trial"):
        commands.obey()
    assert asked(1).answered is None
    assert commands.obey()
    assert (asked(1).ok, asked(2).ok) == (False, True)
    assert "ask again" in asked(1).answer
    assert desk.trials[1].note == "note 2"
    assert not commands.obey()


def test_a_refusal_that_could_not_be_written_is_written_later(
    desk: Desk, asked: Callable[[int], Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    del desk.trials[1]
    commands = Commands(desk, Breaker(5))
    with failing(monkeypatch, "answer_command"):
        commands.obey()
    assert commands.obey()
    assert [(asked(n).ok, asked(n).answer) for n in (1, 2)] == [(False, "there is no trial 1")] * 2
