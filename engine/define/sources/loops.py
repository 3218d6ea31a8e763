"""Options that a source makes of a dictionary, one for each of its keys.

``for key, value in defaults.items(): parser.add_argument(f"--{key}", default=value)``.
"""

import ast
import re
from collections.abc import Sequence

from hpo_tui.engine.define.options import Raw
from hpo_tui.engine.define.sources.syntax import literal, pairs, parsed, text_of

_HOLDS = re.compile(r"default|hparams|config|settings|args", re.IGNORECASE)


def looped_options(texts: Sequence[str]) -> list[Raw]:
    """Return the options of the dictionaries that a script makes options of.

    Counted are the dictionaries of the script itself, the
    first text, and of the functions that it names, which other scripts may have others of.
    """
    trees = [tree for text in texts if (tree := parsed(text)) is not None]
    if not any(map(_loops, trees)):
        return []
    makers = {
        node.name: node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _HOLDS.search(node.name)
    }
    found: dict[str, Raw] = {}
    todo: list[ast.AST] = [*trees[:1]]
    seen: set[str] = set()
    while todo:
        part = todo.pop(0)
        found |= {raw["dest"]: raw for raw in _options(part)}
        named = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)} & makers.keys()
        todo += [makers[name] for name in sorted(named - seen)]
        seen |= named
    return list(found.values())


def _loops(tree: ast.AST) -> bool:
    """Whether a source adds an option for each entry of a dictionary."""
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "add_argument"
        and call.args
        and isinstance(call.args[0], ast.JoinedStr)
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For) and ".items()" in text_of(loop.iter)
        for call in ast.walk(loop)
    )


def _options(part: ast.AST) -> list[Raw]:
    """Return the options of the dictionaries that a part names as such or returns."""
    own = isinstance(part, ast.FunctionDef)
    found = []
    for node in ast.walk(part):
        held = isinstance(node, ast.Return)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            held = own or _HOLDS.search(node.targets[0].id) is not None
        if held and isinstance(node, ast.Return | ast.Assign) and node.value is not None:
            found += [_option(key, value) for key, value in pairs(node.value)]
    return found


def _option(key: str, node: ast.expr) -> Raw:
    value = literal(node)
    kind = "str" if value is None else type(value).__name__
    return {"flags": [f"--{key}"], "dest": key, "default": value, "type": kind}
