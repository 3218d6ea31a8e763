"""Starting a command under the probe, to have its own parser tell its options."""

import dataclasses
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define import probe
from hpo_tui.engine.define.options import Found, from_dump
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.scratch import scratch
from hpo_tui.engine.define.script import adapts, python_of, script_at

_ENVIRONMENTS = ("uv", "poetry", "pdm", "conda", "mamba", "micromamba", "pixi", "hatch", "rye")
"""Programs that start others in an environment, and without which a script may lack its modules."""
_LIMIT = 90.0
"""Seconds that a script may take until it reads its options: it imports its libraries first."""


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
        f"{words[0]} on the PATH lacks what the script needs ({lacks.rpartition(': ')[2]}): the"
        f" command names {sys.executable} instead; to change this, activate your environment"
    )
    return dataclasses.replace(again, advice=(note,)), own


def _without_launcher(words: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """Return the script alone, as launchers such as torchrun have a parser of their own.

    Our own modules have none, and a script may not start without them.
    """
    at, program = script_at(words, folder), Path(words[0]).name
    plain = program.startswith("python") and all(w[0] == "-" and w != "-m" for w in words[1:at])
    if at == 0 or words[at - 1] == "-m" or plain or program in _ENVIRONMENTS or adapts(words):
        return words
    return (python_of(folder), *words[at:])


def _probed(words: Sequence[str], folder: Path) -> Found:
    """Start the command under the probe, which ends it where it would read its options."""
    with scratch() as place:
        out = place / "options.json"
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
