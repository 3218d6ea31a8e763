"""How a study's file is opened: by the file system it lies on, and beside a writer."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo_tui.store import connect
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


def mount(monkeypatch: pytest.MonkeyPatch, point: str, kind: str) -> None:
    """Have ``point`` (as /proc/mounts spells it) lie on a file system of this kind."""
    mounts = f"none / ext4 rw 0 0\nserver:/x {point} {kind} rw 0 0\n"
    real = Path.read_text
    monkeypatch.setattr(
        Path, "read_text",
        lambda self, *a, **k: mounts if str(self) == "/proc/self/mounts" else real(self, *a, **k),
    )  # fmt: skip


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database that a writer has locked, in the mode that has readers wait."""
    conn = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode = DELETE").close()
    conn.execute("CREATE TABLE rows (n)")
    conn.execute("BEGIN EXCLUSIVE")
    yield conn
    conn.close()


def test_a_network_file_system_is_not_given_a_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(monkeypatch, str(tmp_path), "nfs4")
    assert connect.on_network(tmp_path / "study.db")
    writer = StudyWriter(tmp_path / "study.db")
    assert writer.conn.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    writer.close()
    assert not connect.on_network(Path("/elsewhere"))


def test_elsewhere_a_writer_does_not_wait_for_who_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0)
    writer = StudyWriter(tmp_path / "study.db")
    writer.create_study("t", "text", 0)
    with StudyReader(tmp_path / "study.db") as reader:
        reader.conn.execute("BEGIN")
        assert reader.study().reason == ""
        writer.update_study(reason="written meanwhile")
        assert reader.study().reason == ""
        reader.conn.execute("COMMIT")
        assert reader.study().reason == "written meanwhile"
    writer.close()


@pytest.mark.parametrize(
    ("point", "path"),
    [
        ("/mnt/données", "/mnt/données"),
        ("/mnt/資料", "/mnt/資料"),
        (r"/mnt/my\040nas", "/mnt/my nas"),
        (r"/mnt/a\134x41", r"/mnt/a\x41"),
        (r"/mnt/tab\011and\012line", "/mnt/tab\tand\nline"),
        ("/", "/mounted/over/another"),
    ],
)
def test_a_mount_point_is_read_as_the_kernel_writes_it(
    point: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(monkeypatch, point, "nfs4")
    assert connect.file_system(Path(path) / "s/study.db") == "nfs4"


@pytest.mark.parametrize("kind", ["fuse.ceph", "fuse.beegfs", "fuse.s3fs", "virtiofs"])
def test_kinds_that_several_machines_share(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mount(monkeypatch, "/data", kind)
    assert connect.on_network(Path("/data/study.db"))


def test_a_locked_file_is_not_taken_for_one_that_never_changes(
    tmp_path: Path, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.05)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        connect.connect_reader(tmp_path / "study.db")
    locked.execute("COMMIT")
    reader = connect.connect_reader(tmp_path / "study.db")
    locked.execute("INSERT INTO rows VALUES (1)")
    assert reader.execute("SELECT count(*) FROM rows").fetchone()[0] == 1
    reader.close()


def refuse_shared_memory(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Have SQLite refuse as it does in a folder that cannot be written (to root all can)."""
    real = sqlite3.connect

    class ReadOnlyFolder(sqlite3.Connection):
        def execute(self, *_: object) -> sqlite3.Cursor:
            error = sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorcode = code
            raise error

    def opened(place: str, **options: object) -> sqlite3.Connection:
        if "mode=ro" in str(place) and "immutable" not in place:
            options["factory"] = ReadOnlyFolder
        return real(place, **options)

    monkeypatch.setattr(connect.sqlite3, "connect", opened)


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY_CANTINIT,
        sqlite3.SQLITE_IOERR_SHMSIZE,  # a full disk
    ],
)
def test_a_file_whose_shared_memory_cannot_be_made_is_read_as_it_is(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.db"
    StudyWriter(path).close()
    refuse_shared_memory(monkeypatch, code)
    reader = connect.connect_reader(path)
    assert reader.execute("SELECT count(*) FROM trials").fetchone()[0] == 0
    reader.close()


def test_a_file_that_was_read_as_it_is_is_read_again_once_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.db"
    writer = StudyWriter(path)
    writer.create_study("t", "text", 0)
    writer.close()
    refuse_shared_memory(monkeypatch, sqlite3.SQLITE_CANTOPEN)
    with StudyReader(path) as reader:
        assert reader.changed()
        assert not reader.changed()
        writer = StudyWriter(path)
        writer.update_study(reason="another")
        writer.close()
        assert reader.changed()
        assert reader.study().reason == "another"
        assert not reader.changed()


def test_the_file_alone_says_all_once_it_is_written_though_somebody_reads_it(
    tmp_path: Path, writer: StudyWriter, reader: StudyReader
) -> None:
    assert reader.study().state is StudyState.NEW
    with writer.transaction():
        writer.update_study(state=StudyState.FINISHED)
    writer.close()
    alone = tmp_path / "alone.db"
    alone.write_bytes((tmp_path / "study.db").read_bytes())
    with StudyReader(alone) as found:
        assert found.study().state is StudyState.FINISHED


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o077])
def test_who_may_write_a_file_and_its_log_is_left_to_the_umask(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        writer = StudyWriter(tmp_path / "study.db")
    finally:
        os.umask(before)
    writer.create_study("t", "text", 0)
    modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()}
    writer.close()
    assert set(modes) == {"study.db", "study.db-wal", "study.db-shm"}
    assert set(modes.values()) == {0o666 & ~mask}


def test_a_pipe_in_the_place_of_a_database_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)  # should it be opened all the same, that does not wait
    try:
        for opens in (connect.connect, connect.connect_reader):
            with pytest.raises(sqlite3.OperationalError, match=r"study.db is no regular file"):
                opens(path)
    finally:
        os.close(held)


def test_a_link_that_leads_back_to_itself_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    path.symlink_to(path)
    for opens in (connect.connect, connect.connect_reader):
        with pytest.raises(sqlite3.OperationalError, match="unable to open"):
            opens(path)
    with pytest.raises(sqlite3.OperationalError, match="unable to open"), connect.transaction(path):
        pass


def test_the_log_of_a_file_that_is_gone_goes_and_that_of_another_stays(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    log, memory = connect.log_of(path), tmp_path / "study.db-shm"
    log.write_bytes(b"log")
    memory.write_bytes(b"memory")
    for another in (0, connect.inode(log) + 1):
        connect.drop_log(path, another)
        assert log.exists()
        assert memory.exists()
    connect.drop_log(path, connect.inode(log))
    assert list(tmp_path.iterdir()) == []
