"""Starting a command under the probe, to have its own parser tell its options."""

import dataclasses
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define import probe
from hpo_tui.engine.define.options import Found, from_dump
from hpo_tui.engine.define.process import run_briefly

_ENVIRONMENTS = ("uv", "poetry", "pdm", "conda", "mamba", "micromamba", "pixi", "hatch", "rye")
_LIMIT = 90.0
_LONGEST_ENTRY = 4096


def command_words(command: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return a command as words that start: ``train.py`` becomes ``python train.py``."""
    words = tuple(command)
    first = folder / words[0] if words else folder
    if not first.is_file():
        return words
    interpreter = _interpreter(first)
    starts = os.access(first, os.X_OK)
    if not words[0].endswith(".py"):
        if not starts and interpreter:
            return (*interpreter, *words)
        return words if "/" in words[0] else (f"./{words[0]}", *words[1:])
    return words if "/" in words[0] and starts and interpreter else (_python(folder), *words)


def _interpreter(script: Path) -> tuple[str, ...]:
    """Return what a script's first line has it started by: ``bash`` of ``#!/usr/bin/env bash``."""
    with script.open("rb") as file:
        line = file.readline(500).decode("utf-8", "replace")
    words = line[2:].split() if line.startswith("#!") else []
    if words and Path(words[0]).name == "env":
        words = [w for w in words[1:] if w != "-S"]
    return tuple(words)


def entry_point(words: Sequence[str], folder: Path) -> str:
    """Return the text of the small Python file that an installed command is, nothing of others."""
    program = str(folder / words[0]) if "/" in words[0] else shutil.which(words[0])
    try:
        if program is None or Path(program).stat().st_size > _LONGEST_ENTRY:
            return ""
        text = Path(program).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # Where the interpreter's path is long, a shell is named first that starts it.
    head = "".join(text.splitlines(keepends=True)[:3])
    return text if head.startswith("#!") and "python" in head else ""


def probe_options(words: Sequence[str], folder: Path) -> tuple[Found, tuple[str, ...]]:
    """Probe a command, and by this program's own Python where the other lacks a module.

    Returns the command that worked.
    """
    words = tuple(words)
    found = _probed(_without_launcher(words, folder), folder)
    lacks = next((a for a in found.advice if "No module named" in a), None)
    if lacks is None or Path(words[0]).name not in ("python", "python3"):
        return found, words
    own = (sys.executable, *words[1:])
    again = _probed(_without_launcher(own, folder), folder)
    if again.advice:
        return found, words
    note = (
        f"{words[0]} on the PATH has not what it needs ({lacks.rpartition(': ')[2]}): the command "
        f"names {sys.executable} instead; activate your environment to have it otherwise"
    )
    return dataclasses.replace(again, advice=(note,)), own


def _without_launcher(words: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """Return the script alone, as launchers such as torchrun have a parser of their own."""
    nth = next((n for n, w in enumerate(words) if w.endswith(".py") and (folder / w).is_file()), 0)
    program = Path(words[0]).name
    plain = program.startswith("python") and all(w[0] == "-" and w != "-m" for w in words[1:nth])
    if nth == 0 or plain or program in _ENVIRONMENTS:
        return words
    return (_python(folder), *words[nth:])


def _probed(words: Sequence[str], folder: Path) -> Found:
    """Start the command under the probe, which ends it where it would read its options."""
    with tempfile.TemporaryDirectory(prefix="hpo-probe-") as scratch:
        out = Path(scratch) / "options.json"
        paths = [str(Path(probe.__file__).parent), os.environ.get("PYTHONPATH", "")]
        extra = {
            "HPO_PROBE_OUT": str(out),
            "PYTHONPATH": os.pathsep.join(p for p in paths if p),
            "PYTHONDONTWRITEBYTECODE": "1",
            "WANDB_MODE": "disabled",
        }
        ran = run_briefly(words, folder, _LIMIT, extra)
        try:
            options, commands = from_dump(json.loads(out.read_text()))
        except (OSError, ValueError):
            last = ran.why or (ran.lines[-1] if ran.lines else "it printed nothing")
            return Found(advice=(f"its options could not be read: {last}",), broken=last)
    if commands and not options:
        listed = ", ".join(commands)
        given = f"hpo-tui init --force -- {shlex.join([*words, commands[0]])}"
        said = f"name one of its sub-commands first ({listed}), such as {given}"
        return Found(commands=commands, advice=(said,))
    return Found(options, "the script's own parser", commands)


def _python(folder: Path) -> str:
    """Return the Python to run scripts with: the one on the PATH, as a user would.

    Where this program runs from a virtual environment of the project that is not activated, that
    one's: it is the one with the project's packages.
    """
    home = Path(sys.prefix).parent
    if sys.prefix != sys.base_prefix and home in (folder.absolute(), *folder.absolute().parents):
        on_path = shutil.which("python")
        if on_path is None or Path(on_path).parent != Path(sys.executable).parent:
            return sys.executable
    return next((n for n in ("python", "python3") if shutil.which(n)), sys.executable)
