"""Whether a study's command can be started at all: program, script and template are there."""

import os
import re
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from hpo_tui.engine.spec.command import template_file
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.store.file_errors import in_words

NO_COMMAND = ("false",)
"""The command of a study that was imported to be looked at: none of its own."""
_PROGRAM_TEXT = re.compile(r"-\w*c")
"""An option of a shell, or of Python, after which a program stands and no file: ``bash -lc``."""


def no_command(spec: StudySpec) -> str:
    """Return that the study has no command of its own, and what to do; empty if it has one."""
    if spec.command not in ((), NO_COMMAND):
        return ""
    where = f" in {spec.source}" if spec.source else ""
    return f'the study has no command: write command = "python train.py …" under [study]{where}'


def command_fault(spec: StudySpec, cwd: Path) -> str | None:
    """Return why the study's command cannot be started at all, None if it can be tried."""
    if lacking := no_command(spec):
        return lacking
    program = spec.command[0]
    if "{" not in program:
        path = Path(program) if Path(program).is_absolute() else cwd / program
        found = shutil.which(str(path)) if "/" in program else shutil.which(program)
        called = f"the command's program {program!r}"
        if found is None:
            if "/" in program and (why := _closed(path)):
                return f"{called} cannot be run: {why}"
            where = f"in {cwd}" if "/" in program else "on the PATH"
            return f"{called} is not found {where} (or cannot be executed)"
        if (starter := _starter(Path(found))) and shutil.which(starter) is None:
            why = _closed(Path(starter)) or "that is not found, or cannot be executed"
            return f"{called} begins with #!{starter}: {why}"
    script = _script(spec.command)
    if script and "{" not in script and not (cwd / script).is_file():
        return f"the command's script {script!r} is not found in {cwd}, where trials run"
    return None


def template_fault(spec: StudySpec, workplace: Path, own: Path) -> str | None:
    """Return why the study's configuration file cannot be filled in, None if it can be tried.

    ``own``: the folder of the study, or of the file that one is to be made from.
    """
    if spec.template is None:
        return None
    name = spec.template[0]
    if template_file(name, own, workplace).is_file():
        return None
    nor = f", nor in {own}" if own != workplace else ""
    return f"the template {name!r} is not found in {workplace}, where trials run{nor}"


def _closed(path: Path) -> str:
    """Return what closes a file to this user, as another user's own Python is; else nothing."""
    try:
        path.stat()
    except PermissionError as error:
        return in_words(error, path)
    except OSError:
        return ""
    return ""


def _starter(program: Path) -> str:
    """Return the program that starts a script by its first line, empty where there is none."""
    try:
        if not program.is_file():  # to open a pipe would wait for who writes to it
            return ""
        with program.open("rb") as file:
            first = file.readline(256)
    except OSError:
        return ""
    words = first[2:].split() if first.startswith(b"#!") else []
    starter = os.fsdecode(words[0]) if words else ""
    return starter if starter.startswith("/") else ""


def _script(command: Sequence[str]) -> str | None:
    """Return the word of a command that names the script, None where none can be told."""
    for before, word in pairwise(command[:3]):
        if word.endswith((".py", ".sh")) and not _PROGRAM_TEXT.fullmatch(before):
            return word
    return None
