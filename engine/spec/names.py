"""How names, keys and values are put into messages: quoted, short, with nothing that acts."""

import datetime
import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hpo_tui.engine.numerals import brief, short_exponent

KeyPath = tuple[str | int, ...]
"""A place in the study file: ``("task", 1, "cost")``; lists count from 0."""

BARE = re.compile(r"[A-Za-z0-9_-]+")
"""A key that needs no quotes."""
_LONGEST = 60


def plain(text: str) -> str:
    """Return ``text`` with everything that is not printable written as an escape.

    It may be what is wrong with a name or a file. The screens drop it: ``hpo_tui.tui.words.plain``.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show(value: object) -> str:
    """Return ``value`` as TOML would write it, on one line, cut at 60 characters."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, int):
        text = str(value) if abs(value) < 10**40 else "a very large number"
    elif isinstance(value, float):
        text = short_exponent(repr(value))
    elif isinstance(value, Mapping):
        text = "a table"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(show(v) for v in value[:8]) + (", …]" if len(value) > 8 else "]")
    elif isinstance(value, datetime.date | datetime.time):
        text = f"the date or time {value}"
    else:
        text = f"a Python {type(value).__name__}"
    text = plain(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def dotted(path: Sequence[str | int]) -> str:
    """Return a path as people write it: ``task[2].cost``, ``space."learning rate".low``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            name = part if BARE.fullmatch(part) else plain(json.dumps(part, ensure_ascii=False))
            text += f".{name}" if text else name
    return text


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that ``name`` was most likely meant to be, or None."""
    by_fold: dict[str, str] = {}
    for candidate in allowed:
        by_fold.setdefault(fold(candidate), candidate)
    letters = sorted(fold(name))
    swapped = next((c for f, c in by_fold.items() if sorted(f) == letters), None)
    if swapped is not None:
        return swapped
    close = difflib.get_close_matches(fold(name[:200]), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return ``; did you mean "lr"?`` for the nearest allowed name, or an empty string."""
    found = nearest(name, allowed)
    return f"; did you mean {show(found)}?" if found is not None else ""


def listing(names: Iterable[object], *, most: int = 12) -> str:
    """Return ``"a", "b" and 3 more`` for a message."""
    return joined([show(n) for n in names], most) or "none"


def joined(words: Sequence[str], most: int) -> str:
    """Return ``a, b and 3 more`` of words as they are; nothing of none."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")


def plural(count: float, noun: str) -> str:
    """Return ``1 trial``, ``2 trials``."""
    return f"{brief(count, 12)} {noun}{'s' * (count != 1)}"


def numbered(trials: Sequence[int]) -> str:
    """Return ``trial 7``, or ``trials 7, 8``."""
    return f"trial{'s' * (len(trials) != 1)} {', '.join(map(str, trials))}"


def text_fault(text: str) -> str | None:
    """Return why ``text`` cannot be an argument or a database value, or None if it can."""
    if "\0" in text:
        return "holds a NUL character, which no command line can carry: remove it"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a character (a lone surrogate), which is not text: remove it"
    return None


def name_fault(name: str) -> str | None:
    """Return why ``name`` cannot name a parameter, a metric or a task, or None if it can."""
    if not name.strip():
        return "a name cannot be empty"
    if len(name) > 200:
        return f"a name can have at most 200 characters, this one has {len(name)}"
    if any(not c.isprintable() for c in name):
        return "a name cannot hold control characters such as tabs and line breaks"
    return text_fault(name)


def parameter_fault(name: str) -> str | None:
    """Return why ``name`` cannot name a parameter, which a placeholder does; None if it can."""
    return name_fault(name) or ("a name cannot hold { or }" if set(name) & set("{}") else None)


def plain_data(value: Any, depth: int = 0) -> Any:
    """Return ``value`` (a mapping as TOML would parse to) with plain containers and numbers.

    Numpy scalars become Python numbers, None inside a mapping is left out, keys become strings.
    What is not understood is handed on as it is, for the checks to refuse by name.
    """
    if depth > 40:
        return None
    if isinstance(value, Mapping):
        return {str(k): plain_data(v, depth + 1) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [plain_data(v, depth + 1) for v in value]
    if isinstance(value, bool | int | float | str):
        return _base(value)
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def _base(value: bool | int | float | str) -> bool | int | float | str:
    """Return a subclass's instance (an enum member, ``numpy.float64``) as the built-in type."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value) if type(value) is not kind else value
    return value


def fold(name: str) -> str:
    """Return a name as it is compared with another that may be a slip of it."""
    return name.casefold().replace("-", "_").replace(" ", "_")
