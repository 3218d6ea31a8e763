"""The values that an option names: in its own call, or in what that refers to in the source."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from hpo_tui.engine.define.sources.syntax import last_name, literal, pairs, set_by

_ENUM = re.compile(r"(Str|Int)?Enum")
_WRAPPERS = ("list", "tuple", "set", "sorted")
_DEPTH = 4
"""How often a name may stand for another one."""


def members(node: ast.AST | None) -> dict[str, Any]:
    """Return name → value of an ``Enum`` class; nothing of any other piece of a source.

    A value that would have to be run, as ``auto()``, is None.
    """
    if not isinstance(node, ast.ClassDef):
        return {}
    if not any(_ENUM.fullmatch(last_name(base)) for base in node.bases):
        return {}
    return {
        target.id: literal(value)
        for target, value in filter(None, map(set_by, node.body))
        if isinstance(target, ast.Name)
    }


def choices_of(node: ast.expr | None, tree: ast.Module | None, depth: int = _DEPTH) -> list[Any]:
    """Return the values that an expression lists; nothing where it would have to be run.

    Understood are lists, the keys of dictionaries and the members of an ``Enum``, each also by its
    name in ``tree``, and the usual ways to write these: ``sorted(MODELS)``, ``MODELS.keys()``,
    ``[m.value for m in Schedule]``.
    """
    listed = literal(node)
    if isinstance(listed, list | tuple | set):
        return sorted(listed, key=str) if isinstance(listed, set) else list(listed)
    if node is None or not depth:
        return []
    if keys := [key for key, _ in pairs(node)]:
        return keys
    if isinstance(node, ast.Name):
        return next((found for found in _meanings(node.id, tree, depth) if found), [])
    inner = None
    if isinstance(node, ast.Call):
        if last_name(node.func) == "keys" and isinstance(node.func, ast.Attribute):
            inner = node.func.value
        elif last_name(node.func) in _WRAPPERS and node.args:
            inner = node.args[0]
    elif isinstance(node, ast.ListComp | ast.GeneratorExp) and len(node.generators) == 1:
        enum = _named(last_name(node.generators[0].iter), tree)
        known = members(enum)
        return list(known) if last_name(node.elt) == "name" else _values(known)
    return choices_of(inner, tree, depth - 1)


def _meanings(name: str, tree: ast.Module | None, depth: int) -> Iterator[list[Any]]:
    """Yield what a name lists, by the class or each assignment that it stands for."""
    yield _values(members(_named(name, tree)))
    for statement in tree.body if tree is not None else ():
        pair = set_by(statement)
        if pair is not None and isinstance(pair[0], ast.Name) and pair[0].id == name:
            yield choices_of(pair[1], tree, depth - 1)


def _values(known: dict[str, Any]) -> list[Any]:
    return [] if None in known.values() else list(known.values())


def _named(name: str, tree: ast.Module | None) -> ast.ClassDef | None:
    body = tree.body if tree is not None else []
    return next((n for n in body if isinstance(n, ast.ClassDef) and n.name == name), None)
