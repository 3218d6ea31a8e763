"""A study that cannot be opened: whoever starts it is told why in a sentence."""

import errno
import os
import sqlite3
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, create_study, send, start_runner
from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.runner import lock as locking
from hpo_tui.engine.runner.lock import Lock, Unopenable
from hpo_tui.engine.runner.loop import Runner
from hpo_tui.engine.runner.opening import open_desk
from hpo_tui.store.ask import ask
from hpo_tui.store.folder import HOME
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

SHORT = "report(step=1, accuracy=0.5)\n"


def test_a_full_disk_is_named(make_study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_study(SHORT).folder

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(Unopenable, match=r"cannot write in .*No space left on device"):
        Lock(folder)
    monkeypatch.undo()
    assert folder.runner_pid() is None


def test_a_file_that_cannot_be_written_is_named(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)
    study.folder.file.write_text(study.study().text.replace("budget = 1", "budget = 2"))

    def full(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(StudyWriter, "update_study", full)
    with pytest.raises(Unopenable, match=r"study\.db cannot be written: database or disk is full"):
        open_desk(study.folder, "tiny:Optimizer")


def test_a_disk_that_is_full_at_the_first_write_is_named(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)
    desk, lock = open_desk(study.folder, "tiny:Optimizer"), Lock(study.folder)

    def full(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(StudyWriter, "retake_commands", full)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(Unopenable, match=r"study\.db cannot be written: database or disk is full"):
        Runner(desk, lock).run()
    desk.writer.close()
    lock.release()


def test_a_machine_that_starts_no_more_processes_is_named(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)
    desk, lock = open_desk(study.folder, "tiny:Optimizer"), Lock(study.folder)

    def refuse(*_: Any, **__: Any) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(Unopenable, match=r"cannot be begun: Resource temporarily unavailable"):
        Runner(desk, lock).run()
    desk.writer.close()
    lock.release()


def test_a_template_that_is_not_there_is_named(make_study: Any) -> None:
    study = make_study(SHORT, study='template = ["net.json", "net.json"]')
    with pytest.raises(LaunchError, match=r"the template 'net\.json' is not found in"):
        study.start()
    (study.folder.path.parent.parent / "net.json").write_text("{}")
    study.run()
    assert (study.folder.trial(1).path / "net.json").read_text() == "{}"


def test_a_runner_that_ends_without_a_word_points_to_its_log(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LaunchError, match="ended at once: its log"):
        start_runner(study.folder)


def test_a_folder_whose_name_is_no_text(make_study: Any, tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"caf\xe9")
    study = make_study(SHORT, home=place / HOME).started()
    study.ended(1)
    study.gone()
    (place / "train.py").unlink()
    with pytest.raises(LaunchError, match=r"train\.py' is not found in .*caf"):
        study.start()


def test_an_event_about_a_folder_whose_name_is_no_text(make_study: Any, tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"caf\xe9")
    study = make_study(SHORT, home=place / HOME)
    study.folder.trial(1).path.parent.mkdir(exist_ok=True)
    study.folder.trial(1).path.write_text("in the way of the trial's folder")
    study.start()
    event = study.until(lambda: study.events("paused"))[0]
    assert "trial 1 cannot be started" in event.text


def test_a_runner_says_ok_once_the_study_runs(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5); hold()")
    with closing(sqlite3.connect(study.folder.db)) as db:
        db.execute(
            "CREATE TRIGGER broken BEFORE UPDATE OF state ON study"
            " BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"
        )
    with pytest.raises(LaunchError, match=r"study\.db cannot be written: the disk is broken"):
        study.start()
    assert "the disk is broken" in study.log()
    with closing(sqlite3.connect(study.folder.db)) as db:
        db.execute("DROP TRIGGER broken")
    study.start()
    assert study.study().state is StudyState.RUNNING


def test_a_study_that_cannot_be_made_leaves_no_folder(
    make_study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = make_study(SHORT, home=tmp_path / "first" / HOME).study().text

    def full(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(StudyWriter, "declare", full)
    with pytest.raises(LaunchError, match="database or disk is full"):
        create_study(text, tmp_path / "second" / HOME)
    assert not (tmp_path / "second" / HOME).exists()


def test_a_command_that_changes_the_study_is_waited_for(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)
    monkeypatch.setattr(locking, "_RUNNER_SECONDS", 0.0)
    tries = []
    with ExitStack() as command:
        command.enter_context(locked(study.folder))
        monkeypatch.setattr(
            locking.time, "sleep", lambda s: command.close() if len(tries) > 5 else tries.append(s)
        )
        lock = Lock(study.folder)
    assert len(tries) == 6
    assert study.folder.runner_pid() == os.getpid()
    with pytest.raises(Unopenable, match=f"a runner works on t already .process {os.getpid()}"):
        Lock(study.folder)
    lock.release()


def test_a_disk_that_gives_no_locks_is_named_with_what_to_do(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locking.fcntl, "flock", refuse)
    what = r"runner.lock cannot be locked .No locks available.*keep .hpo on a local disk"
    with pytest.raises(Unopenable, match=what):
        Lock(study.folder)
    with pytest.raises(LaunchError, match=f"star: .*{what}"):
        send(study.folder, "star", {"trial": 1, "on": True})


def test_a_study_that_is_put_away_while_its_runner_waits(make_study: Any, tmp_path: Path) -> None:
    study = make_study(SHORT)
    moved = tmp_path / "moved"
    with ExitStack() as command, pytest.MonkeyPatch.context() as patched:
        command.enter_context(locked(study.folder))
        command.callback(study.folder.path.rename, moved)
        patched.setattr(locking.time, "sleep", lambda _: command.close())
        with pytest.raises(Unopenable, match="the study is gone"):
            Lock(study.folder)
    moved.rename(study.folder.path)


def test_a_path_that_is_too_long_for_the_store_is_refused_in_words(
    make_study: Any, tmp_path: Path
) -> None:
    text = make_study(SHORT).study().text
    deep = tmp_path.joinpath(*["d" * 100] * 5)
    deep.mkdir(parents=True)
    with pytest.raises(LaunchError, match=r"would have \d+ bytes, and SQLite opens at most 504"):
        create_study(text, deep / HOME)
    assert not (deep / HOME).exists()


def test_what_is_asked_while_a_runner_opens_the_study_is_asked_of_its_run(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    study = make_study(SHORT)
    earlier = ask(study.folder.db, "pause")
    lock = Lock(study.folder)
    asked = ask(study.folder.db, "stop")  # a runner lives, as far as anybody can tell
    Runner(open_desk(study.folder, "tiny:Optimizer", since=lock.since), lock).run()
    lock.release()
    assert study.study().state is StudyState.STOPPED
    with StudyReader(study.folder.db) as reader:
        told = [reader.command(number) for number in (earlier, asked)]
    assert [command and command.ok for command in told] == [False, True]


def test_a_run_that_a_stop_has_overtaken_does_not_begin(make_study: Any) -> None:
    study = make_study(SHORT)
    with closing(StudyWriter(study.folder.db).conn) as conn, conn:
        later = time.time() + 60  # than this process, which would be the runner
        conn.execute("UPDATE study SET state = 'stopped', ended = ?", (later,))
    with pytest.raises(Unopenable, match="was stopped while this run was still beginning"):
        open_desk(study.folder, "tiny:Optimizer")


def test_a_study_that_was_stopped_before_goes_on(make_study: Any) -> None:
    study = make_study(SHORT)
    with closing(StudyWriter(study.folder.db).conn) as conn, conn:
        conn.execute("UPDATE study SET state = 'stopped', ended = ?", (time.time() - 3600,))
    study.run()
    assert study.study().state is StudyState.FINISHED
