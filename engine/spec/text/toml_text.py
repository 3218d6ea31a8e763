"""Values and tables as TOML text."""

import datetime
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.engine.numerals import short_exponent
from hpo_tui.engine.spec.names import BARE


def toml_key(name: str) -> str:
    """Return a key, in quotes where it needs them."""
    return name if BARE.fullmatch(name) else toml_text(name)


def toml_text(text: str) -> str:
    """Return a string in quotes, single ones where that spares backslashes."""
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return f'"{_escaped(text)}"'


def toml_lines(text: str) -> str:
    """Return a string in three quotes, its line breaks as they are."""
    # TOML leaves out a line break right after the quotes.
    first = "\n" if text.startswith("\n") else ""
    return '"""' + first + "\n".join(_escaped(line) for line in text.split("\n")) + '"""'


def toml_value(value: Any) -> str:
    """Return a text, number, boolean, list or mapping (as an inline table) on one line.

    Dates and times too: no key of a study takes one, but a text with one can be edited.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, str):
        return toml_text(str(value))
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml_key(str(k))} = {toml_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return "[" + ", ".join(toml_value(v) for v in value) + "]"


def table_lines(header: str, pairs: Iterable[tuple[str, Any, str]]) -> list[str]:
    """Return a table's lines, its remarks lined up; ``pairs`` are key, value, remark."""
    rows = [(f"{toml_key(key)} = {toml_value(value)}", remark) for key, value, remark in pairs]
    width = max((len(row) for row, remark in rows if remark and len(row) < 50), default=0)
    lines = [f"{row:<{width}}  # {_one_line(remark)}" if remark else row for row, remark in rows]
    return [header, *lines]


def comment_lines(text: str) -> list[str]:
    """Return a remark of any number of lines as comments."""
    return [f"# {_one_line(line)}".rstrip() for line in text.splitlines()]


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return short_exponent(repr(value))


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
