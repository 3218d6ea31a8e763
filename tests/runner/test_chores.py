import errno
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acting import live

from hpo_tui.engine.answers import PAUSED_BY_YOU
from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.runner.chores import Chores
from hpo_tui.engine.runner.commands import Commands
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.lending import drain, look
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.runner.printed import Printed
from hpo_tui.engine.runner.stalled import StalledTrials
from hpo_tui.engine.runner.starting import Starter
from hpo_tui.engine.runner.study_commands import STOPPED
from hpo_tui.engine.runner.trouble import Trouble
from hpo_tui.engine.runner.watching import collector_of, told
from hpo_tui.store.ask import ask
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader


def test_a_trial_leaves_a_lent_device_at_its_next_checkpoint(desk: Desk, tmp_path: Path) -> None:
    one = live(desk, tmp_path)
    state = one.launch.folder.checkpoint / "state"
    state.write_text("of before")
    one.drain = look(one.launch.folder.checkpoint)
    drain(desk)
    assert one.process.asked == []  # type: ignore[attr-defined]
    state.write_text("of after")
    before = time.time() - 3600.0  # the machine's clock was set back meanwhile
    os.utime(state, (before, before))
    drain(desk)
    assert one.process.asked == ["stop"]  # type: ignore[attr-defined]
    assert one.stop == Stop("lend", "left GPU0, which is lent")


def test_the_file_of_a_study_says_all_without_its_log(desk: Desk, tmp_path: Path) -> None:
    chores = Chores(desk, SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
    chores.jobs = [job for job in chores.jobs if job.do == desk.writer.fold]
    chores.run()
    alone = tmp_path / "alone.db"
    alone.write_bytes((tmp_path / "study.db").read_bytes())
    with StudyReader(alone) as reader:
        assert [t.number for t in reader.trials()] == [1]


def test_what_fails_to_be_written_is_forgotten_in_memory_too(desk: Desk) -> None:
    def fail() -> None:
        with desk.transaction():
            desk.update(1, state=TrialState.COMPLETE, charged=1.0)
            desk.set_state(StudyState.PAUSED, "why")
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError):
        fail()
    assert (desk.trials[1].state, desk.trials[1].charged) == (TrialState.RUNNING, 0.0)
    assert desk.state is StudyState.RUNNING


def test_a_full_disk_gives_the_reserve_up_and_pauses(desk: Desk, tmp_path: Path) -> None:
    live(desk, tmp_path)
    trouble = Trouble(desk)
    reserve = tmp_path / "runner.reserve"
    assert reserve.stat().st_size == 1 << 20
    trouble.begin(sqlite3.OperationalError("database or disk is full"))
    assert not reserve.exists()
    assert not trouble.active
    assert desk.state is StudyState.PAUSED
    assert "the disk is full" in desk.reason
    trouble.refill()
    assert reserve.exists()


def test_the_pause_of_a_full_disk_names_the_trials_that_wait(desk: Desk) -> None:
    trouble = Trouble(desk)
    trouble.begin(sqlite3.OperationalError("database or disk is full"))
    trouble.keep_told()
    assert "run go on, trial 1 waits for the study to go on. Make room" in desk.reason
    for number in (2, 3):
        desk.add(replace(desk.trials[1], number=number, state=TrialState.WAITING))
        desk.queue.add(number)
    trouble.keep_told()
    with StudyReader(desk.folder.db) as reader:
        assert "trials 1, 2, 3 wait for" in reader.study().reason
    desk.set_state(StudyState.PAUSED, PAUSED_BY_YOU)
    trouble.keep_told()
    assert desk.reason == PAUSED_BY_YOU


def quota(desk: Desk, monkeypatch: pytest.MonkeyPatch, lasts: Callable[[], bool]) -> Any:
    """Have writes fail as long as ``lasts`` says; return the error."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE  # what SQLite makes of EDQUOT
    write = desk.writer.transaction

    def transaction(**how: Any) -> Any:
        if lasts():
            raise error
        return write(**how)

    monkeypatch.setattr(desk.writer, "transaction", transaction)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return error


def test_a_used_up_quota_gives_the_reserve_up_too(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble, reserve = Trouble(desk), tmp_path / "runner.reserve"
    trouble.begin(quota(desk, monkeypatch, reserve.exists))
    assert not reserve.exists()
    assert desk.state is StudyState.PAUSED
    assert "your quota used up" in desk.reason


def test_a_stop_ends_trials_while_nothing_can_be_written(desk: Desk, tmp_path: Path) -> None:
    one, commands = live(desk, tmp_path), Commands(desk, Breaker(3))
    commands.heed_stop()
    ask(desk.folder.db, "pause")
    commands.heed_stop()
    assert (one.stop, one.process.asked) == (None, [])  # type: ignore[attr-defined]
    for _ in range(2):
        ask(desk.folder.db, "stop")
        commands.heed_stop()
    assert (one.stop, one.process.asked) == (Stop("study", STOPPED), ["stop"])  # type: ignore[attr-defined]
    ask(desk.folder.db, "stop", {"kill": True})
    commands.heed_stop()
    assert one.process.asked == ["stop", "kill"]  # type: ignore[attr-defined]
    assert desk.state is StudyState.RUNNING, "that is written once it can be"


def test_one_hiccup_of_the_disk_pauses_nothing_and_many_do(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(desk, tmp_path)
    trouble, failures = Trouble(desk), list[bool]()
    error = quota(desk, monkeypatch, lambda: failures.pop() if failures else False)
    for _ in range(5):
        failures.append(True)  # the first of the three that are tried
        trouble.begin(error)
    assert (desk.state, trouble.active) == (StudyState.RUNNING, False)
    assert (tmp_path / "runner.reserve").exists()
    with StudyReader(desk.folder.db) as reader:
        said = [e.text for e in reader.events() if e.kind == "strange"]
    assert len(said) == 5
    assert "writing failed for a moment (disk I/O error" in said[0]
    trouble.begin(error)
    assert desk.state is StudyState.PAUSED


def test_an_outage_that_passes_by_itself_pauses_nothing_unless_there_are_many(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(desk, tmp_path)
    lasts, now = [True], [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    error = quota(desk, monkeypatch, lambda: lasts[0])
    trouble = Trouble(desk)
    for _ in range(5):
        lasts[0] = True
        trouble.begin(error)
        for _ in range(4):
            now[0] += 10.0
            assert not trouble.over()
        lasts[0] = False
        now[0] += 10.0
        assert trouble.over()
        assert (desk.state, trouble.active) == (StudyState.RUNNING, False)
    with StudyReader(desk.folder.db) as reader:
        said = [e.text for e in reader.events() if e.kind == "strange"]
    assert len(said) == 5
    assert "writing failed for 50 s (disk I/O error" in said[0]
    lasts[0] = True
    trouble.begin(error)
    lasts[0] = False
    now[0] += 10.0
    assert trouble.over()
    assert desk.state is StudyState.PAUSED


def test_a_start_that_the_machine_refuses_for_a_moment_is_tried_again(desk: Desk) -> None:
    starter, trial = Starter(desk), desk.trials[1]
    for _ in range(9):
        starter._cannot(trial, OSError(errno.EIO, "Input/output error"))
        assert desk.state is StudyState.RUNNING
        assert desk.trials[1].state is TrialState.WAITING
        desk.queue.add(1)
        starter.fill()  # it waits first: no room was asked for, which nobody here has
        assert desk.trials[1].state is TrialState.WAITING
    starter._cannot(trial, OSError(errno.EIO, "Input/output error"))
    assert desk.state is StudyState.PAUSED
    assert "trial 1 cannot be started: Input/output error" in desk.reason
    desk.set_state(StudyState.RUNNING)
    starter._cannot(trial, OSError(errno.ENOSPC, "No space left on device", "/data/0005"))
    assert desk.state is StudyState.PAUSED
    assert "started: /data/0005 finds no room on its disk (No space" in desk.reason
    assert "where `df` shows room, `df -i` shows" in desk.reason


def test_reports_that_cannot_be_read_for_long_are_told_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, stalled = live(desk, tmp_path), StalledTrials(desk)
    now = 1000.0
    monkeypatch.setattr("hpo_tui.engine.execution.processes.awake", lambda: now)

    def said(after: float, fault: str) -> list[str]:
        nonlocal now
        now += after
        one.tail.fault = fault
        stalled.tell_unreadable()
        with StudyReader(desk.folder.db) as reader:
            return [e.text for e in reader.events() if e.kind == "strange"]

    assert said(1, "Input/output error") == []
    assert said(1, "") == []
    assert said(30, "Stale file handle") == []  # another hiccup
    lasting = "the reports of trial 1 cannot be read: Stale file handle. It runs on, and reading is"
    assert said(11, "Stale file handle") == [f"{lasting} tried again"]
    assert len(said(11, "Stale file handle")) == 1
    assert one.heard == now  # and it is not taken to hang
    assert said(1, "")[1:] == ["the reports of trial 1 can be read again"]


def locked(tmp_path: Path) -> sqlite3.Error:
    """The error of a file that somebody else is writing to."""
    held, late = (sqlite3.connect(tmp_path / "held.db", timeout=0) for _ in range(2))
    with closing(held), closing(late):
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as found:
            late.execute("BEGIN IMMEDIATE")
    return found.value


def test_a_file_that_somebody_holds_for_a_while_is_waited_for(desk: Desk, tmp_path: Path) -> None:
    live(desk, tmp_path)
    trouble = Trouble(desk)
    trouble.begin(locked(tmp_path))
    assert not trouble.active
    assert desk.state is StudyState.RUNNING


@pytest.mark.parametrize("fresh", [False, True])
def test_what_was_read_and_not_stored_is_read_again(
    desk: Desk, tmp_path: Path, fresh: bool
) -> None:
    one = live(desk, tmp_path)
    one.launch.folder.log.write_text("a=0.5\n")
    collector = collector_of(desk, one, told(desk, one.number))
    desk.writer.put("collector:1", collector.state())
    one.printed = Printed(collector, fresh=fresh)
    one.printed.read(ended=False)
    Trouble(desk).begin(locked(tmp_path))
    assert one.printed.read(ended=True) == [(1, {"a": 0.5})]


def test_a_start_lost_half_way_is_queued_again(desk: Desk, tmp_path: Path) -> None:
    Trouble(desk).begin(locked(tmp_path))
    assert desk.trials[1].state is TrialState.WAITING
    assert list(desk.queue) == [1]


def test_sums_over_all_trials_are_made_more_rarely_as_a_study_grows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, sums = [100.0], list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    class Quiet(Chores):
        def check_budget(self) -> None:
            sums.append(clock[0])

    chores = Quiet(desk, SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
    chores.jobs = [job for job in chores.jobs if job.do == chores.check_budget]
    chores.run()
    desk.trials.update(dict.fromkeys(range(2, 20001), desk.trials[1]))
    for _ in range(10):
        clock[0] += 1.0
        chores.run()
    assert sums == [100.0, 101.0, 105.0, 109.0]


@pytest.mark.parametrize("away", [0.0, 3600.0])
def test_silence_counts_only_while_it_is_listened_for(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: float
) -> None:
    resources = replace(desk.spec.resources, stall=60.0)
    desk.spec = replace(desk.spec, resources=resources)
    now = [1000.0]
    monkeypatch.setattr(processes, "awake", lambda: now[0])
    one = live(desk, tmp_path)
    one.heard = now[0]
    stalled = StalledTrials(desk)
    stalled.stop_stalled()
    now[0] += away  # the runner and its trials were suspended
    for _ in range(60):
        stalled.stop_stalled()
        assert one.stop is None
        now[0] += 1.0
    now[0] += 1.0
    stalled.stop_stalled()
    assert one.stop == Stop("stall", "stalled: reported nothing for 1m")
