"""Requests to a runner: rows of ``commands``, the one table that others than it may write."""

import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_tui.store.connect import transaction


def ask(path: Path, action: str, args: Mapping[str, Any] | None = None) -> int:
    """Add a command for the runner and return its id. Raises ``sqlite3.Error`` if it cannot."""
    with transaction(path) as conn:
        return insert(conn, action, args or {})


def insert(conn: sqlite3.Connection, action: str, args: Mapping[str, Any]) -> int:
    """Add a command in a transaction that is under way; return its id."""
    sql = "INSERT INTO commands (asked, action, args) VALUES (?, ?, ?)"
    return int(conn.execute(sql, (time.time(), action, json.dumps(args))).lastrowid or 0)


def take_back(path: Path, number: int) -> bool:
    """Take a command back; False if it was answered. For who keeps runners out meanwhile.

    Raises ``sqlite3.Error`` if it cannot.
    """
    with transaction(path) as conn:
        sql = "DELETE FROM commands WHERE id = ? AND answered IS NULL"
        return conn.execute(sql, (number,)).rowcount > 0
