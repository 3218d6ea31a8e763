"""Which metrics a script's output may hold, while nobody has said which are wanted."""

import re

from hpo_tui.engine.execution.metrics.steps import STEP_KEYS
from hpo_tui.engine.execution.metrics.tables import Columns
from hpo_tui.engine.execution.metrics.text import (
    AFTER,
    QUALIFIER,
    VALUE,
    flatten,
    fold,
    read_object,
    share_or_number,
    strip_escapes,
)

_ANY = re.compile(
    rf"(?<![\w./-])(?P<key>(?:{QUALIFIER} )?[A-Za-z_][\w./@-]*)[\"']?(?:\s*[=:]\s*){VALUE}"
    rf"|(?<![\w./-])(?P<key2>(?:{QUALIFIER} )?[A-Za-z_][\w./@-]*)[\"']?\s+"
    rf"(?P<value2>[-+]?\d+\.\d+(?:[eE][-+]?\d+)?){AFTER}",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z_][\w./@-]*")
_NO_METRIC = frozenset({
    "cuda", "cpu", "gpu", "line", "pid", "port", "rank", "version", "v", "eta", "took", "is",
    "using", "time", "dur", "elapsed",
    "after", "at", "by", "for", "from", "in", "of", "than", "to", "with",
})  # fmt: skip


def discover_in_line(line: str) -> dict[str, float]:
    """Return all in one line that looks like a metric."""
    line = strip_escapes(line)
    if (record := read_object(line)) is not None:
        return {k: v for k, v in flatten(record).items() if fold(k) not in STEP_KEYS}
    found: dict[str, float] = {}
    for match in _ANY.finditer(line):
        key = (match["key"] or match["key2"]).replace(" ", "_")
        value = share_or_number(line, match, "value" if match["value"] else "value2")
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
