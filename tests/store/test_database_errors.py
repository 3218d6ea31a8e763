"""Files of a newer version, damaged ones, and those that cannot be written."""

import resource
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.connect import connect_reader
from hpo_tui.store.database_errors import explained
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.schema import NewerFileError
from hpo_tui.store.write import StudyWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "study.db"
    writer = StudyWriter(path)
    writer.create_study("t", "text " * 10_000, 0)
    writer.close()
    return path


def test_a_file_of_a_newer_version_is_neither_read_nor_written(path: Path) -> None:
    conn = sqlite3.connect(path)
    conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('hpo_tui', '0999_later', '')"
    )
    conn.commit()
    conn.close()
    before = path.read_bytes()
    for opened in (StudyReader, StudyWriter):
        with pytest.raises(NewerFileError) as caught:
            opened(path)
        assert "a newer version" in explained(caught.value)
        assert "update hpo-tui" in explained(caught.value)
    assert path.read_bytes() == before


def test_a_limit_for_files_is_named_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    assert explained(error).startswith("disk I/O error: the disk may be full")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (204_800, 204_800))
    assert "`ulimit -f` allows files of 200 KiB only" in explained(error)


def test_a_damaged_file_says_where_the_results_are(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:8192])
    with pytest.raises(sqlite3.DatabaseError) as caught, StudyReader(path) as reader:
        reader.study()
    assert "it is damaged" in explained(caught.value)
    assert "reports.jsonl" in explained(caught.value)


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("study SET state = 'junk'", StudyReader.study),
        ("trials SET resumed_from = 1e308", StudyReader.frame),
        ("trials SET ended = '[]'", StudyReader.frame),
        ("trials SET why = '{'", StudyReader.trials),
        ("events SET data = x'ff'", StudyReader.events),
        ("optimizer SET value = x'ff'", lambda reader: reader.get("kept")),
    ],
)
def test_a_value_that_others_have_written_is_damage(
    path: Path, change: str, read: Callable[[StudyReader], object]
) -> None:
    with closing(StudyWriter(path)) as writer:
        writer.add_trial(Trial(1, 1, "full", TrialState.COMPLETE, 1.0, {"x": 0.5}))
        writer.add_event("strange", "words")
        writer.put("kept", 1)
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(f"UPDATE {change}")
    with StudyReader(path) as reader, pytest.raises(sqlite3.DatabaseError) as caught:
        read(reader)
    assert "it is damaged (a value in it is none that hpo-tui writes:" in explained(caught.value)


@pytest.mark.parametrize("read", [StudyReader.trials, StudyReader.frame])
def test_a_state_that_another_program_has_written_is_said_to_be_none(
    path: Path, read: Callable[[StudyReader], object]
) -> None:
    writer = StudyWriter(path)
    for number in (1, 2):
        writer.add_trial(Trial(number, number, "full", TrialState.COMPLETE, 1.0, {}))
    writer.conn.execute("UPDATE trials SET state = 'done' WHERE number = 2")
    writer.close()
    with pytest.raises(sqlite3.DatabaseError) as caught, StudyReader(path) as reader:
        read(reader)
    assert "the state of trial 2 in it is none of waiting, running, " in explained(caught.value)


@pytest.mark.parametrize("opened", [StudyReader, StudyWriter])
def test_a_damaged_file_is_not_left_open(
    path: Path, opened: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def kept(*args: Any, **options: Any) -> sqlite3.Connection:
        made.append(connect(*args, **options))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", kept)
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        opened(path)
    for conn in made:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            conn.execute("SELECT 1")
    assert made


def test_a_file_that_one_may_not_write_is_said_to_be(path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught, closing(connect_reader(path)) as conn:
        conn.execute("DELETE FROM study")
    assert explained(caught.value).startswith("you may not write it")
    path.chmod(0o400)
    assert explained(caught.value, path).endswith("): it is yours, `chmod u+rw` opens it")
