"""Metrics in the files of a first run, where its output has less of them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hpo_tui.engine.define.printed import Printed, direction_of, is_metric, likely
from hpo_tui.engine.execution.event_files import Broken, record, scalars
from hpo_tui.engine.execution.metric_text import flatten, read_objects, to_number
from hpo_tui.engine.execution.metrics import Collector
from hpo_tui.engine.spec.means import MetricSource
from hpo_tui.store.folder import TrialFolder

_MOST_FILES, _LARGEST = 200, 1 << 24
_COUNTED = re.compile(r"(?<![^/])((?:version|run|v)_?)\d+(?![^/])")
"""Folders that a logger counts up: another attempt of a trial has the next."""
_SURE = 2
_Values = dict[str, float]
_Kind = Literal["csv", "jsonl", "tensorboard"]


@dataclass(frozen=True, slots=True)
class Logged:
    """A file that holds metrics: where, the last value of each, at how many steps the likeliest."""

    source: MetricSource
    values: dict[str, float]
    steps: int

    @property
    def metric(self) -> str:
        """The likeliest one."""
        return Printed(self.values).ranked()[0]


def logged_in(files: TrialFolder) -> tuple[Logged, ...]:
    """Return the files of a trial that hold metrics, as the trials of a study would be read."""
    own = {files.params, files.log, files.reports}
    found: dict[tuple[_Kind, str], _Values] = {}
    paths = [p for p in sorted(files.path.rglob("*")) if p.is_file() and p not in own]
    for path in paths[:_MOST_FILES]:
        if path.stat().st_size > _LARGEST:
            continue
        for place, values in _read(path, files.path):
            found.setdefault(place, {}).update(values)
    sources = [(MetricSource(kind, place), v) for (kind, place), v in found.items()]
    kept = [_kept(source, values, files) for source, values in sources]
    return tuple(entry for entry in kept if entry is not None)


def or_logged(printed: Printed, logged: tuple[Logged, ...], steps: int) -> Printed:
    """Return the output's metrics, or those of a file that tells as likely ones at more steps.

    ``steps``: at how many the output tells its likeliest.
    """
    ranked = printed.ranked()
    least = likely(ranked[0]) if ranked else 0
    better = [
        entry
        for entry in logged
        if (not ranked or entry.steps > max(1, steps)) and likely(entry.metric) >= least
    ]
    if not better:
        return printed
    best = max(better, key=lambda entry: (entry.steps, likely(entry.metric)))
    return Printed(best.values, (best.source,))


def _kept(source: MetricSource, values: _Values, files: TrialFolder) -> Logged | None:
    ranked = Printed(values).ranked()
    if not ranked:
        return None
    steps, last = _steps(source, ranked[0], files)
    return Logged(source, values | {ranked[0]: last}, steps) if steps else None


def _steps(source: MetricSource, metric: str, files: TrialFolder) -> tuple[int, float]:
    """Return at how many steps a trial of this source is seen to report, and the last value."""
    entries = Collector([source], files, [metric]).finish()
    last = entries[-1][1][metric] if entries else 0.0
    return len({step for step, _ in entries}), last


def _read(path: Path, folder: Path) -> Iterator[tuple[tuple[_Kind, str], _Values]]:
    """Yield how and where a file is read, with the last value of all that is surely a metric."""
    place = _COUNTED.sub(r"\1*", str(path.relative_to(folder)))
    kind: _Kind
    try:
        if "tfevents" in path.name:
            values, kind = _events(path), "tensorboard"
            # All event files below a folder are read.
            place = Path(place).parts[0] if len(Path(place).parts) > 1 else "."
        elif path.suffix in (".csv", ".tsv"):
            values, kind = _table(path), "csv"
        elif path.suffix in (".jsonl", ".json"):
            values, kind = _objects(path), "jsonl"
        else:
            return
    except (OSError, ValueError, RecursionError, csv.Error, Broken):
        return
    # Settings are written to such files as well.
    known = {n: v for n, v in values.items() if direction_of(n) and likely(n) >= _SURE}
    known = {n: v for n, v in known.items() if is_metric(n) and n.isprintable()}
    if known:
        yield (kind, place), known


def _events(path: Path) -> _Values:
    found: _Values = {}
    with path.open("rb") as file:
        while (read := record(file)) is not None:
            found.update(scalars(read[1])[1])
    return found


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
