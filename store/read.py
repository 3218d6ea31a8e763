"""What a reader may ask of a study's file. Any number of readers, none of them ever writes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_tui.store.columns import FrameReader
from hpo_tui.store.connect import (
    StillConnection,
    closed_on_error,
    connect_reader,
    look,
    one_moment,
)
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import (
    Command,
    DeviceSample,
    Event,
    Report,
    Study,
    Trial,
    TrialState,
)
from hpo_tui.store.rows import (
    FLEETING,
    command_from,
    device_from,
    event_from,
    legible,
    study_from,
    trial_from,
)
from hpo_tui.store.schema import DEVICE_NAMES, TRUTH, check_known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class StudyReader:
    """The read side of a study's file. Use it from one thread at a time.

    Raises ``sqlite3.Error`` when the file is missing, no study or a newer version's. Every method
    closes its cursor, because one left open would keep the writer's log from being folded in.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def _open(self) -> None:
        self._look = look(self.path)
        self.conn = connect_reader(self.path)
        with closed_on_error(self.conn):
            check_known(self.conn)
        self._version = -1
        self._frames = FrameReader(self.conn)

    def __enter__(self) -> "StudyReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.conn.close()

    def changed(self) -> bool:
        """Whether anything was written since this was last asked (true the first time)."""
        if isinstance(self.conn, StillConnection) and look(self.path) != self._look:
            self.conn.close()
            self._open()
        version = int(self.conn.execute("PRAGMA data_version").fetchone()[0])
        changed, self._version = version != self._version, version
        return changed

    def one_moment(self) -> AbstractContextManager[None]:
        """Have all that is asked within be of one moment; what takes long belongs outside.

        The writer's log cannot be folded in meanwhile, nor, on a network, anything be written.
        """
        return one_moment(self.conn)

    def _rows(self, sql: str, args: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        cursor = self.conn.execute(sql, args)
        names = [d[0] for d in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.close()
        return rows

    # the study and its trials

    @legible()
    def study(self) -> Study:
        """Return the study's row. Raises LookupError if it has not been written yet."""
        rows = self._rows("SELECT * FROM study")
        if not rows:
            raise LookupError(f"{self.path} holds no study yet")
        return study_from(rows[0])

    def columns(self, kind: str) -> dict[str, str]:
        """Return column → name of the parameters (``p``) or metrics (``m``), in order."""
        rows = self._rows("SELECT column, name FROM columns WHERE kind = ? ORDER BY id", (kind,))
        return {r["column"]: r["name"] for r in rows}

    @legible()
    def trials(self, *, numbers: Iterable[int] | None = None) -> list[Trial]:
        """Return trials by number: all, or those in ``numbers``."""
        where, args = "", []
        if numbers is not None:
            where = " WHERE number IN (SELECT value FROM json_each(?))"
            args = [json.dumps(list(numbers))]
        with self.one_moment():
            params, metrics = self.columns("p"), self.columns("m")
            rows = self._rows(f"SELECT * FROM trials{where} ORDER BY number", args)
            held = self._rows("SELECT column FROM columns WHERE holds = ?", (TRUTH,))
        truths = {row["column"] for row in held}
        return [trial_from(row, params, metrics, truths) for row in rows]

    def trial(self, number: int) -> Trial | None:
        """Return one trial, None if there is none of that number."""
        return next(iter(self.trials(numbers=[number])), None)

    @legible()
    def frame(self) -> Frame:
        """Return all trials as columns; only rows changed since the last call are read again."""
        return self._frames.read()

    def counts(self) -> dict[TrialState, int]:
        """Return how many trials are in each state (states without trials included)."""
        found = {
            r["state"]: r["n"]
            for r in self._rows("SELECT state, count(*) AS n FROM trials GROUP BY state")
        }
        return {s: found.get(str(s), 0) for s in TrialState}

    # reports

    def reports(self, trial: int) -> list[Report]:
        """Return a trial's reports in the order they were written."""
        # One statement: a report's metric may have got its name only a moment ago.
        sql = (
            "SELECT r.seq, c.name, r.step, r.value FROM reports r JOIN columns c"
            " ON c.kind = 'm' AND c.id = r.metric WHERE r.trial = ? ORDER BY r.seq, r.metric"
        )
        reports: dict[int, Report] = {}
        for row in self._rows(sql, (trial,)):
            value = float("nan") if row["value"] is None else row["value"]
            old = reports.get(row["seq"])
            metrics = {**(old.metrics if old else {}), row["name"]: value}
            reports[row["seq"]] = Report(trial, row["seq"], row["step"], metrics)
        return list(reports.values())

    def curves(
        self, trials: Iterable[int], metric: str
    ) -> "dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]":
        """Return trial → (steps, values) of one metric, float64 (k,) each, for trials with any."""
        found = self.curves_after(dict.fromkeys(trials, -1), metric)
        return {number: (steps, values) for number, (_, steps, values) in found.items()}

    def curves_after(
        self, known: Mapping[int, int], metric: str
    ) -> "dict[int, tuple[int, NDArray[np.float64], NDArray[np.float64]]]":
        """Return trial → (number of the last report, steps, values), of trials with any.

        ``known``: trial → number of the last report that is known of it, after which is read.
        """
        # The reports of each trial are looked up by their key, whatever order else seems better.
        sql = (
            "SELECT r.trial, r.seq, r.step, r.value FROM json_each(?) w CROSS JOIN reports r"
            " ON r.trial = CAST(w.key AS INTEGER) AND r.seq > w.value"
            " WHERE r.metric = (SELECT id FROM columns WHERE kind = 'm' AND name = ?)"
            " AND r.step IS NOT NULL"
        )
        asked = json.dumps({int(trial): last for trial, last in known.items()})
        cursor = self.conn.execute(sql, (asked, metric))
        found = cursor.fetchall()
        cursor.close()
        if not found:  # as in every new study: an import that takes long is not made for nothing
            return {}
        import numpy as np

        rows = np.array(found, dtype=np.float64)
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]  # several times as fast as SQLite's
        numbers, starts = np.unique(rows[:, 0], return_index=True)
        pieces = np.split(rows, starts[1:])
        return {
            int(n): (int(piece[-1, 1]), piece[:, 2], piece[:, 3])
            for n, piece in zip(numbers, pieces, strict=False)
        }

    # events, commands, devices, optimizer

    @legible()
    def events(self, limit: int = 1000) -> list[Event]:
        """Return the last ``limit`` events, oldest first."""
        rows = self._rows("SELECT * FROM events ORDER BY id DESC LIMIT ?", (limit,))
        return [event_from(row) for row in reversed(rows)]

    def edits(self, after: int, upto: int) -> list[float]:
        """Return when the study was edited (Unix times), of events with an id in (after, upto]."""
        rows = self._rows(
            "SELECT time FROM events WHERE id > ? AND id <= ? AND kind = 'edited' ORDER BY id",
            (after, upto),
        )
        return [float(row["time"]) for row in rows]

    @legible()
    def events_of(self, trial: int, limit: int = 1000) -> list[Event]:
        """Return the last ``limit`` events of one trial, oldest first."""
        rows = self._rows(
            "SELECT * FROM events WHERE trial = ? ORDER BY id DESC LIMIT ?", (trial, limit)
        )
        return [event_from(row) for row in reversed(rows)]

    @legible()
    def starts(self, after: int = 0) -> dict[int, float]:
        """Return trial → when its last attempt began (Unix time), by events with an id above."""
        sql = (
            "SELECT trial, MAX(time) AS began FROM events WHERE id > ?"
            " AND kind IN ('started', 'promoted') AND trial IS NOT NULL GROUP BY trial"
        )
        return {int(row["trial"]): float(row["began"]) for row in self._rows(sql, (after,))}

    def command(self, number: int) -> Command | None:
        """Return a command with its answer, None if there is none of that number."""
        return next((command_from(r) for r in self._rows(
            "SELECT * FROM commands WHERE id = ?", (number,)
        )), None)  # fmt: skip

    def open_commands(self, actions: Iterable[str]) -> list[Command]:
        """Return the commands of these actions that have no answer, oldest first."""
        rows = self._rows(
            "SELECT * FROM commands WHERE answered IS NULL"
            " AND action IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(list(actions)),),
        )
        return [command_from(row) for row in rows]

    def unanswered_at(self, time: float) -> list[Command]:
        """Return the commands asked by a time (Unix) that had no answer then, oldest first."""
        rows = self._rows(
            "SELECT * FROM commands WHERE asked <= :time AND (answered IS NULL OR answered > :time)"
            " ORDER BY id",
            {"time": time},
        )
        return [command_from(row) for row in rows]

    @legible()
    def devices(self) -> list[DeviceSample]:
        """Return the newest sample of every device."""
        rows = self._rows(
            f"{DEVICE_NAMES} SELECT d.* FROM names JOIN devices d ON d.device = names.device AND"
            " d.time = (SELECT max(time) FROM devices WHERE device = names.device)"
            " ORDER BY d.device"
        )
        now = self.get(FLEETING) or {}
        return [device_from(row, now) for row in rows]

    def get(self, key: str) -> Any:
        """Return what the optimizer or the analysis keeps under ``key``, None if nothing."""
        found = self.dated(key)
        return None if found is None else found[0]

    def members(self, key: str) -> tuple[str, ...]:
        """Return the keys of the JSON object under ``key``, none if it is not there."""
        sql = (
            "SELECT part.key AS name FROM optimizer, json_each(optimizer.value) AS part"
            " WHERE optimizer.key = ?"
        )
        return tuple(row["name"] for row in self._rows(sql, (key,)))

    def keys_beginning(self, prefix: str) -> list[str]:
        """Return the keys that begin so under which anything is kept, in order."""
        sql = "SELECT key FROM optimizer WHERE substr(key, 1, ?) = ? ORDER BY key"
        return [row["key"] for row in self._rows(sql, (len(prefix), prefix))]

    @legible()
    def dated(self, key: str) -> tuple[Any, float] | None:
        """Return what is kept under ``key`` and when it was written (Unix time), None if none."""
        rows = self._rows("SELECT value, updated FROM optimizer WHERE key = ?", (key,))
        return (json.loads(rows[0]["value"]), float(rows[0]["updated"])) if rows else None

    def updated(self, key: str) -> float | None:
        """Return when what is kept under ``key`` was written (Unix time), None if nothing is."""
        rows = self._rows("SELECT updated FROM optimizer WHERE key = ?", (key,))
        return float(rows[0]["updated"]) if rows else None
