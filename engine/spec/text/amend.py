"""Editing the text of a study file: everything that is not touched stays as it was written.

Each function takes the text and gives the new one. The result is read back and compared with what
was meant before it is handed out, so that an edit is either right or refused.
"""

import copy
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.spec.names import KeyPath, dotted
from hpo_tui.engine.spec.reading.locate import Layout, layout
from hpo_tui.engine.spec.text.amend_list import change_list
from hpo_tui.engine.spec.text.toml_text import table_lines, toml_key, toml_lines, toml_value

_LONG = ('"""', "'''")
"""What begins a text of several lines."""


class EditError(ValueError):
    """A change that cannot be made to this text."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A table's text: from the comments that sit on its header to the next block."""

    path: KeyPath
    start: int
    end: int


def set_value(text: str, path: KeyPath, value: Any) -> str:
    """Return the text with the key at ``path`` set; it is added where it is not there.

    ``value`` is a text, number, boolean, list or mapping. Raises :class:`EditError`.
    """
    data = _parsed(text)
    wanted = copy.deepcopy(data)
    _put(wanted, path, value)
    found = layout(text)
    if path in found.values:
        start, end = found.values[path]
        if isinstance(value, list) and "\n" in text[start:end]:
            with suppress(EditError):
                return verified(_entry_by_entry(text, found, path, value), wanted, path)
        broken = isinstance(value, str) and "\n" in value and text[start : start + 3] in _LONG
        changed = text[:start] + (toml_lines if broken else toml_value)(value) + text[end:]
    else:
        changed = _added(text, found, path, value, wanted)
    return verified(changed, wanted, path)


def _entry_by_entry(text: str, found: Layout, path: KeyPath, value: list[Any]) -> str:
    old = value_at(_parsed(text), path)
    spans = [found.values[*path, n] for n in range(len(old))] if isinstance(old, list) else []
    return change_list(text, spans, old, value) if spans else ""


def add_parameter(text: str, name: str, table: Mapping[str, Any]) -> str:
    """Return the text with ``[space.NAME]`` after the last parameter. Raises EditError."""
    data = _parsed(text)
    if name in data.get("space", {}):
        raise EditError(f"there is a parameter {toml_key(name)} already")
    wanted = copy.deepcopy(data)
    _put(wanted, ("space", name), dict(table))
    header = f"[space.{toml_key(name)}]"
    return verified(_inserted(text, "space", header, table), wanted, ("space", name))


def add_entry(text: str, key: str, table: Mapping[str, Any]) -> str:
    """Return the text with another ``[[key]]`` after the last one. Raises EditError."""
    data = _parsed(text)
    wanted = copy.deepcopy(data)
    if not isinstance(wanted.setdefault(key, []), list):
        raise EditError(f"{key} is not a list of [[{key}]] tables")
    wanted[key].append(dict(table))
    return verified(_inserted(text, key, f"[[{key}]]", table), wanted, (key,))


def remove(text: str, path: KeyPath) -> str:
    """Return the text without a key, a table or an entry of a list. Raises EditError."""
    wanted = _parsed(text)
    _drop(wanted, path)
    found = layout(text)
    if path[0] not in wanted and path[:1] in found.pairs:
        path = path[:1]  # the last entry of a list, or of a table, that is the value of a key
    blocks = [b for b in _blocks(text, found) if b.path[: len(path)] == path]
    if blocks:
        changed = text
        for block in reversed(blocks):
            changed = _joined(changed[: block.start], changed[block.end :])
    elif path in found.pairs and _outer(found, path) is None:
        start, end = found.pairs[path]
        line_end = text.find("\n", end)
        changed = text[: text.rfind("\n", 0, start) + 1]
        changed += "" if line_end < 0 else text[line_end + 1 :]
    else:
        changed = _rewritten(text, found, path, wanted)
    return verified(changed, wanted, path)


def move(text: str, path: KeyPath, by: int) -> str:
    """Return the text with a parameter or list entry ``by`` places further on (or back).

    Moving beyond the first or last place leaves the text as it is. Raises EditError.
    """
    data = _parsed(text)
    found = layout(text)
    blocks = _blocks(text, found)
    depth = len(path)
    near = [b.path for b in blocks if len(b.path) >= depth and b.path[: depth - 1] == path[:-1]]
    order = list(dict.fromkeys(p[:depth] for p in near))
    if path not in order:
        raise EditError(f"{dotted(path)} has no table of its own, so it cannot be moved")
    here = order.index(path)
    there = min(max(here + by, 0), len(order) - 1)
    if here == there:
        return text
    spans = [_span(blocks, p) for p in order]
    bodies = [text[s:e].rstrip("\n") for s, e in spans]
    bodies.insert(there, bodies.pop(here))
    changed, at = "", 0
    for (start, end), body in zip(spans, bodies, strict=True):
        gap = text[start:end][len(text[start:end].rstrip("\n")) :]
        changed += text[at:start] + body + (gap if len(gap) > 1 else "\n\n")
        at = end
    changed += text[at:]
    wanted = _reordered(data, path, here, there)
    return verified(changed.rstrip("\n") + "\n", wanted, path)


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise EditError(f"the text is not valid TOML: {error}") from None


def value_at(data: Mapping[str, Any], path: KeyPath) -> Any:
    """Return what stands at ``path`` in a text as parsed; LookupError or TypeError if nothing."""
    place: Any = data
    for part in path:
        place = place[part]
    return place


def verified(text: str, wanted: dict[str, Any], path: KeyPath) -> str:
    """Return ``text`` if it means ``wanted``. Raises :class:`EditError`, naming ``path``."""
    try:
        right = tomllib.loads(text) == wanted
    except (ValueError, RecursionError):
        right = False
    if not right:
        raise EditError(f"{dotted(path)} cannot be changed in this text: edit it by hand")
    return text


def _put(data: dict[str, Any], path: KeyPath, value: Any) -> None:
    place: Any = data
    for part in path[:-1]:
        if isinstance(place, dict) and isinstance(part, str):
            place = place.setdefault(part, {})
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            raise EditError(f"there is no {dotted(path)}")
    last = path[-1]
    if isinstance(place, list) and isinstance(last, int) and last <= len(place):
        place[last : last + 1] = [value]
    elif isinstance(place, dict) and isinstance(last, str):
        place[last] = value
    else:
        raise EditError(f"there is no {dotted(path)}")


def _drop(data: dict[str, Any], path: KeyPath) -> None:
    try:
        place = value_at(data, path[:-1])
        del place[path[-1]]
    except (KeyError, IndexError, TypeError):
        raise EditError(f"there is no {dotted(path)}") from None
    if place == [] and len(path) == 2:
        del data[str(path[0])]
    if place == {} and path[:-1] == ("space",):
        del data["space"]


def _added(text: str, found: Layout, path: KeyPath, value: Any, wanted: dict[str, Any]) -> str:
    """Return the text with a key that is not there yet."""
    table, key = path[:-1], path[-1]
    if table in found.tails and isinstance(key, str) and table not in found.values:
        at = found.tails[table]
        line_end = text.find("\n", at)
        at = len(text) if line_end < 0 else line_end
        return f"{text[:at]}\n{toml_key(key)} = {toml_value(value)}{text[at:]}"
    if _outer(found, path) is not None:
        return _rewritten(text, found, path, wanted)
    if all(isinstance(p, str) for p in table) and table:
        header = "[" + ".".join(toml_key(str(p)) for p in table) + "]"
        return _inserted(text, str(table[0]), header, {str(key): value})
    raise EditError(f"there is no place for {dotted(path)} in this text: edit it by hand")


def _rewritten(text: str, found: Layout, path: KeyPath, wanted: dict[str, Any]) -> str:
    """Return the text with the outermost list or inline table that holds ``path`` written anew."""
    outer = _outer(found, path)
    if outer is None:
        raise EditError(f"{dotted(path)} cannot be changed in this text: edit it by hand")
    start, end = found.values[outer]
    return text[:start] + toml_value(value_at(wanted, outer)) + text[end:]


def _inserted(text: str, section: str, header: str, table: Mapping[str, Any]) -> str:
    """Return the text with a new table after the last one of its section, or at the end."""
    lines = "\n".join(table_lines(header, [(k, v, "") for k, v in table.items()]))
    same = [b for b in _blocks(text, layout(text)) if b.path[:1] == (section,)]
    at = same[-1].end if same else len(text)
    before, after = text[:at].rstrip("\n"), text[at:]
    if not before:
        return f"{lines}\n{after}"
    return f"{before}\n\n{lines}\n" + (f"\n{after}" if after.strip() else "")


def _outer(found: Layout, path: KeyPath) -> KeyPath | None:
    """Return the outermost list or inline table that ``path`` lies in; None where it is in none."""
    return next((path[:n] for n in range(1, len(path)) if path[:n] in found.values), None)


def _blocks(text: str, found: Layout) -> list[_Block]:
    starts = []
    for _, header in found.headers:
        start = text.rfind("\n", 0, header) + 1
        while start:
            above = text.rfind("\n", 0, start - 1) + 1
            if not text[above:start].lstrip().startswith("#"):
                break
            start = above
        starts.append(start)
    ends = [*starts[1:], len(text)]
    return [_Block(p, s, e) for (p, _), s, e in zip(found.headers, starts, ends, strict=False)]


def _span(blocks: list[_Block], path: KeyPath) -> tuple[int, int]:
    """Return where the block of ``path`` and the tables inside it stand; refuse scattered ones."""
    mine = [n for n, b in enumerate(blocks) if b.path[: len(path)] == path]
    if mine != list(range(mine[0], mine[-1] + 1)):
        raise EditError(f"the tables of {dotted(path)} stand apart: move them by hand")
    return blocks[mine[0]].start, blocks[mine[-1]].end


def _joined(before: str, after: str) -> str:
    """Return two parts of a text, with one empty line between them at most."""
    if not after.strip():
        return before.rstrip("\n") + "\n" if before.strip() else ""
    return re.sub(r"\n{3,}\Z", "\n\n", before) + after


def _reordered(data: dict[str, Any], path: KeyPath, here: int, there: int) -> dict[str, Any]:
    wanted = copy.deepcopy(data)
    place = value_at(wanted, path[:-1])
    if isinstance(place, list):
        place.insert(there, place.pop(here))
    return wanted
