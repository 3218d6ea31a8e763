"""What a process that tells people of a study writes into its file, beside a runner or after it.

Each call is a transaction of its own. Raises ``sqlite3.Error`` where that cannot be written; a file
that is not there is not made.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hpo_tui.store.connect import BUSY_SECONDS
from hpo_tui.store.rows import storable


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.resolve().as_uri()}?mode=rw"
    conn = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("BEGIN IMMEDIATE")
        yield conn
        conn.execute("COMMIT")
    finally:
        conn.close()


def take(path: Path, key: str) -> Any:
    """Return what is kept under ``key`` and keep it no more; None if somebody has taken it."""
    with _transaction(path) as conn:
        row = conn.execute("SELECT value FROM optimizer WHERE key = ?", (key,)).fetchone()
        conn.execute("DELETE FROM optimizer WHERE key = ?", (key,))
    return None if row is None else json.loads(row[0])


def add_event(path: Path, kind: str, text: str) -> None:
    """Record something that happened."""
    with _transaction(path) as conn:
        conn.execute(
            "INSERT INTO events (time, kind, trial, text, data) VALUES (?, ?, NULL, ?, '{}')",
            (time.time(), kind, storable(text)),
        )
