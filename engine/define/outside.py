"""The options of a command that is seen from outside alone, and what to do where there are none."""

import dataclasses
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.files import settings_file
from hpo_tui.engine.define.given import with_given
from hpo_tui.engine.define.help_text import help_options
from hpo_tui.engine.define.options import Found
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.sources.declared import options_in

_FILE_FLAG = re.compile(r"[\"'](--?(?:[\w-]*conf[\w-]*|settings|params|c))=?[\"']")
_HELP_LIMIT = 30.0
"""Seconds that a command may take to print its help."""


def options_from_outside(
    words: Sequence[str], folder: Path, sources: Sequence[str], probed: Found
) -> Found:
    """Return what a command's help says, else its source, else its own words.

    A configuration that is Python stands in no help.
    """
    helped = _from_help(words, folder)
    if not helped.options or any("DEFINE_config_file" in text for text in sources):
        written = options_in(sources, words, folder, helped.broken)
        helped = written if written is not None else helped
    given = with_given(helped, words, folder)
    if given.options:
        return given
    said = _nothing(probed) or _its_file(words, folder, sources) or _nothing(given)
    return dataclasses.replace(given, advice=said)


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


def _nothing(probed: Found) -> tuple[str, ...]:
    """Say what to do where neither a script nor its source tells what it takes."""
    if "No module named" not in probed.broken:
        return probed.advice
    said = (
        f"it does not start here ({probed.broken}), and its source does not say what it takes: "
        "activate the environment that it starts in, then hpo-tui init --force again"
    )
    return (said,)


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
