"""Settings given beside a study file, as ``run --set budget=20`` gives them."""

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hpo_tui.engine.spec.errors import SpecError
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.names import KeyPath, nearest, show
from hpo_tui.engine.spec.schema import ALIASES, KEYS
from hpo_tui.engine.spec.text.amend import EditError, set_value

_SHORT = ("study", "resources")
"""The sections whose keys may be named without them."""
_PART = re.compile(r"""([A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*")((?:\[[1-9][0-9]*\])*)(?:\.(?=.)|\Z)""")
"""One part of a key: a name, then places in lists, counted from 1 as in messages."""


def with_settings(spec: StudySpec, settings: Iterable[str]) -> StudySpec:
    """Return the study of a file with ``KEY=VALUE`` settings put into its text.

    Raises :class:`EditError` for a setting that cannot be put there, :class:`SpecError` for one
    that is wrong: without lines, since it stands in no line of the file.
    """
    text = spec.text
    for setting in settings:
        path, value = _parsed(setting)
        text = set_value(text, path, value)
    try:
        return StudySpec.from_text(text, spec.source)
    except SpecError as error:
        raise SpecError([replace(p, line=None) for p in error.problems], spec.source) from None


def _parsed(setting: str) -> tuple[KeyPath, Any]:
    """Return where a setting goes, and its value. Raises :class:`EditError`."""
    key, equals, value = (part.strip() for part in setting.partition("="))
    path = _path(key)
    if not equals or path is None:
        raise EditError(
            f"{show(setting)} is no setting: write KEY=VALUE, such as budget=20,"
            " space.lr.high=0.1 or task[1].cost=0.3"
        )
    return path, _value(value)


def _path(key: str) -> KeyPath | None:
    """Return the place of a dotted key, None for what is none."""
    path: list[str | int] = []
    at = 0
    while at < len(key):
        part = _PART.match(key, at)
        if part is None:
            return None
        name, places = part[1], part[2]
        try:
            path.append(json.loads(name) if name.startswith('"') else name)
        except ValueError:
            return None
        path += [int(place) - 1 for place in re.findall(r"\d+", places)]
        at = part.end()
    if len(path) == 1 and path[0] not in KEYS[""]:
        path.insert(0, _section(str(path[0])))
    return tuple(path) or None


def _section(key: str) -> str:
    """Return where a key belongs; one that is unknown, where it is said what was meant."""
    own = (section for section in _SHORT if key in KEYS[section])
    meant = (s for s in _SHORT if key in ALIASES[s] or nearest(key, KEYS[s]))
    return next(own, None) or next(meant, _SHORT[0])


def _value(text: str) -> Any:
    """Return a value as TOML writes it; anything else is a text: a shell takes quotes away."""
    try:
        data = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return data["value"] if len(data) == 1 else text
