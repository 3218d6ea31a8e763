"""Which metrics a script's output and files may hold, while nobody has said which are wanted."""

import csv
import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from hpo_tui.engine.execution.metrics.event_files import Broken, record, scalars
from hpo_tui.engine.execution.metrics.steps import STEP_KEYS
from hpo_tui.engine.execution.metrics.tables import Columns
from hpo_tui.engine.execution.metrics.text import (
    AFTER,
    ASIDE,
    QUALIFIER,
    VALUE,
    flatten,
    fold,
    read_object,
    read_objects,
    share_or_number,
    strip_escapes,
    to_number,
)
from hpo_tui.engine.execution.metrics.wandb_files import HEAD, begins, records

_HEAD = rf"(?:{QUALIFIER} (?:{QUALIFIER} |cv )?)?"
"""What belongs to a name in front of it: the mean of folds is not a fold's (``Mean CV AUC``), the
best of all epochs not that of each (``best valid acc``)."""
_ANY = re.compile(
    rf"(?<![\w./-])(?P<key>{_HEAD}[A-Za-z_][\w./@-]*)[\"']?{ASIDE}(?:\s*[=:]\s*){VALUE}"
    rf"|(?<![\w./-])(?P<key2>{_HEAD}[A-Za-z_][\w./@-]*)[\"']?\s+"
    rf"(?P<value2>[-+]?\d+\.\d+(?:[eE][-+]?\d+)?){AFTER}"
    rf"|(?<![\w./-])(?P<key3>\w*(?:params|parameters|flops|macs))\s+"
    rf"(?P<value3>\d+)(?!,\d| of ){AFTER}",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z_][\w./@-]*")
_NO_METRIC = frozenset({
    "cuda", "cpu", "gpu", "line", "pid", "port", "rank", "version", "v", "eta", "took", "is",
    "using", "time", "dur", "elapsed",
    "after", "at", "by", "for", "from", "in", "of", "than", "to", "with",
})  # fmt: skip
_MOST_FILES, _LARGEST = 200, 1 << 24
"""Files that are read, and bytes of one beyond which it is not."""
_COUNTED = re.compile(r"(?<![^/])((?:version|run|v)_?)\d+(?![^/])")
"""Folders that a logger counts up: another attempt of a trial has the next."""
_RUN = re.compile(r"(offline-)?run-\d{8}_\d{6}-.")
"""The folder of a run of W&B's, in which its settings and pictures lie beside what it logged."""
_Kind = Literal["csv", "jsonl", "tensorboard", "wandb"]
_Values = dict[str, float]


def discover_in_line(line: str) -> dict[str, float]:
    """Return all in one line that looks like a metric."""
    line = strip_escapes(line)
    if (record := read_object(line)) is not None:
        return {k: v for k, v in flatten(record).items() if fold(k) not in STEP_KEYS}
    found: dict[str, float] = {}
    for match in _ANY.finditer(line):
        which = next(n for n in ("", "2", "3") if match[f"key{n}"])
        key = match[f"key{which}"].replace(" ", "_")
        value = share_or_number(line, match, f"value{which}")
        if value is not None and _may_be_metric(key):
            found.setdefault(key, value)
    return found


def discover(text: str) -> dict[str, list[float]]:
    """Return every metric-like name in a script's output with the values that it took, in order."""
    found: dict[str, list[float]] = {}
    columns = Columns(_may_head_metric, apart=True)
    for line in re.split(r"[\r\n]+", strip_escapes(text)):
        said = discover_in_line(line[:10_000])
        if not said:
            row = flatten(columns.row(line) or {})
            said = {k.replace(" ", "_"): v for k, v in row.items() if _may_head_metric(k)}
            columns.see(line)
        for name, value in said.items():
            found.setdefault(name, []).append(value)
    return found


def _may_be_metric(name: str) -> bool:
    """Whether a name may be that of a metric."""
    known = name.lower() in _NO_METRIC or fold(name) in STEP_KEYS
    return not known and _NAME.fullmatch(name) is not None


def _may_head_metric(heading: str) -> bool:
    """Whether a column may be a metric's: its name may be of a few words, ``val loss``."""
    return heading.count(" ") < 3 and _may_be_metric(heading.replace(" ", "_"))


def discover_files(folder: Path, but: Collection[Path]) -> dict[tuple[_Kind, str], _Values]:
    """Return how and where the files below a folder are read, with the last value of each name."""
    found: dict[tuple[_Kind, str], _Values] = {}
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and p not in but]
    for path in paths[:_MOST_FILES]:
        try:
            if path.stat().st_size <= _LARGEST and (read := _read_file(path, folder)) is not None:
                found.setdefault(read[0], {}).update(read[1])
        except (OSError, ValueError, RecursionError, csv.Error, Broken):
            continue
    return found


def _read_file(path: Path, folder: Path) -> tuple[tuple[_Kind, str], _Values] | None:
    if path.suffix == ".wandb":
        return ("wandb", path.relative_to(folder).parts[0]), _run(path)
    if any(map(_RUN.match, path.relative_to(folder).parts)):
        return None
    place = _COUNTED.sub(r"\1*", str(path.relative_to(folder)))
    if "tfevents" in path.name:
        # All event files below a folder are read, which is named without wildcards.
        parts = Path(place).parts
        named = len(parts) > 1 and "*" not in parts[0]
        return ("tensorboard", parts[0] if named else "."), _events(path)
    if path.suffix in (".csv", ".tsv"):
        return ("csv", place), _table(path)
    if path.suffix in (".jsonl", ".json"):
        return ("jsonl", place), _objects(path)
    return None


def _events(path: Path) -> _Values:
    found: _Values = {}
    with path.open("rb") as file:
        while (read := record(file)) is not None:
            found.update(scalars(read[1])[1])
    return found


def _run(path: Path) -> _Values:
    found: _Values = {}
    with path.open("rb") as file:
        if begins(file):
            for _, _, said in records(file, HEAD, _LARGEST):
                found.update(said.values if said is not None else {})
    return {name: value for name, value in found.items() if not name.startswith("_")}


def _table(path: Path) -> _Values:
    found: _Values = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    for row in csv.DictReader(lines, delimiter=delimiter):
        for name, text in row.items():
            number = to_number(text) if isinstance(text, str) else None
            if name and number is not None:
                found[name.strip()] = number
    return found


def _objects(path: Path) -> _Values:
    """Return the numbers of a JSON object, or of a list or lines of them."""
    found: _Values = {}
    for read in read_objects(path.read_text(encoding="utf-8", errors="replace")):
        found.update(flatten(read))
    return {name.rpartition(".")[2]: value for name, value in found.items()}
