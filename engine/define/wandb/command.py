"""From the command of a W&B sweep to that of a study, and the files that its trials are given.

W&B's agent replaces macros, such as ``${args}`` by ``--name=value`` of each parameter; a study has
placeholders instead. Besides, it hands a run its configuration in a file, by which
``wandb.init(config=…)`` is overruled.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.script import python_of
from hpo_tui.engine.define.wandb.file import Sweep
from hpo_tui.engine.define.wandb.space import Swept
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.placeholders import braced

_USUAL = ("${env}", "${interpreter}", "${program}", "${args}")
_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")
_MACRO = re.compile(r"\$\{(\w+)\}")
_BARE = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_][\w-]*", re.IGNORECASE)
"""A name that YAML takes for a text without quotes."""
ARGUMENTS = "sweep-args.json"
"""The file of a trial that ``${args_json_file}`` stands for."""
_Tree = dict[str, Any]


@dataclass(slots=True)
class Commanded:
    """The words of a study's command, and what has to be said of it.

    ``told``: the command says the parameters. ``filed``: it does so by a file of arguments.
    """

    words: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    told: bool = False
    filed: bool = False


def tree(parameters: Sequence[Swept]) -> _Tree:
    """Return the parameters as they are nested in the sweep."""
    root: _Tree = {}
    for parameter in parameters:
        at = root
        for name in parameter.path[:-1]:
            at = at.setdefault(name, {})
        at[parameter.path[-1]] = parameter
    return root


def commanded(sweep: Sweep, parameters: Sequence[Swept], folder: Path) -> Commanded:
    """Return the command of a study that runs what an agent of the sweep would."""
    made = Commanded()
    words = [_with_variables(word, made) for word in sweep.command or _USUAL]
    forms = _forms(tree(parameters))
    for n, word in enumerate(words):
        macro = _MACRO.fullmatch(word)
        name = macro[1] if macro else ""
        if name == "env":
            assigns = n + 1 < len(words) and "=" in words[n + 1]
            made.words += ["/usr/bin/env"] if assigns else []
        elif name == "interpreter":
            made.words.append(python_of(folder))
        elif name == "program":
            made.words.append(braced(sweep.program))
        elif name == "args_json_file":
            made.words.append(f"{{trial_dir}}/{ARGUMENTS}")
            made.told = made.filed = True
        elif name in forms:
            made.words += forms[name]()
            made.told = True
        elif macro:
            made.advice.append(f"the command has {plain(word)}, which is left out: W&B has none")
        else:
            made.words.append(braced(word))
    return made


def _with_variables(word: str, made: Commanded) -> str:
    """Return a word with the variables of the environment that it names, as they are now.

    Where one is not set, W&B's agent leaves its name.
    """
    for name in _VARIABLE.findall(word):
        known = "the command has its present value"
        absent = "it is not set here, and the command has its mere name"
        made.advice.append(f"${{envvar:{name}}}: {known if name in os.environ else absent}")
    return _VARIABLE.sub(lambda found: os.environ.get(found[1], found[1]), word)


def _forms(root: _Tree) -> Mapping[str, Callable[[], list[str]]]:
    """Return how each of W&B's macros for arguments is made."""

    def each(before: str) -> list[str]:
        return [_assigned(f"{before}{braced(name)}=", entry) for name, entry in root.items()]

    def apart() -> list[str]:
        pairs = ((f"--{braced(name)}", _assigned("", entry)) for name, entry in root.items())
        return [word for pair in pairs for word in pair]

    def switches() -> list[str]:
        return [w for name, entry in root.items() if (w := _switched(name, entry))]

    return {
        "args": lambda: each("--"),
        "args_no_hyphens": lambda: each(""),
        "args_append_hydra": lambda: each("+"),
        "args_override_hydra": lambda: each("++"),
        "args_no_equals": apart,
        "args_no_boolean_flags": switches,
        "args_json": lambda: [_json(root)],
    }


def _assigned(before: str, entry: Any) -> str:
    """Return a word with a value behind it, where true and false are Python's, as in W&B."""
    if isinstance(entry, Swept) and entry.written.switch:
        return f"{{?{entry.name}:{before}True}}{{?!{entry.name}:{before}False}}"
    return before + _python(entry)


def _python(entry: Any) -> str:
    """Return a value as Python shows it, of a nested parameter as a dictionary."""
    if not isinstance(entry, Swept):
        inner = ", ".join(f'"{braced(n)}": {_quoted(e)}' for n, e in entry.items())
        return f"{{{{{inner}}}}}"
    if isinstance(entry.parameter.value, bool):
        return str(entry.parameter.value)
    return f"{{{entry.name}}}"


def _quoted(entry: Any) -> str:
    """Return a value within a dictionary, a text in Python's quotes."""
    if not isinstance(entry, Swept):
        return _python(entry)
    if entry.written.switch:
        return _assigned("", entry)
    return f'"{_python(entry)}"' if entry.written.quoted else _python(entry)


def _switched(name: str, entry: Any) -> str:
    """Return an argument that is a bare flag where it is true, and nothing where it is false."""
    if isinstance(entry, Swept) and entry.written.switch:
        return f"{{?{entry.name}:--{name}}}"
    if isinstance(entry, Swept) and isinstance(entry.parameter.value, bool):
        return f"--{braced(name)}" if entry.parameter.value else ""
    return _assigned(f"--{braced(name)}=", entry)


def _json(root: _Tree) -> str:
    """Return the arguments as one JSON object, with placeholders."""
    parts = []
    for name, entry in root.items():
        value = _json(entry) if not isinstance(entry, Swept) else _placed(entry)
        parts.append(f"{braced(json.dumps(name, ensure_ascii=False))}: {value}")
    return f"{{{{{', '.join(parts)}}}}}"


def _placed(entry: Swept) -> str:
    """Return a placeholder as it stands in a file, in quotes where the value is a text."""
    return f'"{{{entry.name}}}"' if entry.written.quoted else f"{{{entry.name}}}"


def arguments_file(root: _Tree) -> str:
    """Return the template of the file of arguments."""
    return _json(root).replace("{{", "{").replace("}}", "}") + "\n"


def sweep_file(root: _Tree) -> str:
    """Return the template of the file in which W&B finds the configuration of a run."""
    lines = ["wandb_version: 1", ""]
    for name, entry in root.items():
        lines.append(f"{_key(name)}:")
        lines += _lines("value", entry, 1)
    return "\n".join(lines) + "\n"


def _lines(name: str, entry: Any, depth: int) -> list[str]:
    before = f"{'  ' * depth}{_key(name)}:"
    if isinstance(entry, Swept):
        return [f"{before} {_placed(entry)}"]
    inner = (_lines(n, e, depth + 1) for n, e in entry.items())
    return [before, *(line for lines in inner for line in lines)]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
