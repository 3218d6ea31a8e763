"""Python as a tree, read and never run: its pieces, and the values that stand in it as such.

Sources are strangers': whatever cannot be read is as if it were not there.
"""

import ast
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

_KEPT = 64
"""Trees that are kept: every way of reading a script looks at all its files."""


@lru_cache(_KEPT)
def parsed(text: str) -> ast.Module | None:
    """Return a source as a tree, None where it is no Python or nested too deeply.

    The tree is another reader's, too: nothing of it may be changed.
    """
    with warnings.catch_warnings(action="ignore"):  # its slips are not the reader's
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def pieces(text: str) -> Iterator[ast.AST]:
    """Return every piece of a source; none where it is no Python."""
    tree = parsed(text)
    return ast.walk(tree) if tree is not None else iter(())


def calls(text: str) -> list[ast.Call]:
    """Return the calls in a source, in the order in which they stand there."""
    found = [node for node in pieces(text) if isinstance(node, ast.Call)]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def literal(node: ast.expr | None) -> Any:
    """Return the value of a literal, None for anything that would have to be run."""
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def text_of(node: ast.AST) -> str:
    """Return the source of a piece of a tree; nothing for one that is nested too deeply."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def last_name(node: ast.expr | None) -> str:
    """Return ``int`` of ``int`` and of ``builtins.int``; nothing for what is no name."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    """Return what a call is given by name."""
    return {word.arg: word.value for word in call.keywords if word.arg}


def arguments(given: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    """Return what a function takes, each with its default or None."""
    by_place = [*given.posonlyargs, *given.args]
    missing = [None] * (len(by_place) - len(given.defaults))
    defaults = [*missing, *given.defaults, *given.kw_defaults]
    return list(zip([*by_place, *given.kwonlyargs], defaults, strict=True))


def set_by(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """Return what an assignment sets, the first of several, and to what; None for all else."""
    if isinstance(node, ast.Assign):
        return node.targets[0], node.value
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return node.target, node.value
    return None


def set_once(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """Return what the assignments among some pieces set, by name; nothing that is set twice."""
    found: dict[str, ast.expr] = {}
    twice: set[str] = set()
    for target, value in filter(None, map(set_by, nodes)):
        if isinstance(target, ast.Name):
            twice |= {target.id} & found.keys()
            found[target.id] = value
    return {name: node for name, node in found.items() if name not in twice}


def pairs(node: ast.expr) -> tuple[tuple[str, ast.expr], ...]:
    """Return the names and values of ``{"lr": 0.1}`` or ``dict(lr=0.1)``."""
    if isinstance(node, ast.Dict):
        entries = zip(node.keys, node.values, strict=True)
        named = ((k.value, v) for k, v in entries if isinstance(k, ast.Constant))
        return tuple((k, v) for k, v in named if isinstance(k, str))
    if isinstance(node, ast.Call) and text_of(node.func) == "dict":
        return tuple(keywords(node).items())
    return ()
