"""Opening SQLite files safely: write-ahead log where the file system allows it."""

import os
import sqlite3
from pathlib import Path

BUSY_SECONDS = 10.0

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "lustre", "beegfs", "gpfs", "9p", "ceph",
     "glusterfs", "afs", "fuse.glusterfs"}
)  # fmt: skip


def file_system(path: Path) -> str:
    """Return the type of the file system that ``path`` lies on, ``""`` where it cannot be told."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    target = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts:
        words = line.split(" ")
        if len(words) < 3:
            continue
        point = words[1].encode().decode("unicode_escape", "replace").rstrip("/")
        inside = target == point or target.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, words[2]
    return kind


def on_network(path: Path) -> bool:
    """Whether ``path`` lies on a network file system, where a write-ahead log corrupts."""
    return file_system(path) in NETWORK_FILE_SYSTEMS


def connect(path: Path) -> sqlite3.Connection:
    """Open ``path`` for writing, made when missing, in autocommit mode.

    On a network file system the rollback journal is used instead of the write-ahead log, which
    needs shared memory that such systems do not give (sqlite.org/wal.html).
    """
    conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    mode = "DELETE" if on_network(path) else "WAL"
    conn.execute(f"PRAGMA journal_mode = {mode}").close()
    conn.execute("PRAGMA foreign_keys = ON").close()
    return conn


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open ``path`` for reading alone; also from a folder that cannot be written.

    Raises ``sqlite3.Error`` if there is no such file or it is no database.
    """
    uri = path.resolve().as_uri()
    conn = sqlite3.connect(
        f"{uri}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None,
        check_same_thread=False,
    )  # fmt: skip
    try:
        conn.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        conn.close()
        # A file in write-ahead mode in a read-only folder cannot make its shared memory. If no
        # log lies beside it, nothing is missing from the file itself.
        if Path(f"{path}-wal").exists() and Path(f"{path}-wal").stat().st_size > 0:
            raise
        conn = sqlite3.connect(
            f"{uri}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
        conn.execute("SELECT 1 FROM sqlite_master").fetchone()
    return conn
