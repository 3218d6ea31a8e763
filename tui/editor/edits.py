"""Changes of the form turned into changes of the study's text; comments and order stay."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.engine.spec.text.rename import rename_parameter
from hpo_tui.engine.spec.text.write import (
    EditError,
    add_entry,
    add_parameter,
    move,
    remove,
    set_value,
)
from hpo_tui.tui.editor.fields import FIELDS, LISTS

__all__ = ["EditError", "add", "apply_values", "duplicate", "move", "remove", "values_at"]

_FRESH: dict[str, dict[str, Any]] = {
    "space": {"type": "float", "low": 0.0, "high": 1.0},
    "objective": {"metric": "metric", "direction": "maximize"},
    "constraint": {"metric": "metric", "max": 1.0},
    "task": {"name": "task", "cost": 0.5},
}
_NAME = {"objective": "metric", "constraint": "metric", "task": "name"}


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def values_at(data: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
    """Return key → value of the item or setting at ``path``, with ``name`` for a parameter.

    A task's fidelity values are gathered under ``fidelity``, as the form shows them.
    """
    section = str(path[0])
    if section not in _FRESH:
        table = data.get(section, {})
        return dict(table) if isinstance(table, Mapping) else {}
    body = _at(data, path)
    values = dict(body) if isinstance(body, Mapping) else {}
    if section == "space":
        return {"name": path[1], **values}
    if section == "task":
        fidelity = {k: v for k, v in values.items() if k not in ("name", "cost")}
        return {k: v for k, v in values.items() if k in ("name", "cost")} | {"fidelity": fidelity}
    return values


def apply_values(text: str, path: KeyPath, values: Mapping[str, Any]) -> tuple[str, KeyPath]:
    """Return (the text with ``values`` at the item's keys, the row's path); None removes a key.

    The path is ``path`` itself, unless a parameter was renamed. Raises :class:`EditError` where the
    text is written so that it cannot be changed safely.
    """
    values = dict(values)
    section = str(path[0])
    if path == ("env",):
        values = {str(values["name"]): values.get("value") or ""} if values.get("name") else {}
    base: KeyPath = path if section in _FRESH else (section,)
    if section == "space" and values.get("name") not in (None, path[1]):
        base = ("space", str(values["name"]))
        text = rename_parameter(text, str(path[1]), base[1])
    if section == "space":
        values.pop("name", None)
    if section == "task" and "fidelity" in values:
        values |= _fidelity_change(text, base, values.pop("fidelity"))
    held = _read(text)
    for key, value in values.items():
        present = _has(held, (*base, key))
        if value is not None:
            text = set_value(text, (*base, key), value)
        elif present:
            text = remove(text, (*base, key))
    return text, base if section in _FRESH else path


def _has(data: Any, path: KeyPath) -> bool:
    try:
        _at(data, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _fidelity_change(text: str, base: KeyPath, wanted: Any) -> dict[str, Any]:
    if wanted is not None and not isinstance(wanted, Mapping):
        raise EditError(f"write fidelity values as epochs = 15; shards = 2, found {wanted}")
    body = _at(_read(text), base)
    known = {f.key for f in FIELDS["task"]}
    gone = {k: None for k in body if k not in known}
    return gone | dict(wanted or {})


def add(text: str, section: str) -> tuple[str, KeyPath]:
    """Return (the text with a fresh item in ``section``, its path). Raises EditError."""
    data = _read(text)
    fresh = dict(_FRESH[section])
    held = data.get(section, {} if section == "space" else [])
    if not isinstance(held, dict if section == "space" else list):
        shape = f"[{section}.name]" if section == "space" else f"[[{section}]]"
        raise EditError(f"{section} is not written as {shape}: change that in the text first")
    if section == "space":
        name = _free("parameter", held)
        return add_parameter(text, name, fresh), ("space", name)
    taken = _names(held, section)
    fresh[_NAME[section]] = _free(fresh[_NAME[section]], taken)
    if section == "task" and taken:
        # Every task has the same fidelity values: the last one's are there to be changed.
        fidelity = values_at(data, (section, len(held) - 1))["fidelity"]
        fresh = {"name": fresh["name"], **fidelity, "cost": fresh["cost"]}
    return add_entry(text, section, fresh), (section, len(taken))


def duplicate(text: str, path: KeyPath) -> tuple[str, KeyPath]:
    """Return (the text with a copy of the item below it, the copy's path). Raises EditError."""
    data = _read(text)
    section = str(path[0])
    body = dict(_at(data, path))
    if section == "space":
        names = list(data["space"])
        name = _free(str(path[1]), names)
        text = add_parameter(text, name, body)
        back = names.index(str(path[1])) + 1 - len(names)
        return (move(text, ("space", name), back) if back else text), ("space", name)
    if section not in LISTS or not isinstance(path[1], int):
        raise EditError("only parameters, metrics and tasks can be duplicated")
    count = len(data[section])
    own = str(body.get(_NAME[section], section))
    body[_NAME[section]] = _free(own, _names(data[section], section))
    text = add_entry(text, section, body)
    to = path[1] + 1
    return (move(text, (section, count), to - count) if to != count else text), (section, to)


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise EditError(f"the text is not valid TOML: {error}") from None


def _names(entries: Iterable[Any], section: str) -> list[Any]:
    return [entry.get(_NAME[section]) for entry in entries if isinstance(entry, Mapping)]


def _free(name: str, taken: Any) -> str:
    if name not in taken:
        return name
    count = 2
    while f"{name}_{count}" in taken:
        count += 1
    return f"{name}_{count}"
