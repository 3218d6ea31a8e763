"""Numbers and records in text, as people and libraries write them. Pure: text in, numbers out.

Commas are read as people mean them: 1,234 is a thousand and more, 0,91 is less than one.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_THOUSANDS = r"[1-9]\d{0,2}(?:,\d{3})+"
# Nothing that a comma and digits follow: 1,2,3 is a list, of which the first counts.
_DECIMAL_COMMA = r"\d+,\d+(?!\d|[,.]\d)"
NUMBER = (
    rf"[-+]?(?:{_THOUSANDS}(?:\.\d*)?|{_DECIMAL_COMMA}|\d[\d_]*(?:\.\d*)?|\.\d+)"
    r"(?:[eE][-+]?\d+)?"
    r"|[-+]?(?:nan|inf(?:inity)?)\b"
)
QUALIFIER = (
    r"(?:train|training|val|valid|validation|test|testing|eval|dev|best|running|avg|average|mean"
    r"|max|min|ema)"
)
"""Words that make another metric of the name behind them."""
ASIDE = r"(?:\s?\((?:last|past|over|mean|avg|average|n ?=)\b[^()]{0,30}\))?"
"""What a name may be followed by, of how its number was made: ``return (last 10): 12.5``."""
AFTER = r"(?!\d|:\S|\.\d|-\d|%\|)"
"""What cannot follow a number: else it is a part of a time, a version or a date, or a bar's."""
VALUE = rf"(?:[\w.]*\(\s*|\[\s*)?[\"']?(?P<value>{NUMBER}){AFTER}"
"""A number, also within a repr or quotes."""
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_COUNT = re.compile(r"(\d+)\s*/\s*(\d+)")
_OVER = re.compile(r"\s*/\s*(\d+)(?![\d./])")
_AVERAGE = re.compile(rf"%?\s*\(\s*(?:avg:?\s*)?({NUMBER})\s*%?\s*\)")
_BATCHES = re.compile(r"(?<!fold)(?<!fold )\[\s*\d+/\d+", re.IGNORECASE)
_GROUPED = re.compile(rf"\s*[-+]?{_THOUSANDS}(?![\d,])")


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


def captured_number(text: str) -> float | None:
    """Return the number that an expression has captured; of a count, ``98/100``, the share."""
    count = _COUNT.fullmatch(text)
    if count is not None and int(count[1]) <= int(count[2]) > 0:
        return int(count[1]) / int(count[2])
    return to_number(text)


def share_or_number(line: str, match: "re.Match[str]", group: str = "value") -> float | None:
    """Return the number of a match.

    Of so many of a count, as ``9816/10000``, it is the share; of a meter in a line of batches, as
    ``Test: [24/24] Acc@1 69.2 (70.7)``, the average behind the last batch's value.
    """
    text = match[group]
    average = _AVERAGE.match(line, match.end(group))
    if average is not None and _BATCHES.search(line, 0, match.start(group)):
        return to_number(average[1])
    over = _OVER.match(line, match.end(group)) if text.isdigit() else None
    if over is not None and int(text) <= int(over[1]) > 0:
        return int(text) / int(over[1])
    return to_number(text)


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


def read_objects(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects of a text: one, a list of them, or one a line; none of any other."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        lines = map(read_object, text.splitlines())
        return [found for found in lines if found is not None]
    return [w for w in (whole if isinstance(whole, list) else [whole]) if isinstance(w, dict)]


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
