"""In which order trials that wait are started, whoever asked for them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from hpo_tui.engine.runner.granting import are_next
from hpo_tui.engine.runner.queue import Queue
from hpo_tui.store.models import Command, StudyState, Trial, TrialState

Trials = dict[int, Trial]


@pytest.fixture
def trials() -> Trials:
    return {n: Trial(n, n, "full", TrialState.WAITING, 1.0, {}) for n in range(1, 8)}


@pytest.fixture
def queue(trials: Trials) -> Queue:
    return Queue(trials)


def test_what_runs_again_goes_first_and_what_was_stopped_in_turn(queue: Queue) -> None:
    queue.add(1)
    queue.add(2)
    queue.add(3, first=True)
    assert [t.number for t in queue.in_turn()] == [3, 1, 2]


def test_what_people_ask_for_starts_in_that_order_before_all_else(queue: Queue) -> None:
    queue.add(1)
    queue.add(2, asked=20)
    queue.add(3, asked=10)
    queue.add(4, asked=30)
    assert list(queue) == [3, 2, 4, 1]
    assert queue.before(20) == [3, 2], "the trials of one wish start in the order of their numbers"
    assert queue.before(15) == [3]
    assert queue.before(40) == [3, 2, 4]


def test_what_was_asked_for_overtakes_nothing_that_runs_again(queue: Queue) -> None:
    """It was asked for earlier than what is asked for now, and ran already."""
    queue.add(1, asked=10)
    queue.begun(1)
    queue.add(1, first=True)
    queue.add(2, asked=20)
    assert list(queue) == [1, 2]


def test_a_trial_waits_once(queue: Queue) -> None:
    queue.add(1)
    queue.add(2)
    queue.add(2, first=True)
    queue.add(1, asked=5)
    assert list(queue) == [1, 2]


def test_what_waits_no_more_is_passed_over(queue: Queue, trials: Trials) -> None:
    for number in (1, 2, 3):
        queue.add(number, asked=number)
    trials[1] = replace(trials[1], state=TrialState.KILLED)
    assert queue.before(3) == [2, 3]
    assert [t.number for t in queue.in_turn()] == [2, 3]
    trials[2] = trials[3] = replace(trials[2], state=TrialState.KILLED)
    assert list(queue.in_turn()) == []
    assert not queue


def test_a_trial_waits_for_what_the_optimizer_makes_of_an_earlier_wish(queue: Queue) -> None:
    queue.add(1, asked=20)
    queue.add(2)
    queue.pending[7] = Command(10, 0.0, "enqueue", {})
    assert not queue.may_start(1)
    assert queue.may_start(2), "nobody asked for it: it has waited since an earlier run"
    queue.pending[7] = Command(30, 0.0, "enqueue", {})
    assert queue.may_start(1)


def test_a_device_of_its_own_is_for_one_attempt(queue: Queue) -> None:
    queue.add(1)
    queue.alone.add(1)
    queue.begun(1)
    assert not queue.alone
    assert not queue


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ([], "trial 9 is next"),
        ([1, 2, 3], "trial 9 is next, after trials 1, 2, 3"),
        ([1, 2, 3, 4], "trial 9 is next, after 4 trials asked for before"),
    ],
)
def test_what_was_asked_for_before_is_named_as_long_as_it_is_few(
    before: list[int], said: str
) -> None:
    queue = SimpleNamespace(before=lambda _: before)
    desk: Any = SimpleNamespace(queue=queue, state=StudyState.RUNNING)
    assert are_next(desk, [9], Command(1, 0.0, "enqueue", {})) == said
