import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.ask import ask
from hpo_tui.store.models import DeviceSample, Report, StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


@pytest.fixture
def path(tmp_path: Path) -> Any:
    return tmp_path / "study.db"


def trial(number: int = 1, state: Any = TrialState.RUNNING, params: Any = None, **rest: Any) -> Any:
    return Trial(number, number, "full", state, 1.0, params or {"lr": 0.1}, **rest)


def test_a_trial_comes_back_as_it_was_written(writer: StudyWriter, reader: StudyReader) -> None:
    want = trial(
        params={"lr": 1e-4, "Lr": 3, "LR": 4, "opt": "a\x1b[31m", 'q"uote': True, "n": 2},
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


def test_a_report_that_is_told_again_is_left_as_it_was(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.add_trial(trial())
    for value in (1.0, 2.0):
        writer.add_reports([Report(1, 1, 1, {"a": value})])
    assert [r.metrics for r in reader.reports(1)] == [{"a": 1.0}]


def test_the_last_events_are_read_oldest_first(writer: StudyWriter, reader: StudyReader) -> None:
    for n in range(6):
        writer.add_event("e", str(n), trial=n % 2)
    assert [e.text for e in reader.events(limit=2)] == ["4", "5"]
    assert [e.text for e in reader.events_of(1, limit=2)] == ["3", "5"]


def test_what_may_not_be_lost_is_on_the_disk_at_once(writer: StudyWriter) -> None:
    """Reports can be read again after a power cut, and need not be waited for."""
    flushed = []
    for durable in (True, False, True):
        with writer.transaction(durable=durable):
            flushed.append(writer.conn.execute("PRAGMA synchronous").fetchone()[0])
    assert flushed == [2, 1, 2]


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


def test_commands_are_asked_taken_and_answered(
    writer: StudyWriter, reader: StudyReader, path: Path
) -> None:
    number = ask(path, "kill", {"trial": 1})
    asked = reader.command(number)
    assert (asked.action, asked.answered) == ("kill", None)
    (command,) = writer.take_commands()
    assert (command.id, command.args) == (number, {"trial": 1})
    assert writer.take_commands() == []
    later = [ask(path, action) for action in ("pause", "resume", "stop")]
    assert [c.id for c in writer.take_commands()] == later  # as they were asked for
    for one in later:
        writer.answer_command(one, True, "done")
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
    writer.put("l", 1)
    writer.put("m", 2)
    writer.drop("k", "none", "m")
    assert [reader.get(key) for key in "klm"] == [None, 1, None]


def test_telemetry_is_thinned(writer: StudyWriter, reader: StudyReader) -> None:
    sample = DeviceSample(1000.0, "GPU0", "H", 1, 2, 0.5, (1, 2), 3)
    writer.add_device_samples([sample])
    newer = DeviceSample(1000.0 + 90_000, "GPU0", "H", 1, 2, None)
    writer.add_device_samples([replace(newer, memory_used=2), newer])  # of one moment the last
    assert reader.devices() == [newer]
    assert reader.conn.execute("SELECT time FROM devices").fetchall() == [(newer.time,)]


def test_what_is_only_of_the_moment_is_kept_of_the_newest_sample(
    writer: StudyWriter, reader: StudyReader
) -> None:
    hot = DeviceSample(
        1000.0, "GPU0", "H", 1, 2, 0.5, temperature=71, power=312.5, others="bob", trouble="lent"
    )
    writer.add_device_samples([hot])
    assert reader.devices() == [hot]
    later = DeviceSample(1002.0, "GPU1", "H", 1, 2, 0.5)
    writer.add_device_samples([later])
    assert [(s.temperature, s.others) for s in reader.devices()] == [(None, ""), (None, "")]


def test_of_every_device_the_newest_sample_is_read(
    writer: StudyWriter, reader: StudyReader
) -> None:
    for t in (1, 2, 3):
        writer.add_device_samples([DeviceSample(t, name, "H", t, 9, 0.5) for name in ("b", "a")])
    assert [(s.device, s.memory_used) for s in reader.devices()] == [("a", 3), ("b", 3)]


def test_open_commands_of_some_actions_are_refused(writer: StudyWriter, path: Path) -> None:
    done, taken = ask(path, "kill"), ask(path, "kill")
    writer.answer_command(done, True, "killed")
    writer.take_commands()
    waits, other = ask(path, "retry"), ask(path, "pause")
    assert writer.refuse_commands(["kill", "retry"], "of an hour ago", time.time() - 3600) == 0
    assert writer.refuse_commands(["kill", "retry"], "it has ended", time.time()) == 2
    with StudyReader(path) as reader:
        found = [reader.command(n) for n in (done, taken, waits, other)]
    assert [c and (c.ok, c.answer) for c in found] == [
        (True, "killed"), (False, "it has ended"), (False, "it has ended"), (None, ""),
    ]  # fmt: skip


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
        with StudyReader(copy) as found:
            assert [t.number for t in found.trials()] == [1]
    finally:
        copy.parent.chmod(0o755)
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        StudyReader(tmp_path / "none.db")
    (tmp_path / "bad.db").write_bytes(b"x" * 5000)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        StudyReader(tmp_path / "bad.db")


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


def test_json_in_the_store_is_json(writer: StudyWriter) -> None:
    writer.add_trial(trial(why={"text": 'a "b" \x1b'}, tags=("x",)))
    why, tags = writer.conn.execute("SELECT why, tags FROM trials").fetchone()
    assert json.loads(why) == {"text": 'a "b" \x1b'}
    assert json.loads(tags) == ["x"]
