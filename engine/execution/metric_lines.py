"""Metrics in lines of text, as people and frameworks print them. Pure: text in, numbers out.

Understood are ``key=value``, ``key: value``, ``key value``, tables, JSON objects, progress bars and
Python reprs such as ``tensor(0.91)``. A number before a percent sign counts as it is written.
Commas are read as people mean them: 1,234 is a thousand and more, 0,91 is less than one.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

Entry = tuple[int | None, dict[str, float]]
"""A step and the metrics reported at it."""

STEP_KEYS = ("epoch", "step", "global_step", "iteration", "iter")
"""Keys that count steps, the one to prefer first."""

_THOUSANDS = r"[1-9]\d{0,2}(?:,\d{3})+"
# Nothing that a comma and digits follow: 1,2,3 is a list, of which the first counts.
_DECIMAL_COMMA = r"\d+,\d+(?!\d|[,.]\d)"
NUMBER = (
    rf"[-+]?(?:{_THOUSANDS}(?:\.\d*)?|{_DECIMAL_COMMA}|\d[\d_]*(?:\.\d*)?|\.\d+)"
    r"(?:[eE][-+]?\d+)?"
    r"|[-+]?(?:nan|inf(?:inity)?)\b"
)
_VALUE = rf"(?:[\w.]*\(\s*|\[\s*)?(?P<value>{NUMBER})(?![\d:]|\.\d|-\d)"
_SEPARATOR = r"(?:\s*(?:[=:|│]|->|→)\s*|\s+(?:(?:is|of)\s+)?)"
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_QUALIFIER = (
    r"(?:train|training|val|valid|validation|test|testing|eval|dev|best|running|avg|average|mean"
    r"|max|min|ema)"
)
_QUALIFIED = re.compile(rf"\b{_QUALIFIER}[ _-]*$", re.IGNORECASE)
_HEADING = re.compile(
    r"(?<!\w)(?:train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)(?!\w)",
    re.IGNORECASE,
)
_HEADED = 300
"""Characters within which a heading holds for what follows it."""
_ANY = re.compile(
    rf"(?<![\w./-])(?P<key>(?:{_QUALIFIER} )?[A-Za-z_][\w./@-]*)[\"']?(?:\s*[=:]\s*){_VALUE}"
    rf"|(?<![\w./-])(?P<key2>(?:{_QUALIFIER} )?[A-Za-z_][\w./@-]*)[\"']?\s+"
    r"(?P<value2>[-+]?\d+\.\d+(?:[eE][-+]?\d+)?)(?![\d:]|\.\d|-\d)",
    re.IGNORECASE,
)
_NO_METRIC = frozenset(
    ("cuda", "cpu", "gpu", "line", "pid", "port", "rank", "version", "v", "eta", "took", "is")
)
_GROUPED = re.compile(rf"\s*[-+]?{_THOUSANDS}(?![\d,])")
_PIECES = re.compile(r"[^\W_]+")


def strip_escapes(text: str) -> str:
    """Return ``text`` without terminal escape sequences."""
    return _ANSI.sub("", text) if "\x1b" in text else text


@lru_cache(4096)
def fold(name: str) -> str:
    """Return ``name`` so that spellings which differ in case, space, ``_`` or ``-`` are one."""
    return re.sub(r"[\s_-]+", "_", name.strip()).lower()


def to_number(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return the number that ``text`` writes, None if it writes none.

    ``decimal_comma``: where it comes from, a comma is what a point is elsewhere: 1.234,5.
    """
    if decimal_comma and text.count(",") == 1:
        text = text.replace(".", "").replace(",", ".")
    elif _GROUPED.match(text):
        text = text.replace(",", "")
    else:
        text = text.replace(",", ".")
    try:
        return float(text.replace("_", "").rstrip("% "))
    except ValueError:
        return None


class Names:
    """Which names are wanted, and how the output may spell them."""

    def __init__(self, names: Collection[str], rename: Mapping[str, str] | None = None) -> None:
        rename = rename or {}
        self.exact = {n: n for n in names} | dict(rename)
        folded: dict[str, set[str]] = {}
        for spelled, name in self.exact.items():
            folded.setdefault(fold(spelled), set()).add(name)
        # Two names that differ in their case alone are told apart by it.
        self._folded = {key: next(iter(found)) for key, found in folded.items() if len(found) == 1}

    def find(self, spelled: str) -> str | None:
        """Return the wanted name that ``spelled`` means, None if it is none."""
        return self.exact.get(spelled) or self._folded.get(fold(spelled))

    def pattern(self) -> "re.Pattern[str]":
        """Return the expression that finds ``key value`` in a line for every wanted name."""
        spelled = sorted(self.exact, key=len, reverse=True)
        keys = "|".join(re.sub(r"(?:\\?[ _-])+", r"[ _-]", re.escape(s)) for s in spelled)
        return re.compile(
            rf"(?<![\w./-])[\"']?(?P<key>{keys or '(?!)'})[\"']?{_SEPARATOR}{_VALUE}",
            re.IGNORECASE,
        )

    def pieces(self) -> list[str]:
        """Return one word of each name, in lower case, without which a line cannot hold it."""
        words = (_PIECES.findall(s) or [s] for s in self.exact)
        return sorted({max(found, key=len).lower() for found in words})


class LineParser:
    """Turns lines into entries, and remembers at which step the output stands.

    ``step``: the key that counts steps, None for the usual ones. ``pattern``: an expression with
    named groups that takes the place of the grammar. A script that prints no step at all has its
    reports counted, each metric by itself.
    """

    def __init__(
        self, names: Names, *, step: str | None = None, pattern: str | None = None
    ) -> None:
        self.names = names
        self.keys = (step,) if step else STEP_KEYS
        self.pattern = re.compile(pattern) if pattern else None
        self.step: int | None = None
        self.key: str | None = None
        self.locked = False
        self.counts: dict[str, int] = {}
        self._metrics = names.pattern()
        alternatives = "|".join(re.escape(k).replace("_", "[ _]?") for k in self.keys)
        self._steps = re.compile(
            rf"(?<![\w.])[\"']?(?P<key>{alternatives})[\"']?(?!\w)\s*[:=#]?\s*[\[(]?\s*[:=#]?\s*"
            r"(?P<value>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?!\w)",
            re.IGNORECASE,
        )

    def parse(self, line: str) -> Entry | None:
        """Return what a line reports, None if nothing."""
        line = strip_escapes(line)
        if self.pattern is not None:
            return self._by_pattern(self.pattern, line)
        if (found := read_object(line)) is not None:
            return self.take(found)
        self._see_steps((m["key"], m["value"]) for m in self._steps.finditer(line))
        metrics: dict[str, float] = {}
        places: dict[str, int] = {}
        for match in self._metrics.finditer(line):
            name, at = self.names.find(match["key"]), match.start("key")
            if name is None or _QUALIFIED.search(line[:at]):
                continue
            if name in metrics and not (_of_training(line, places[name]) > _of_training(line, at)):
                continue
            value = to_number(match["value"])
            if value is not None:
                metrics[name], places[name] = value, at
        return self.at_step(metrics)

    def take(self, record: Mapping[str, Any]) -> Entry | None:
        """Return what a record of (nested) keys and values reports, None if nothing."""
        flat = flatten(record)
        self._see_steps((k, str(v)) for k, v in flat.items())
        metrics: dict[str, float] = {}
        places: dict[str, str] = {}
        for key, value in flat.items():
            name = self.names.find(key) or self.names.find(key.rpartition(".")[2])
            if name is None:
                continue
            if name in metrics and not (_of_training(places[name]) > _of_training(key)):
                continue
            metrics[name], places[name] = value, key
        return self.at_step(metrics)

    def note_steps(self, line: str) -> None:
        """Take in the step of a line that is known to hold no metric."""
        line = strip_escapes(line)
        self._see_steps((m["key"], m["value"]) for m in self._steps.finditer(line))

    def at_step(self, metrics: dict[str, float]) -> Entry | None:
        """Return the metrics with the step that they belong to, None if there are none."""
        if not metrics:
            return None
        if self.step is not None:
            self.locked = True
            return self.step, metrics
        for name in metrics:
            self.counts[name] = self.counts.get(name, 0) + 1
        return max(self.counts[name] for name in metrics), metrics

    def state(self) -> dict[str, Any]:
        """Return what must be kept to go on later, JSON-able."""
        counts = dict(self.counts)
        return {"step": self.step, "key": self.key, "locked": self.locked, "counts": counts}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.step, self.key = state.get("step"), state.get("key")
        self.locked, self.counts = bool(state.get("locked")), dict(state.get("counts") or {})

    def _by_pattern(self, pattern: "re.Pattern[str]", line: str) -> Entry | None:
        metrics: dict[str, float] = {}
        for match in pattern.finditer(line):
            groups = {k: v for k, v in match.groupdict().items() if v is not None}
            self._see_steps(groups.items())
            for key, text in groups.items():
                name, value = self.names.find(key), to_number(text)
                if name is not None and value is not None:
                    metrics[name] = value
        return self.at_step(metrics)

    def _see_steps(self, found: "Iterator[tuple[str, str]] | Any") -> None:
        """Keep the best of the steps in a line.

        Once metrics were reported at steps of one key, only that key counts: a log that mixes
        epochs and iterations must not jump between the two.
        """
        best: tuple[int, int] | None = None
        for key, text in found:
            rank = next((i for i, k in enumerate(self.keys) if fold(k) == fold(key)), None)
            value = to_number(text) if rank is not None else None
            if rank is None or value is None or not 0 <= value < 1 << 53:
                continue
            if self.locked and self.keys[rank] != self.key:
                continue
            if best is None or rank < best[0]:
                best = rank, int(value)
        if best is not None:
            self.key, self.step = self.keys[best[0]], best[1]


def _of_training(text: str, end: int | None = None) -> bool:
    """Whether the part of a line that ends at ``end`` is headed by training, as ``Train: ...``."""
    end = len(text) if end is None else end
    headings = _HEADING.findall(text, max(0, end - _HEADED), end)
    return bool(headings) and headings[-1].lower().startswith("train")


def read_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object that ``line`` is, None if it is none."""
    line = line.strip()
    if not (line.startswith("{") and line.endswith("}")):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def flatten(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, float]:
    """Return the numbers of a nested record, by dotted keys; numbers written as text count, too."""
    found: dict[str, float] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            if depth < 8:
                found |= flatten(value, f"{name}.", depth + 1)
        elif isinstance(value, str):
            number = to_number(value)
            if number is not None:
                found[name] = number
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                found[name] = float(value)
            except OverflowError:
                continue
    return found


def parse_line(line: str, names: Collection[str] | None = None) -> dict[str, float]:
    """Return the metrics in one line: those in ``names``, or all that look like metrics."""
    if names is not None:
        entry = LineParser(Names(names)).parse(line)
        return entry[1] if entry else {}
    line = strip_escapes(line)
    if (record := read_object(line)) is not None:
        return {k: v for k, v in flatten(record).items() if fold(k) not in STEP_KEYS}
    found: dict[str, float] = {}
    for match in _ANY.finditer(line):
        key = (match["key"] or match["key2"]).replace(" ", "_")
        value = to_number(match["value"] or match["value2"])
        if value is not None and key.lower() not in _NO_METRIC and fold(key) not in STEP_KEYS:
            found.setdefault(key, value)
    return found


def discover(text: str) -> dict[str, list[float]]:
    """Return every metric-like name in a script's output with the values that it took, in order."""
    found: dict[str, list[float]] = {}
    for line in re.split(r"[\r\n]+", text):
        for name, value in parse_line(line[:10_000]).items():
            found.setdefault(name, []).append(value)
    return found
