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
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _adds(node)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    defaults = _defaults(tree)
    options = [_option(call) for call in calls]
    return [o | {"default": defaults.get(o["dest"], o["default"])} for o in options]


def _adds(call: ast.Call) -> bool:
    """Whether a call adds an option: argparse's ``add_argument``, click's ``option``."""
    if not isinstance(call.func, ast.Attribute):
        return False
    first = _plain(call.args[0]) if call.args else None
    dashed = isinstance(first, str) and first.startswith("-")
    return call.func.attr == "add_argument" or (call.func.attr == "option" and dashed)


def _defaults(tree: ast.Module) -> dict[str, Any]:
    """Return what ``parser.set_defaults(ema=True)`` says, wherever it stands."""
    return {
        word.arg: value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "set_defaults"
        for word in node.keywords
        if word.arg and (value := _plain(word.value)) is not None
    }


def _option(call: ast.Call) -> dict[str, Any]:
    words = {k.arg: k.value for k in call.keywords if k.arg}
    flags = [_plain(a) for a in call.args]
    action = words.get("action")
    name = _plain(action) if action is not None else None
    longest = max((f for f in flags if isinstance(f, str)), key=len, default="")
    dashed = [f for f in flags if isinstance(f, str) and f.startswith("-")]
    # click writes both in one: --ema/--no-ema.
    on, _, off = dashed[0].partition("/") if dashed and "/" in dashed[0] else ("", "", "")
    return {
        "dest": _plain(words.get("dest")) or longest.lstrip("-").replace("-", "_"),
        "flags": [on] if on else dashed,
        "off": [off] if off else [],
        "default": _plain(words.get("default")),
        "type": _name(words.get("type")),
        "choices": _plain(words.get("choices")),
        "nargs": None if "nargs" not in words else _plain(words["nargs"]) or "*",
        "required": not dashed or bool(_plain(words.get("required"))),
        "help": str(_plain(words.get("help")) or ""),
        "action": _action(words, name, off),
    }


def _action(words: dict[str, ast.expr], name: object, off: str) -> str:
    """Return the kind of an option by the name that argparse's own has."""
    if off or _plain(words.get("is_flag")) is True:
        return "flag"
    return _ACTIONS.get(name, "") if isinstance(name, str) else _name(words.get("action"))


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
