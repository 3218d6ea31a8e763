"""What the one writer of a study may do, each in one transaction."""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from hpo_tui.store.connect import connect
from hpo_tui.store.models import (
    Command,
    DeviceSample,
    Report,
    StudyState,
    Trial,
    Value,
)
from hpo_tui.store.rows import TRIAL_FIELDS, command_from, encode_trial, storable
from hpo_tui.store.schema import NUMBER, TEXT, TRUTH, migrate, quoted

_STUDY_FIELDS = {"name", "text", "state", "reason", "seed", "started", "ended"}


class StudyWriter:
    """The write side of a study's file. One per study: the holder of the runner's lock.

    Raises ``sqlite3.Error`` from every method when the file cannot be written (a full disk, a
    read-only folder); the transaction at hand is rolled back, so nothing is half written.
    """

    def __init__(self, path: Path) -> None:
        self.conn: sqlite3.Connection = connect(path)
        migrate(self.conn)
        self._columns = self._read_columns()
        self._holds = self._read_holds()
        self._rev = int(self.conn.execute("SELECT coalesce(max(rev), 0) FROM trials").fetchone()[0])

    def close(self) -> None:
        """Close the file; SQLite folds its log into it."""
        self.conn.close()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """One transaction, nested ones joining it. ``durable``: on the disk when it returns."""
        if self.conn.in_transaction:
            yield
            return
        self.conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        # A deferred transaction that reads, then writes, fails under contention at any timeout.
        self.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.conn.execute("COMMIT")
        except BaseException:
            self.conn.rollback()
            self._columns = self._read_columns()
            self._holds = self._read_holds()
            raise

    # the study

    def create_study(self, name: str, text: str, seed: int) -> None:
        """Write the study's row. Does nothing if there is one."""
        with self.transaction():
            self.conn.execute(
                "INSERT OR IGNORE INTO study (id, name, text, state, seed, created)"
                " VALUES (1, ?, ?, ?, ?, ?)",
                (name, text, StudyState.NEW, seed, time.time()),
            )

    def update_study(self, **values: Any) -> None:
        """Set fields of the study's row; a new ``text`` counts as a revision."""
        _check(values, _STUDY_FIELDS)
        sets = ", ".join(f"{quoted(k)} = ?" for k in values)
        bump = ", revision = revision + 1" if "text" in values else ""
        with self.transaction():
            given = tuple(map(storable, values.values()))
            self.conn.execute(f"UPDATE study SET {sets}{bump}", given)

    # columns of parameters and metrics

    def _read_columns(self) -> dict[tuple[str, str], tuple[int, str]]:
        rows = self.conn.execute("SELECT kind, name, id, column FROM columns").fetchall()
        return {(kind, name): (number, column) for kind, name, number, column in rows}

    def _read_holds(self) -> dict[str, str]:
        rows = self.conn.execute("SELECT name, holds FROM columns WHERE kind = 'p'").fetchall()
        return {name: holds for name, holds in rows if holds != NUMBER}

    def _column(self, kind: str, name: str) -> tuple[int, str]:
        """Return (id, column) of a parameter (``p``) or metric (``m``), adding it when new."""
        found = self._columns.get((kind, name))
        if found is not None:
            return found
        with self.transaction():
            # SQLite's column names ignore case; parameters' do not.
            taken = {str(r[1]).casefold() for r in self.conn.execute("PRAGMA table_info(trials)")}
            clean = "".join(c if c.isprintable() else "_" for c in name)[:60]
            column = base = f"{kind}_{clean}"
            count = 1
            while column.casefold() in taken:
                count += 1
                column = f"{base}_{count}"
            number = max((n for n, _ in self._columns.values()), default=0) + 1
            self.conn.execute(f"ALTER TABLE trials ADD COLUMN {quoted(column)}")
            self.conn.execute(
                "INSERT INTO columns (kind, name, id, column) VALUES (?, ?, ?, ?)",
                (kind, name, number, column),
            )
            self._columns[kind, name] = (number, column)
        return number, column

    def declare(self, params: Iterable[str], metrics: Iterable[str]) -> None:
        """Make the columns of these parameters and metrics, so that readers find them in order."""
        with self.transaction():
            for name in params:
                self._column("p", name)
            for name in metrics:
                self._column("m", name)

    def forget_columns(self, params: Iterable[str], metrics: Iterable[str]) -> None:
        """Forget the parameters and metrics but these, unless there are trials that have them.

        For a definition that takes the place of one that never ran. Their columns stay in the
        table, where nothing reads them: SQLite can drop a column only since 3.35.
        """
        kept = {("p", name) for name in params} | {("m", name) for name in metrics}
        with self.transaction():
            if self.conn.execute("SELECT 1 FROM trials LIMIT 1").fetchone():
                return
            for key in self._columns.keys() - kept:
                self.conn.execute("DELETE FROM columns WHERE kind = ? AND name = ?", key)
                del self._columns[key]
                self._holds.pop(key[1], None)

    # trials

    def add_trial(self, trial: Trial) -> None:
        """Insert a trial. Raises ``sqlite3.IntegrityError`` if its number is taken."""
        with self.transaction():
            row = encode_trial({f.name: getattr(trial, f.name) for f in fields(trial)})
            row |= self._value_columns(trial.params, trial.metrics)
            self._rev += 1
            row["rev"] = self._rev
            names = ", ".join(quoted(k) for k in row)
            marks = ", ".join("?" * len(row))
            sql = f"INSERT INTO trials ({names}) VALUES ({marks})"
            self.conn.execute(sql, tuple(row.values()))

    def add_trials(self, trials: Iterable[Trial]) -> None:
        """Insert many trials in one transaction (import, generated studies)."""
        with self.transaction(durable=False):
            for trial in trials:
                self.add_trial(trial)

    def update_trial(self, number: int, *, durable: bool = True, **values: Any) -> None:
        """Set fields of a trial (names of :class:`Trial`); ``metrics`` are merged in."""
        _check(values, set(TRIAL_FIELDS) | {"metrics", "params"})
        with self.transaction(durable=durable):
            columns = self._value_columns(values.pop("params", {}), values.pop("metrics", {}))
            row = encode_trial(values) | columns
            self._rev += 1
            row["rev"] = self._rev
            sets = ", ".join(f"{quoted(k)} = ?" for k in row)
            self.conn.execute(f"UPDATE trials SET {sets} WHERE number = ?", (*row.values(), number))

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
        column = quoted(self._column("p", name)[1])
        sql = f"SELECT 1 FROM trials WHERE {column} NOT IN (0, 1) LIMIT 1"
        return self.conn.execute(sql).fetchone() is not None

    def _value_columns(
        self, params: Mapping[str, Value], metrics: Mapping[str, float]
    ) -> dict[str, Any]:
        row: dict[str, Any] = {self._column("p", k)[1]: v for k, v in params.items()}
        for name, value in params.items():
            self._note_kind(name, value)
        row |= {self._column("m", k)[1]: v for k, v in metrics.items()}
        return row

    # reports

    def add_reports(
        self, reports: Sequence[Report], offsets: Mapping[int, tuple[int, int]] | None = None
    ) -> None:
        """Store reports and, in the same transaction, how far each trial's file has been read.

        ``offsets``: trial → (bytes, lines). A line stored before is left as it is, so a batch
        that is told twice is stored once.
        """
        latest: dict[int, dict[str, float]] = {}
        steps: dict[int, int] = {}
        with self.transaction(durable=False):
            rows = []
            for report in reports:
                for name, value in report.metrics.items():
                    metric = self._column("m", name)[0]
                    rows.append((report.trial, report.seq, metric, report.step, value))
                latest.setdefault(report.trial, {}).update(report.metrics)
                if report.step is not None:
                    steps[report.trial] = report.step
            self.conn.executemany("INSERT OR IGNORE INTO reports VALUES (?, ?, ?, ?, ?)", rows)
            for number in latest.keys() | (offsets or {}).keys():
                values: dict[str, Any] = {"metrics": latest.get(number, {})}
                if number in steps:
                    values["step"] = steps[number]
                if offsets and number in offsets:
                    values["report_offset"], values["report_seq"] = offsets[number]
                self.update_trial(number, durable=False, **values)

    # events, commands, devices, optimizer

    def add_event(
        self,
        kind: str,
        text: str,
        trial: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Record something decided or noticed."""
        with self.transaction(durable=False):
            self.conn.execute(
                "INSERT INTO events (time, kind, trial, text, data) VALUES (?, ?, ?, ?, ?)",
                (time.time(), kind, trial, storable(text), json.dumps(data or {})),
            )

    def take_commands(self) -> list[Command]:
        """Return the commands not taken yet, oldest first, and mark them taken."""
        sql = "SELECT * FROM commands WHERE answered IS NULL AND taken IS NULL ORDER BY id"
        if self.conn.execute(sql).fetchone() is None:
            return []
        with self.transaction():
            cursor = self.conn.execute(sql)
            names = [d[0] for d in cursor.description]
            commands = [command_from(dict(zip(names, row, strict=True))) for row in cursor]
            self.conn.executemany(
                "UPDATE commands SET taken = ? WHERE id = ?",
                [(time.time(), c.id) for c in commands],
            )
        return commands

    def retake_commands(self) -> None:
        """Have the commands that an earlier runner took and never answered taken again."""
        with self.transaction():
            self.conn.execute("UPDATE commands SET taken = NULL WHERE answered IS NULL")

    def refuse_commands(self, actions: Sequence[str], answer: str) -> int:
        """Answer no to all open commands of these actions, taken or not; return how many."""
        sql = (
            "UPDATE commands SET answered = ?, ok = 0, answer = ? WHERE answered IS NULL"
            " AND action IN (SELECT value FROM json_each(?))"
        )
        with self.transaction():
            cursor = self.conn.execute(sql, (time.time(), answer, json.dumps(actions)))
            return cursor.rowcount

    def answer_command(self, command: int, ok: bool, answer: str) -> None:
        """Tell the asker how it went."""
        with self.transaction():
            self.conn.execute(
                "UPDATE commands SET answered = ?, ok = ?, answer = ? WHERE id = ?",
                (time.time(), ok, storable(answer), command),
            )

    def add_device_samples(self, samples: Sequence[DeviceSample], keep: float = 86400.0) -> None:
        """Store telemetry and forget what is older than ``keep`` seconds."""
        with self.transaction(durable=False):
            self.conn.executemany(
                "INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (s.time, s.device, s.name, s.memory_used, s.memory_total, s.utilization,
                     json.dumps(s.trials), s.foreign)
                    for s in samples
                ],
            )  # fmt: skip
            if samples:
                oldest = max(s.time for s in samples) - keep
                self.conn.execute("DELETE FROM devices WHERE time < ?", (oldest,))

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON value of the optimizer's or the analysis's under ``key``."""
        with self.transaction(durable=False):
            self.conn.execute(
                "INSERT OR REPLACE INTO optimizer VALUES (?, ?, ?)",
                (key, json.dumps(value), time.time()),
            )

    def drop(self, *keys: str) -> None:
        """Keep nothing under these keys any more."""
        with self.transaction(durable=False):
            sql = "DELETE FROM optimizer WHERE key = ?"
            self.conn.executemany(sql, [(key,) for key in keys])


def _check(values: Mapping[str, Any], allowed: set[str]) -> None:
    unknown = values.keys() - allowed
    if unknown:
        raise KeyError(f"no such field: {', '.join(sorted(unknown))}")
