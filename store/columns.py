"""Reading all trials as columns, and only what changed after the first time."""

import gc
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpo_tui.store.connect import one_moment
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Value
from hpo_tui.store.rows import no_state
from hpo_tui.store.schema import TEXT, TRUTH, quoted, wasted_column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_INTS = ("number", "configuration", "resumed_from", "repeat")
_FLOATS = ("cost", "charged", "wasted", "started", "ended", "duration", "peak_memory", "step")
_ARRAYS = (*_INTS, "state", "task", *_FLOATS, "starred", "device", "tags")
"""The columns that every frame has, in the order in which they are read."""
_CHUNK = 20_000
"""Rows fetched at once: bounds the Python objects alive while a large study is read."""


class FrameReader:
    """Keeps the last :class:`Frame` of a study and renews it from the rows that changed."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn
        self._frame: Frame | None = None
        self._text: dict[str, dict[Value, int]] = {}
        self._truths: list[str] = []
        self._tags = {"[]": 0}

    def read(self) -> Frame:
        """Return the present frame: the very object of the last call when nothing changed."""
        with one_moment(self.conn):
            rev = int(self.conn.execute("SELECT coalesce(max(rev), 0) FROM trials").fetchone()[0])
            if self._frame is None or self._frame.rev != rev:
                self._frame = self._renew(rev)
            return self._frame

    def _renew(self, rev: int) -> Frame:
        columns = self.conn.execute(
            "SELECT kind, name, column, holds FROM columns ORDER BY id"
        ).fetchall()
        params = {n: c for k, n, c, _ in columns if k == "p"}
        metrics = {n: c for k, n, c, _ in columns if k == "m"}
        self._truths = [n for _, n, _, holds in columns if holds == TRUTH]
        text = [n for _, n, _, holds in columns if holds == TEXT]
        old = self._frame
        if old is not None and self._text.keys() != set(text):
            # Numbers of before are codes from here on, even if what follows cannot be read now.
            old = self._frame = None
        if old is None:
            self._text = {n: {} for n in text}
        where = f" WHERE rev > {old.rev:d}" if old is not None else ""
        tasks = list(old.tasks) if old else []
        for (name,) in self.conn.execute(f"SELECT DISTINCT task FROM trials{where}").fetchall():
            if name not in tasks:
                tasks.append(name)
        fresh = self._fetch(params, metrics, tasks, where)
        sets = tuple(tuple(json.loads(text)) for text in self._tags)
        fresh = replace(fresh, tasks=tuple(tasks), rev=rev, choices=self._choices(), tag_sets=sets)
        return merge(old, fresh) if old is not None and len(old) else fresh

    def _choices(self) -> dict[str, tuple[Value, ...]]:
        truths: dict[str, tuple[Value, ...]] = dict.fromkeys(self._truths, (False, True))
        return truths | {name: tuple(codes) for name, codes in self._text.items()}

    def _fetch(
        self, params: dict[str, str], metrics: dict[str, str], tasks: list[str], where: str
    ) -> Frame:
        state = "CASE state " + " ".join(f"WHEN '{s}' THEN {i}" for i, s in enumerate(STATES))
        read_as = {"state": f"{state} END", "wasted": wasted_column(self.conn)}
        wanted = [read_as.get(name, name) for name in _ARRAYS]
        wanted += [quoted(c) for c in (*params.values(), *metrics.values())]
        # Of all, the rows come in their own order. Those that changed have to be sorted: the plus
        # keeps SQLite from going through all of them, only to spare that.
        order = "+number" if where else "number"
        cursor = self.conn.execute(
            f"SELECT {', '.join(wanted)} FROM trials{where} ORDER BY {order}"
        )
        parts = []
        with _collector_at_rest():
            while rows := cursor.fetchmany(_CHUNK):
                parts.append(self._frame_of(rows, params, metrics, tasks))
        cursor.close()
        return concat(parts) if parts else self._frame_of([], params, metrics, tasks)

    def _frame_of(
        self,
        rows: list[tuple[Any, ...]],
        params: dict[str, str],
        metrics: dict[str, str],
        tasks: list[str],
    ) -> Frame:
        """Return rows, in the order of ``_ARRAYS`` and then by column of a value, as a frame."""
        import numpy as np

        width = len(_ARRAYS) + len(params) + len(metrics)
        values: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * width
        column, more = dict(zip(_ARRAYS, values, strict=False)), iter(values[len(_ARRAYS) :])
        ints: dict[str, Any] = {
            n: np.array([v or 0 for v in column[n]], dtype=np.int64) for n in _INTS
        }
        if None in column["state"]:
            raise no_state(int(ints["number"][column["state"].index(None)]))
        floats: dict[str, Any] = {n: np.array(column[n], dtype=np.float64) for n in _FLOATS}
        codes, tags = {name: i for i, name in enumerate(tasks)}, self._tags
        return Frame(
            **ints,
            state=np.array(column["state"], dtype=np.int8),
            task=np.array([codes[v] for v in column["task"]], dtype=np.int16),
            **floats,
            starred=np.array(column["starred"], dtype=bool),
            device=np.array(column["device"], dtype=object),
            tags=np.array([tags.setdefault(v, len(tags)) for v in column["tags"]], dtype=np.int32),
            params={name: self._param(name, next(more)) for name in params},
            metrics={name: np.array(next(more), dtype=np.float64) for name in metrics},
        )

    def _param(self, name: str, values: Sequence[Any]) -> "NDArray[np.float64]":
        import numpy as np

        codes = self._text.get(name)
        if codes is None:
            return np.array(values, dtype=np.float64)
        nan = float("nan")
        return np.array(
            [nan if v is None else codes.setdefault(v, len(codes)) for v in values],
            dtype=np.float64,
        )


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the cycle collector from walking millions of new rows, which hold no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def concat(parts: Sequence[Frame]) -> Frame:
    """Return the frames one below the other; they must have the same columns."""
    import numpy as np

    return parts[0] if len(parts) == 1 else _joined(parts, np.concatenate)


def merge(old: Frame, fresh: Frame) -> Frame:
    """Return ``old`` with the rows of ``fresh`` put in by number; new columns start as NaN."""
    import numpy as np

    def widened(columns: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
        return {n: columns.get(n, np.full(len(old), np.nan)) for n in names}

    base = replace(
        fresh,
        **{n: getattr(old, n) for n in _ARRAYS},
        params=widened(old.params, fresh.params),
        metrics=widened(old.metrics, fresh.metrics),
    )
    at = np.searchsorted(base.number, fresh.number)
    known = at < len(base)
    known[known] = base.number[at[known]] == fresh.number[known]

    def put(columns: Sequence[Any]) -> Any:
        result, new = columns[0].copy(), columns[1]
        result[at[known]] = new[known]
        return np.concatenate([result, new[~known]])

    merged = _joined((base, fresh), put)
    if not bool((merged.number[1:] < merged.number[:-1]).any()):
        return merged
    order = np.argsort(merged.number, kind="stable")
    return _joined((merged,), lambda columns: columns[0][order])


def _joined(frames: Sequence[Frame], join: Callable[[Sequence[Any]], Any]) -> Frame:
    """Return the first frame with each column made of that column of all ``frames``."""
    first = frames[0]
    arrays: dict[str, Any] = {n: join([getattr(f, n) for f in frames]) for n in _ARRAYS}
    return replace(
        first,
        **arrays,
        params={n: join([f.params[n] for f in frames]) for n in first.params},
        metrics={n: join([f.metrics[n] for f in frames]) for n in first.metrics},
    )
