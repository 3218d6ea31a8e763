"""What is asked for as a runner ends is done once: by it, by whoever asked, or by the next one."""

import fcntl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asking import answer

from hpo_tui.engine.launch import LaunchError, leave, runner_pid, send
from hpo_tui.store.models import Command, StudyState, TrialState
from hpo_tui.store.read import StudyReader

SCRIPT = "report(accuracy=0.5)"
HELD = "while [ ! -e heard ]; do sleep 0.02; done"


def commands(study: Any) -> list[Command]:
    with StudyReader(study.folder.db) as reader:
        numbers = iter(range(1, 99))
        return list(iter(lambda: reader.command(next(numbers)), None))


def finished(study: Any) -> None:
    study.start()
    study.until(lambda: study.study().state is StudyState.FINISHED)


def heard(study: Any) -> None:
    (study.folder.workplace / "heard").touch()
    study.gone()


def test_a_study_is_given_more_while_people_are_told_of_its_end(make_study: Any) -> None:
    study = make_study(SCRIPT, study=f"notify = '{HELD}'")
    finished(study)
    assert answer(study, "extend", amount=1).answer == "the budget is 2 now"
    study.ended(2)
    study.until(lambda: study.study().state is StudyState.FINISHED)
    assert answer(study, "star", trial=2, on=True).ok
    assert study.study().state is StudyState.FINISHED  # that is no reason to go on
    heard(study)
    assert [e.kind for e in study.events() if e.kind in ("finished", "resumed")] == [
        "finished", "resumed", "finished",
    ]  # fmt: skip


def test_a_trial_is_run_again_while_people_are_told_of_the_end(make_study: Any) -> None:
    study = make_study("sys.exit(given['attempt'] == 1)", study=f"notify = '{HELD}'")
    finished(study)
    assert answer(study, "retry", trial=1).ok
    study.until(lambda: study.trial().attempt == 2)
    heard(study)


@pytest.mark.parametrize("action", ["pause", "stop"])
def test_a_finished_study_is_neither_paused_nor_stopped(make_study: Any, action: str) -> None:
    study = make_study(SCRIPT, study=f"notify = '{HELD}'")
    finished(study)
    found = answer(study, action)
    assert (found.ok, found.answer) == (False, "the study is finished: nothing of it runs")
    heard(study)
    assert study.study().state is StudyState.FINISHED


@contextmanager
def deaf_runner(study: Any, action: str, args: dict[str, Any]) -> Iterator[list[Any]]:
    """Ask for something as a runner that hears nothing more has the study; it is gone then."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(send(study.folder, action, args, timeout=60))
        except LaunchError as error:
            found.append(error)

    thread = threading.Thread(target=ask)
    with study.folder.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread.start()
        study.until(lambda: commands(study))
    thread.join()
    yield found


@pytest.mark.parametrize(
    ("action", "args", "said"),
    [
        ("extend", {"amount": 1.0}, "the budget is 2 now"),
        ("star", {"trial": 1, "on": True}, "trial 1 is starred"),
    ],
)
def test_what_a_runner_did_not_hear_any_more_is_done_once(
    make_study: Any, action: str, args: dict[str, Any], said: str
) -> None:
    study = make_study(SCRIPT)
    finished(study)
    study.gone()
    with deaf_runner(study, action, args) as found:
        assert [command.answer for command in found] == [said]
    assert not commands(study)  # the next runner would do it a second time
    finished(study)
    assert "budget = 2" in study.study().text or action != "extend"


def test_trials_whose_runner_left_before_it_heard_of_a_stop_are_stopped(make_study: Any) -> None:
    study = make_study("hold()").started()
    study.running()
    study.kill_runner()
    with deaf_runner(study, "stop", {"kill": True}) as found:
        assert found[0].answer == "stopped: trial 1, which ran on without a runner, ends"
    study.gone()
    assert study.trial().state is TrialState.KILLED


def test_a_study_that_ended_before_its_runner_heard_of_a_pause_is_not_paused(
    make_study: Any,
) -> None:
    study = make_study(SCRIPT)
    with deaf_runner(study, "pause", {}) as found:
        assert str(found[0]) == "no runner works on t: nothing of it runs"
    assert not commands(study)


def test_what_only_a_runner_can_do_is_left_to_the_next(make_study: Any) -> None:
    study = make_study(SCRIPT)
    with deaf_runner(study, "kill", {"trial": 1}) as found:
        assert "its next run does" in str(found[0])
    assert [command.action for command in commands(study)] == ["kill"]


def test_who_has_the_number_that_a_killed_runner_has_left_is_not_told_to_leave(
    make_study: Any,
) -> None:
    """Between a runner's taking the lock and its saying who it is stands the one before."""
    study = make_study(SCRIPT)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with study.folder.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{other.pid}\n")
        lock.flush()
        assert runner_pid(study.folder) == other.pid
        leave(study.folder)
    other.communicate(b"\n")
    assert other.returncode == 0
