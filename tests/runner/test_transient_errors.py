"""The machine refuses for a moment what it gives otherwise: too many files, a slow file system."""

import errno
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpo_tui.engine.execution.base import Exit
from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.execution.leftovers import read_record
from hpo_tui.engine.execution.reports import ReportTail
from hpo_tui.engine.execution.transient_errors import small_file, why_unread
from hpo_tui.engine.launch import runner_pid
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.ending import Endings
from hpo_tui.engine.runner.intake import Intake
from hpo_tui.engine.runner.live import Live
from hpo_tui.engine.runner.starting import Starter
from hpo_tui.engine.runner.trouble import _MOST_BORNE, Trouble
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


@contextmanager
def no_more_files(pid: int = 0) -> Iterator[None]:
    """Have a process (0: this one) open no further file."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_a_trial_that_ends_while_no_file_can_be_opened_is_no_lost_one(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)").started()
    study.running(1, reports=1)
    with no_more_files(runner_pid(study.folder)):
        study.go()
        study.until(study.folder.trial(1).exit.exists)
        study.until(lambda: "this turn could not be done" in study.log())
    study.gone()
    trial = study.trial(1)
    assert (trial.state, trial.attempt, trial.metrics) == (TrialState.COMPLETE, 1, {"accuracy": 1})


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Endings]:
    """A trial that has ended and whose last reports are to be read."""
    spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": 4},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
    })  # fmt: skip
    folder = StudyFolder(tmp_path)
    trial = Trial(1, 1, "full", TrialState.RUNNING, 1.0, {"x": 0.5})
    writer = StudyWriter(folder.db)
    writer.add_trial(trial)
    nobody: Any = SimpleNamespace(
        release=lambda: None,
        learn=lambda *_: None,
        tell=lambda *_, **__: 0,
        others=lambda _: "",
        had_all=lambda _: False,
    )
    desk = Desk(folder, spec, writer, nobody, nobody, {1: trial})
    files = folder.trial(1)
    files.path.mkdir(parents=True)
    files.reports.write_text('{"a": 0.5}\n')
    launch: Any = SimpleNamespace(folder=files, attempt=1, alone=False)
    desk.live[1] = Live(1, launch, nobody, ReportTail(files.reports, 1), ended=Exit(0, 1.0, 2.0))
    yield Endings(desk, Intake(desk), Breaker(3))
    writer.close()


def test_what_cannot_be_read_at_present_is_not_nothing(ended: Endings) -> None:
    desk = ended.desk
    with no_more_files():
        assert why_unread(desk.folder.trial(1).reports) == "Too many open files"
        assert not ended.check()
    assert set(desk.live) == {1}
    assert ended.check()
    assert desk.trials[1].state is TrialState.COMPLETE
    assert desk.trials[1].metrics == {"a": 0.5}


def test_of_a_log_that_was_removed_nobody_says_that_it_was_empty(ended: Endings) -> None:
    files = ended.desk.folder.trial(1)
    files.reports.write_text("")
    assert ended.check()
    said = "expected a; metrics seen: none; last lines: (its stdout.log was removed while it ran"
    assert said in ended.desk.trials[1].reason


def test_what_cannot_be_read_for_long_is_said_to_be_that(
    ended: Endings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("hpo_tui.engine.execution.processes.awake", lambda: now[0])
    pread = os.pread

    def fails(fd: int, count: int, offset: int) -> bytes:
        if Path(f"/proc/self/fd/{fd}").readlink().name == "reports.jsonl":
            raise OSError(errno.EIO, "Input/output error")
        return pread(fd, count, offset)

    monkeypatch.setattr(os, "pread", fails)
    monkeypatch.setattr(
        "hpo_tui.engine.runner.ending.why_unread",
        lambda path: "Input/output error" if path.name == "reports.jsonl" else "",
    )
    for now[0] in (1000.0, 1030.0, 1060.0):
        assert not ended.check()
    now[0] = 1061.0
    assert ended.check()
    trial = ended.desk.trials[1]
    assert trial.state is TrialState.FAILED
    assert trial.reason.startswith(
        "its reports could not be read for 60 s (Input/output error), so its result is not known"
    )
    assert not trial.teaches


def test_one_read_that_fails_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "reports.jsonl"
    tail = ReportTail(path, 1)
    assert (tail.read().reports, tail.fault) == ([], "")  # it is not there yet
    path.write_text('{"a": 0.5}\n')
    with monkeypatch.context() as patch:

        def fails(*_: Any) -> bytes:
            raise OSError(errno.ESTALE, "Stale file handle")

        patch.setattr(os, "pread", fails)
        assert (tail.read().reports, tail.fault) == ([], "Stale file handle")
    assert [dict(r.metrics) for r in tail.read().reports] == [{"a": 0.5}]
    assert tail.fault == ""


@pytest.mark.parametrize("how", [{}, {"lost": True}, {"lost": True, "begun": False}])
def test_a_trial_whose_folder_is_closed_to_us_is_the_only_one_that_is_lost(
    ended: Endings, monkeypatch: pytest.MonkeyPatch, closed: Any, how: dict[str, bool]
) -> None:
    """As by a container that works as another user."""
    now = [1000.0]
    monkeypatch.setattr("hpo_tui.engine.execution.processes.awake", lambda: now[0])
    desk = ended.desk
    desk.live[1].ended = Exit(0, 1.0, 2.0, **how)
    with closed(desk.folder.trial(1).path):
        assert not ended.check()
        now[0] = 1061.0
        assert ended.check()
    trial = desk.trials[1]
    assert (trial.state, trial.teaches) == (TrialState.FAILED, False)
    assert trial.reason.startswith("its reports could not be read for 60 s (Permission denied)")


def test_what_is_closed_for_less_than_a_minute_costs_no_result(ended: Endings, closed: Any) -> None:
    with closed(ended.desk.folder.trial(1).path):
        assert not ended.check()
    assert ended.check()
    assert ended.desk.trials[1].metrics == {"a": 0.5}


def test_a_folder_that_is_closed_to_us_is_named_when_its_trial_is_to_run_again(
    ended: Endings, closed: Any
) -> None:
    desk = ended.desk
    desk.live.clear()
    desk.update(1, state=TrialState.WAITING, attempt=1)
    desk.queue.add(1)
    slot: Any = SimpleNamespace(release=lambda: None, device="cpu:0")
    starter = Starter(desk)
    with closed(desk.folder.trial(1).path):
        starter._start(starter._running(desk.trials[1], slot), slot)
    assert desk.trials[1].state is TrialState.WAITING
    with StudyReader(desk.folder.db) as reader:
        told = reader.events()[-1].text
    assert told.startswith("trial 1 cannot be started: ")
    assert "is closed to you (Permission denied)" in told


def test_what_is_no_file_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("none", "pipe", "."):
        assert why_unread(tmp_path / name) == ""


def test_of_what_a_trial_puts_in_place_of_a_small_file_nothing_is_waited_for(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("none", "pipe", "device", "."):
        with pytest.raises(OSError, match=r"no file|No such|Is a directory"):
            small_file(tmp_path / name)
        assert read_record(tmp_path / name) is None
    (tmp_path / "file").write_bytes(b'{"pid": 1}')
    assert read_record(tmp_path / "file") == {"pid": 1}


def test_what_has_not_passed_within_a_minute_ends_the_runner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    trouble = Trouble.__new__(Trouble)
    trouble.borne = 0
    for _ in range(_MOST_BORNE):
        trouble.bear(OSError("no"))
    with pytest.raises(OSError, match="no"):
        trouble.bear(OSError("no"))
    assert max(waits) <= 5.0
    assert 50.0 < sum(waits) < 70.0


def test_a_process_is_started_only_when_it_can_be_watched(
    ended: Endings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would run on unseen, be started once more, and its device would never be free again."""
    desk, done = ended.desk, []
    desk.live.clear()
    desk.queue.add(1)
    start: Any = SimpleNamespace(start=lambda *_: done.append("started"))
    slot: Any = SimpleNamespace(release=lambda: done.append("released"), device="cpu:0")
    monkeypatch.setattr(desk, "executor", start)
    monkeypatch.setattr(StudyReader, "get", _unreadable)
    with pytest.raises(sqlite3.OperationalError):
        Starter(desk)._start(desk.trials[1], slot)
    assert done == ["released"]
    Trouble(desk)._reconcile()
    assert desk.trials[1].state is TrialState.WAITING


def test_a_file_that_another_program_has_kept_locked_is_told_of_afterwards(
    desk: Desk, tmp_path: Path
) -> None:
    trouble = Trouble(desk)
    trouble.tell_unlocked()
    desk.writer.conn.execute("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(tmp_path / "study.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError) as caught:
                desk.event("strange", "not written")
            trouble.begin(caught.value)
            assert not trouble.active
        with pytest.raises(sqlite3.OperationalError):
            trouble.tell_unlocked()
    trouble.tell_unlocked()
    trouble.tell_unlocked()
    with StudyReader(tmp_path / "study.db") as reader:
        (event,) = reader.events()
        assert reader.study().state is StudyState.NEW  # it is not paused for that
    assert event.text.startswith("another program kept study.db locked for 10 s")


def _unreadable(*_: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")
