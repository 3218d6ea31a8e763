"""Options that a source declares as fields of a dataclass or as arguments of a function.

tyro, simple_parsing, draccus, pyrallis and Hugging Face's parser read a dataclass, fire and typer
a function. What they make of it stands in the text, also where they are not installed.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpo_tui.engine.define.options import Raw
from hpo_tui.engine.define.sources.choices import members
from hpo_tui.engine.define.sources.syntax import (
    arguments,
    keywords,
    last_name,
    literal,
    parsed,
    text_of,
)

_READERS = re.compile(
    r"(tyro\.(extras\.)?)?(cli|subcommand_cli_from_dict)|(transformers\.)?HfArgumentParser|"
    r"(simple_parsing\.)?(parse|ArgumentParser)|(draccus|pyrallis)\.(wrap|parse)|parser\.add_arguments|"
    r"(jsonargparse\.)?(CLI|auto_cli)|fire\.Fire|Fire|typer\.run|app\.command|chz\.\w*entrypoint"
)
_LIBRARIES = re.compile(
    r"^\s*(?:import|from)\s+(tyro|simple_parsing|draccus|pyrallis|fire|typer|jsonargparse|chz|transformers)\b",
    re.MULTILINE,
)
_DASHED = ("tyro", "typer")
"""Libraries that write ``--learning-rate`` where the source has ``learning_rate``."""
_BY_VALUE = ("typer", "transformers")
"""Libraries that take a member of an Enum by its value, the others by its name."""
_KINDS = ("float", "int", "bool")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def declared_options(texts: Sequence[str]) -> list[Raw]:
    """Return the options of the dataclasses and functions that a library is handed.

    Only what the first text hands on is an option.
    """
    library = next((m[1] for m in map(_LIBRARIES.search, texts[:1]) if m), "")
    if not library:
        return []
    trees = [tree for text in texts if (tree := parsed(text)) is not None]
    holders = {
        node.name: node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | _Function)
    }
    found: list[Raw] = []
    for name in _handed(trees[0]) if trees else ():
        if name in holders:
            found += _fields(holders[name], holders, "", library)
    return found


def _handed(tree: ast.Module) -> list[str]:
    """Return the names of the classes and functions that a library's entry is given."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _READERS.fullmatch(text_of(node.func)):
            given = [*node.args, *(k.value for k in node.keywords)]
            names += [n.id for g in given for n in ast.walk(g) if isinstance(n, ast.Name)]
        elif isinstance(node, _Function):
            shown = [text_of(d).partition("(")[0] for d in node.decorator_list]
            if any(map(_READERS.fullmatch, shown)):
                whole = [_kind(a.annotation) for a in node.args.args]
                names += [node.name, *whole]
    return list(dict.fromkeys(names))


def _fields(
    holder: ast.AST, holders: Mapping[str, ast.AST], prefix: str, library: str
) -> Iterator[Raw]:
    """Return the options of a class or function, and of the dataclasses within it."""
    entries = _members(holder) if isinstance(holder, ast.ClassDef) else _arguments(holder)
    for name, annotation, default, about in entries:
        kind = _kind(annotation)
        inner = holders.get(kind)
        enum = members(inner)
        nested = isinstance(inner, ast.ClassDef) and inner is not holder and not enum
        if nested and inner is not None and prefix.count(".") < 3:
            below = prefix if library == "transformers" else f"{prefix}{name}."
            yield from _fields(inner, holders, below, library)
        else:
            option = _option(f"{prefix}{name}", annotation, default, about, library)
            yield _of_enum(option, enum, default, library) if enum else option


def _members(holder: ast.ClassDef) -> Iterator[tuple[str, ast.expr, ast.expr | None, str]]:
    for node, following in zip(holder.body, [*holder.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        said = literal(following.value) if isinstance(following, ast.Expr) else None
        default, about = node.value, said if isinstance(said, str) else ""
        if isinstance(default, ast.Call) and last_name(default.func).endswith("field"):
            words = keywords(default)
            told = literal(words.get("metadata"))
            about = str(told.get("help", about)) if isinstance(told, dict) else about
            about = str(literal(words.get("help")) or about)
            default = words.get("default", words.get("default_factory"))
        yield node.target.id, node.annotation, default, about


def _arguments(holder: ast.AST) -> Iterator[tuple[str, ast.expr | None, ast.expr | None, str]]:
    if not isinstance(holder, _Function):
        return
    for arg, default in arguments(holder.args):
        value = default
        if isinstance(default, ast.Call) and last_name(default.func) == "Option":
            value = default.args[0] if default.args else None
        if arg.arg != "self" and value is not None:
            yield arg.arg, arg.annotation, value, ""


def _option(
    name: str, annotation: ast.expr | None, default: ast.expr | None, about: str, library: str
) -> Raw:
    value = literal(default)
    kind = _kind(annotation) or (type(value).__name__ if value is not None else "str")
    flag = f"--{name.replace('_', '-') if library in _DASHED else name}"
    group, dot, last = flag.removeprefix("--").rpartition(".")
    off = f"--{group}{dot}no-{last}"
    switch = kind == "bool" and library in _DASHED
    return {
        "flags": [flag],
        "off": [off],
        "default": value,
        "type": kind,
        "choices": _choices(annotation),
        "nargs": None if kind in (*_KINDS, "str", "Literal", "") else "*",
        "required": default is None,
        "help": about,
        "action": "flag" if switch else "",
    }


def _of_enum(option: Raw, enum: Mapping[str, Any], default: ast.expr | None, library: str) -> Raw:
    """Return an option whose type is an Enum: its members are typed by value, or by name."""
    by_value = library in _BY_VALUE and None not in enum.values()
    typed = enum if by_value else {name: name for name in enum}
    value = typed.get(last_name(default), option.get("default"))
    of_enum: Raw = {"default": value, "choices": [*typed.values()], "nargs": None, "type": "str"}
    return {**option, **of_enum}


def _kind(annotation: ast.expr | None) -> str:
    """Return ``float`` of ``Optional[float]``, ``float | None``, ``Annotated[float, …]`` too."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        tree = parsed(annotation.value)
        inner = tree.body[0] if tree and tree.body else None
        return _kind(inner.value) if isinstance(inner, ast.Expr) else ""
    if isinstance(annotation, ast.BinOp):
        return next((k for side in (annotation.left, annotation.right) if (k := _kind(side))), "")
    if isinstance(annotation, ast.Subscript):
        outer = last_name(annotation.value)
        if outer in ("Optional", "Annotated", "Union"):
            inside = annotation.slice
            return _kind(inside.elts[0] if isinstance(inside, ast.Tuple) else inside)
        return outer
    return last_name(annotation)


def _choices(annotation: ast.expr | None) -> list[Any] | None:
    """Return what ``Literal["sgd", "adam"]`` allows."""
    for node in ast.walk(annotation) if annotation is not None else ():
        if isinstance(node, ast.Subscript) and last_name(node.value) == "Literal":
            listed = literal(node.slice)
            return list(listed) if isinstance(listed, tuple) else None
    return None
