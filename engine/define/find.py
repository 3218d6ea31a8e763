"""Finding the options of a command that was never seen before, without training anything."""

import ast
import dataclasses
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.client_source import asked
from hpo_tui.engine.define.fidelity import find_fidelity
from hpo_tui.engine.define.files import config_options, hydra_options, interpolated, settings_file
from hpo_tui.engine.define.given import LAUNCHER, with_given
from hpo_tui.engine.define.guess import propose
from hpo_tui.engine.define.help_text import help_options
from hpo_tui.engine.define.options import Found, Option
from hpo_tui.engine.define.probing import entry_point, probe_options
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.source import Settings, assigned, constants, local_sources
from hpo_tui.engine.define.tree_source import tree_options
from hpo_tui.engine.define.written import from_text

_PARSERS = re.compile(
    r"parse_(?:known_|intermixed_)?args(?:_into_dataclasses)?\(|ArgumentParser\(|LightningCLI\(|"
    r"\bcli_parse_args\s*=\s*True|\bCliApp\b|"
    r"^\s*(?:import|from)\s+(?:click|typer|jsonargparse|simple_parsing|tap|rich_click)\b",
    re.MULTILINE,
)
_OTHER_PARSERS = re.compile(
    r"^\s*(?:import|from)\s+(?:absl|fire|tyro|docopt|optparse|getopt|plac|cyclopts|clize)\b|sys\.argv",
    re.MULTILINE,
)
_CLIENT = re.compile(r"\btrial\.(params|fidelity)\b|HPO_PARAMS")
_CONFIGURATOR = re.compile(r"exec\(open\([\"'][\w/]*configurat\w+\.py[\"']\)")
_CALLED = re.compile(r"^from ([\w.]+) import ", re.MULTILINE)
_HELP_LIMIT = 30.0


def script_of(words: Sequence[str], folder: Path) -> Path | None:
    """Return the Python file that a command runs, or None."""
    for n, word in enumerate(words):
        if word == "-m" and n + 1 < len(words):
            base = folder.joinpath(*words[n + 1].split("."))
            options = (base.with_suffix(".py"), base / "__main__.py")
            module = next((p for p in options if p.is_file()), None)
            if module is not None or not LAUNCHER.match(words[n + 1]):
                return module
        if word.endswith(".py") and (folder / word).is_file():
            return folder / word
    return _behind(entry_point(words, folder), folder)


def _behind(entry: str, folder: Path) -> Path | None:
    """Return the file here of the module whose function an installed command calls, or None."""
    for name in _CALLED.findall(entry):
        for root in (folder, folder / "src"):
            base = root.joinpath(*name.split("."))
            options = (base.with_suffix(".py"), base / "__init__.py")
            if found := next((p for p in options if p.is_file()), None):
                return found
    return None


def find_options(words: Sequence[str], folder: Path) -> Found:
    """Return what a command can be told, from the first of the ways that yields anything.

    In order: ``key=value`` configurations of Hydra, the parser itself, a configuration file on
    the command line, environment variables and constants in the source, ``--help``, and the
    values that the command line already has.
    """
    script = script_of(words, folder)
    sources = local_sources(script, folder) if script else []
    text = "\n".join(sources)
    probed = Found()
    if script is not None and re.search(r"@hydra\.main|hydra\.initialize", text):
        found = hydra_options(script, text)
        if found.options:
            return with_given(found, words)
    if _PARSERS.search(text) or (script is None and entry_point(words, folder)):
        probed, words = probe_options(words, folder)
        tree, pairs = tree_options(sources, words, folder)
        config = config_options(words, folder, probed.options) if not tree else None
        if config is not None:
            return config
        told = probed
        if not (probed.options or probed.commands):
            told = from_text(sources, words, folder, probed.broken) or probed
        if told.options or told.commands:
            how = f"{told.how} and its tree of settings" if tree else told.how
            every = (*tree, *told.options)
            whole = dataclasses.replace(told, options=every, pairs=pairs, how=how)
            return with_given(whole, words)
    config = config_options(words, folder, ()) or interpolated(text, folder)
    if config is not None:
        return config
    if script is not None and not _PARSERS.search(text) and not _OTHER_PARSERS.search(text):
        return _from_source(script, words, sources, folder)
    return _from_outside(words, folder, sources, probed)


def _from_outside(
    words: Sequence[str], folder: Path, sources: Sequence[str], probed: Found
) -> Found:
    """Return what a command's help says, else its source, else its own words.

    A configuration that is Python stands in no help.
    """
    helped = _from_help(words, folder)
    if not helped.options or any("DEFINE_config_file" in text for text in sources):
        written = from_text(sources, words, folder, helped.broken)
        helped = written if written is not None else helped
    given = with_given(helped, words)
    if given.options:
        return given
    return dataclasses.replace(given, advice=_nothing(probed) or _nothing(given))


def _nothing(probed: Found) -> tuple[str, ...]:
    """Say what to do where neither a script nor its source tells what it takes."""
    if "No module named" not in probed.broken:
        return probed.advice
    said = (
        f"it does not start here ({probed.broken}), and its source does not say what it takes: "
        "activate the environment that it starts in, then hpo-tui init --force again"
    )
    return (said,)


def _from_help(words: Sequence[str], folder: Path) -> Found:
    """Read the options that ``--help`` prints, with defaults where it states them."""
    ran = run_briefly([*words, "--help"], folder, _HELP_LIMIT, {})
    options = help_options(ran.lines)
    broken = ran.lines[-1] if ran.lines and ran.code and "Error" in ran.lines[-1] else ""
    if not options:
        given = [
            f"hpo-tui init --force -- {shlex.join([*words, *o])}"
            for o in (["lr=0.1"], ["--lr", "0.1"])
        ]
        said = f"no option was found: name those it takes, such as {' or '.join(given)}"
        said += f" (its --help ended with {broken})" if broken else ""
        return Found(advice=(said,), broken=broken)
    return Found(options, "its --help")


def _from_source(script: Path, words: Sequence[str], sources: Sequence[str], folder: Path) -> Found:
    """Return the settings of a script that reads no command line, as far as its text tells."""
    text = "\n".join(sources)
    if _CONFIGURATOR.search(text):
        return _from_globals(script, words, folder)
    if client := _from_client(words, sources):
        return client
    found = _from_constants(script, words, text)
    searched = any(propose(option) for option in found.options)
    return found if searched else _fixed_file(script, words, text, folder) or found


def _from_client(words: Sequence[str], sources: Sequence[str]) -> Found | None:
    """Return what a script asks its trial for, if it asks for anything."""
    found: dict[str, Option] = {}
    resumes = False
    for options, goes_on in map(asked, sources):
        found = {o.name: o for o in options} | found
        resumes = resumes or goes_on
    if not found:
        return None
    how = "what it asks the trial for"
    return Found(tuple(found.values()), how, words=tuple(words), resumes=resumes)


def _fixed_file(script: Path, words: Sequence[str], text: str, folder: Path) -> Found | None:
    """Say how a file of settings that stands by its name in the source can be another one."""
    file = settings_file(text, folder)
    if file is None or _CLIENT.search(text):
        return None
    again = f"hpo-tui init --force -- {shlex.join([*words, file])}"
    said = (
        f"{script.name} reads {file}, by a name that stands in it: have it take the name from its "
        f"command line (open(sys.argv[1])), then: {again}"
    )
    return Found(advice=(said,), words=tuple(words))


def _from_globals(script: Path, words: Sequence[str], folder: Path) -> Found:
    """Return the globals of a script whose configurator sets them, ``--lr=0.1``.

    A file of settings that the command names (``config/small.py``) has the last word on them.
    """
    given = [folder / w for w in words if w.endswith(".py") and not w.startswith("-")]
    values: dict[str, Option] = {}
    try:
        values = assigned(script)
        for path in given:
            if path.is_file() and not path.samefile(script):
                values |= {n: o for n, o in assigned(path).items() if n in values}
    except (SyntaxError, ValueError, OSError, RecursionError):
        return Found(advice=(f"{script.name} could not be read as Python",))
    how = "the globals that its configurator sets"
    return Found(tuple(map(_global, values.values())), how, words=tuple(words))


def _global(option: Option) -> Option:
    """Return a global as the option that sets it; its truth is written as Python does."""
    flag = f"--{option.name}"
    if option.kind != "bool":
        return dataclasses.replace(option, flag=flag, style="equals")
    on, off = f"{flag}=True", f"{flag}=False"
    return dataclasses.replace(option, flag=on, off=off, switch=True, style="flag")


def _from_constants(script: Path, words: Sequence[str], text: str) -> Found:
    """Return environment variables and settings of a script that reads no command line."""
    try:
        settings = constants(ast.parse(script.read_text(encoding="utf-8", errors="replace")))
    except (SyntaxError, ValueError, OSError, RecursionError):
        return Found(advice=(f"{script.name} could not be read as Python",))
    advice: tuple[str, ...] = ()
    if not any(propose(o) for o in settings.options) and find_fidelity(settings.options) is None:
        if not _CLIENT.search(text):
            none = f"{script.name} takes no options and has no constants that tell what they are"
            advice = (none,)
        return Found(advice=advice, words=tuple(words))
    if settings.form != "environment" and not _CLIENT.search(text):
        advice = (_three_lines(script.name, settings),)
    how = {
        "environment": "environment variables that it reads",
        "constants": "constants in the source",
        "dictionary": f"the dictionary {settings.holder}",
        "class": f"the class {settings.holder}",
        "arguments": "numbers that its calls are given",
    }[settings.form]
    return Found(settings.options, how, advice=advice, words=tuple(words))


def _three_lines(name: str, settings: Settings) -> str:
    """Say what has to be put into a script whose settings nothing outside can reach."""
    fidelity = find_fidelity(settings.options)
    whole = fidelity.option.name if fidelity else ""
    if settings.form == "dictionary":
        lines = [f"{settings.holder}.update(trial.params | trial.fidelity)"]
    elif settings.form == "class":
        lines = [
            "for name, value in (trial.params | trial.fidelity).items():",
            f"    setattr(config, name, value)  # config: the {settings.holder} that is used",
        ]
    else:
        equals = "=" if settings.form == "arguments" else " = "
        lines = [
            f"{o.name}{equals}trial.{'fidelity' if o.name == whole else 'params'}"
            f'.get("{o.name}", {o.default!r})'
            + (f"  # {o.help}" if settings.form == "arguments" else "")
            for o in settings.options
            if o.name == whole or propose(o) is not None
        ]
    shown = "\n".join(f"    {line}" for line in ["from hpo_tui import trial", *lines])
    where = (
        "these in the place of its numbers" if settings.form == "arguments" else "this after them"
    )
    return (
        f"{name} takes no options: its settings can be searched once it asks for them. Put {where} "
        f"(it changes nothing when the script runs on its own):\n{shown}"
    )
