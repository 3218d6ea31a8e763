"""Reading the command, its environment and its template: words, placeholders, no shell."""

import re
import shlex
from collections.abc import Collection
from pathlib import PurePath

from hpo_tui.engine.spec.names import KeyPath, show, text_fault
from hpo_tui.engine.spec.parts import Parameter
from hpo_tui.engine.spec.placeholders import faults, parse
from hpo_tui.engine.spec.reading.table import Problems, Table

_SHELL = re.compile(r"[|&;<>]+|\d*>>?(&\d)?|<<?")
_SHELLS = {"sh", "bash", "zsh", "dash", "ksh", "fish"}
_OURS = re.compile(r"HPO_\w*|CUDA_VISIBLE_DEVICES")


class Names:
    """What a placeholder may name: parameters (and which are booleans) and fidelity values."""

    def __init__(
        self, space: Collection[Parameter], fidelities: Collection[str], also: Collection[str]
    ) -> None:
        self.known = list(dict.fromkeys([*(p.name for p in space), *also, *fidelities]))
        self.conditional = {p.name for p in space if p.when}
        self.booleans = {
            p.name
            for p in space
            if all(isinstance(c, bool) for c in p.choices or (p.value,)) and not p.numeric
        }

    def check(self, word: str, path: KeyPath, into: Problems) -> bool:
        """Note what is wrong with a word's placeholders; return whether it can be parsed."""
        found = faults(word, self.known, self.booleans.__contains__)
        for fault in found:
            into.add(path, fault)
        return not found


def read_command(study: Table, names: Names, *, needed: bool) -> tuple[str, ...]:
    """Read the command as a list of words; a string is split as a shell would, and no further."""
    if not study.has("command"):
        if needed:
            study.missing("command", 'command = "python train.py --lr {lr}"')
        return ()
    given = study.data["command"]
    if isinstance(given, str):
        split = _split(study, given)
        if split is None:
            return ()
        words = split
        place: list[KeyPath] = [(*study.path, "command")] * len(words)
    elif isinstance(given, list):
        words = list(study.texts("command")) if all(isinstance(w, str) for w in given) else []
        place = [(*study.path, "command", n) for n in range(len(words))]
        if not words and given:
            study.texts("command")
            return ()
    else:
        study.fault("command", f"must be text or a list of words, found {show(given)}")
        return ()
    if not words or not words[0].strip():
        study.fault("command", 'is empty: command = "python train.py --lr {lr}"')
        return ()
    sound = [names.check(word, path, study.into) for word, path in zip(words, place, strict=True)]
    if all(sound):
        _program(study, words, names)
    return tuple(words)


def _split(study: Table, text: str) -> list[str] | None:
    """Return the words of a command, None where it has none for a fault that is noted."""
    if fault := text_fault(text):
        study.fault("command", fault)
        return None
    try:
        words = shlex.split(text)
    except ValueError as error:
        study.fault("command", f"cannot be split into words: {str(error).lower()} in {show(text)}")
        return None
    shell = next(filter(is_shell_word, words), None)
    if shell:
        study.fault(
            "command",
            f"no shell runs it, so {show(shell)} would be passed on as text: put the line into a "
            'script, or write command = ["bash", "-c", "…"]',
        )
    elif words and re.match(r"[A-Za-z_]\w*=", words[0]):
        study.fault(
            "command",
            f"starts with {show(words[0])}, which only a shell takes as a variable: write it "
            "under [env]",
        )
    return words


def _program(study: Table, words: list[str], names: Names) -> None:
    first = parse(words[0])
    if any(p.kind == "switch" or p.name in names.conditional for p in first):
        study.fault(
            "command",
            f"{show(words[0])} is the program: it cannot depend on a parameter that may be absent",
        )
    for n, word in enumerate(words[:-1]):
        script = words[n + 1]
        shell = (
            n
            and word.startswith("-")
            and word.endswith("c")
            and PurePath(words[n - 1]).name in _SHELLS
        )
        if shell and any(p.kind != "text" for p in parse(script)):
            study.fault(
                "command",
                f"a shell would run the values in {show(script)}: pass them as arguments, "
                '["bash", "-c", "python train.py --lr $1", "bash", "{lr}"]',
            )


def is_shell_word(word: str) -> bool:
    """Whether a word is an operator that only a shell understands: a pipe, a redirection."""
    return _SHELL.fullmatch(word) is not None


def read_env(root: Table, names: Names) -> dict[str, str]:
    """Read ``[env]``: text (numbers are taken as written), which may hold placeholders."""
    table = root.table("env", "env")
    kept: dict[str, str] = {}
    for name, value in table.data.items():
        if not name or "=" in name or text_fault(name) or any(not c.isprintable() for c in name):
            table.fault(
                name,
                "cannot be the name of an environment variable: it must not be empty nor hold = or "
                "invisible characters",
            )
        elif _OURS.fullmatch(name):
            table.fault(name, "is set for each trial by the runner: leave it out")
        elif isinstance(value, bool) or not isinstance(value, str | int | float):
            table.fault(name, f"must be text in quotes, found {show(value)}")
        elif fault := text_fault(str(value)):
            table.fault(name, fault)
        elif names.check(str(value), (*table.path, name), root.into):
            kept[name] = str(value)
    return kept


def read_template(study: Table) -> tuple[str, str] | None:
    """Read ``template``: the file to fill in, and its name in the trial's folder."""
    if not study.has("template"):
        return None
    given = study.data["template"]
    pair = [given, PurePath(given).name] if isinstance(given, str) and given else given
    if (
        not isinstance(pair, list)
        or len(pair) != 2
        or not all(isinstance(p, str) and p for p in pair)
    ):
        study.fault(
            "template",
            'must be a file, or ["file in the study\'s folder", "name in the trial\'s folder"]; '
            f"found {show(given)}",
        )
        return None
    for name in pair:
        path = PurePath(name)
        fault = text_fault(name)
        if not fault and (path.is_absolute() or ".." in path.parts or path.name in ("", ".")):
            fault = (
                f"must be inside the folder: a name without / in front or .., found {show(name)}"
            )
        if fault:
            study.fault("template", fault)
            return None
    return pair[0], pair[1]
