"""A runner that is told to stand still (``kill -STOP``): whoever looks is told, and what to do."""

import os
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acting import live

from hpo_tui.engine.execution.processes import Process, tree
from hpo_tui.engine.launch import LaunchError, send
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.suspended import SuspendedProcesses
from hpo_tui.store.locks import is_suspended
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.cli.follow import Follower
from hpo_tui.tui.cli.summary import progress_line, state_of
from hpo_tui.tui.study_deeds import answer_of
from hpo_tui.tui.tables.study_rows import StudyRows
from hpo_tui.tui.watching.study_list import StudyList
from hpo_tui.tui.watching.watcher import StudyWatcher, read_once


def test_a_suspended_runner_is_told_and_goes_on(
    make_study: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    pid = study.start()
    study.running(1, reports=1)
    listed = StudyList(study.folder.path.parent)
    assert not read_once(study.folder).suspended
    assert not listed.read()[0].suspended
    os.kill(pid, signal.SIGSTOP)
    study.until(lambda: study.folder.is_suspended(pid))
    picture = read_once(study.folder)
    assert (picture.runner_pid, picture.suspended, picture.eta) == (pid, True, None)
    assert state_of(picture) == "suspended"
    assert progress_line(picture).startswith("suspended · ")
    assert StudyRows(listed.read(), 0.0, 120).cells(0)[1] == ("‖ suspended", "warn")
    follower = Follower(study.folder, started=False)
    with StudyReader(study.folder.db) as reader:
        for _ in range(2):
            follower._tell(reader, picture)
    stands = f"its runner stands still; to have it go on: kill -CONT {pid}\n"
    assert capsys.readouterr().err == stands
    answer = send(study.folder, "pause", timeout=0.1)
    said = f"The runner is suspended and will do this once it goes on: kill -CONT {pid}"
    assert answer_of(answer, study.folder) == said
    os.kill(pid, signal.SIGCONT)
    study.until(lambda: study.events("paused"))
    assert state_of(read_once(study.folder)) == "paused"
    assert not listed.read()[0].suspended
    send(study.folder, "resume")
    study.go()
    study.gone()
    assert study.trial(1).state is TrialState.COMPLETE
    listed.close()


def test_a_watcher_tells_at_once_that_a_runner_stands_still(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold()")
    pid = study.start()
    study.running(1, reports=1)
    found: list[bool] = []

    def take(picture: Any) -> None:
        found.append(picture.suspended)
        if len(found) == 1:
            os.kill(pid, signal.SIGSTOP)  # nothing is written from now on
        if picture.suspended:
            watcher.stop()

    watcher = StudyWatcher(study.folder, take, lambda _: None)
    watcher.run()
    assert found[-1]
    assert send(study.folder, "stop", timeout=0.0).answered is None
    # The runner will do that first: what it would refuse then is refused at once.
    with pytest.raises(LaunchError, match=f"is being stopped: run it again .* -CONT {pid}"):
        send(study.folder, "resume", timeout=0.0)


def test_a_suspended_trial_is_told_of_once_and_again_when_it_goes_on(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, awake = live(desk, tmp_path), [100.0]
    monkeypatch.setattr("hpo_tui.engine.execution.processes.awake", lambda: awake[0])
    suspended = SuspendedProcesses(desk)

    def told(at: float) -> list[str]:
        awake[0] = at
        suspended.look()
        with StudyReader(desk.folder.db) as reader:
            return [e.text for e in reader.events() if e.kind == "strange"]

    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"]) as process:
        found = Process.of(process.pid)
        assert found is not None
        running.process = SimpleNamespace(pid=found.pid, started=found.started)
        optimizer = SimpleNamespace(pid=0)
        monkeypatch.setattr(desk, "proposals", optimizer)
        assert told(10.0) == []
        process.send_signal(signal.SIGSTOP)
        while not is_suspended(process.pid):
            pass
        assert told(20.0) == []  # debuggers and profilers stop a process for a moment
        (said,) = told(30.0)
        assert "trial 1 is suspended: a process of it is stopped" in said
        assert said.endswith(f"kill -CONT {process.pid}")
        assert len(told(40.0)) == 1
        process.send_signal(signal.SIGCONT)
        while is_suspended(process.pid):
            pass
        assert "trial 1 goes on: it stood still for 30 s" in told(50.0)
        assert len(told(60.0)) == 2
        desk.live.clear()
        optimizer.pid = process.pid
        process.send_signal(signal.SIGSTOP)
        while not is_suspended(process.pid):
            pass
        assert len(told(70.0)) == 2
        assert "the optimizer is suspended: " in told(80.0)[-1]
        for pid in tree(process.pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [1, 0, 10**9])
def test_what_is_no_suspended_process_is_none(number: int) -> None:
    assert not is_suspended(number)


def test_a_suspended_process_of_another_kind_is_no_runner(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)")
    child = os.fork()
    if not child:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    study.until(lambda: is_suspended(child))
    assert not study.folder.is_suspended(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
