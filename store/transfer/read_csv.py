"""Trials from a table: our own CSV, Optuna's data frame, or any with a column for each value."""

import csv
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.store.models import Trial, Value
from hpo_tui.store.tags import parted
from hpo_tui.store.transfer.arrivals import Arrival, Dimension
from hpo_tui.store.transfer.tables import (
    arrived,
    check_columns,
    check_results,
    check_values,
    columns_of,
    configured,
    moment,
    span,
)

_DELIMITERS = ",;\t"
_LARGEST = 2**53
_DECIMAL_COMMA = re.compile(r"\s*[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+([eE][-+]?\d+)?\s*\Z")


def read_csv(
    path: Path, name: str, directions: Mapping[str, str], chosen: Collection[str] = ()
) -> Arrival:
    """Read the table at ``path``; ``directions`` names its metrics that are objectives.

    Columns ``params.x`` (or ``params_x``) are parameters, ``metrics.y`` metrics. Where no column
    has such a name, every column that is no objective is a parameter, or those that are
    ``chosen``. Raises ValueError, saying which column or line is at fault.
    """
    head, rows = _table(path)
    params, metrics = columns_of(head, directions, chosen)
    check_columns(path, head, params, metrics, directions)
    empty = tuple(c for c in params if all(_missing(row.get(c) or "") for row in rows))
    check_values(path, params, empty)
    params = {c: n for c, n in params.items() if c not in empty}
    kinds = {c: _dimension([row[c] for row in rows if row.get(c)]) for c in params}
    for column in (c for c, kind in kinds.items() if not kind.choices):
        for row in rows:
            row[column] = "" if _missing(row.get(column) or "") else row[column]
    trials = [_trial(i, row, params, metrics, kinds) for i, row in enumerate(rows, start=1)]
    check_results(path, trials, directions)
    space = {params[c]: kind for c, kind in kinds.items()}
    return Arrival(
        name, f"CSV, {path}", space, dict(directions), configured(path, trials, "rows"),
        costs=_costs(rows), empty=empty,
    )  # fmt: skip


def _table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the header and the rows, whatever parts the cells: comma, semicolon or tab.

    Where it is the semicolon, a comma in a number stands for the decimal point.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        first = file.readline()
        delimiter = max(_DELIMITERS, key=lambda d: len(next(csv.reader([first], delimiter=d), [])))
        file.seek(0)
        try:
            lines = [(c, at) for c, at in _lines(csv.reader(file, delimiter=delimiter)) if c]
        except csv.Error as error:
            raise ValueError(f"{path} is no table: {error}") from error
    head = [name.strip() for name in lines[0][0]] if lines else []
    twice = next((name for i, name in enumerate(head) if name and name in head[:i]), None)
    if twice is not None:
        raise ValueError(f"{path} has two columns {twice}: which of them counts?")
    rows = []
    for cells, at in lines[1:]:
        if any(cells[len(head) :]):
            raise ValueError(
                f"{path}, line {at}: {len(cells)} cells, and {len(head)} in the header"
            )
        said = [_pointed(cell) for cell in cells] if delimiter == ";" else cells
        rows.append(dict(zip(head, said, strict=False)))
    return head, rows


def _lines(reader: Any) -> Iterator[tuple[list[str], int]]:
    """Yield the rows, each with the line where it ends."""
    for cells in reader:
        yield cells, reader.line_num


def _pointed(cell: str) -> str:
    """Return a number that is written with a decimal comma with a point, other text as it is."""
    return cell.replace(".", "").replace(",", ".") if _DECIMAL_COMMA.match(cell) else cell


def _costs(rows: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """Return task → cost, where the table says what the study file said of it."""
    found = {}
    for row in rows:
        cost = _number(row.get("task_cost") or "")
        if cost is not None:
            found[row.get("task") or "full"] = cost
    return found


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _time(text: str) -> float | None:
    found = _number(text)
    return moment(text) if found is None else found


def _missing(text: str) -> bool:
    """Whether a cell of numbers says that there is none: pandas and numpy write ``nan``."""
    return text.strip().lower() in ("", "nan", "-nan", "+nan")


def _dimension(texts: Sequence[str]) -> Dimension:
    """Guess what a column holds from all its cells; ``nan`` among numbers is an empty one."""
    given = [t for t in texts if not _missing(t)]
    if given and all(_number(t) is not None for t in given):
        texts = given
    numbers = [_number(t) for t in texts]
    known = [n for n in numbers if n is not None]
    if len(known) < len(texts):
        return Dimension("categorical", choices=tuple(dict.fromkeys(_choice(t) for t in texts)))
    return span(known, whole=all(t.strip().lstrip("+-").isdigit() for t in texts))


def _choice(text: str) -> Value:
    if text in ("True", "true"):
        return True
    return False if text in ("False", "false") else text


def _value(text: str, kind: Dimension) -> Value:
    if kind.choices:
        return _choice(text)
    return int(text) if kind.kind == "int" else float(text)


def _trial(
    at: int,
    row: Mapping[str, str],
    params: Mapping[str, str],
    metrics: Mapping[str, str],
    kinds: Mapping[str, Dimension],
) -> Trial:
    number = _whole(row, "trial")
    return arrived(
        at if number is None else number,
        row.get("task") or "",
        row.get("state") or "",
        {n: _value(row[c], kinds[c]) for c, n in params.items() if row.get(c)},
        {name: _number(row.get(column) or "") for column, name in metrics.items()},
        cost=_number(row.get("cost") or ""),
        start=_time(row.get("started") or row.get("datetime_start") or ""),
        end=_time(row.get("ended") or row.get("datetime_complete") or ""),
        resumed_from=_whole(row, "resumed_from"),
        reason=row.get("why") or "",
        exit_code=_whole(row, "exit_code"),
        starred=(row.get("starred") or "").lower() in ("true", "1"),
        tags=parted(row.get("tags") or ""),
        note=row.get("note") or "",
    )


def _whole(row: Mapping[str, str], column: str) -> int | None:
    text = row.get(column) or ""
    found = _number(text)
    if found is not None and abs(found) > _LARGEST:
        raise ValueError(f"{text} is too large for the number of a trial or an exit code")
    return None if found is None else int(found)
