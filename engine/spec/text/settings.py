"""Keys of a study file set from a command line: ``run --set budget=20``, ``edit slots=4``."""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpo_tui.engine.spec.errors import Problem, SpecError
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.names import KeyPath, did_you_mean, listing, nearest, show
from hpo_tui.engine.spec.parts import Value
from hpo_tui.engine.spec.reading.load import read_file
from hpo_tui.engine.spec.reading.locate import layout
from hpo_tui.engine.spec.schema import ALIASES, KEYS
from hpo_tui.engine.spec.text.amend import EditError, remove, set_value
from hpo_tui.engine.spec.text.freeze import frozen
from hpo_tui.engine.spec.text.typed import typed_value

_NAME = ("study", "name")
_SHORT = ("study", "resources")
"""The sections whose keys may be named without them."""
_PART = re.compile(r"""([\w-]+|"(?:[^"\\]|\\.)*")((?:\[[1-9][0-9]*\])*)(?:\.(?=.)|\Z)""")
"""One part of a key: a name, then places in lists, counted from 1 as in messages."""


def load_as(file: Path, name: str | None = None, settings: Iterable[str] = ()) -> StudySpec:
    """Return the study of a file, with settings, and called ``name`` where the file names none.

    Raises :class:`SpecError` and, of a setting, :class:`EditError`.
    """
    text, file = read_file(file)
    try:
        spec = StudySpec.from_text(text, file)
    except SpecError as error:
        others = [p for p in error.problems if p.path != _NAME]
        if name is None or len(others) == len(error.problems) or _NAME in layout(text).values:
            raise
        if others:  # with the lines of the file as it is
            raise SpecError(others, error.source) from None
        spec = StudySpec.from_text(set_value(text, _NAME, name), file)
    return with_settings(spec, settings) if settings else spec


def with_settings(spec: StudySpec, settings: Iterable[str], *, has_run: bool = False) -> StudySpec:
    """Return a study with ``KEY=VALUE`` settings put into its text.

    Keys are dotted as in messages; those of the study, of its resources, of a parameter, and of an
    objective or constraint by its metric, need no section. A parameter itself (``lr=0.01``) is
    fixed at the value. Raises :class:`EditError` for a setting that cannot be put there,
    :class:`SpecError` for one that is wrong: without lines, since it stands in no line of the file.
    Of a study that ``has_run`` the configurations to run first have had their turn: those that a
    setting leaves outside are left out.
    """
    text = spec.text
    names = {p.name for p in spec.space}
    sections = set[str | int]()
    for setting in settings:
        path, value = _parsed(setting, spec)
        sections.add(path[0])
        if path in {("space", name) for name in names} and isinstance(value, str | int | float):
            text = _fixed(text, spec, str(path[1]), value)
        else:
            text = set_value(text, path, value)
    try:
        return StudySpec.from_text(text, spec.source)
    except SpecError as error:
        only_start = all(p.path[:1] == ("start",) for p in error.problems)
        if has_run and only_start and "start" not in sections:
            return StudySpec.from_text(_without(text, error.problems), spec.source)
        raise SpecError([replace(p, line=None) for p in error.problems], spec.source) from None


def _without(text: str, problems: Iterable[Problem]) -> str:
    """Return the text without the configurations to run first in which there are problems."""
    places = {p.path[1] for p in problems if len(p.path) > 1}
    for place in sorted((n for n in places if isinstance(n, int)), reverse=True):
        text = remove(text, ("start", place))
    return text


def _fixed(text: str, spec: StudySpec, name: str, value: Value) -> str:
    """Return the text with a parameter fixed, in the configurations to run first as well."""
    text = frozen(text, name, value)
    for index, configuration in enumerate(spec.start):
        if name in configuration:
            text = set_value(text, ("start", index, name), value)
    return text


def _parsed(setting: str, spec: StudySpec) -> tuple[KeyPath, Any]:
    """Return where a setting goes, and its value. Raises :class:`EditError`."""
    key, equals, value = (part.strip() for part in setting.partition("="))
    path = place_of(key, spec)
    if not equals or not path:
        quoted = ", with names of other characters in double quotes" if equals and key else ""
        raise EditError(
            f"{show(setting)} is no setting: write KEY=VALUE, such as budget=20,"
            f" space.lr.high=0.1 or task[1].cost=0.3{quoted}"
        )
    if stranger := _stranger(_path(key), path, spec):
        raise EditError(stranger)
    return path, typed_value(value)


def _stranger(given: KeyPath, placed: KeyPath, spec: StudySpec) -> str:
    """Return what is wrong with a key that may be meant for several sections and is of none.

    Empty where nothing is, or where the section that it is placed in tells it better.
    """
    key = str(given[0])
    parameters = [p.name for p in spec.space]
    metrics = [o.metric for o in spec.objectives] + [c.metric for c in spec.outcome_constraints]
    if placed[0] not in KEYS[""]:
        guess = did_you_mean(key, [*parameters, *metrics, *KEYS[""]])
        known = (
            f"; parameters: {listing(parameters)}; metrics: {listing(metrics)};"
            f" sections: {', '.join(KEYS[''])}"
        )
        return f"there is no {show(key)}{guess or known}"
    if len(given) > 1 or placed != ("study", key):
        return ""
    if key in metrics:
        return f"{show(key)} is a metric: set a key of it, such as {key}.threshold=0.9"
    if key in KEYS["study"] or key.lower() in ALIASES["study"] or nearest(key, KEYS["study"]):
        return ""
    known = f"; parameters: {listing(parameters)}" + "".join(
        f"; [{section}]: {', '.join(KEYS[section])}" for section in _SHORT
    )
    return f"there is no {show(key)}{did_you_mean(key, parameters) or known}"


def place_of(key: str, spec: StudySpec | None) -> KeyPath:
    """Return the place of a dotted key, with the section that is left out; empty for what is none.

    ``spec``: the study whose parameters and metrics may stand for their sections, if there is one.
    """
    parameters = {p.name for p in spec.space} if spec is not None else set[str]()
    path = _with_whole_names(_path(key), parameters)
    if path == ("constraints",) and (spec is None or path not in layout(spec.text).values):
        # It may stand above all sections, where a file that has none there has no place for it.
        return ("study", *path)
    if len(path) > 1 and isinstance(path[1], str) and path[0] in (named := _named(spec)):
        return (path[0], named[str(path[0])].get(path[1], path[1]), *path[2:])
    if path and path[0] not in KEYS[""]:
        if len(path) == 2 and path[0] not in parameters and (goal := _goal(path, spec)):
            return (*goal, path[1])
        path = (*_section(str(path[0]), parameters, alone=len(path) == 1), *path)
    return path


def _named(spec: StudySpec | None) -> dict[str, dict[str, int]]:
    """Return section → name → place, of the sections whose entries have names."""
    if spec is None:
        return {}
    names = {
        "objective": [o.metric for o in spec.objectives],
        "constraint": [c.metric for c in spec.outcome_constraints],
        "task": [t.name for t in spec.tasks],
    }
    return {section: {name: of.index(name) for name in of} for section, of in names.items()}


def _with_whole_names(path: KeyPath, parameters: Collection[str]) -> KeyPath:
    """Return a place with a parameter's name that has dots as one part: ``model.depth.high``."""
    at = int(path[:1] == ("space",))
    if path[at : at + 1] and path[at] in {*parameters, *KEYS[""]}:
        return path
    for end in range(len(path), at + 1, -1):
        name = ".".join(map(str, path[at:end]))
        if name in parameters:
            return (*path[:at], name, *path[end:])
    return path


def _goal(path: KeyPath, spec: StudySpec | None) -> KeyPath:
    """Return the place of the objective or constraint that a metric has; empty if it has none."""
    if spec is None:
        return ()
    places = [
        (section, of[str(path[0])])
        for section, of in _named(spec).items()
        if section != "task" and path[0] in of
    ]
    having = [place for place in places if path[1] in KEYS[f"{place[0]}[]"]]
    return next(iter(having or places), ())


def _path(key: str) -> KeyPath:
    """Return the parts of a dotted key as they are written, nothing for what is none."""
    path: list[str | int] = []
    at = 0
    while at < len(key):
        part = _PART.match(key, at)
        if part is None:
            return ()
        try:
            path.append(json.loads(part[1]) if part[1].startswith('"') else part[1])
        except ValueError:
            return ()
        path += [int(place) - 1 for place in re.findall(r"\d+", part[2])]
        at = part.end()
    return tuple(path)


def _section(key: str, parameters: Collection[str], *, alone: bool) -> KeyPath:
    """Return the section that is left out before ``key``, an empty place where none is.

    An unknown key that stands ``alone`` goes where it is said what was meant.
    """
    known = [section for section in _SHORT if alone and key in KEYS[section]]
    known += ["space"] if key in parameters else []
    if alone:
        known += [s for s in _SHORT if key in ALIASES[s] or nearest(key, KEYS[s])]
        known += _SHORT[:1]
    return tuple(known[:1])
