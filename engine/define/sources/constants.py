"""What a source sets for itself: constants, a dictionary, a class, environment variables."""

import ast
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.sources.syntax import keywords, literal, pairs, set_by, text_of

_KNOWN = re.compile(
    r"(?i)(.*_)?(lr|learning_rate|epochs?|batch_?size|steps|iterations|iters|momentum|weight_decay|"
    r"dropout|hidden.*|gamma|width|depth|layers|n_estimators|max_depth|units|embed.*|wd|alpha|beta\d?|"
    r"dim|heads|warmup\w*|num_leaves|num_boost_round|subsample|colsample\w*)"
)
_VARIABLE = re.compile(r"(os\.)?(environ\.get|getenv)")
_NUMBERS: Mapping[str, Callable[[str], int | float]] = {"int": int, "float": float}
_HOLDER = re.compile(r"(?i)config|hyper|hparams|settings|args$|params$")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a source sets for itself. ``holder``: the dictionary or class that has it, if any."""

    options: tuple[Option, ...] = ()
    holder: str = ""
    form: Literal["constants", "environment", "dictionary", "class", "attributes", "arguments"] = (
        "constants"
    )


def constants(tree: ast.Module) -> Settings:
    """Return what could be searched, and in what form it stands there.

    Understood are ``LR = float(os.environ.get("LR", 0.1))``, ``LR = 0.1``,
    ``config = {"lr": 0.1}``, ``class Config: lr: float = 0.1`` and, in a function,
    ``config.lr = 0.1``; where there is nothing else, ``SGD(weights, lr=0.1)``.

    Environment variables go first, as they need no change of the script; else the largest wins.
    """
    plain: list[Option] = []
    environment: list[Option] = []
    found: list[Settings] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _HOLDER.search(node.name):
            members = tuple(o for n, v in _assignments(node.body) for o in _constant(n, v))
            found.append(Settings(members, node.name, "class"))
    for name, value in _assignments(tree.body):
        variable = _environment(value)
        if variable is not None:
            environment.append(variable)
        elif listed := tuple(o for k, v in pairs(value) for o in _constant(k, v)):
            found.append(Settings(listed, name, "dictionary"))
        elif (name.isupper() or _KNOWN.fullmatch(name)) and not name.startswith("_"):
            plain += _constant(name, value)
    if environment:
        return Settings(tuple(environment), form="environment")
    best = max([Settings(tuple(plain)), *found, *_attributes(tree)], key=_known)
    return best if best.options else _arguments(tree)


def assigned(tree: ast.Module) -> dict[str, Option]:
    """Return every number, boolean and text that a source gives a name of its own, by that name."""
    return {
        name: option
        for name, value in _assignments(tree.body)
        if not name.startswith("_")
        for option in _constant(name, value, text=True)
    }


def _attributes(tree: ast.Module) -> Iterator[Settings]:
    """Return what each function sets of an object by known names: ``config.learning_rate = 3e-4``.

    What an object sets of itself in there is its own affair.
    """
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        found: dict[str, list[Option]] = {}
        for target, value in filter(None, map(set_by, function.body)):
            if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
                continue
            holder = target.value.id
            if holder != "self":
                found.setdefault(holder, []).extend(_constant(target.attr, value))
        for holder, options in found.items():
            settings = Settings(tuple(options), holder, "attributes")
            if _known(settings):
                yield settings


def _known(settings: Settings) -> int:
    return sum(bool(_KNOWN.fullmatch(o.name)) for o in settings.options)


def _arguments(tree: ast.Module) -> Settings:
    """Return the numbers that calls are given by a known name: ``SGD(parameters, lr=0.1)``."""
    found: dict[str, Option] = {}
    for call in ast.walk(tree):
        for name, value in keywords(call).items() if isinstance(call, ast.Call) else ():
            if name not in found and _KNOWN.fullmatch(name):
                for option in _constant(name, value):
                    found[name] = dataclasses.replace(option, help=f"in line {value.lineno}")
    return Settings(tuple(found.values()), form="arguments")


def _assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Return the names that statements set, each with what to; an attribute's is empty."""
    for target, value in filter(None, map(set_by, body)):
        yield target.id if isinstance(target, ast.Name) else "", value


def _constant(name: str, node: ast.expr, *, text: bool = False) -> tuple[Option, ...]:
    """Return an option for a literal number or boolean, or a ``text`` too, if it is one."""
    value = literal(node)
    if not name or not isinstance(value, bool | int | float | str):
        return ()
    if isinstance(value, str) and not text:
        return ()
    return (Option.of(name, value, "constant"),)


def _environment(node: ast.expr) -> Option | None:
    """Return the variable of ``float(os.environ.get("LR", "0.1"))``, ``os.getenv("LR", 0.1)``."""
    convert = _NUMBERS.get(text_of(node.func)) if isinstance(node, ast.Call) else None
    inner = node.args[0] if convert and isinstance(node, ast.Call) and node.args else None
    if not isinstance(inner, ast.Call) or not _VARIABLE.fullmatch(text_of(inner.func)):
        return None
    args = [literal(a) for a in inner.args]
    if convert is None or len(args) < 2 or not isinstance(args[0], str):
        return None
    try:
        value = convert(str(args[1]))
    except ValueError:
        return None
    return Option.of(args[0], value, "environment")
