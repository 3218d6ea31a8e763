"""A file that was put back from a copy, beside the log of another: the two are not mixed."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo_tui.store import connect
from hpo_tui.store.ask import ask
from hpo_tui.store.connect import StillConnection, foreign_log, log_of
from hpo_tui.store.models import Report, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


class Files:
    """A study's files while its writer lives, copied as a killed one would leave them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "live").mkdir()
        self.writer = StudyWriter(folder / "live" / "study.db")
        self.writer.create_study("t", "", 0)
        self.path = folder / "study.db"

    def work(self, *numbers: int, metric: str = "a") -> None:
        for number in numbers:
            self.writer.add_trial(
                Trial(number, number, "full", TrialState.RUNNING, 1.0, {"x": number / 100})
            )
            self.writer.add_reports([Report(number, 1, 1, {metric: number / 10})])

    def copy(self, name: str) -> Path:
        """Return a copy of the file alone, as it is."""
        return Path(shutil.copy(self.writer_path, self.folder / name))

    @property
    def writer_path(self) -> Path:
        return self.folder / "live" / "study.db"

    def leave(self, db: Path | None = None) -> Path:
        """Return what a kill leaves, with the file ``db`` put in the place of its own."""
        shutil.copy(db or self.writer_path, self.path)
        shutil.copy(log_of(self.writer_path), log_of(self.path))
        return self.path


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    made = Files(tmp_path)
    yield made
    made.writer.close()


def numbers(path: Path) -> list[int]:
    with StudyReader(path) as reader:
        return [t.number for t in reader.trials()]


def is_sound(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path)) as conn:
        return bool(conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


def older(files: Files) -> Path:
    files.work(1, 2)
    files.writer.fold()
    return files.copy("older.db")


@pytest.mark.parametrize("how", ["copied", "vacuumed", "vacuumed late"])
def test_an_older_copy_is_read_and_written_without_the_log_of_the_other(
    files: Files, how: str
) -> None:
    copy = older(files)
    if how == "vacuumed":
        copy.unlink()
        files.writer.conn.execute(f"VACUUM INTO '{copy}'")
    files.work(*range(3, 30))
    files.writer.fold()
    files.work(*range(30, 40))
    if how == "vacuumed late":  # nothing is missing in it, but its pages lie otherwise
        copy.unlink()
        files.writer.conn.execute(f"VACUUM INTO '{copy}'")
    path = files.leave(copy)
    known = list(range(1, 40)) if how == "vacuumed late" else [1, 2]
    with StudyReader(path) as reader:
        assert isinstance(reader.conn, StillConnection)
        assert [t.number for t in reader.trials()] == known
        with pytest.raises(sqlite3.OperationalError, match=r"log of another study\.db"):
            ask(path, "pause")
        writer = StudyWriter(path)
        assert writer.aside == path.with_name("study.db-wal.aside")
        writer.update_trial(1, note="seen")
        assert reader.changed()  # though it was opened as a file that nobody writes
        assert [t.number for t in reader.trials()] == known
        assert reader.trials()[0].note == "seen"
    writer.close()
    assert is_sound(path)


def test_without_the_check_the_two_are_mixed(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = older(files)
    files.work(*range(3, 60))
    files.writer.fold()
    files.work(*range(60, 70))
    path = files.leave(copy)
    monkeypatch.setattr(connect, "foreign_log", lambda *_: 0)
    with contextlib.suppress(sqlite3.Error):
        StudyWriter(path).close()
    assert not is_sound(path)


def test_a_file_ahead_of_the_log_beside_it_is_not_taken_back(files: Files) -> None:
    older(files)
    files.work(3)
    shutil.copy(log_of(files.writer_path), files.folder / "kept")
    for number in range(4, 9):
        files.writer.fold()
        files.work(number)
    files.writer.fold()
    path = files.leave()
    (files.folder / "kept").replace(log_of(path))
    assert numbers(path) == list(range(1, 9))
    writer = StudyWriter(path)
    assert writer.aside
    writer.close()


@pytest.mark.parametrize("folds", range(4))
@pytest.mark.parametrize("metrics", ["a", "abcdefgh"])
def test_a_file_keeps_its_own_log(files: Files, folds: int, metrics: str) -> None:
    for number in range(1, 9):
        files.work(number, metric=metrics[number % len(metrics)])
        path = files.leave()
        assert numbers(path) == list(range(1, number + 1))
        assert not foreign_log(path, log_of(path))
        if folds and number % folds == 0:
            files.writer.fold()
            path = files.leave()
            assert not foreign_log(path, log_of(path)), "all of it is folded in"
            ask(files.writer_path, "pause")  # begins the log anew, and counts nothing
            assert not foreign_log(files.leave(), log_of(path))
    writer = StudyWriter(path)
    assert writer.aside is None
    writer.close()
    assert numbers(path) == list(range(1, 9))


def test_a_log_that_a_reader_has_kept_from_being_folded_in_is_its_file_s_own(files: Files) -> None:
    files.work(1)
    with StudyReader(files.writer_path) as reader:
        reader.conn.execute("BEGIN")
        reader.counts()
        for number in range(2, 6):
            files.work(number)
            files.writer.fold()  # as far as the reader lets it
            assert numbers(files.leave()) == list(range(1, number + 1))
        reader.conn.execute("COMMIT")
        files.writer.fold()
        assert numbers(files.leave()) == [1, 2, 3, 4, 5]


def test_a_log_of_a_version_that_counted_none_is_taken(files: Files) -> None:
    files.writer._counted = True
    files.work(1)
    files.writer.fold()
    files.writer._counted = True
    files.work(2)
    assert numbers(files.leave()) == [1, 2]


@pytest.mark.parametrize("size", [0, 20, 32, 60, 2000, 5000])
def test_a_log_that_was_cut_is_no_reason_to_leave_it(files: Files, size: int) -> None:
    files.work(1)
    files.writer.fold()
    files.work(2)
    path = files.leave()
    with log_of(path).open("r+b") as log:
        log.truncate(size)
    assert numbers(path) == [1]
    writer = StudyWriter(path)
    assert writer.aside is None
    writer.close()
