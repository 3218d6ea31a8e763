"""Trials as a Parquet file (the extra ``parquet``: pyarrow)."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.store.models import Trial
from hpo_tui.store.transfer.rows import FLAT, flat


def write_trials_parquet(
    trials: Iterable[Trial],
    params: Sequence[str],
    metrics: Sequence[str],
    path: Path,
    *,
    task_costs: Mapping[str, float],
    codes: Mapping[int, tuple[str, str]] | None = None,
) -> int:
    """Write one row a trial to ``path``; return how many. Raises ImportError without pyarrow.

    ``task_costs``: task → its cost, ``codes``: trial → what is known of its code. A parameter whose
    values are of several types (choices such as 1 and "auto") becomes text.
    """
    import pyarrow
    from pyarrow import parquet

    known = codes or {}
    rows = [flat(t, params, metrics, task_costs, known.get(t.number)) for t in trials]
    names = [*FLAT, *(f"params.{n}" for n in params), *(f"metrics.{n}" for n in metrics)]
    columns = {n: column([row[n] for row in rows], n) for n in names}
    arrays = {n: pyarrow.array(values, type=kind) for n, (values, kind) in columns.items()}
    parquet.write_table(pyarrow.table(arrays), path)
    return len(rows)


_TYPES = {
    "trial": "int64", "resumed_from": "int64", "exit_code": "int64", "cost": "double",
    "task_cost": "double",
    "started": "double", "ended": "double", "state": "string", "task": "string", "why": "string",
    "starred": "bool", "tags": "string", "note": "string",
    "commit": "string", "changes": "string",
}  # fmt: skip


def column(values: list[Any], name: str) -> tuple[list[Any], str | None]:
    """Return a column's values, all of one type, and pyarrow's name of it; None for theirs."""
    if name in _TYPES or name.startswith("metrics."):
        return values, _TYPES.get(name, "double")
    kinds = {type(v) for v in values if v is not None}
    if len(kinds) < 2:
        return values, None
    common = float if kinds == {int, float} else str
    return [None if v is None else common(v) for v in values], None
