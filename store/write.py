"""What the one writer of a study may do, each in one transaction."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from hpo_tui.store.ask import insert
from hpo_tui.store.connect import closed_on_error, connect, inode, set_log_aside
from hpo_tui.store.models import (
    Command,
    DeviceSample,
    Report,
    StudyState,
    Trial,
)
from hpo_tui.store.rows import (
    FLEETING,
    TRIAL_FIELDS,
    command_from,
    encode_trial,
    fleeting,
    storable,
)
from hpo_tui.store.schema import DEVICE_NAMES, migrate, quoted
from hpo_tui.store.value_columns import ValueColumns

_DAY = 86_400.0
"""Seconds for which samples of devices are kept."""
_LOGS = 1 << 31
"""SQLite keeps the count of logs in 32 bits, with a sign."""
_STUDY_FIELDS = {"name", "text", "state", "reason", "seed", "started", "ended"}


class StudyWriter:
    """The write side of a study's file. One per study: the holder of the runner's lock.

    Raises ``sqlite3.Error`` from every method when the file cannot be written (a full disk, a
    read-only folder); the transaction at hand is rolled back, so nothing is half written.
    """

    def __init__(self, path: Path) -> None:
        self.aside = set_log_aside(path)
        """Where the log of another file is now that lay beside this one; None without any."""
        there = inode(path)  # before: another may come into its place at any time
        self.conn: sqlite3.Connection = connect(path)
        self.file = there or inode(path)
        """The inode of the file that is written."""
        self._counted = False
        """Whether the present log says which file it goes on from."""
        with closed_on_error(self.conn):
            migrate(self.conn)
            self._columns = ValueColumns(self.conn)
            newest = self.conn.execute("SELECT coalesce(max(rev), 0) FROM trials").fetchone()
        self._rev = int(newest[0])

    def close(self) -> None:
        """Close the file, with its log folded into it.

        SQLite does that only for the last who has it open, which a dashboard may be.
        """
        with contextlib.suppress(sqlite3.Error):  # a full disk: all of it is in the log
            self.fold()
        self.conn.close()

    def fold(self) -> None:
        """Fold the write-ahead log into the file, so that the file says nearly all by itself.

        SQLite waits for 4 MiB of log: many a study is smaller, and a file that is copied alone, or
        whose log somebody deletes, would know nothing of it. Readers are not waited for.
        """
        self.conn.execute("PRAGMA wal_checkpoint(PASSIVE)").close()
        self._counted = False  # what is written next begins the log anew

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
            self._count_log()
            yield
            self.conn.execute("COMMIT")
        except BaseException:
            self.conn.rollback()
            self._counted = False
            self._columns.read()
            raise

    def _count_log(self) -> None:
        """Have the log begin with how many there were: see :mod:`hpo_tui.store.foreign_log`."""
        if not self._counted:
            (count,) = self.conn.execute("PRAGMA user_version").fetchone()
            self.conn.execute(f"PRAGMA user_version = {(count + 1) % _LOGS}")
            self._counted = True

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

    def declare(self, params: Iterable[str], metrics: Iterable[str]) -> None:
        """Make the columns of these parameters and metrics, so that readers find them in order."""
        with self.transaction():
            for name in params:
                self._columns.get("p", name)
            for name in metrics:
                self._columns.get("m", name)

    def forget_columns(self, params: Iterable[str], metrics: Iterable[str]) -> None:
        """Forget the parameters and metrics but these, unless there are trials that have them.

        For a definition that takes the place of one that never ran. Their columns stay in the
        table, where nothing reads them: SQLite can drop a column only since 3.35.
        """
        kept = {("p", name) for name in params} | {("m", name) for name in metrics}
        with self.transaction():
            if self.conn.execute("SELECT 1 FROM trials LIMIT 1").fetchone():
                return
            self._columns.forget_all_but(kept)

    # trials

    def add_trial(self, trial: Trial) -> None:
        """Insert a trial. Raises ``sqlite3.IntegrityError`` if its number is taken."""
        with self.transaction():
            row = encode_trial({f.name: getattr(trial, f.name) for f in fields(trial)})
            row |= self._columns.row(trial.params, trial.metrics)
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
            columns = self._columns.row(values.pop("params", {}), values.pop("metrics", {}))
            row = encode_trial(values) | columns
            self._rev += 1
            row["rev"] = self._rev
            sets = ", ".join(f"{quoted(k)} = ?" for k in row)
            self.conn.execute(f"UPDATE trials SET {sets} WHERE number = ?", (*row.values(), number))

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
                    metric = self._columns.get("m", name)[0]
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

    def move_events(self, shift: float, since: float, trials: Iterable[int]) -> None:
        """Date events later by ``shift`` seconds: those from ``since`` on, and all of ``trials``.

        For a clock that was set.
        """
        sql = (
            "UPDATE events SET time = time + ? WHERE time >= ?"
            " OR trial IN (SELECT value FROM json_each(?))"
        )
        with self.transaction():
            self.conn.execute(sql, (shift, since, json.dumps(list(trials))))

    def add_command(self, action: str, args: Mapping[str, Any]) -> None:
        """Leave a command to the next runner, for who keeps runners out meanwhile."""
        with self.transaction():
            insert(self.conn, action, args)

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

    def retake_commands(self) -> set[int]:
        """Have the commands taken that an earlier runner took and never answered, or never saw.

        Return which ones these are.
        """
        with self.transaction():
            cursor = self.conn.execute("SELECT id FROM commands WHERE answered IS NULL")
            found = {int(number) for (number,) in cursor.fetchall()}
            self.conn.execute("UPDATE commands SET taken = NULL WHERE answered IS NULL")
        return found

    def refuse_commands(self, actions: Sequence[str], answer: str, before: float) -> int:
        """Answer no to all open commands of these actions, taken or not; return how many.

        Those that were asked ``before`` a time (Unix), or later than now: a clock was set back.
        """
        sql = (
            "UPDATE commands SET answered = :now, ok = 0, answer = :answer"
            " WHERE answered IS NULL AND action IN (SELECT value FROM json_each(:actions))"
            " AND NOT asked BETWEEN :before AND :now"
        )
        with self.transaction():
            given = {"now": time.time(), "answer": answer, "before": before}
            return self.conn.execute(sql, given | {"actions": json.dumps(actions)}).rowcount

    def answer_command(self, command: int, ok: bool, answer: str) -> None:
        """Tell the asker how it went."""
        with self.transaction():
            self.conn.execute(
                "UPDATE commands SET answered = ?, ok = ?, answer = ? WHERE id = ?",
                (time.time(), ok, storable(answer), command),
            )

    def add_device_samples(self, samples: Sequence[DeviceSample]) -> None:
        """Store telemetry and forget what is older than a day, or of the future.

        That was stored before the machine's clock was set back, and would pass for the newest.
        """
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
                self.put(FLEETING, fleeting(samples))
                self._forget_samples(max(s.time for s in samples))

    def _forget_samples(self, now: float) -> None:
        """Forget the samples that are not of the day up to ``now`` (Unix time)."""
        names = self.conn.execute(f"{DEVICE_NAMES} SELECT device FROM names").fetchall()
        for beyond, end in (("<", now - _DAY), (">", now)):
            # By device, as the samples lie: else all of them would be gone through each time.
            sql = f"DELETE FROM devices WHERE device = ? AND time {beyond} ?"
            self.conn.executemany(sql, [(name, end) for (name,) in names])

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
