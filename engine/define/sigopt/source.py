"""What the source of a script says of SigOpt: its experiment, parameters, metrics, the task."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo_tui.engine.define.optuna.values import constants_of
from hpo_tui.engine.define.sources.syntax import keywords, last_name, literal, parsed, text_of
from hpo_tui.engine.spec import Value

_IMPORTS = re.compile(r"^\s*(import\s[^#\n]*\bsigopt\b|from\s+sigopt\b)", re.MULTILINE)
_USES = re.compile(
    r"\bparams\b|\blog_(metrics?|checkpoint|failure)\b|\bcreate_(ai)?(run|experiment)\b"
    r"|\.(suggestions|observations)\s*\(|\bget_parameter\b"
)
_CREATES = ("create_experiment", "create_aiexperiment")
_METHODS = frozenset(
    ("setdefaults", "setdefault", "update", "get", "items", "keys", "values", "pop")
)
_TASK = re.compile(r"\.task\b|\bget_task\s*\(|\[[\"']task[\"']\]")
_DEEPEST = 12


@dataclass(slots=True)
class Said:
    """What a source says. ``experiment``: what it creates, None where code computes it.

    ``creates``: whether it creates one at all; ``defaults``: parameters with the value that it
    gives them; ``asked``: those that it reads; ``reads``: whether it reads any, be it all at once.
    """

    experiment: Mapping[str, Any] | None = None
    creates: bool = False
    defaults: dict[str, Value] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    reads: bool = False
    metrics: list[str] = field(default_factory=list)
    task: bool = False


def uses_sigopt(texts: Sequence[str]) -> bool:
    """Whether a source works with SigOpt's client."""
    text = "\n".join(texts)
    return bool(_IMPORTS.search(text) and _USES.search(text))


def said_in(texts: Sequence[str]) -> Said:
    """Return what the sources of a script say; the script itself is the first."""
    trees = [tree for text in texts if (tree := parsed(text)) is not None]
    known = constants_of(trees)
    said = Said(task=any(map(_TASK.search, texts)))
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                _take_call(node, said, known)
            _take_reading(node, said)
    said.asked = list(dict.fromkeys(said.asked))
    said.reads = said.reads or bool(said.asked)
    return said


def _take_call(call: ast.Call, said: Said, known: Mapping[str, ast.expr]) -> None:
    name, given = last_name(call.func), keywords(call)
    owner = text_of(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    of_experiments = name == "create" and owner.endswith("experiments()")
    if name in _CREATES or of_experiments:
        said.creates = True
        whole = {k: _value(v, known, 0) for k, v in _with_spread(call, known)}
        if said.experiment is None and _whole(whole.get("parameters")):
            said.experiment = {k: v for k, v in whole.items() if _whole(v)}
    elif name in ("setdefaults", "update", "setdefault", "get_parameter"):
        if _is_params(owner) or name == "get_parameter":
            _take_defaults(call, name, said, known)
    elif name == "log_metric":
        first = literal(call.args[0] if call.args else given.get("name"))
        said.metrics += [first] if isinstance(first, str) and first not in said.metrics else []
    elif name in ("log_metrics", "log_checkpoint"):
        inside = [_value(arg, known, 0) for arg in call.args]
        names = [*given, *(k for found in inside if isinstance(found, dict) for k in found)]
        said.metrics += [n for n in names if n not in said.metrics]


def _take_defaults(call: ast.Call, name: str, said: Said, known: Mapping[str, ast.expr]) -> None:
    """Take in the values that a script gives its parameters where nobody else does."""
    if name in ("setdefault", "get_parameter"):
        pair = [_value(arg, known, 0) for arg in call.args[:2]]
        given = {"default": pair[1]} if len(pair) > 1 else {}
        given |= {k: _value(v, known, 0) for k, v in keywords(call).items()}
        found = {str(pair[0]): next(iter(given.values()), None)} if pair else {}
        said.asked += [n for n in found if isinstance(n, str)]
    else:
        found = {k: _value(v, known, 0) for k, v in keywords(call).items()}
        for arg in call.args:
            inside = _value(arg, known, 0)
            found |= inside if isinstance(inside, dict) else {}
    kept = {k: v for k, v in found.items() if isinstance(v, bool | int | float | str)}
    said.defaults |= {k: v for k, v in kept.items() if k not in said.defaults}


def _take_reading(node: ast.AST, said: Said) -> None:
    """Take in what a piece of a source reads of the parameters."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        if _is_params(text_of(node.value)) and node.attr not in _METHODS:
            said.asked.append(node.attr)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        key = literal(node.slice)
        if isinstance(key, str) and _is_params(text_of(node.value)):
            said.asked.append(key)
    elif isinstance(node, ast.Call):
        handed = [*node.args, *(word.value for word in node.keywords)]
        said.reads = said.reads or any(_is_params(text_of(arg)) for arg in handed)
    elif isinstance(node, ast.Assign):
        said.reads = said.reads or _is_params(text_of(node.value))


def _is_params(text: str) -> bool:
    """Whether an expression stands for the parameters of a run, or for those of a suggestion.

    What is called ``params`` alone is as often those of another library.
    """
    return re.fullmatch(r"(?!self\.)(\w+\.)+params|(\w+\.)*assignments", text) is not None


def _with_spread(call: ast.Call, known: Mapping[str, ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a call is given by name, also by a dictionary, ``**EXPERIMENT``."""
    for word in call.keywords:
        node = word.value
        if word.arg:
            yield word.arg, node
        else:
            node = known.get(node.id, node) if isinstance(node, ast.Name) else node
            yield from _entries(node)


def _entries(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.Call) and text_of(node.func) == "dict" and not node.args:
        yield from keywords(node).items()


class _Unknown:
    """What cannot be known of a source without running it."""


def _whole(value: object) -> bool:
    """Whether all of a value is known."""
    if isinstance(value, dict):
        return all(map(_whole, value.values()))
    if isinstance(value, list):
        return all(map(_whole, value))
    return value is not None and value is not _Unknown


def _value(node: ast.expr, known: Mapping[str, ast.expr], deep: int) -> Any:
    """Return the value of tables, lists and constants; ``_Unknown`` for what has to be run."""
    if deep > _DEEPEST:
        return _Unknown
    if isinstance(node, ast.Name) and node.id in known:
        return _value(known[node.id], known, deep + 1)
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(entry, known, deep + 1) for entry in node.elts]
    if isinstance(node, ast.Dict) or (isinstance(node, ast.Call) and text_of(node.func) == "dict"):
        return {k: _value(v, known, deep + 1) for k, v in _entries(node)}
    found = literal(node)
    return _Unknown if found is None else found
