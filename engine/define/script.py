"""The words of a command: which of them is the script, what starts it, and which file that is."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hpo_tui.engine.define.sources.texts import is_file, module_file

ADAPTER = "hpo_tui.engine.objective"
"""The module that runs a script of Optuna's as one trial; those of other libraries are below it."""
_LAUNCHER = re.compile(
    r"(torch\.distributed|accelerate|deepspeed|horovod|hpo_tui\.engine\.objective)\b"
)
"""Modules that ``python -m`` starts for them to start a script."""
_LONGEST_ENTRY = 4096
"""Bytes beyond which an installed command is a program of its own."""
_CALLED = re.compile(r"^from ([\w.]+) import ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """A Python file as a command of these ``words`` runs it in ``folder``.

    ``texts``: its source, and that of what it imports from there.
    """

    path: Path
    texts: Sequence[str]
    words: Sequence[str]
    folder: Path


def command_words(command: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return a command as words that start: ``train.py`` becomes ``python train.py``."""
    words = tuple(command)
    first = folder / words[0] if words else folder
    if not is_file(first):
        return words
    interpreter = _interpreter(first)
    starts = os.access(first, os.X_OK)
    if not words[0].endswith(".py"):
        if not starts and interpreter:
            return (*interpreter, *words)
        return words if "/" in words[0] else (f"./{words[0]}", *words[1:])
    return words if "/" in words[0] and starts and interpreter else (python_of(folder), *words)


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


def python_of(folder: Path) -> str:
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


def script_at(words: Sequence[str], folder: Path) -> int:
    """Return which word names the script: a file, or a module behind ``-m``; 0 where none does.

    What a launcher is started by, as ``-m torch.distributed.run``, is not the script.
    """
    for n, (word, following) in enumerate(zip(words, [*words[1:], ""], strict=True)):
        if word == "-m" and following:
            if not _LAUNCHER.match(following) or module_file(following, folder, "__main__.py"):
                return n + 1
        elif word.endswith(".py") and is_file(folder / word):
            return n
    return 0


def script_of(words: Sequence[str], folder: Path) -> Path | None:
    """Return the Python file that a command runs, or None."""
    at = script_at(words, folder)
    if at and words[at - 1] == "-m":
        return module_file(words[at], folder, "__main__.py")
    if words[at].endswith(".py") and is_file(folder / words[at]):
        return folder / words[at]
    return _behind(entry_point(words, folder), folder)


def _behind(entry: str, folder: Path) -> Path | None:
    """Return the file here of the module whose function an installed command calls, or None."""
    places = ((name, root) for name in _CALLED.findall(entry) for root in (folder, folder / "src"))
    return next((p for name, root in places if (p := module_file(name, root))), None)


def flagged(words: Sequence[str], *flags: str) -> str:
    """Return what a command says by a flag, in one word or in two; nothing where it does not."""
    for word, following in pairwise((*words, "")):
        flag, equals, value = word.partition("=")
        if flag in flags:
            return value if equals else following
    return ""


def launched(words: Sequence[str]) -> bool:
    """Whether a command starts its script by something that tells each process its rank."""
    return not adapts(words) and any(
        _LAUNCHER.match(word) or Path(word).name == "torchrun" for word in words[:3]
    )


def adapts(words: Sequence[str]) -> bool:
    """Whether a command runs its script by one of our modules, which hands it its parameters."""
    return any(word == ADAPTER or word.startswith(f"{ADAPTER}.") for word in words)


def adapted(words: Sequence[str], folder: Path, adapter: str = ADAPTER) -> list[str]:
    """Return a command with such a module between the interpreter and the script."""
    at = script_at(words, folder)
    at -= at > 0 and words[at - 1] == "-m"
    before = words[:at] or [python_of(folder)]
    return [*before, "-m", adapter, *words[at:]]
