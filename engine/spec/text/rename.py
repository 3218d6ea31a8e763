"""A parameter under another name, wherever the text of a study says it; all else stays."""

import copy
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hpo_tui.engine.spec import placeholders
from hpo_tui.engine.spec.expressions import tokens as expression
from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.engine.spec.reading.locate import KEY, Layout, layout
from hpo_tui.engine.spec.text.amend import EditError, set_value, value_at, verified
from hpo_tui.engine.spec.text.toml_text import toml_key

_BETWEEN = re.compile(r"[ \t]*\.?[ \t]*")


def rename_parameter(text: str, old: str, new: str) -> str:
    """Return the text with the parameter ``old`` called ``new``, where it is used too.

    Its table keeps its place and its comments. Conditions, start configurations, the command's and
    the environment's placeholders and relations follow. Raises :class:`EditError`.
    """
    data = tomllib.loads(text)
    space = data.get("space")
    if not isinstance(space, Mapping) or old not in space:
        raise EditError(f"there is no parameter {toml_key(old)}")
    if new in space:
        raise EditError(f"there is a parameter {toml_key(new)} already")
    names = list(space)
    text = _rename_keys(text, data, set(_keys(data, old)), new)
    held = tomllib.loads(text)
    used = [
        *_changed(_words(held), lambda word: placeholders.renamed(word, old, new)),
        *_changed(_relations(held), lambda said: expression.renamed(said, names, old, new)),
    ]
    for path, value in used:
        text = set_value(text, path, value)
    return text


def _keys(data: Mapping[str, Any], old: str) -> Iterator[KeyPath]:
    """Yield the keys that are the parameter's name."""
    yield "space", old
    for name, body in data["space"].items():
        when = body.get("when") if isinstance(body, Mapping) else None
        if isinstance(when, Mapping) and old in when:
            yield "space", name, "when", old
    start = data.get("start")
    for n, given in enumerate(start if isinstance(start, list) else ()):
        if isinstance(given, Mapping) and old in given:
            yield "start", n, old


def _rename_keys(text: str, data: dict[str, Any], keys: set[KeyPath], new: str) -> str:
    found = layout(text)
    spans = sorted(set(_spans(text, found, keys)), reverse=True)
    for start, end in spans:
        text = text[:start] + toml_key(new) + text[end:]
    wanted = copy.deepcopy(data)
    # Deep ones first: the table of the parameter itself may hold one of the others.
    for path in sorted(keys, key=len, reverse=True):
        place = value_at(wanted, path[:-1])
        place[new] = place.pop(path[-1])
    return verified(text, wanted, ("space", new))


def _spans(text: str, found: Layout, keys: set[KeyPath]) -> Iterator[tuple[int, int]]:
    """Yield where the keys are written: in headers, before ``=``, or as parts of dotted ones."""
    for path, at in found.headers:
        written = _written(text, at + (2 if text.startswith("[[", at) else 1))
        for key in keys:
            if path[: len(key)] == key:
                yield written[sum(isinstance(part, str) for part in key) - 1]
    for path, (at, _) in found.pairs.items():
        written = _written(text, at)
        outside = len(path) - len(written)
        for key in keys:
            if path[: len(key)] == key and len(key) > outside:
                yield written[len(key) - 1 - outside]


def _written(text: str, at: int) -> list[tuple[int, int]]:
    """Return where each part of the dotted key at ``at`` stands."""
    spans: list[tuple[int, int]] = []
    while True:
        if between := _BETWEEN.match(text, at):
            at = between.end()
        part = KEY.match(text, at)
        if part is None:
            return spans
        spans.append(part.span())
        at = part.end()


def _words(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """Yield what may hold placeholders: the command, and the values of the environment."""
    study, env = data.get("study"), data.get("env")
    if isinstance(study, Mapping):
        yield from _each(("study", "command"), study.get("command"))
    if isinstance(env, Mapping):
        for name, value in env.items():
            yield ("env", name), value


def _relations(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    yield from _each(("constraints",), data.get("constraints"))
    study = data.get("study")
    if isinstance(study, Mapping):
        yield from _each(("study", "constraints"), study.get("constraints"))


def _each(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, list):
        yield from (((*path, n), one) for n, one in enumerate(value))
    else:
        yield path, value


def _changed(
    places: Iterable[tuple[KeyPath, Any]], change: Callable[[str], str]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield the texts that ``change`` changes, changed."""
    for path, text in places:
        if isinstance(text, str) and (changed := change(text)) != text:
            yield path, changed
