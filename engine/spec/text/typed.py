"""A value that a person types where no quotes are needed: on a command line, in a form."""

import re
import tomllib
from typing import Any

from hpo_tui.engine.spec.parts import Value

_POINTED = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
_TRUTHS = {"True": True, "False": False}


def number_of(text: str) -> float | None:
    """Return a number that people write and TOML does not know, ``.5`` or ``1.``; else None."""
    return float(text) if _POINTED.fullmatch(text) else None


def typed_value(text: str) -> Any:
    """Return what ``text`` is in TOML, or to people (``.5``, ``1.``, ``True``); else the text."""
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        number = number_of(text)
        return _TRUTHS.get(text, text) if number is None else number
    return found["value"] if len(found) == 1 else text


def parameter_value(text: str) -> Value:
    """Return the same as a parameter's value: of what none has, a date or a list, the text."""
    value = typed_value(text)
    return value if isinstance(value, str | int | float) else text
