"""Opening SQLite files safely: write-ahead log where the file system allows it."""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hpo_tui.store.foreign_log import foreign_log

BUSY_SECONDS = 10.0

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "beegfs", "gpfs", "ceph", "glusterfs", "afs",
     "wekafs", "panfs", "pvfs2", "orangefs", "fuse.beegfs", "fuse.ceph", "fuse.ceph-fuse",
     "fuse.glusterfs", "fuse.moosefs", "fuse.mfs", "fuse.lizardfs", "fuse.cvmfs", "fuse.sshfs",
     "fuse.s3fs", "fuse.goofys", "fuse.mount-s3", "fuse.mountpoint-s3", "fuse.rclone",
     "fuse.gcsfuse", "fuse.blobfuse", "fuse.blobfuse2", "fuse.juicefs", "fuse.seaweedfs",
     "fuse.davfs", "fuse.smbnetfs", "9p", "virtiofs", "vboxsf", "prl_fs",
     "fuse.vmhgfs-fuse", "fuse.grpcfuse", "fakeowner"}
)  # fmt: skip
"""Types whose files several machines can have open, a virtual machine and its host among them."""

_ESCAPE = re.compile(r"\\([0-7]{3})")
_CANNOT_WRITE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)
"""What SQLite says where the shared memory cannot be made: a closed folder, a full disk."""


def file_system(path: Path) -> str:
    """Return the type of the file system that ``path`` lies on, ``""`` where it cannot be told."""
    try:
        # As the names of files are decoded, so that the two can be compared.
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").split("\n")
    except OSError:
        return ""
    target = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts:
        words = line.split(" ")
        if len(words) < 3:
            continue
        point = _ESCAPE.sub(lambda m: chr(int(m[1], 8)), words[1]).rstrip("/")
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
    _refuse_no_file(path)
    # SQLite would give nobody else the right to write, whatever the umask says; what lies beside
    # the file gets its mode from it.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    with closed_on_error(conn):
        mode = "DELETE" if on_network(path) else "WAL"
        conn.execute(f"PRAGMA journal_mode = {mode}").close()
    return conn


def _refuse_no_file(path: Path) -> None:
    """Say what SQLite calls a fault of the disk, or would wait for without an end."""
    if path.is_dir():
        raise sqlite3.OperationalError(
            f"{path.name} is a folder, which holds no study: move it away"
        )
    if path.exists() and not path.is_file():
        raise sqlite3.OperationalError(f"{path.name} is no regular file: move it away")


def _uri(path: Path, options: str) -> str:
    """Return what SQLite opens, also for a link that leads back to itself: it says why not."""
    return f"{Path(os.path.realpath(path)).as_uri()}?{options}"


@contextlib.contextmanager
def closed_on_error(conn: sqlite3.Connection) -> Iterator[None]:
    """Close a file that turns out to be of no use: a connection that is dropped open is a leak."""
    try:
        yield
    except BaseException:
        conn.close()
        raise


@contextlib.contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction in a study's file beside the runner's, on the disk when it returns.

    A file that is not there is not made: it would pass for a study.
    """
    _refuse_no_file(path)
    if foreign_log(path, log_of(path)):
        raise sqlite3.OperationalError(
            f"{log_of(path).name} beside it is the log of another {path.name}, as of one that was"
            " replaced by a copy: start the study, which sets that log aside, and ask again"
        )
    uri = _uri(path, "mode=rw")
    conn = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("BEGIN IMMEDIATE")
        yield conn
        conn.execute("COMMIT")
    finally:
        conn.close()


@contextlib.contextmanager
def one_moment(conn: sqlite3.Connection) -> Iterator[None]:
    """Have all that is read within show the file at one moment, whatever is written meanwhile.

    Within another it is the moment of that.
    """
    within = conn.in_transaction
    if within:
        yield
        return
    conn.execute("BEGIN")
    try:
        yield
    finally:
        if conn.in_transaction:  # some errors end it by themselves
            conn.execute("COMMIT")


def log_of(path: Path) -> Path:
    """Return where the write-ahead log of a database is."""
    return Path(f"{path}-wal")


def inode(path: Path) -> int:
    """Return by what one file is told from another in its place, 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def drop_log(path: Path, mine: int) -> None:
    """Remove the log with the inode ``mine`` of a database that is not at ``path`` any more.

    SQLite would take it for that of the file that is there now, and mix the pages of the two.
    """
    if mine and inode(log_of(path)) == mine:
        with contextlib.suppress(OSError):
            log_of(path).unlink()
            Path(f"{path}-shm").unlink()


def set_log_aside(path: Path) -> Path | None:
    """Rename the log beside a database if it is another one's; return its name now, None if not.

    For who holds the study: the log of a file that is written must not go.
    """
    log = log_of(path)
    found = foreign_log(path, log)
    if not found or inode(log) != found:
        return None
    aside = log.with_name(f"{log.name}.aside")
    log.replace(aside)
    Path(f"{path}-shm").unlink(missing_ok=True)
    return aside


class StillConnection(sqlite3.Connection):
    """To a file that is read as one that never changes: it sees nothing of what is written."""


def look(path: Path) -> tuple[int, ...]:
    """Return what is another once a database was written: times and sizes of it and of its log."""
    found: tuple[int, ...] = ()
    for one in (path, log_of(path)):
        with contextlib.suppress(OSError):
            seen = one.stat()
            found += (seen.st_mtime_ns, seen.st_size)
    return found


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open ``path`` for reading alone; also where nothing can be written beside it.

    Raises ``sqlite3.Error`` if there is no such file or it is no database.
    """
    _refuse_no_file(path)
    if foreign_log(path, log_of(path)) or _would_leave_files(path):
        return _connect_still(path)
    conn = sqlite3.connect(
        _uri(path, "mode=ro"), uri=True, timeout=BUSY_SECONDS, isolation_level=None,
        check_same_thread=False,
    )  # fmt: skip
    try:
        with closed_on_error(conn):
            conn.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        # An immutable file is never looked at again for changes: a file that is only locked has a
        # writer, and what that writes would never be seen.
        if error.sqlite_errorcode & 0xFF not in _CANNOT_WRITE:
            raise
        # A file in write-ahead mode in a read-only folder cannot make its shared memory. If no
        # log lies beside it, nothing is missing from the file itself.
        if log_of(path).exists() and log_of(path).stat().st_size > 0:
            raise
        return _connect_still(path)
    return conn


def _would_leave_files(path: Path) -> bool:
    """Whether to look at another user's file would leave a log beside it that is not its owner's.

    SQLite makes one with the rights of the file, so whoever may write that could do so no more.
    """
    if os.access(path, os.W_OK) or Path(f"{path}-shm").exists() or log_of(path).exists():
        return False
    return path.exists() and not on_network(path)


def _connect_still(path: Path) -> StillConnection:
    """Open a file as it is, without the log beside it."""
    conn = sqlite3.connect(
        _uri(path, "mode=ro&immutable=1"), uri=True, isolation_level=None,
        check_same_thread=False, factory=StillConnection,
    )  # fmt: skip
    with closed_on_error(conn):
        conn.execute("SELECT 1 FROM sqlite_master").fetchone()
    return conn
