"""Values of the study file as people type them in a form, and back."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.spec.text.toml_text import toml_value
from hpo_tui.engine.spec.text.typed import number_of
from hpo_tui.tui.editor.fields import Field

_BARE = re.compile(r"[\w.+/:@%*-]+( [\w.+/:@%*-]+)*")
"""Text that needs no quotes in a list."""
_BEFORE_QUOTES = ("", "[", "=", ",")
"""What a text in quotes comes after: elsewhere, as in ``don't``, a quote is a character."""


def show_field(field: Field, value: Any) -> str:
    """Return the value of ``field`` as :func:`read_value` takes it."""
    if field.kind in ("words", "any") and isinstance(value, list):
        return toml_value(value)
    return _show_item(value) if field.kind == "any" else show_value(value)


def show_value(value: Any) -> str:
    """Return a value as people write it: ``yes``, ``sgd, adam``, ``optimizer = sgd``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{_show_item(str(k))} = {_show_inner(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_show_item(v) for v in value)
    return toml_value(value) if isinstance(value, float) else str(value)


def _show_inner(value: Any) -> str:
    return show_value(value) if isinstance(value, list) else _show_item(value)


def _show_item(value: Any) -> str:
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and isinstance(_guess(value), str)
        return value if bare else toml_value(value)
    return toml_value(value) if isinstance(value, bool | float) else str(value)


def read_value(field: Field, text: str) -> Any:
    """Return what ``text`` means for ``field``; None for nothing (the key is left out).

    Text that means nothing sensible is returned as it is: the study's own check then says what
    is wrong with it, in the same words as for the file.
    """
    text = text.strip()
    if not text:
        return None
    match field.kind:
        case "text" | "choice":
            return text
        case "words":
            return _words(text) if text.startswith("[") else text
        case "flag":
            return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)
        case "number" | "any":
            return _guess(text)
        case "list":
            return _items(text)
        case "mapping":
            return _mapping(text)


def _words(text: str) -> Any:
    """Return a list in brackets, of words with or without quotes."""
    whole = _guess(text)
    if isinstance(whole, list) or not text.endswith("]"):
        return whole
    return [str(_guess(word)) for word in split_outside(text[1:-1], ",")]


def _guess(text: str) -> Any:
    """Return the number, truth value, quoted string or list that ``text`` is in TOML, else it."""
    try:
        value = tomllib.loads(f"v = {text}").get("v")
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        number = number_of(text)
        return text if number is None else number
    return value if isinstance(value, int | float | str | list) else text


def split_outside(text: str, mark: str) -> list[str]:
    """Return the pieces of ``text`` between ``mark``, quoted and bracketed ones left whole."""
    pieces, start, quote, depth, escaped = [], 0, "", 0, False
    for at, char in enumerate(text):
        if quote:
            if char == quote and not escaped:
                quote = ""
            escaped = char == "\\" and not escaped and quote == '"'
        elif char in "\"'" and text[start:at].rstrip()[-1:] in _BEFORE_QUOTES:
            quote = char
        elif char in "[{(":
            depth += 1
        elif char in "]})":
            depth -= 1
        elif char == mark and depth <= 0:
            pieces.append(text[start:at])
            start = at + 1
    pieces.append(text[start:])
    return [p.strip() for p in pieces if p.strip()]


def _items(text: str) -> list[Any]:
    whole = _guess(text)
    return whole if isinstance(whole, list) else [_guess(p) for p in split_outside(text, ",")]


def _mapping(text: str) -> Any:
    """Return ``a = 1; b = x, y`` as a mapping; several values make a list.

    ``{ a = 1, b = 2 }``, as the file has it, is one, too.
    """
    if (inline := _inline(text)) is not None:
        return inline
    found: dict[str, Any] = {}
    for piece in split_outside(text.strip("{}"), ";"):
        key = next(iter(split_outside(piece, "=")), "")
        equals, value = piece[len(key) :].lstrip()[:1], piece[len(key) :].lstrip()[1:]
        if not key or not piece.startswith(key) or equals != "=":
            return text
        items = _items(value.strip())
        found[_unquoted(key)] = items[0] if len(items) == 1 else items
    return found


def _inline(text: str) -> dict[str, Any] | None:
    """Return an inline table of TOML, with its braces or without; None for any other text.

    A dotted name is a name here, and no table in a table.
    """
    body = text if text.startswith("{") else f"{{{text}}}"
    try:
        found = tomllib.loads(f"v = {body}")
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None
    table = found["v"]
    flat = len(found) == 1 and isinstance(table, dict) and table
    plain = flat and all(isinstance(v, int | float | str | list) for v in table.values())
    return table if plain else None


def _unquoted(key: str) -> str:
    name = _guess(key) if key[0] in "\"'" else key
    return name if isinstance(name, str) else key
