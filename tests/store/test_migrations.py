"""Files of an earlier schema, and how they are brought up to date."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Migrations

from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.db"


@pytest.fixture
def writer(path: Path) -> Iterator[StudyWriter]:
    """The writer of a study whose file is made one of the first schema."""
    writer = StudyWriter(path)
    writer.create_study("t", "text", 7)
    writer.add_trial(Trial(1, 1, "full", TrialState.RUNNING, 1.0, {"x": 0.5}, charged=1.0))
    writer.conn.execute("ALTER TABLE trials DROP COLUMN wasted")
    writer.add_event("started", "trial 1 starts", 1)
    writer.add_event("strange", "of no trial")
    writer.conn.execute("DROP INDEX events_trial")
    writer.conn.execute("DELETE FROM _sqlite_migrations WHERE name >= '0002'")
    yield writer
    writer.close()


def test_an_older_file_is_brought_up_to_date(writer: StudyWriter, path: Path) -> None:
    with StudyReader(path) as reader:
        found = reader.trial(1)
        assert found is not None
        assert found.wasted == 0.0  # as it is read by whoever cannot write it
        assert reader.frame().wasted.tolist() == [0.0]
        StudyWriter(path).close()
        found = reader.trial(1)
        assert found is not None
        assert found.wasted == 0.0


def test_of_several_who_bring_a_file_up_to_date_one_does(
    writer: StudyWriter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, real, others = threading.Event(), Migrations.pending, []

    def pending(self: Migrations, db: Any) -> Any:
        found = real(self, db)
        looked.set()
        return found

    monkeypatch.setattr(Migrations, "pending", pending)
    first = sqlite3.connect(path, isolation_level=None)
    first.execute("BEGIN IMMEDIATE")

    def open_and_close() -> None:
        StudyWriter(path).close()
        others.append(True)

    thread = threading.Thread(target=open_and_close)
    thread.start()
    assert looked.wait(30)
    first.execute("ALTER TABLE trials ADD COLUMN wasted REAL NOT NULL DEFAULT 0")
    first.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('hpo_tui', '0002_wasted', '')"
    )
    first.execute("COMMIT")
    first.close()
    thread.join()
    assert others == [True]


def test_the_events_of_a_trial_are_found_without_going_through_all(
    writer: StudyWriter, path: Path
) -> None:
    def plan(reader: StudyReader) -> str:
        sql = "EXPLAIN QUERY PLAN SELECT * FROM events WHERE trial = ? ORDER BY id DESC LIMIT ?"
        return str(reader.conn.execute(sql, (1, 10)).fetchone()[3])

    with StudyReader(path) as reader:
        assert plan(reader) == "SCAN events"
        assert [e.text for e in reader.events_of(1)] == ["trial 1 starts"]  # also without
        StudyWriter(path).close()
        assert [e.text for e in reader.events_of(1)] == ["trial 1 starts"]
    with StudyReader(path) as reader:
        assert "USING INDEX events_trial" in plan(reader)
        assert [e.text for e in reader.events_of(1)] == ["trial 1 starts"]
