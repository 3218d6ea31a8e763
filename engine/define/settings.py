"""The settings of a script that reads no command line, and what has to be put into it for them."""

import dataclasses
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.fidelity import find_fidelity
from hpo_tui.engine.define.files import settings_file
from hpo_tui.engine.define.guess import propose
from hpo_tui.engine.define.options import Found, Option
from hpo_tui.engine.define.sources.client import asked, asks
from hpo_tui.engine.define.sources.constants import Settings, assigned, constants
from hpo_tui.engine.define.sources.syntax import parsed
from hpo_tui.engine.define.sources.texts import is_file, read

_CONFIGURATOR = re.compile(r"exec\(open\([\"'][\w/]*configurat\w+\.py[\"']\)")


def from_source(script: Path, words: Sequence[str], sources: Sequence[str], folder: Path) -> Found:
    """Return the settings of a script that reads no command line, as far as its text tells."""
    text = "\n".join(sources)
    if _CONFIGURATOR.search(text):
        return _from_globals(script, words, sources, folder)
    if client := _from_client(sources):
        return client
    found = _from_constants(script, sources)
    searched = any(propose(option) for option in found.options)
    return found if searched else _fixed_file(script, words, text, folder) or found


def _from_client(sources: Sequence[str]) -> Found | None:
    """Return what a script asks its trial for, if it asks for anything."""
    found: dict[str, Option] = {}
    resumes = False
    for options, goes_on in map(asked, sources):
        found = {o.name: o for o in options} | found
        resumes = resumes or goes_on
    if not found:
        return None
    how = "what it asks the trial for"
    return Found(tuple(found.values()), how, resumes=resumes)


def _fixed_file(script: Path, words: Sequence[str], text: str, folder: Path) -> Found | None:
    """Say how a file of settings that stands by its name in the source can be another one."""
    file = settings_file(text, folder)
    if file is None or asks(text):
        return None
    again = f"hpo-tui init --force -- {shlex.join([*words, file])}"
    said = (
        f"{script.name} reads {file}, whose name is fixed in the script: let it take the name from "
        f"its command line (open(sys.argv[1])), then: {again}"
    )
    return Found(advice=(said,))


def _from_globals(
    script: Path, words: Sequence[str], sources: Sequence[str], folder: Path
) -> Found:
    """Return the globals of a script whose configurator sets them, ``--lr=0.1``.

    A file of settings that the command names (``config/small.py``) has the last word on them.
    """
    given = [folder / w for w in words if w.endswith(".py") and not w.startswith("-")]
    others = [p for p in given if is_file(p) and not p.samefile(script)]
    values: dict[str, Option] = {}
    for path, text in [(script, sources[0]), *((p, read(p)) for p in others)]:
        tree = parsed(text)
        if tree is None:
            return _unread(path.name)
        said = assigned(tree)
        values |= said if path is script else {n: o for n, o in said.items() if n in values}
    how = "the globals that its configurator sets"
    return Found(tuple(map(_global, values.values())), how)


def _global(option: Option) -> Option:
    """Return a global as the option that sets it; its truth is written as Python does."""
    flagged = dataclasses.replace(option, flag=f"--{option.name}", style="equals")
    return flagged.in_words() if option.kind == "bool" else flagged


def _from_constants(script: Path, sources: Sequence[str]) -> Found:
    """Return environment variables and settings of a script that reads no command line."""
    tree, asking = parsed(sources[0]) if sources else None, any(map(asks, sources))
    if tree is None:
        return _unread(script.name)
    settings = constants(tree)
    advice: tuple[str, ...] = ()
    if not any(propose(o) for o in settings.options) and find_fidelity(settings.options) is None:
        if not asking:
            none = f"{script.name} takes no options and has no constants that tell what they are"
            advice = (none,)
        return Found(advice=advice)
    if settings.form != "environment" and not asking:
        advice = (_how_to_ask(script.name, settings),)
    how = {
        "environment": "environment variables that it reads",
        "constants": "constants in the source",
        "dictionary": f"the dictionary {settings.holder}",
        "class": f"the class {settings.holder}",
        "attributes": f"what it sets of {settings.holder}",
        "arguments": "numbers that its calls are given",
    }[settings.form]
    return Found(settings.options, how, advice=advice)


def _unread(name: str) -> Found:
    return Found(advice=(f"{name} could not be read as Python",))


def _how_to_ask(name: str, settings: Settings) -> str:
    """Say what has to be put into a script whose settings nothing outside can reach."""
    lines = ["from hpo_tui import trial", *_asking_lines(settings)]
    shown = "\n".join(f"    {line}" for line in lines)
    where = {
        "arguments": "these in the place of its numbers",
        "attributes": f"this behind all that sets {settings.holder}, before it is used",
    }.get(settings.form, "this after them")
    return (
        f"{name} takes no options: its settings can be searched once it asks for them. Put {where} "
        f"(it changes nothing when the script runs on its own):\n{shown}"
    )


def _asking_lines(settings: Settings) -> list[str]:
    """Return the lines of Python by which settings of this form are asked of the trial."""
    fidelity = find_fidelity(settings.options)
    whole = fidelity.option.name if fidelity else ""
    searched = [o for o in settings.options if o.name == whole or propose(o) is not None]
    if settings.form == "dictionary":
        return [f"{settings.holder}.update(trial.params | trial.fidelity)"]
    if settings.form in ("class", "attributes"):
        named = settings.form == "class"
        which = f"{settings.holder} that" if named else f"object whose {searched[0].name}"
        return [
            "for name, value in (trial.params | trial.fidelity).items():",
            f"    setattr(config, name, value)  # config: the {which} is used",
        ]
    inline = settings.form == "arguments"
    equals = "=" if inline else " = "
    return [
        f"{o.name}{equals}trial.{'fidelity' if o.name == whole else 'params'}"
        f'.get("{o.name}", {o.default!r})' + (f"  # {o.help}" if inline else "")
        for o in searched
    ]
