"""What the process that sends notifications writes into a study's file, beside or after a runner.

Each call is a transaction of its own. Raises ``sqlite3.Error`` if the file cannot be written.
"""

import json
import time
from pathlib import Path
from typing import Any

from hpo_tui.store.connect import transaction
from hpo_tui.store.rows import storable


def take(path: Path, key: str) -> Any:
    """Return what is kept under ``key`` and keep it no more; None if somebody has taken it."""
    with transaction(path) as conn:
        row = conn.execute("SELECT value FROM optimizer WHERE key = ?", (key,)).fetchone()
        conn.execute("DELETE FROM optimizer WHERE key = ?", (key,))
    return None if row is None else json.loads(row[0])


def add_event(path: Path, kind: str, text: str) -> None:
    """Record something that happened."""
    with transaction(path) as conn:
        conn.execute(
            "INSERT INTO events (time, kind, trial, text, data) VALUES (?, ?, NULL, ?, '{}')",
            (time.time(), kind, storable(text)),
        )
