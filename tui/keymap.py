"""``keys.toml``: which keys a person gives to which actions, and what is wrong with that."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from hpo_tui.tui.actions import SCOPES, action, actions_of, all_actions
from hpo_tui.tui.keys import spell_key

PLACES: tuple[tuple[str, ...], ...] = (
    ("app", "studies"),
    ("app", "screen", "watch", "study", "trial"),
    ("app", "screen", "trials", "study", "trial"),
    ("app", "screen", "sheet", "study", "trial"),
    ("app", "screen", "compare"),
    ("app", "screen", "define"),
    *((scope,) for scope in SCOPES),
)
"""Scopes whose keys are listened to at once. A pane's own keys come before those of its screen."""
_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}


def read_keys(table: Mapping[str, Any], text: str, faults: list[str]) -> dict[str, str]:
    """Return action id → keys, as Textual names them, of a ``keys.toml`` with the text ``text``.

    What is wrong is added to ``faults``: what cannot be is left out, what clashes stays.
    """
    lines = _lines(text) if table else {}

    def fault(id_: str, said: str) -> None:
        where = f":{lines[id_]}" if id_ in lines else ""
        faults.append(f"keys.toml{where}: {said}")

    known = {a.id for a in all_actions()} if table else set()
    keys: dict[str, str] = {}
    for id_, value in _flat(table):
        given = _given(value)
        odd = [k for k in given if isinstance(k, str) and not _is_key(k)]
        if id_ not in known:
            fault(id_, f"there is no action {id_!r}; the palette (:) lists them")
        elif not given or not all(isinstance(k, str) and k for k in given):
            fault(id_, f"{id_} must be a key or a list of keys")
        elif odd:
            fault(
                id_, f"{id_}: {odd[0]!r} is not a key; write K, +, f5, ctrl+k, pagedown or the like"
            )
        else:
            keys[id_] = ",".join(_named(k) for k in given)
    for id_, said in _clashes(keys):
        fault(id_, said)
    return keys


def _given(value: Any) -> list[Any]:
    """Return the keys of a line: a list of them, or a text with one or several."""
    if isinstance(value, str) and not _is_key(value):
        return [key.strip() for key in value.split(",")]
    return value if isinstance(value, list) else [value]


def _clashes(keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (action that was given a key, what is to be said) where another has the key too."""
    told: set[tuple[str, str, str]] = set()
    for place in PLACES:
        owners: dict[str, list[str]] = {}
        for found in (a for scope in place for a in actions_of(scope)):
            for key in keys.get(found.id, _default(found.keys)).split(","):
                owners.setdefault(key, []).append(found.id)
        for key, ids in owners.items():
            given = [id_ for id_ in ids if id_ in keys]
            for other in ids if given else ():
                pair = (key, *sorted((given[0], other)))
                if other != given[0] and pair not in told:
                    told.add((pair[0], pair[1], pair[2]))
                    yield given[0], _clash(key, given[0], other)


def _clash(key: str, given: str, other: str) -> str:
    two = " and ".join(f"{id_} ({action(id_).label})" for id_ in (given, other))
    return f"{spell_key(key)} is the key of {two}: only one of them works; give one another key"


def _default(keys: str) -> str:
    return ",".join(_named(key) for key in keys.split(","))


def _named(key: str) -> str:
    *modifiers, last = [key] if len(key) == 1 else key.rsplit("+", 1)
    return "+".join([*modifiers, _of_character(last) if len(last) == 1 else last])


def _of_character(character: str) -> str:
    """Return Textual's name of the key that types a character."""
    from textual.keys import ASCII_KEY_NAMES, KEY_NAME_REPLACEMENTS

    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    name = name or ASCII_KEY_NAMES.get(character, character)
    return KEY_NAME_REPLACEMENTS.get(name, name)


def _is_key(text: str) -> bool:
    """Whether a terminal could ever report such a key."""
    from textual.keys import Keys

    *modifiers, last = _named(text).split("+")
    names = {_of_character(chr(code)) for code in range(33, 127)} | {k.value for k in Keys}
    return set(modifiers) <= _MODIFIERS and (len(last) == 1 or last in names)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _lines(text: str) -> dict[str, int]:
    """Return the line of each action's id."""
    from hpo_tui.engine.spec.reading.locate import locate

    return {".".join(map(str, path)): line for path, line in locate(text).items()}
