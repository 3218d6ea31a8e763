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
    columns = {n: _column([row[n] for row in rows], n) for n in names}
    parquet.write_table(pyarrow.table(columns), path)
    return len(rows)


_TYPES = {
    "trial": "int64", "resumed_from": "int64", "exit_code": "int64", "cost": "double",
    "task_cost": "double",
    "started": "double", "ended": "double", "state": "string", "task": "string", "why": "string",
    "starred": "bool", "tags": "string", "note": "string",
    "commit": "string", "changes": "string",
}  # fmt: skip


def _column(values: list[Any], name: str) -> Any:
    import pyarrow

    if name in _TYPES or name.startswith("metrics."):
        return pyarrow.array(values, type=_TYPES.get(name, "double"))
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {int, float} and len(kinds) > 1:
        values = [None if v is None else float(v) for v in values]
    elif len(kinds) > 1:
        values = [None if v is None else str(v) for v in values]
    return pyarrow.array(values)
