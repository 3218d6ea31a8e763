"""Metrics in lines of text, as people and frameworks print them. Pure: text in, numbers out.

Understood are ``key=value``, ``key: value``, ``key value``, tables, JSON objects, progress bars and
Python reprs such as ``tensor(0.91)``. A number before a percent sign counts as it is written.
"""

import re
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.execution.metrics.names import Names
from hpo_tui.engine.execution.metrics.steps import Steps
from hpo_tui.engine.execution.metrics.tables import Columns
from hpo_tui.engine.execution.metrics.text import (
    QUALIFIER,
    captured_number,
    flatten,
    fold,
    read_object,
    share_or_number,
    strip_escapes,
)

Entry = tuple[int | None, dict[str, float]]
"""A step and the metrics reported at it."""

_QUALIFIED = re.compile(rf"\b{QUALIFIER}[ _-]*$", re.IGNORECASE)
_HEADING = re.compile(
    r"(?<!\w)(?:train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)(?:_\d+)?"
    r"(?!\w)",
    re.IGNORECASE,
)
_SETS = ("mode", "split", "phase", "stage", "subset", "set", "prefix")
"""Keys of a record that name the set of data that it is about."""
_HEADED = 300
"""Characters within which a heading holds for what follows it."""


class LineParser:
    """Turns lines into entries, and remembers at which step the output stands.

    ``step``: the key that counts steps, None for the usual ones. ``pattern``: an expression with
    named groups that takes the place of the grammar. A script that prints no step at all has its
    reports counted, each metric by itself, from the step on that it says it continues from.
    """

    def __init__(
        self, names: Names, *, step: str | None = None, pattern: str | None = None
    ) -> None:
        self.names = names
        self.steps = Steps(step)
        self.pattern = re.compile(pattern) if pattern else None
        self.counts: dict[str, int] = {}
        """How often each metric was reported, which is its step where none is named."""
        self.columns = Columns(names.find, self.steps.counts)
        self.held_out: set[str] = set()
        """Metrics that were reported of a set that is not the training's."""
        self.shown: dict[str, float] = {}
        """What a progress bar shows, where there are no steps."""
        self._metrics = names.pattern()

    def parse(self, line: str, *, live: bool = False) -> Entry | None:
        """Return what a line reports, None if nothing.

        ``live``: it is written over by the next one, as a progress bar is.
        """
        line = strip_escapes(line)
        if self.pattern is not None:
            return self._by_pattern(self.pattern, line, live=live)
        if (found := read_object(line)) is not None:
            return self.take(found)
        self.steps.see(line)
        metrics: dict[str, float] = {}
        places: dict[str, int] = {}
        for match in self._metrics.finditer(line):
            name, at = self.names.find(match["key"]), match.start("key")
            if name is None or _QUALIFIED.search(line[:at]):
                continue
            if name in metrics and not (_of_training(line, places[name]) > _of_training(line, at)):
                continue
            value = share_or_number(line, match)
            if value is not None:
                metrics[name], places[name] = value, at
        if not metrics:
            self.columns.see(line)
        headings = {name: _heading(line, at) for name, at in places.items()}
        return self.at_step(self._not_of_training(metrics, headings), live=live)

    def row(self, line: str) -> Entry | None:
        """Return what a row of a table reports whose header has been read, None if nothing."""
        cells = self.columns.row(strip_escapes(line))
        return None if cells is None else self.take(cells)

    def take(self, record: Mapping[str, Any]) -> Entry | None:
        """Return what a record of (nested) keys and values reports, None if nothing."""
        flat = flatten(record)
        self.steps.see_record(flat)
        metrics: dict[str, float] = {}
        places: dict[str, str] = {}
        for key, value in flat.items():
            name = self.names.find(key) or self.names.find(key.rpartition(".")[2])
            if name is None:
                continue
            if name in metrics and not (_of_training(places[name]) > _of_training(key)):
                continue
            metrics[name], places[name] = value, key
        said = next((w for k, v in record.items() if (w := _set_named(k, v))), "")
        headings = {name: _heading(key) or said for name, key in places.items()}
        return self.at_step(self._not_of_training(metrics, headings))

    def note_steps(self, line: str) -> bool:
        """Take in the step of a line that is known to hold no metric; return whether it has one."""
        line = strip_escapes(line)
        if (found := read_object(line)) is not None:
            return self.steps.see_record(flatten(found))
        return self.steps.see(line)

    def at_step(self, metrics: dict[str, float], *, live: bool = False) -> Entry | None:
        """Return the metrics with the step that they belong to, None if there are none."""
        if not metrics:
            return None
        if self.steps.of_line is not None:
            return self.steps.of_line, metrics
        if self.steps.now is not None:
            self.steps.lock()
            return self.steps.now, metrics
        if live and metrics == self.shown:
            return None  # shown again, not reported again
        self.shown = metrics if live else {}
        for name in metrics:
            self.counts[name] = self.counts.get(name, self.steps.before) + 1
        return max(self.counts[name] for name in metrics), metrics

    def state(self) -> dict[str, Any]:
        """Return what must be kept to go on later, JSON-able."""
        return {
            **self.steps.state(), "counts": dict(self.counts), "columns": self.columns.names,
            "held_out": sorted(self.held_out),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.steps.restore(state)
        self.counts = dict(state.get("counts") or {})
        self.columns.names = list(state.get("columns") or [])
        self.held_out = set(state.get("held_out") or ())

    def _not_of_training(
        self, metrics: dict[str, float], headings: Mapping[str, str]
    ) -> dict[str, float]:
        """Return the metrics but those of the training that were reported of another set, too.

        ``headings``: the word that heads each, empty where none does.
        """
        trained = {n for n, word in headings.items() if word.startswith("train")}
        self.held_out |= {n for n, word in headings.items() if word} - trained
        return {n: v for n, v in metrics.items() if n not in trained & self.held_out}

    def _by_pattern(self, pattern: "re.Pattern[str]", line: str, *, live: bool) -> Entry | None:
        """Return what the user's expression finds: a group's name is that of a metric or a step."""
        metrics: dict[str, float] = {}
        for match in pattern.finditer(line):
            groups = {k: v for k, v in match.groupdict().items() if v is not None}
            self.steps.see_in(groups.items())
            for key, text in groups.items():
                name, value = self.names.find(key), captured_number(text)
                if name is not None and value is not None:
                    metrics[name] = value
        return self.at_step(metrics, live=live)


def _of_training(text: str, end: int | None = None) -> bool:
    """Whether the part of a line that ends at ``end`` is headed by training, as ``Train: ...``."""
    return _heading(text, end).startswith("train")


def _heading(text: str, end: int | None = None) -> str:
    """Return the last word before ``end`` that names a set of data, in lower case, or nothing."""
    end = len(text) if end is None else end
    headings = _HEADING.findall(text, max(0, end - _HEADED), end)
    return headings[-1].lower() if headings else ""


def _set_named(key: str, value: object) -> str:
    """Return the set of data that an entry of a record names, as ``"mode": "train"`` does."""
    named = isinstance(value, str) and fold(key) in _SETS
    return str(value).lower() if named and _HEADING.fullmatch(str(value)) else ""
