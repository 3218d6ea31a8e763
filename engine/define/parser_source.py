"""Options read from the source of an argparse script that cannot be run here.

A script whose imports are missing on this machine still says what it takes: its ``add_argument``
calls stand in the text. What is computed there (a default from a function) is left unknown.
"""

import ast
from typing import Any

_ACTIONS = {
    "store_true": "_StoreTrueAction",
    "store_false": "_StoreFalseAction",
    "store_const": "_StoreConstAction",
    "count": "_CountAction",
    "append": "_AppendAction",
    "help": "_HelpAction",
    "version": "_VersionAction",
}


def written_options(text: str) -> list[dict[str, Any]]:
    """Return the options of the ``add_argument`` calls in ``text``, in their order.

    Each is a mapping as the probe writes it; there are none where the text is no Python.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add_argument"
    ]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return [_option(call) for call in calls]


def _option(call: ast.Call) -> dict[str, Any]:
    words = {k.arg: k.value for k in call.keywords if k.arg}
    flags = [_plain(a) for a in call.args]
    action = words.get("action")
    name = _plain(action) if action is not None else None
    return {
        "flags": [f for f in flags if isinstance(f, str) and f.startswith("-")],
        "default": _plain(words.get("default")),
        "type": _name(words.get("type")),
        "choices": _plain(words.get("choices")),
        "nargs": None if "nargs" not in words else _plain(words["nargs"]) or "*",
        "required": bool(_plain(words.get("required"))),
        "help": str(_plain(words.get("help")) or ""),
        "action": _ACTIONS.get(name, "") if isinstance(name, str) else _name(action),
    }


def _plain(node: ast.expr | None) -> Any:
    """Return the value of a literal, None for anything that would have to be run."""
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _name(node: ast.expr | None) -> str:
    """Return the last part of a name such as ``int`` or ``argparse.BooleanOptionalAction``."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
