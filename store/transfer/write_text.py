"""Trials and reports as JSON lines and CSV."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from hpo_tui.store.models import Trial
from hpo_tui.store.transfer.rows import FLAT, flat


def json_line(values: Mapping[str, Any]) -> str:
    """Return one JSON object on a line, in ASCII: no character of a name can act on a terminal."""
    return json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(", ", ": "))


def write_json(records: Iterable[Mapping[str, Any]], to: TextIO) -> None:
    """Write one line a record."""
    to.writelines(json_line(one) + "\n" for one in records)


def write_trials_csv(
    trials: Iterable[Trial],
    params: Sequence[str],
    metrics: Sequence[str],
    to: TextIO,
    *,
    task_costs: Mapping[str, float],
    codes: Mapping[int, tuple[str, str]] | None = None,
    escape: bool = False,
) -> None:
    """Write a header and one row a trial.

    ``task_costs``: task → its cost. ``codes``: trial → what is known of its code. ``escape``: write
    what does not print as an escape (the output is a terminal).
    """
    names = [*FLAT, *(f"params.{n}" for n in params), *(f"metrics.{n}" for n in metrics)]
    writer = csv.writer(_Lines(to))
    writer.writerow([_printable(n) if escape else n for n in names])
    for trial in trials:
        row = flat(trial, params, metrics, task_costs, (codes or {}).get(trial.number))
        cells = [row[n] for n in names]  # None is an empty cell
        writer.writerow([_printable(c) if escape and isinstance(c, str) else c for c in cells])


class _Lines:
    """Ends lines as Unix does. A cell with a carriage return is quoted only where lines have one.

    Unquoted it would part the row in two.
    """

    def __init__(self, to: TextIO) -> None:
        self._to = to

    def write(self, row: str) -> None:
        self._to.write(row.removesuffix("\r\n") + "\n")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
