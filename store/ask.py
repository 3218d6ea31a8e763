"""The one thing that others than the runner write: wishes in the ``commands`` table."""

import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_tui.store.connect import BUSY_SECONDS


def ask(path: Path, action: str, args: Mapping[str, Any] | None = None) -> int:
    """Add a command for the runner and return its id. Raises ``sqlite3.Error`` if it cannot.

    A file that is not there is not made: it would pass for a study.
    """
    uri = f"{path.resolve().as_uri()}?mode=rw"
    conn = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        conn.execute("BEGIN IMMEDIATE")
        cursor = conn.execute(
            "INSERT INTO commands (asked, action, args) VALUES (?, ?, ?)",
            (time.time(), action, json.dumps(args or {})),
        )
        conn.execute("COMMIT")
        return int(cursor.lastrowid or 0)
    finally:
        conn.close()
