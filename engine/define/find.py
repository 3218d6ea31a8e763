"""Finding the options of a command that was never seen before, without training anything."""

import dataclasses
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.absl_source import absl_options
from hpo_tui.engine.define.files import (
    config_options,
    hydra_options,
    interpolated,
    settings_file,
)
from hpo_tui.engine.define.given import with_given
from hpo_tui.engine.define.help_text import help_options
from hpo_tui.engine.define.loop_source import looped_options
from hpo_tui.engine.define.options import Found, from_dump
from hpo_tui.engine.define.parser_source import written_options
from hpo_tui.engine.define.probing import probe_options
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.script import entry_point, script_of
from hpo_tui.engine.define.settings import from_source
from hpo_tui.engine.define.signature_source import declared_options
from hpo_tui.engine.define.source import local_sources
from hpo_tui.engine.define.tree_source import tree_options
from hpo_tui.engine.define.wrapper import Wrapped, wrapped

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
_RUNS = re.compile(r"^if __name__ == [\"']__main__[\"']", re.MULTILINE)
_FILE_FLAG = re.compile(r"[\"'](--?(?:[\w-]*conf[\w-]*|settings|params|c))=?[\"']")
_HELP_LIMIT = 30.0
"""Seconds that a command may take to print its help."""


def find_options(words: Sequence[str], folder: Path) -> Found:
    """Return what a command can be told, from the first of the ways that yields anything.

    Of a shell script it is what the Python script takes that it hands its words on to.

    In order: ``key=value`` configurations of Hydra, the parser itself, a configuration file on
    the command line, environment variables and constants in the source, ``--help``, and the
    values that the command line already has.
    """
    inside = wrapped(words, folder)
    if inside is not None:
        return _through(inside, words, folder)
    script = script_of(words, folder)
    sources = local_sources(script, folder) if script else []
    text = "\n".join(sources)
    probed = Found()
    if script is not None and re.search(r"@hydra\.main|hydra\.initialize", text):
        found = hydra_options(script, text)
        if found.options:
            return with_given(found, words, folder)
    if _PARSERS.search(text) or (script is None and entry_point(words, folder)):
        probed, words = probe_options(words, folder)
        tree, pairs = tree_options(sources, words, folder)
        config = config_options(words, folder, probed.options) if not tree else None
        if config is not None:
            return config
        told = probed
        if not (probed.options or probed.commands):
            told = _from_text(sources, words, folder, probed.broken) or probed
        if told.options or told.commands:
            how = f"{told.how} and its tree of settings" if tree else told.how
            every = (*tree, *told.options)
            whole = dataclasses.replace(told, options=every, pairs=pairs, how=how)
            return with_given(whole, words, folder)
    config = config_options(words, folder, ()) or interpolated(text, folder)
    if config is not None:
        return config
    if script is not None and not _PARSERS.search(text) and not _OTHER_PARSERS.search(text):
        return from_source(script, words, sources, folder)
    return _from_outside(words, folder, sources, probed)


def _through(inside: Wrapped, words: Sequence[str], folder: Path) -> Found:
    """Return what the script behind a shell script takes; the command stays the shell script."""
    found = find_options(inside.words, folder)
    options = [o for o in found.options if o.style not in ("positional", "config")]
    advice = (inside.advice, *found.advice) if inside.advice else found.advice
    how = f"{found.how}, through {inside.shell}" if found.how else ""
    return dataclasses.replace(
        found, options=tuple(options), how=how, advice=advice, words=tuple(words), template=None
    )


def _from_outside(
    words: Sequence[str], folder: Path, sources: Sequence[str], probed: Found
) -> Found:
    """Return what a command's help says, else its source, else its own words.

    A configuration that is Python stands in no help.
    """
    helped = _from_help(words, folder)
    if not helped.options or any("DEFINE_config_file" in text for text in sources):
        written = _from_text(sources, words, folder, helped.broken)
        helped = written if written is not None else helped
    given = with_given(helped, words, folder)
    if given.options:
        return given
    said = _nothing(probed) or _its_file(words, folder, sources) or _nothing(given)
    return dataclasses.replace(given, advice=said)


def _its_file(words: Sequence[str], folder: Path, sources: Sequence[str]) -> tuple[str, ...]:
    """Say how the file of settings that a script reads where it is given none can be tuned."""
    text = "\n".join(sources)
    file = settings_file(text, folder)
    if file is None or file in words:
        return ()
    flag = _FILE_FLAG.search(text)
    named = [*words, *([flag.group(1)] if flag else []), file]
    return (
        f"no option was found, but it reads {file}: name the file as the script takes it, and its"
        f" settings can be searched: hpo-tui init --force -- {shlex.join(named)}",
    )


def _from_text(
    texts: Sequence[str], words: Sequence[str], folder: Path, broken: str
) -> Found | None:
    """Return the options that stand in a script's text, and in what it imports from here.

    ``broken``: the last words of the attempt to have the script itself tell them.
    """
    found = absl_options(texts, words, folder)
    if found is None:
        calls = [written_options(t) for t in _parts(texts)]
        declared = declared_options(texts)
        looped = looped_options(texts)
        options, _ = from_dump([{"options": entries} for entries in (looped, *calls, declared)])
        if not options:
            return None
        how = "the fields that its source declares" if declared else "the calls in its source"
        found = Found(options, how)
    said = (
        f"it does not start here ({broken}): what it takes was read from its source, and it was not"
        " run. In the environment that it starts in, the same command with --force also sees its"
        " metrics and times"
    )
    advice = (*found.advice, said) if broken else found.advice
    return dataclasses.replace(found, advice=advice, broken=broken)


def _parts(texts: Sequence[str]) -> list[str]:
    """Return the texts whose parsers a script uses: not those of other scripts that it imports."""
    if not texts or not written_options(texts[0]):
        return list(texts)
    return [texts[0], *(t for t in texts[1:] if not _RUNS.search(t))]


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
