import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.ask import ask
from hpo_tui.store.folder import (
    HOME,
    StudyFolder,
    find_home,
    find_study,
    list_studies,
    working_folder,
)
from hpo_tui.store.models import DeviceSample, Report, StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader, readable
from hpo_tui.store.write import StudyWriter


@pytest.fixture
def path(tmp_path: Path) -> Any:
    return tmp_path / "study.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Any]:
    writer = StudyWriter(path)
    writer.create_study("t", "text", 7)
    yield writer
    writer.close()


@pytest.fixture
def reader(writer: StudyWriter, path: Path) -> Iterator[Any]:
    with StudyReader(path) as reader:
        yield reader


def trial(number: int = 1, state: Any = TrialState.RUNNING, params: Any = None, **rest: Any) -> Any:
    return Trial(number, number, "full", state, 1.0, params or {"lr": 0.1}, **rest)


def test_a_trial_comes_back_as_it_was_written(writer: StudyWriter, reader: StudyReader) -> None:
    want = trial(
        params={"lr": 1e-4, "Lr": 3, "opt": "a\x1b[31m", 'q"uote': True, "n": 2},
        metrics={"acc": 0.5, "nan": float("inf")}, charged=0.5, wasted=0.25, resumed_from=None,
        why={"kind": "random"}, tags=("a", "b"), note="ñ", starred=True, teaches=True, pid=9,
        peak_memory=2**40, step=-3, device="GPU0",
    )  # fmt: skip
    writer.add_trial(want)
    found = reader.trial(1)
    assert found == want
    assert reader.trial(2) is None


def test_what_is_no_text_is_stored_as_far_as_it_is(
    writer: StudyWriter, reader: StudyReader
) -> None:
    path = os.fsdecode(b"/data/caf\xe9/x")  # a folder of another time's encoding
    writer.add_trial(trial())
    writer.update_trial(1, note=path, reason=path, device=path)
    writer.add_event("paused", path)
    writer.update_study(reason=path)
    writer.answer_command(ask(writer_path(writer), "note"), False, path)
    shown = "/data/caf?/x"
    found = reader.trial(1)
    assert found is not None
    assert (found.note, found.reason, found.device) == (shown, shown, shown)
    assert [e.text for e in reader.events()] == [shown]
    assert reader.study().reason == shown
    assert reader.command(1).answer == shown


def writer_path(writer: StudyWriter) -> Path:
    return Path(writer.conn.execute("PRAGMA database_list").fetchone()[2])


def test_a_number_is_taken_once(writer: StudyWriter) -> None:
    writer.add_trial(trial())
    with pytest.raises(sqlite3.IntegrityError):
        writer.add_trial(trial())


def test_an_update_touches_what_it_names(writer: StudyWriter, reader: StudyReader) -> None:
    writer.add_trial(trial(metrics={"a": 1.0}))
    writer.update_trial(1, state=TrialState.COMPLETE, metrics={"b": 2.0})
    found = reader.trial(1)
    assert (found.state, found.metrics) == (TrialState.COMPLETE, {"a": 1.0, "b": 2.0})
    with pytest.raises(KeyError, match="no such field: sate"):
        writer.update_trial(1, sate="complete")


def test_reports_are_stored_once_and_in_order(writer: StudyWriter, reader: StudyReader) -> None:
    writer.add_trial(trial())
    lines = [Report(1, n, n * 2, {"a": n / 3, "b": float(n)}) for n in range(5)]
    writer.add_reports(lines[:3], {1: (30, 3)})
    writer.add_reports(lines, {1: (50, 5)})
    assert reader.reports(1) == lines
    found = reader.trial(1)
    assert (found.report_offset, found.report_seq, found.step) == (50, 5, 8)
    assert found.metrics == {"a": 4 / 3, "b": 4.0}


def test_what_was_reported_and_how_far_it_was_read_go_together(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.add_trial(trial())

    def fail() -> None:
        with writer.transaction():
            writer.add_reports([Report(1, 0, 1, {"new": 1.0})], {1: (10, 1)})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert reader.reports(1) == []
    assert reader.trial(1).report_offset == 0
    writer.add_reports([Report(1, 0, 1, {"new": 1.0})], {1: (10, 1)})
    assert reader.reports(1)[0].metrics == {"new": 1.0}


def test_curves_are_read_by_metric(writer: StudyWriter, reader: StudyReader) -> None:
    for number in (1, 2, 3):
        writer.add_trial(trial(number))
    writer.add_reports([Report(n, s, s, {"a": n * 10.0 + s}) for n in (1, 3) for s in range(4)])
    writer.add_reports([Report(3, 9, None, {"a": 0.0})])
    curves = reader.curves([1, 2, 3], "a")
    assert set(curves) == {1, 3}
    assert curves[3][0].tolist() == [0, 1, 2, 3]
    assert curves[3][1].tolist() == [30, 31, 32, 33]


def test_a_frame_is_renewed_from_what_changed(writer: StudyWriter, reader: StudyReader) -> None:
    writer.add_trials([trial(n, params={"x": n / 2, "c": "b"}) for n in range(1, 6)])
    first = reader.frame()
    assert reader.frame() is first
    assert first.params["x"].tolist() == [0.5, 1, 1.5, 2, 2.5]
    writer.update_trial(3, state=TrialState.COMPLETE, metrics={"a": 9.0})
    writer.add_trial(trial(6, params={"x": 9.0, "c": "z", "late": 1}))
    second = reader.frame()
    assert second.number.tolist() == [1, 2, 3, 4, 5, 6]
    assert second.metrics["a"][2] == 9.0
    assert second.params["late"][5] == 1
    assert second.choices["c"] == ("b", "z")
    assert len(first.number) == 5


def test_money_is_summed_by_what_became_of_it(writer: StudyWriter, reader: StudyReader) -> None:
    writer.add_trial(trial(1, TrialState.COMPLETE, charged=1.5, wasted=0.5))
    writer.add_trial(trial(2, TrialState.FAILED, charged=0.25, wasted=0.1))
    writer.add_trial(trial(3, TrialState.RUNNING, charged=0.5))
    assert reader.charged() == (2.25, 0.75)
    assert reader.counts()[TrialState.FAILED] == 1


def test_commands_are_asked_taken_and_answered(
    writer: StudyWriter, reader: StudyReader, path: Path
) -> None:
    number = ask(path, "kill", {"trial": 1})
    asked = reader.command(number)
    assert (asked.action, asked.answered) == ("kill", None)
    (command,) = writer.take_commands()
    assert (command.id, command.args) == (number, {"trial": 1})
    assert writer.take_commands() == []
    writer.retake_commands()
    assert [c.id for c in writer.take_commands()] == [number]
    writer.answer_command(number, False, "no")
    writer.retake_commands()
    assert writer.take_commands() == []
    found = reader.command(number)
    assert (found.ok, found.answer) == (False, "no")
    assert found.answered is not None


def test_to_ask_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        ask(tmp_path / "study.db", "kill", {"trial": 1})
    assert list(tmp_path.iterdir()) == []


def test_a_reader_sees_that_something_changed(writer: StudyWriter, reader: StudyReader) -> None:
    assert reader.changed()
    assert not reader.changed()
    writer.add_event("note", "hello", 3, {"a": 1})
    assert reader.changed()
    (event,) = reader.events()
    assert (event.kind, event.text, event.trial, event.data) == ("note", "hello", 3, {"a": 1})
    assert reader.events(after=event.id) == []


def test_the_study_and_what_is_kept_beside_it(writer: StudyWriter, reader: StudyReader) -> None:
    writer.create_study("again", "other", 1)
    writer.update_study(state=str(StudyState.PAUSED), reason="why")
    writer.update_study(text="new")
    study = reader.study()
    assert (study.name, study.text, study.seed) == ("t", "new", 7)
    assert (study.state, study.reason, study.revision) == (StudyState.PAUSED, "why", 2)
    writer.put("k", {"a": [1, 2]})
    assert reader.get("k") == {"a": [1, 2]}
    assert reader.get("none") is None


def test_telemetry_is_thinned(writer: StudyWriter, reader: StudyReader) -> None:
    sample = DeviceSample(1000.0, "GPU0", "H", 1, 2, 0.5, (1, 2), 3)
    writer.add_device_samples([sample])
    newer = DeviceSample(1000.0 + 90_000, "GPU0", "H", 1, 2, None)
    writer.add_device_samples([newer])
    assert reader.devices() == [newer]
    assert reader.conn.execute("SELECT time FROM devices").fetchall() == [(newer.time,)]


def test_telemetry_of_before_the_clock_was_set_back_is_not_the_newest(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.add_device_samples([DeviceSample(5000.0, "GPU0", "H", 1, 2, 0.5)])
    present = DeviceSample(1400.0, "GPU0", "H", 2, 2, 0.9)
    writer.add_device_samples([present])
    assert reader.devices() == [present]


def test_a_study_is_read_from_a_folder_that_cannot_be_written(
    writer: StudyWriter, path: Path, tmp_path: Path
) -> None:
    writer.add_trial(trial())
    writer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    copy = tmp_path / "ro" / "study.db"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o444)
    copy.parent.chmod(0o555)
    try:
        assert readable(copy)
    finally:
        copy.parent.chmod(0o755)
    assert not readable(tmp_path / "none.db")
    (tmp_path / "bad.db").write_bytes(b"x" * 5000)
    assert not readable(tmp_path / "bad.db")


WRITE = """
import sys, os
from pathlib import Path
from hpo_tui.store.write import StudyWriter
from hpo_tui.store.models import Report
w = StudyWriter(Path(sys.argv[1]))
n = 0
while True:
    with w.transaction(durable=False):
        w.add_reports([Report(1, n, n, {"a": float(n)})], {1: (n + 1, n + 1)})
        w.put("count", n + 1)
    n += 1
    print(n, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_whole_transactions(path: Path) -> None:
    writer = StudyWriter(path)
    writer.create_study("t", "", 0)
    writer.add_trial(trial())
    writer.close()
    child = subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE)
    with child, StudyReader(path) as reader:
        deadline = time.monotonic() + 20
        while (reader.get("count") or 0) < 50 and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        acknowledged = int(child.stdout.read().split()[-1])
    with StudyReader(path) as reader:
        count = reader.get("count")
        assert count >= acknowledged >= 50
        assert [r.seq for r in reader.reports(1)] == list(range(count))
        assert reader.trial(1).report_seq == count
        assert reader.conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_many_who_ask_at_once_all_get_in(writer: StudyWriter, path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hpo_tui.store.ask import ask\n"
        "for n in range(20): ask(Path(sys.argv[1]), 'note', {'n': n})"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(3)]
    taken = []
    while any(c.poll() is None for c in children):
        taken += writer.take_commands()
    taken += writer.take_commands()
    assert [c.wait() for c in children] == [0, 0, 0]
    assert len({c.id for c in taken}) == 60


def test_studies_are_found_by_folder_file_and_name(tmp_path: Path) -> None:
    home = tmp_path / HOME
    folder = StudyFolder(home / "a")
    folder.trials.mkdir(parents=True)
    writer = StudyWriter(folder.db)
    writer.close()
    folder.file.write_text("")
    (home / ".archive" / "b").mkdir(parents=True)
    (home / "empty").mkdir()
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    assert find_home(below) == home
    assert [f.name for f in list_studies(home)] == ["a"]
    for text in ("a", str(folder.path), str(folder.file), "../../.hpo/a"):
        found = find_study(text, below)
        assert found is not None
        assert found.path.resolve() == folder.path.resolve()
    assert find_study("none", below) is None
    assert folder.trial(7).path.name == "0007"
    assert folder.runner_pid() is None


@pytest.mark.parametrize("linked", [HOME, f"{HOME}/t"])
def test_trials_run_beside_a_home_that_is_a_link_however_the_study_is_named(
    tmp_path: Path, linked: str
) -> None:
    code, disk = tmp_path / "code", tmp_path / "disk"
    (disk / "t").mkdir(parents=True)
    StudyWriter(disk / "t" / "study.db").close()
    link = code / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(disk if linked == HOME else disk / "t")
    for name in ("t", f"{HOME}/t", f"{HOME}/t/study.db", str(code / HOME / "t")):
        found = find_study(name, code)
        assert found is not None
        assert found.workplace == code
    above = find_study("../t/../t", disk / "t")
    assert above is not None
    assert above.path == disk / "t"


def test_inside_of_a_home_that_is_a_link_it_is_found_as_the_shell_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, disk = tmp_path / "code", tmp_path / "disk"
    (disk / "t").mkdir(parents=True)
    StudyWriter(disk / "t" / "study.db").close()
    code.mkdir()
    link = code / HOME
    link.symlink_to(disk)
    for inside in (link, link / "t"):
        monkeypatch.chdir(inside)
        monkeypatch.setenv("PWD", str(inside))
        assert find_home(working_folder()) == link
        found = find_study("t", working_folder())
        assert found is not None
        assert found.workplace == code
    monkeypatch.setenv("PWD", str(code))  # of a program that has gone elsewhere since
    assert working_folder() == disk / "t"
    monkeypatch.delenv("PWD")
    assert working_folder() == disk / "t"


def test_in_a_study_s_folder_no_other_word_means_that_study(tmp_path: Path) -> None:
    home = tmp_path / HOME
    for name in ("a", "b"):
        folder = StudyFolder(home / name)
        folder.trials.mkdir(parents=True)
        StudyWriter(folder.db).close()
    inside = home / "a"
    (inside / "runner.log").write_text("")
    (inside / "b.toml").write_text("")
    for text in ("nonsense", "trials", "runner.log", "b.toml", "..", "../c"):
        assert find_study(text, inside) is None, text
    for text, name in (("b", "b"), ("../b", "b"), (".", "a"), ("a", "a"), ("study.db", "a")):
        found = find_study(text, inside)
        assert found is not None, text
        assert found.path.resolve() == home / name, text


def test_a_lock_tells_whether_a_runner_lives(tmp_path: Path) -> None:
    import fcntl

    folder = StudyFolder(tmp_path)
    folder.lock.write_text("123\n")
    assert folder.runner_pid() is None  # a PID without a lock is a dead runner's
    fd = os.open(folder.lock, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    assert folder.runner_pid() == 123
    os.close(fd)
    assert folder.runner_pid() is None


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS])
def test_where_nothing_can_be_locked_no_runner_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    folder = StudyFolder(tmp_path)
    folder.lock.write_text("123\n")

    def refuse(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    assert folder.runner_pid() is None


def test_json_in_the_store_is_json(writer: StudyWriter) -> None:
    writer.add_trial(trial(why={"text": 'a "b" \x1b'}, tags=("x",)))
    why, tags = writer.conn.execute("SELECT why, tags FROM trials").fetchone()
    assert json.loads(why) == {"text": 'a "b" \x1b'}
    assert json.loads(tags) == ["x"]
