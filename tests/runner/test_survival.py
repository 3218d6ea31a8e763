import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import LaunchError, asking, leave, runner_pid, send
from hpo_tui.engine.launch.removing import remove
from hpo_tui.engine.runner.opened_file import OpenedFile
from hpo_tui.store.folder import HOME
from hpo_tui.store.models import StudyState, TrialState

STEPS = """
for step in range(1, 41):
    report(step=step, accuracy=step / 100)
    time.sleep(0.03)
"""
HELD = STEPS + "    if step == 20: hold()\n"
"""Waits half way until the test says go, so that no machine is too slow for what comes between."""


def test_a_study_runs_to_its_budget(make_study: Any, told: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)", budget=3, slots=2).run()
    assert study.study().state is StudyState.FINISHED
    trials = study.trials()
    assert [t.number for t in trials] == [1, 2, 3]
    assert {t.state for t in trials} == {TrialState.COMPLETE}
    assert [t.charged for t in trials] == [1.0, 1.0, 1.0]
    assert [t.exit_code for t in trials] == [0, 0, 0]
    assert {(t.pid, t.pid_started) for t in trials} == {(None, None)}  # they may be others' by now
    assert sorted(x[1] for x in told("tell")) == [1, 2, 3]
    assert study.get("optimizer") == {"tiny": True}


def test_the_first_to_meet_every_goal_is_told_where_there_are_goals(make_study: Any) -> None:
    study = make_study(
        "report(accuracy=given['trial'] / 4)", budget=3, objective="threshold = 0.5"
    ).run()
    said = "trial 2 is the first to meet every goal"
    assert [e.text for e in study.events("threshold")] == [said]
    home = study.folder.path.parent.parent / "2" / HOME
    aimless = make_study("report(accuracy=0.5)", budget=1, home=home).run()
    assert aimless.events("threshold") == []


def test_a_killed_runner_leaves_trials_running_and_the_next_one_adopts_them(
    make_study: Any,
) -> None:
    study = make_study(HELD).started()
    before = study.running(reports=3)
    study.kill_runner()
    path = study.folder.trial(1).reports
    study.until(lambda: len(path.read_text().splitlines()) == 20)
    study.start()
    study.until(lambda: study.events("adopted"))
    after = study.running()
    study.go()
    assert (after.pid, after.pid_started) == (before.pid, before.pid_started)
    assert after.attempt == 1
    trial = study.ended()
    assert trial.state is TrialState.COMPLETE
    assert [r.step for r in study.reports()] == list(range(1, 41))
    assert [r.seq for r in study.reports()] == list(range(40))


def test_a_trial_that_ended_without_a_runner_is_finished_by_the_next(make_study: Any) -> None:
    study = make_study(STEPS).started()
    trial = study.running(reports=2)
    study.kill_runner()
    study.until(study.folder.trial(1).exit.exists)
    study.start()
    trial = study.ended()
    assert (trial.state, trial.exit_code, trial.attempt) == (TrialState.COMPLETE, 0, 1)
    assert [r.step for r in study.reports()] == list(range(1, 41))


def test_an_exit_code_survives_the_runner(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=1)\ntime.sleep(0.7)\nsys.exit(7)").started()
    study.running(reports=1)
    study.kill_runner()
    study.until(study.folder.trial(1).exit.exists)
    study.start()
    trial = study.ended()
    assert (trial.state, trial.exit_code) == (TrialState.FAILED, 7)


def test_a_trial_that_died_with_the_machine_goes_on_from_its_checkpoint(make_study: Any) -> None:
    study = make_study("""
        begin = 0
        if os.environ["HPO_RESUME"]:
            begin = int(open(os.environ["HPO_RESUME"] + "/step").read())
        for step in range(begin + 1, 31):
            report(step=step, accuracy=step / 100, begin=begin)
            path = os.environ["HPO_CHECKPOINT"] + "/step"
            with open(path + ".new", "w") as file:
                file.write(str(step))
            os.replace(path + ".new", path)
            if step == 20: hold()
        """).started()
    trial = study.running(reports=20)
    study.kill_runner()
    for pid in [trial.pid, *study.processes()]:  # as a power cut would
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    study.until(lambda: not study.processes())
    # Another boot: PIDs and ticks of before mean nothing, even if they happen to exist.
    identity = study.folder.trial(1).path / "process.json"
    data = json.loads(identity.read_text())
    identity.write_text(json.dumps({**data, "pid": os.getpid(), "boot": "another"}))
    study.go()
    study.start()
    trial = study.ended()
    assert (trial.state, trial.attempt) == (TrialState.COMPLETE, 2)
    assert trial.metrics["begin"] >= 5
    lines = study.folder.trial(1).reports.read_text().splitlines()
    assert [r.step for r in study.reports()] == [json.loads(x)["step"] for x in lines]


@pytest.mark.parametrize("paused", [False, True])
def test_a_runner_whose_study_was_taken_away_leaves_nothing_behind(
    make_study: Any, tmp_path: Path, paused: bool
) -> None:
    study = make_study("report(step=1, accuracy=0.5)\ntime.sleep(600)")
    runner = processes.Process.of(study.start())
    study.running(reports=1)
    if paused:
        send(study.folder, "pause")
    assert runner is not None
    elsewhere = study.folder.path.rename(tmp_path / "elsewhere")  # in one step, as no removal is
    shutil.rmtree(elsewhere)
    deadline = time.monotonic() + 30
    while (runner.alive or study.processes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not runner.alive
    assert not study.processes()


@pytest.mark.parametrize(("then", "attempts"), [("", 1), ("open(given_to + '/x', 'w')", 2)])
def test_a_folder_that_was_away_for_a_moment_fails_no_trial(
    make_study: Any, tmp_path: Path, then: str, attempts: int
) -> None:
    study = make_study(
        f"""
        given_to = os.environ["HPO_CHECKPOINT"]
        report(step=1, accuracy=0.5); hold(); {then}
        report(step=2, accuracy=0.75)
        """,
        budget=2,
    )  # fmt: skip
    study.start()
    study.running(reports=1)
    shim = processes.Process.of(study.trial().pid)
    assert shim is not None
    elsewhere = study.folder.path.rename(tmp_path / "elsewhere")
    study.go()
    deadline = time.monotonic() + 30
    # A busy machine may let the trial end before the runner has looked for its folder.
    seen = elsewhere / "runner.log"
    while shim.alive or "it is waited for" not in seen.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    elsewhere.rename(study.folder.path)
    study.gone()
    trial = study.trial()
    assert (trial.state, trial.attempt) == (TrialState.COMPLETE, attempts)
    assert trial.metrics["accuracy"] == 0.75
    assert "was not there for" in study.events("strange")[0].text


def test_a_folder_that_stays_away_is_given_up(tmp_path: Path) -> None:
    folder, elsewhere, now = tmp_path / "t", tmp_path / "elsewhere", [0.0]
    folder.mkdir()
    (folder / "study.db").write_text("a study")
    file = OpenedFile(folder / "study.db", lambda: now[0])
    folder.rename(elsewhere)
    for now[0] in (10.0, 40.0):
        assert not file.is_gone()
    elsewhere.rename(folder)
    assert not file.is_gone()
    folder.rename(elsewhere)
    now[0] = 50.0
    assert not file.is_gone()
    now[0] = 81.0
    assert file.is_gone()
    folder.mkdir()
    (folder / "study.db").write_text("another study")
    now[0] = 51.0
    assert file.is_gone()
    file.close()


def test_what_a_stopped_run_did_not_live_to_end_goes_on(make_study: Any) -> None:
    study = make_study("""
        signal.signal(signal.SIGTERM, lambda *_: None)
        report(step=1, accuracy=0.5)
        hold()
        """).started()
    study.running(reports=1)
    send(study.folder, "stop")
    study.kill_runner()
    study.start()
    study.until(lambda: study.trial().attempt == 2)
    study.go()
    assert study.ended().state is TrialState.COMPLETE


def test_a_second_runner_is_refused_in_words(make_study: Any) -> None:
    study = make_study(HELD)
    first = study.start()
    with pytest.raises(LaunchError, match=f"a runner works on t already.*{first}"):
        study.start()
    assert runner_pid(study.folder) == first


def test_a_runner_told_to_leave_leaves_the_trials(make_study: Any) -> None:
    study = make_study(HELD).started()
    study.running(reports=1)
    leave(study.folder)
    study.gone()
    assert study.trial().state is TrialState.RUNNING
    assert study.processes()
    study.go()
    study.start()
    assert study.ended().attempt == 1


def test_the_runner_outlives_a_hung_up_terminal(make_study: Any) -> None:
    study = make_study(HELD)
    code = (
        "import sys, os, pathlib, signal\n"
        "from hpo_tui.engine.launch import start_runner\n"
        "from hpo_tui.store.folder import StudyFolder\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # under nohup it comes ignored
        "start_runner(StudyFolder(pathlib.Path(sys.argv[1])), optimizer='tiny:Optimizer')\n"
        "os.killpg(os.getpgrp(), signal.SIGHUP)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(study.folder.path)], start_new_session=True, check=False
    )
    assert done.returncode == -signal.SIGHUP
    pid = runner_pid(study.folder)
    assert pid
    os.kill(pid, signal.SIGHUP)
    study.go()
    assert study.ended().state is TrialState.COMPLETE


def test_a_runner_killed_at_the_start_of_a_trial_starts_it_once(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=1)\ntime.sleep(0.3)", budget=2)
    for _ in range(4):
        study.start()
        study.until(study.trials)
        study.kill_runner()
    study.run()
    assert [t.state for t in study.trials()] == [TrialState.COMPLETE] * 2
    for trial in study.trials():
        lines = study.folder.trial(trial.number).reports.read_text().splitlines()
        assert len(lines) == len(study.reports(trial.number))


def test_a_clock_that_jumps_moves_no_duration(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(STEPS).started()
    study.running(reports=2)
    study.kill_runner()
    import sqlite3

    with contextlib.closing(sqlite3.connect(study.folder.db)) as db, db:
        # As if it had begun a year ago.
        db.execute("UPDATE trials SET started = started - 3e7, created = created - 3e7")
    study.start()
    trial = study.ended()
    assert trial.state is TrialState.COMPLETE
    assert trial.duration < 60
    assert time.time() - trial.ended < 60


@pytest.mark.parametrize("kill", [False, True])
def test_trials_that_outlive_their_runner_are_stopped_without_it(
    make_study: Any, kill: bool
) -> None:
    study = make_study(
        """
        signal.signal(signal.SIGTERM, lambda *_: (report(step=2, accuracy=0.75), sys.exit()))
        report(step=1, accuracy=0.5); time.sleep(60)
        """,
        budget=9, slots=2, grace="30s",
    )  # fmt: skip
    study.start()
    study.running(1, reports=1)
    study.running(2, reports=1)
    study.kill_runner()
    script = study.folder.path.parent.parent / "train.py"
    script.rename(script.with_name("gone.py"))  # what is to be ended need not be startable
    for wish in (lambda: send(study.folder, "archive"), lambda: remove(study.folder)):
        with pytest.raises(LaunchError, match=r"trials 1, 2 of t still run.*`hpo-tui stop .*/t`"):
            wish()
    with pytest.raises(LaunchError, match="nothing new starts, and trials 1, 2 run on to"):
        send(study.folder, "pause")
    answer = send(study.folder, "stop", {"kill": kill})
    assert answer.answer == "stopped: trials 1, 2, which ran on without a runner, end"
    study.gone()
    assert study.processes() == []
    assert study.study().state is StudyState.STOPPED
    assert [t.state for t in study.trials()] == [TrialState.KILLED] * 2
    assert [t.metrics["accuracy"] for t in study.trials()] == [0.5 if kill else 0.75] * 2
    with pytest.raises(LaunchError, match="nothing of it runs"):
        send(study.folder, "stop")
    remove(study.folder)
    assert not study.folder.path.exists()


def test_a_stop_that_meets_a_runner_just_started_is_obeyed_by_that(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("report(step=1, accuracy=0.5); time.sleep(60)").started()
    study.running(reports=1)
    study.kill_runner()
    start = asking.start_runner

    def late(folder: Any, **options: Any) -> int:
        study.start()
        return start(folder, **options)

    monkeypatch.setattr(asking, "start_runner", late)
    answer = send(study.folder, "stop", {"kill": True})
    assert answer.ok
    study.gone()
    assert study.study().state is StudyState.STOPPED
    assert study.processes() == []


def test_an_emptied_file_is_given_up_at_once(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    path.write_text("a study")
    file = OpenedFile(path)
    assert not file.is_gone()
    os.truncate(path, 0)
    assert file.is_gone()
    file.close()
