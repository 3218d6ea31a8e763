"""What a script asks the trial for, ``trial.params.get("lr", 0.1)``, read from its source."""

import ast
import re
from collections.abc import Iterator

from hpo_tui.engine.define.options import Option, Style, kind_of
from hpo_tui.engine.define.syntax import literal, pairs, parsed

CLIENT = re.compile(
    r"^[ \t]*(from [\w.]+ )?import (\([\w.,\s]*|[\w., ]*)\btrial\b|\bhpo_tui\.trial\b|\bHPO_",
    re.MULTILINE,
)
"""What tells a source that works with its trial from one that has another thing of that name."""
_ASKS = re.compile(r"\btrial\.(params|fidelity)\b|\bHPO_PARAMS\b")
_HOLDERS: dict[str, Style] = {"params": "params", "fidelity": "fidelity"}


def asked(text: str) -> tuple[tuple[Option, ...], bool]:
    """Return what a source asks its trial for, and whether it goes on from the trial's checkpoint.

    Understood are ``trial.params.get("lr", 0.1)``, ``trial.params["lr"]`` and
    ``{"lr": 0.1} | trial.params``, and the same of ``trial.fidelity``.
    """
    tree = parsed(text)
    if tree is None:
        return (), False
    names = _names(tree)
    found: dict[str, Option] = {}
    resumes = False
    for node in ast.walk(tree):
        resumes = resumes or _attribute(node, names) == "resume"
        for option in _options(node, names):
            known = found.get(option.name)
            if known is None or known.default is None:
                found[option.name] = option
    return tuple(found.values()), resumes


def asks(text: str) -> bool:
    """Whether a source asks for parameters, be it in a way that :func:`asked` does not know."""
    return CLIENT.search(text) is not None and _ASKS.search(text) is not None


def _names(tree: ast.Module) -> set[str]:
    """Return the names that the client has in a source, which may have a copy of it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {a.asname or a.name for a in node.names if a.name == "trial"}
    return found


def _attribute(node: ast.AST, names: set[str]) -> str:
    """Return ``params`` of ``trial.params``, or nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id in names else ""
    return ""


def _options(node: ast.AST, names: set[str]) -> Iterator[Option]:
    key: ast.expr | None = None
    default: ast.expr | None = None
    holder: ast.AST = node
    if isinstance(node, ast.Subscript):
        holder, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr == "get":
            holder, key = node.func.value, node.args[0]
            default = node.args[1] if len(node.args) > 1 else None
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _united(node, names)
    style = _HOLDERS.get(_attribute(holder, names)) if key is not None else None
    if style is not None and isinstance(key, ast.Constant) and isinstance(key.value, str):
        yield _option(key.value, default, style)


def _option(name: str, node: ast.expr | None, style: Style) -> Option:
    value = literal(node)
    if not isinstance(value, bool | int | float | str):
        return Option(name, name, "text", style=style)
    return Option(name, name, kind_of(value), value, style=style)


def _united(node: ast.BinOp, names: set[str]) -> Iterator[Option]:
    """Return the options of ``{"lr": 0.1} | trial.params``, of both kinds where it takes both."""
    parts = list(_parts(node))
    styles = {_HOLDERS[a] for a in (_attribute(p, names) for p in parts) if a in _HOLDERS}
    if not styles:
        return
    style: Style = next(iter(styles)) if len(styles) == 1 else "constant"
    for part in parts:
        for name, value in pairs(part):
            yield _option(name, value, style)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node
