"""Which command runs one trial of an experiment: as it was given to SigOpt's own, or found here."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.define.documents import read_document
from hpo_tui.engine.define.script import ADAPTER, command_words, script_at
from hpo_tui.engine.define.sigopt.source import uses_sigopt
from hpo_tui.engine.define.sources.texts import is_file, read
from hpo_tui.engine.spec.names import joined, plain

OURS = f"{ADAPTER}.sigopt"
"""The module that runs a script of SigOpt's as one trial."""
FILES = ("experiment.yml", "experiment.yaml", "experiment.json")
"""What the file of an experiment is called where nobody says; SigOpt knows the first."""
_RUN_FILES = ("run.yml", "run.yaml")
_OPTIONS = {
    "-e": "experiment", "--experiment-file": "experiment", "-r": "run", "--run-file": "run",
    "-s": "", "--source-file": "", "-p": "", "--project": "",
}  # fmt: skip
"""Options of SigOpt's command that take a word, and which file that names."""
_STARTS = ("optimize", "run", "start-worker", "create")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command of SigOpt's own says. ``experiment``: the file, empty where it has none."""

    experiment: str
    run: str
    words: tuple[str, ...]


def asked_of_sigopt(words: Sequence[str]) -> Asked | None:
    """Return what ``sigopt optimize -e experiment.yml python train.py`` says; None for others."""
    if len(words) < 2 or Path(words[0]).name != "sigopt" or words[1] not in _STARTS:
        return None
    said: dict[str, str] = {}
    creates = words[1] == "create"
    if creates and "experiment" not in words[2:3]:
        return None
    rest = list(words[3 if creates else 2 :])
    while rest and rest[0].startswith("-") and rest[0] != "--":
        flag, equals, value = rest.pop(0).partition("=")
        if flag in _OPTIONS:
            value = value if equals or not rest else rest.pop(0)
            said[_OPTIONS[flag]] = value
    rest = rest[1:] if rest[:1] == ["--"] else rest
    if words[1] == "start-worker":  # its experiment was the service's, by number
        rest = rest[1:]
    usual = FILES[0] if words[1] in ("optimize", "create") else ""
    return Asked(said.get("experiment", usual), said.get("run", ""), tuple(rest))


def words_for(asked: Asked, folder: Path, run: str = "") -> tuple[str, ...]:
    """Return the words of the command that a trial runs, as SigOpt would find it.

    ``run``: the command that the experiment's file itself says. Raises ValueError where there is
    none, which says how to name it.
    """
    words = asked.words or _of_run_file(asked.run, folder) or tuple(shlex.split(run))
    words = words or _of_only_script(folder)
    if not words:
        file = asked.experiment or FILES[0]
        raise ValueError(
            f"no command is known for {plain(file)}: name it as SigOpt's own does, hpo-tui init --"
            f" sigopt optimize -e {plain(file)} python train.py"
        )
    words = command_words(words, folder)
    if not script_at(words, folder):
        raise ValueError(
            f"{plain(shlex.join(words))} names no Python script here: name the one that uses"
            f" sigopt, hpo-tui init -- sigopt optimize -e {plain(asked.experiment)} python train.py"
        )
    return words


def _of_run_file(given: str, folder: Path) -> tuple[str, ...]:
    """Return the command of a run file, ``run: python train.py``; nothing without one."""
    names = [given] if given else [n for n in _RUN_FILES if is_file(folder / n)]
    if not names:
        return ()
    found = read_document(folder / names[0], "a run file of SigOpt's")
    said = found.get("run") if isinstance(found, Mapping) else None
    if isinstance(said, list):
        return tuple(map(str, said))
    return tuple(shlex.split(said)) if isinstance(said, str) else ()


def _of_only_script(folder: Path) -> tuple[str, ...]:
    """Return the one script here that uses SigOpt. Raises ValueError where there are several."""
    named = [p.name for p in sorted(folder.glob("*.py")) if uses_sigopt([read(p)])]
    if len(named) > 1:
        raise ValueError(
            f"which script runs a trial? {joined([*map(plain, named)], 5)} use sigopt: name it,"
            f" hpo-tui init -- sigopt optimize -e {FILES[0]} python {plain(named[0])}"
        )
    return tuple(named)
