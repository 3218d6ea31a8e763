"""Options that a source defines with absl's flags, and the configuration that a flag names.

``flags.DEFINE_float("lr", 0.1, "…")`` and ``config_flags.DEFINE_config_file("config")``, whose file
is Python: ``config.lr = 0.1`` there is ``--config.lr=0.1`` on the command line.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hpo_tui.engine.define.options import Found, Option, Raw, from_dump, kind_of
from hpo_tui.engine.define.script import flagged
from hpo_tui.engine.define.sources.syntax import (
    calls,
    keywords,
    last_name,
    literal,
    pairs,
    pieces,
    set_by,
    text_of,
)
from hpo_tui.engine.define.sources.texts import read

_KINDS = {
    "DEFINE_float": "float",
    "DEFINE_integer": "int",
    "DEFINE_bool": "bool",
    "DEFINE_boolean": "bool",
    "DEFINE_string": "str",
    "DEFINE_enum": "str",
    "DEFINE_config_file": "config",
}
_MOST = 40
"""Files that are looked at for one with a configuration."""


def absl_options(texts: Sequence[str], words: Sequence[str], folder: Path) -> Found | None:
    """Return the flags of absl and the fields of the configuration that is named, if any.

    Where none is named and one has to be, the flag itself is an option that is required; a file
    below ``folder`` that makes a configuration is its default.
    """
    flags = [entry for text in texts for entry in _defined(text)]
    if not flags:
        return None
    needed = {name for text in texts for name in _required(text)}
    entries = [_entry(name, kind, call, name in needed) for name, kind, call in flags]
    options, _ = from_dump([{"options": [e for e in entries if e["type"] != "config"]}])
    how = "the flags that its source defines"
    for name, kind, call in flags:
        if kind != "config":
            continue
        # What follows a colon is the argument of the file.
        given = flagged(words, f"--{name}").partition(":")[0]
        file = given or literal(call.args[1] if len(call.args) > 1 else None)
        fields = _fields(folder / file, name) if isinstance(file, str) else ()
        if fields:
            options, how = (*options, *fields), f"its flags and {file}"
        elif not isinstance(file, str):
            example = _example(folder)
            options = (Option(name, f"--{name}", "text", example, required=True), *options)
    return Found(options, how)


def _defined(text: str) -> Iterator[tuple[str, str, ast.Call]]:
    """Return the name, the kind and the call of each flag that a source defines."""
    for call in calls(text):
        kind = _KINDS.get(last_name(call.func))
        name = literal(call.args[0]) if call.args else None
        if kind is not None and isinstance(name, str):
            yield name, kind, call


def _required(text: str) -> Iterator[str]:
    """Return the names of flags that are marked as required, one by one or in a list."""
    for call in calls(text):
        if last_name(call.func) in ("mark_flag_as_required", "mark_flags_as_required"):
            told = literal(call.args[0]) if call.args else None
            listed = told if isinstance(told, list | tuple) else [told]
            yield from (name for name in listed if isinstance(name, str))


def _entry(name: str, kind: str, call: ast.Call, needed: bool) -> Raw:
    """Return a flag as the probe writes an option."""
    words = {name: literal(value) for name, value in keywords(call).items()}
    args = [literal(a) for a in call.args]
    listed = last_name(call.func) == "DEFINE_enum"
    told = next((a for a in args[2:] if isinstance(a, str)), words.get("help"))
    return {
        "flags": [f"--{name}"],
        "off": [f"--no{name}"],
        "default": words.get("default", args[1] if len(args) > 1 else None),
        "type": kind,
        "choices": words.get("enum_values", args[2] if len(args) > 2 else None) if listed else None,
        "required": needed or bool(words.get("required")),
        "help": told or "",
        "action": "flag" if kind == "bool" else "",
    }


def _example(folder: Path) -> str | None:
    """Return a file below a folder that makes a configuration, the shortest name first."""
    files = sorted(folder.glob("conf*/**/*.py"), key=lambda p: (p.stem != "default", len(p.name)))
    for path in files[:_MOST]:
        if re.search(r"^def get_config\(", read(path), re.MULTILINE):
            return str(path.relative_to(folder))
    return None


def _fields(path: Path, flag: str) -> tuple[Option, ...]:
    """Return what ``config.optim.lr = 0.1`` and ``ConfigDict({"lr": 0.1})`` say in a file."""
    values: dict[str, ast.expr] = {}
    for target, value in filter(None, map(set_by, pieces(read(path)))):
        root, _, name = text_of(target).partition(".")
        given = value.args if isinstance(value, ast.Call) else []
        for key, inner in pairs(given[0]) if given else ():
            values[f"{name}.{key}" if name else key] = inner
        if name and root.isidentifier() and re.fullmatch(r"[\w.]+", name):
            values[name] = value
    found = [
        _field(name, flag, value)
        for name, node in values.items()
        if isinstance(value := literal(node), bool | int | float)
    ]
    return tuple(found)


def _field(name: str, flag: str, value: bool | float) -> Option:
    plain = f"--{flag}.{name}"
    option = Option(name, plain, kind_of(value), value, style="equals")
    return option.in_words() if isinstance(value, bool) else option
