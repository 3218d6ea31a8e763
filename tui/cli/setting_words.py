"""What Tab offers for ``KEY=VALUE``: the keys of a study that is there, and values of closed lists.

Keys end in ``=``, or in ``.`` where another part follows; nothing is offered that a shell would
take apart.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from hpo_tui.engine.spec.schema import KEYS
from hpo_tui.store.folder import working_folder
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from hpo_tui.engine.spec import Parameter, StudySpec
    from hpo_tui.engine.spec.parts import Value

KEY = "key"
"""The type of what is offered without a space behind it."""
Offer = tuple[str, str]
"""A text, and what it is for."""

_SHORT = ("study", "resources")
_MANY = {"objective": "objectives", "constraint": "outcome_constraints", "task": "tasks"}
"""Sections that are lists, and what a study calls them."""
_OF_NUMBERS = ("low", "high", "log", "step", "default", "type")
_OF_CHOICES = ("choices", "default", "type")
_OF_FIXED = ("value", "default", "type")
_OPEN: dict[str, tuple[str, ...]] = {"gpus": ("all", "none"), "trials_per_gpu": ("auto",)}
"""Words among the values of a key that can have others."""
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_WHOLE = re.compile(r"[\w.+/@%-]+")
"""Values that no shell takes apart."""


def complete_setting(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete ``KEY=VALUE`` for the study that the line names, or that is meant without a name."""
    from click.shell_completion import CompletionItem

    spec = _spec(ctx)
    key, equals, value = incomplete.partition("=")
    if equals:
        found = [f"{key}={v}" for v in _values(spec, key) if v.startswith(value)]
        return [CompletionItem(text) for text in found if _WHOLE.fullmatch(text[len(key) + 1 :])]
    offered = dict(o for o in _keys(spec, key) if o[0].startswith(key))
    return [CompletionItem(text, type=KEY, help=hint or None) for text, hint in offered.items()]


def complete_edit(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete ``KEY=VALUE`` as :func:`complete_setting`, as a first word also a study."""
    from hpo_tui.tui.cli.studies import study_names

    first = incomplete and not ctx.params.get("study") and not ctx.params.get("settings")
    studies = study_names(incomplete) if first else []
    return [*studies, *complete_setting(ctx, param, incomplete)]


def refuse_no_setting(
    words: Sequence[str], form: str, *, option: str = "", empty: bool = True
) -> None:
    """Raise UsageError for a word that is no setting; ``form``: how one is written.

    ``option``: of which the words are. ``empty``: whether a value may be an empty text.
    """
    of = f"{option}: " if option else ""
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not name or not (value or empty):
            raise click.UsageError(f"{of}{plain(word)!r} is no setting: write {form}")


def _checked(_: click.Context, __: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """Take the words of ``--set`` if each is a setting."""
    refuse_no_setting(words, "KEY=VALUE, such as seed=2", option="--set")
    return words


name_option = click.option(
    "--name", metavar="NAME", help="Use this name instead of the one in the file."
)
settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a key of the file for this study, such as seed=2. Can be repeated.",
    shell_complete=complete_setting,
    callback=_checked,
)


def refuse_name(name: str | None) -> None:
    """Raise Refusal for a ``--name`` that cannot name a study's folder."""
    from hpo_tui.engine.spec.reading.study import NAMES_FOLDER, names_folder

    if name and not names_folder(name):
        raise Refusal(f"--name: {NAMES_FOLDER}; found {plain(name)}")


def _spec(ctx: click.Context) -> "StudySpec | None":
    """Return the study that is meant, None where none can be read."""
    import sqlite3

    from hpo_tui.engine.spec import SpecError, StudySpec
    from hpo_tui.tui.cli.studies import find, reading, spec_of

    named = ctx.params.get("study") or ctx.params.get("given") or _first_study(ctx)
    file = working_folder() / (named or "study.toml")
    if ctx.info_name in ("run", "check") and file.suffix == ".toml" and file.is_file():
        try:
            return StudySpec.load(file)
        except SpecError:
            return None
    try:
        with reading(find(named)) as reader:
            return spec_of(reader)
    except (Refusal, click.ClickException, OSError, sqlite3.Error):
        return None


def _first_study(ctx: click.Context) -> str | None:
    """Return the study that `edit` is given before its settings."""
    words = ctx.params.get("settings") if ctx.info_name == "edit" else None
    return words[0] if words and "=" not in words[0] else None


def _keys(spec: "StudySpec | None", typed: str) -> Iterator[Offer]:
    """Yield the keys that begin as ``typed``; longer ones once their first part is there."""
    for section in _SHORT:
        for key, hint in KEYS[section].items():
            yield f"{key}=", hint
    taken = {key for section in _SHORT for key in KEYS[section]}
    for parameter in spec.space if spec is not None else ():
        if _NAME.fullmatch(parameter.name):
            if parameter.name not in taken:
                yield f"{parameter.name}=", "fix it at a value"
            yield from _of_parameter(parameter, typed)
    if typed:
        yield from _parts("stopping", "stopping", typed)
        for section, many in _MANY.items():
            for at, part in enumerate(getattr(spec, many) if spec is not None else ()):
                yield from _parts(f"{section}[{at + 1}]", f"{section}[]", typed)
                metric = getattr(part, "metric", "")
                if _NAME.fullmatch(metric) and metric not in taken:
                    yield from _parts(metric, f"{section}[]", typed)


def _of_parameter(parameter: "Parameter", typed: str) -> Iterator[Offer]:
    """Yield the keys of a parameter's table once its name is typed, before that the way to them."""
    for head in (parameter.name, f"space.{parameter.name}"):
        if not typed.startswith(f"{head}."):
            if typed:
                yield f"{head}.", "its range and the like"
            continue
        keys = _OF_NUMBERS if parameter.numeric else _OF_CHOICES
        for key in keys if parameter.choices or parameter.numeric else _OF_FIXED:
            yield f"{head}.{key}=", KEYS["space.*"][key]


def _parts(head: str, section: str, typed: str) -> Iterator[Offer]:
    """Yield the keys of a section once it is typed, before that the section."""
    if not typed.startswith(f"{head}."):
        yield f"{head}.", KEYS[""][section.removesuffix("[]")]
        return
    for key, hint in KEYS[section].items():
        yield f"{head}.{key}=", hint


def _values(spec: "StudySpec | None", key: str) -> tuple[str, ...]:
    """Return the values that a key can have; of those without a closed list nothing."""
    from hpo_tui.engine.spec.text.settings import place_of

    space = {} if spec is None else {p.name: p for p in spec.space}
    place = [part for part in place_of(key, spec) if isinstance(part, str)]
    if len(place) < 2:
        return ()
    parameter = space.get(place[1]) if place[0] == "space" else None
    if parameter is not None and (len(place) == 2 or place[2] in ("default", "value")):
        return tuple(map(_text, parameter.choices))
    return _closed(place[0], place[-1])


def _closed(section: str, key: str) -> tuple[str, ...]:
    from hpo_tui.tui.editor.fields import FIELDS

    field = next((f for f in FIELDS.get(section, ()) if f.key == key), None)
    if field is None:
        return ()
    return field.choices or (("true", "false") if field.kind == "flag" else _OPEN.get(key, ()))


def _text(value: "Value") -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
