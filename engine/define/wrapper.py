"""A shell script that starts a Python script: which one, and whether options reach it."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.define.script import script_at
from hpo_tui.engine.define.sources.texts import is_file, read

_SHELL = re.compile(r"#!\s*/\S*\b(env\s+(-S\s+)?)?(ba|da|z|k)?sh\b")
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
_REST = ("$@", "${@}", "$*")
"""What a shell script writes for the words that it was given itself."""
_BEFORE = re.compile(r"exec|time|nohup|env|command|[A-Za-z_]\w*=.*")
"""Words that may stand before a command."""
_END = re.compile(r"\||&&?|;|\d?>>?.*|<.*")
"""Words that end a command, or are not its own."""
_CD_HOME = re.compile(r"^\s*cd\s.*(dirname|%/\*)", re.MULTILINE)
"""How a shell script goes to its own folder, wherever it is called from."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The command of Python that a shell script runs. ``hands_on``: with the words it was given."""

    shell: str
    words: tuple[str, ...]
    hands_on: bool

    @property
    def advice(self) -> str:
        """What has to be put into the shell script, empty where nothing."""
        if self.hands_on:
            return ""
        script = next((w for w in self.words if w.endswith(".py")), self.words[-1])
        return (
            f'{self.shell} does not hand its options on to {script}: put "$@" behind the last'
            " option in the line that starts it"
        )


def wrapped(words: Sequence[str], folder: Path) -> Wrapped | None:
    """Return what a command's shell script runs; None where it is none, or runs no script here."""
    at = 1 if len(words) > 1 and Path(words[0]).name in _SHELLS else 0
    path = folder / words[at]
    if not is_file(path) or path.suffix == ".py":
        return None
    text = read(path)
    if not (at or path.suffix == ".sh" or _SHELL.match(text)):
        return None
    home = Path(words[at]).parent if _CD_HOME.search(text) else Path()
    commands = ([_seen_from(home, w, folder) for w in c] for c in _commands(text))
    found = [c for c in commands if c and script_at(c, folder)]
    best = next((c for c in found if set(c) & set(_REST)), found[-1] if found else None)
    if best is None:
        return None
    own = tuple(w for w in best if w not in _REST)
    return Wrapped(path.name, own, hands_on=len(own) < len(best))


def _seen_from(home: Path, word: str, folder: Path) -> str:
    """Return a word of a command that runs in ``home``, as it is called from ``folder``."""
    return str(home / word) if is_file(folder / home / word) else word


def _commands(text: str) -> Iterator[list[str]]:
    """Return the words of each line's command, without what stands before and after it."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:  # a quote that goes on in the next line
            continue
        while words and _BEFORE.fullmatch(words[0]):
            del words[0]
        end = next((n for n, w in enumerate(words) if _END.fullmatch(w)), len(words))
        yield words[:end]
