"""Opening Optuna's storages: a URL, an SQLite file or a journal file.

Only the command line's ``export`` and ``import`` come here; importing Optuna takes a second.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hpo_tui.store.database_errors import explained
from hpo_tui.store.file_errors import in_words

if TYPE_CHECKING:
    import optuna

_SQLITE = b"SQLite format 3\x00"


@contextmanager
def opened(where: str, *, make: bool, called: str = "") -> "Iterator[optuna.storages.BaseStorage]":
    """Open the storage at ``where``, a URL (``sqlite:///x.db``) or a path, and close it after.

    A path that holds an SQLite file, or ends in ``.db``, ``.sqlite`` or ``.sqlite3``, is one; any
    other is a journal. ``called``: how it is named to people. Raises FileNotFoundError unless
    ``make``, ValueError if it is no storage.
    """
    import optuna

    storage = _open(where, make=make, called=called)
    try:
        yield storage
    finally:
        if isinstance(storage, optuna.storages.RDBStorage):
            storage.remove_session()
            storage.engine.dispose()


def _open(where: str, *, make: bool, called: str) -> "optuna.storages.BaseStorage":
    import optuna
    from optuna.storages.journal import JournalFileBackend
    from sqlalchemy.pool import NullPool

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = where.removeprefix("sqlite:///")
    there = "://" in file or Path(file).is_file()
    if not there and not make:
        raise FileNotFoundError(2, "no such file", where)
    try:
        if not is_sqlite(where):
            return optuna.storages.JournalStorage(JournalFileBackend(where))
        url = where if "://" in where else f"sqlite:///{Path(where).resolve()}"
        return optuna.storages.RDBStorage(
            url,
            # Without a pool no connection is left open where Optuna finds that it is no storage.
            engine_kwargs={"poolclass": NullPool},
            skip_table_creation=not make,
        )
    except Exception as error:
        # SQLAlchemy, JSON and Optuna each raise their own kinds for what is no storage.
        if make and not there:
            raise ValueError(f"{called or where} cannot be made: {fault(error)}") from error
        instead = _instead(where, fault(error))
        raise ValueError(f"{where} is no storage of Optuna's{instead}") from error


def fault(error: BaseException) -> str:
    """Return what is wrong with a storage, as far as its files tell, else what the error says.

    What SQLAlchemy and Optuna raise names none of them, or a file that is gone when it is read.
    """
    at: BaseException | None = error
    while at is not None:
        theirs = getattr(at, "orig", None)
        if isinstance(theirs, sqlite3.Error):
            return explained(theirs)
        if isinstance(at, OSError):
            return in_words(at if at is error else OSError(at.errno, at.strerror))
        at = at.__cause__ or at.__context__
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _instead(where: str, fault: str) -> str:
    """Return what a storage that cannot be opened is, as far as its place tells, or its fault."""
    file = Path(where.removeprefix("sqlite:///"))
    if file.name == "study.db":
        return f": is it a study of hpo-tui? Then hpo-tui watch {file.parent} shows it"
    if "://" in where and not file.is_file():
        return f": {fault}"
    tables = ".csv, .tsv, .txt, .jsonl, .json or .ndjson"
    return f", which is an SQLite file, a journal file or a URL; a table ends in {tables}"


def is_sqlite(where: str) -> bool:
    """Whether a storage is no journal: a URL, an SQLite file, or what is to become one."""
    if "://" in where:
        return True
    path = Path(where)
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            return file.read(16) == _SQLITE
    return path.suffix in (".db", ".sqlite", ".sqlite3")
