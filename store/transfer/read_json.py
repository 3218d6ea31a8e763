"""Trials and reports from JSON lines: our own export, or one object a trial of another program."""

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.store.models import Report, Trial, Value
from hpo_tui.store.transfer.arrivals import Arrival, Dimension, choice
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

_LARGEST = 2**53


def read_json(
    path: Path, name: str, directions: Mapping[str, str], chosen: Collection[str] = ()
) -> Arrival:
    """Read the trials at ``path``; ``directions`` names the metrics that are objectives.

    Parameters stand under ``params``, metrics under ``metrics``; without these, every key that is
    no objective is a parameter, or those that are ``chosen``. Raises ValueError, saying which key
    or line is at fault.
    """
    rows = [_Row(path, at, found) for at, found in _objects(path)]
    curve = next((row for row in rows if "step" in row.cells and "state" not in row.cells), None)
    if curve is not None and all("params" not in key for key in curve.cells):
        raise ValueError(f"{curve.place}: a report, and no trial; say --reports FILE for these")
    head = list(dict.fromkeys(key for row in rows for key in row.cells))
    params, metrics = columns_of(head, directions, chosen)
    check_columns(path, head, params, metrics, directions)
    values = {c: [row.cells[c] for row in rows if row.cells.get(c) is not None] for c in params}
    empty = tuple(c for c, given in values.items() if not given)
    check_values(path, params, empty)
    kinds = {c: _dimension(given) for c, given in values.items() if given}
    names = {c: params[c] for c in kinds}
    trials = [row.trial(i, names, metrics, kinds) for i, row in enumerate(rows, start=1)]
    check_results(path, trials, directions)
    costs = {str(row.cells.get("task") or "full"): row.number("task_cost") for row in rows}
    return Arrival(
        name, f"JSON, {path}", {names[c]: kind for c, kind in kinds.items()}, dict(directions),
        configured(path, trials, "lines"), empty=empty,
        costs={t: c for t, c in costs.items() if c is not None},
    )  # fmt: skip


def read_reports(path: Path, trials: Sequence[Trial]) -> list[Report]:
    """Read the reports that ``export --reports`` wrote, in their order.

    Raises ValueError where one is of no trial among ``trials``, or is no report.
    """
    known = {t.number for t in trials}
    seen = dict.fromkeys(known, 0)
    found = []
    for at, line in _objects(path):
        row = _Row(path, at, line)
        trial, step = row.whole("trial"), row.whole("step")
        if trial not in known or not isinstance(line.get("metrics"), dict):
            what = "no report" if trial is None else f"a report of trial {trial}, which is not here"
            raise ValueError(f"{path}, line {at}: {what}")
        seen[trial] += 1
        metrics = {k: float("nan") if v is None else v for k, v in row.metrics().items()}
        found.append(Report(trial, seen[trial], step, metrics))
    return found


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of the file, each with its line: one a line, or all in one list."""
    text = path.read_text("utf-8-sig")
    if text.lstrip().startswith("["):
        found = [(n, one) for n, one in enumerate(_parsed(path, 1, text), start=1)]
    else:
        lines = enumerate(text.split("\n"), start=1)
        found = [(at, _parsed(path, at, line)) for at, line in lines if line.strip()]
    for at, one in found:
        if not isinstance(one, dict):
            raise ValueError(f"{path}, line {at}: not an object with a trial's keys")
        yield at, one


def _parsed(path: Path, at: int, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}, line {at}: no JSON ({error})") from None


class _Row:
    """One object: what stands under ``params`` and ``metrics`` has a key of its own, as in CSV."""

    def __init__(self, path: Path, at: int, given: Mapping[str, Any]) -> None:
        self.place = f"{path}, line {at}"
        self.cells: dict[str, Any] = {}
        for key, value in given.items():
            if key in ("params", "metrics") and isinstance(value, dict):
                self.cells |= {f"{key}.{name}": v for name, v in value.items()}
            else:
                self.cells[key] = value

    def metrics(self) -> dict[str, float | None]:
        keys = [k for k in self.cells if k.startswith("metrics.")]
        return {k.removeprefix("metrics."): self.number(k) for k in keys}

    def number(self, key: str) -> float | None:
        """Return the finite number under ``key``, if there is one. Raises ValueError for a text."""
        value = self.cells.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{self.place}: {key} is {value!r}, and not a number")
        try:
            return float(value) if math.isfinite(value) else None
        except OverflowError:
            return None

    def time(self, key: str) -> float | None:
        value = self.cells.get(key)
        found = moment(value) if isinstance(value, str) else None
        return self.number(key) if found is None else found

    def whole(self, key: str) -> int | None:
        value = self.number(key)
        if value is not None and (abs(value) > _LARGEST or not value.is_integer()):
            raise ValueError(f"{self.place}: {key} is {value:g}, and not a whole number")
        return None if value is None else int(value)

    def text(self, key: str) -> str:
        value = self.cells.get(key)
        return "" if value is None else str(value)

    def value(self, key: str, kind: Dimension) -> Value:
        value = self.cells[key]
        if not isinstance(value, bool | int | float | str):
            raise ValueError(f"{self.place}: {key} is {value!r}, and not a number or a text")
        return float(value) if kind.kind == "float" else value

    def trial(
        self, at: int, params: Mapping[str, str], metrics: Mapping[str, str],
        kinds: Mapping[str, Dimension],
    ) -> Trial:  # fmt: skip
        """Return the trial; ``at``: its number, where none is said."""
        number, tags = self.whole("trial"), self.cells.get("tags") or []
        return arrived(
            at if number is None else number,
            self.text("task"),
            self.text("state"),
            {
                n: self.value(c, kinds[c])
                for c, n in params.items()
                if self.cells.get(c) is not None
            },
            {name: self.number(column) for column, name in metrics.items()},
            cost=self.number("cost"),
            start=self.time("started"),
            end=self.time("ended"),
            resumed_from=self.whole("resumed_from"),
            reason=self.text("why"),
            exit_code=self.whole("exit_code"),
            starred=bool(self.cells.get("starred")),
            tags=tuple(map(str, tags if isinstance(tags, list) else [tags])),
            note=self.text("note"),
        )


def _dimension(values: Sequence[Any]) -> Dimension:
    """Return what a parameter of these values is."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        return Dimension("categorical", choices=tuple(dict.fromkeys(map(choice, values))))
    whole = all(isinstance(v, int) for v in numbers)
    return span([float(v) for v in numbers], whole=whole)
