"""The columns of the table ``trials`` that hold parameters and metrics: one real column each."""

import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

from hpo_tui.store.models import Value
from hpo_tui.store.schema import NUMBER, TEXT, TRUTH, quoted


class ValueColumns:
    """Which column a parameter (``p``) or a metric (``m``) has, and what it holds.

    Changes are made within the writer's transaction; :meth:`read` brings back what was before one
    that failed.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn
        self.read()

    def read(self) -> None:
        """Take in what the file says."""
        rows = self.conn.execute("SELECT kind, name, id, column, holds FROM columns").fetchall()
        self._columns = {(kind, name): (number, column) for kind, name, number, column, _ in rows}
        self._holds = {n: holds for kind, n, *_, holds in rows if kind == "p" and holds != NUMBER}
        self._last = max((number for number, _ in self._columns.values()), default=0)
        # SQLite's column names ignore case; parameters' do not.
        table = self.conn.execute("PRAGMA table_info(trials)").fetchall()
        self._taken = {str(row[1]).casefold() for row in table}

    def get(self, kind: str, name: str) -> tuple[int, str]:
        """Return (id, column) of a parameter or metric, adding it when new."""
        found = self._columns.get((kind, name))
        if found is not None:
            return found
        clean = "".join(c if c.isprintable() else "_" for c in name)[:60]
        column = base = f"{kind}_{clean}"
        count = 1
        while column.casefold() in self._taken:
            count += 1
            column = f"{base}_{count}"
        number = self._last + 1
        self.conn.execute(f"ALTER TABLE trials ADD COLUMN {quoted(column)}")
        self.conn.execute(
            "INSERT INTO columns (kind, name, id, column) VALUES (?, ?, ?, ?)",
            (kind, name, number, column),
        )
        self._columns[kind, name] = (number, column)
        self._taken.add(column.casefold())
        self._last = number
        return number, column

    def forget_all_but(self, kept: Collection[tuple[str, str]]) -> None:
        """Forget the others; their columns stay in the table, where nothing reads them."""
        for key in self._columns.keys() - kept:
            self.conn.execute("DELETE FROM columns WHERE kind = ? AND name = ?", key)
            del self._columns[key]
            self._holds.pop(key[1], None)

    def row(self, params: Mapping[str, Value], metrics: Mapping[str, float]) -> dict[str, Any]:
        """Return column → value."""
        row: dict[str, Any] = {self.get("p", k)[1]: v for k, v in params.items()}
        for name, value in params.items():
            self._note_kind(name, value)
        row |= {self.get("m", k)[1]: v for k, v in metrics.items()}
        return row

    def _note_kind(self, name: str, value: Value) -> None:
        """Write down what a parameter's column holds: SQLite itself stores true as 1."""
        known = self._holds.get(name, NUMBER)
        found = known
        if isinstance(value, str):
            found = TEXT
        elif isinstance(value, bool) and known == NUMBER:
            found = TEXT if self._holds_numbers(name) else TRUTH
        elif known == TRUTH and value not in (0, 1):
            found = TEXT
        if found != known:
            sql = "UPDATE columns SET holds = ? WHERE kind = 'p' AND name = ?"
            self.conn.execute(sql, (found, name))
            self._holds[name] = found

    def _holds_numbers(self, name: str) -> bool:
        column = quoted(self.get("p", name)[1])
        sql = f"SELECT 1 FROM trials WHERE {column} NOT IN (0, 1) LIMIT 1"
        return self.conn.execute(sql).fetchone() is not None
