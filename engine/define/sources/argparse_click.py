"""Options read from the source of an argparse script that cannot be run here.

A script whose imports are missing on this machine still says what it takes: its ``add_argument``
calls stand in the text. What is computed there (a default from a function) is left unknown.
"""

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.engine.define.options import Raw
from hpo_tui.engine.define.sources.choices import choices_of
from hpo_tui.engine.define.sources.syntax import calls, keywords, last_name, literal, parsed

_ACTIONS = {
    "store_true": "_StoreTrueAction",
    "store_false": "_StoreFalseAction",
    "store_const": "_StoreConstAction",
    "count": "_CountAction",
    "append": "_AppendAction",
    "help": "_HelpAction",
    "version": "_VersionAction",
}
_CLICK_TYPES = {
    "INT": "int", "IntRange": "int", "FLOAT": "float", "FloatRange": "float", "BOOL": "bool",
}  # fmt: skip


def written_options(text: str) -> list[Raw]:
    """Return the options of the ``add_argument`` calls in ``text``, in their order.

    There are none where the text is no Python.
    """
    every = calls(text)
    defaults = _defaults(every)
    tree = parsed(text)
    options = [_option(call, tree) for call in every if _adds(call)]
    return [o | {"default": defaults.get(o["dest"], o["default"])} for o in options]


def _adds(call: ast.Call) -> bool:
    """Whether a call adds an option: argparse's ``add_argument``, click's ``option``."""
    if not isinstance(call.func, ast.Attribute):
        return False
    first = literal(call.args[0]) if call.args else None
    dashed = isinstance(first, str) and first.startswith("-")
    return call.func.attr == "add_argument" or (call.func.attr == "option" and dashed)


def _defaults(every: Iterable[ast.Call]) -> dict[str, Any]:
    """Return what ``parser.set_defaults(ema=True)`` says, wherever it stands."""
    return {
        name: value
        for call in every
        if last_name(call.func) == "set_defaults"
        for name, node in keywords(call).items()
        if (value := literal(node)) is not None
    }


def _option(call: ast.Call, tree: ast.Module | None) -> Raw:
    words = keywords(call)
    flags = [literal(a) for a in call.args]
    longest = max((f for f in flags if isinstance(f, str)), key=len, default="")
    dashed = [f for f in flags if isinstance(f, str) and f.startswith("-")]
    # click writes both in one: --ema/--no-ema.
    on, _, off = dashed[0].partition("/") if dashed and "/" in dashed[0] else ("", "", "")
    return {
        "dest": str(literal(words.get("dest")) or longest.lstrip("-").replace("-", "_")),
        "flags": [on] if on else dashed,
        "off": [off] if off else [],
        "default": literal(words.get("default")),
        "type": _type(words.get("type")),
        "choices": _choices(words, tree),
        "nargs": None if "nargs" not in words else literal(words["nargs"]) or "*",
        "required": not dashed or bool(literal(words.get("required"))),
        "help": str(literal(words.get("help")) or ""),
        "action": _action(words, off) or _plain_action(call),
    }


def _type(node: ast.expr | None) -> str | None:
    """Return the name of an option's type, click's own as Python calls them; None without one."""
    if node is None:
        return None
    name = last_name(node.func if isinstance(node, ast.Call) else node)
    return _CLICK_TYPES.get(name, name)


def _choices(words: Mapping[str, ast.expr], tree: ast.Module | None) -> list[Any] | None:
    """Return the values that an option names: in ``choices``, in click's type, or as an Enum."""
    kind = words.get("type")
    given = words.get("choices", kind)
    if isinstance(kind, ast.Call) and last_name(kind.func) == "Choice" and kind.args:
        given = kind.args[0]
    return choices_of(given, tree) or None


def _plain_action(call: ast.Call) -> str:
    """Return the name of argparse's usual action where it is argparse's option."""
    return "_StoreAction" if last_name(call.func) == "add_argument" else ""


def _action(words: Mapping[str, ast.expr], off: str) -> str:
    """Return the kind of an option by the name that argparse's own has."""
    if off or literal(words.get("is_flag")) is True:
        return "flag"
    named = literal(words.get("action"))
    return _ACTIONS.get(named, "") if isinstance(named, str) else last_name(words.get("action"))
