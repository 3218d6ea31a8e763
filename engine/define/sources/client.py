"""What a script asks the trial for, ``trial.params.get("lr", 0.1)``, read from its source."""

import ast
import re
from collections.abc import Iterator, Sequence

from hpo_tui.engine.define.options import Option, Style
from hpo_tui.engine.define.sources.syntax import (
    arguments,
    keywords,
    last_name,
    literal,
    pairs,
    parsed,
    text_of,
)

CLIENT = re.compile(
    r"^[ \t]*(from [\w.]+ )?import (\([\w.,\s]*|[\w., ]*)\btrial\b|\bhpo_tui\.trial\b|\bHPO_",
    re.MULTILINE,
)
"""What tells a source that works with its trial from one that has another thing of that name."""
_ASKS = re.compile(r"\btrial\.(params|fidelity)\b|\bHPO_PARAMS\b")
_HOLDERS: dict[str, Style] = {"params": "params", "fidelity": "fidelity"}


def asked(text: str) -> tuple[tuple[Option, ...], bool]:
    """Return what a source asks its trial for, and whether it goes on from the trial's checkpoint.

    Understood are ``trial.params.get("lr", 0.1)``, ``trial.params["lr"]``,
    ``{"lr": 0.1} | trial.params`` and ``{"lr": 0.1, **trial.params}``, the same of
    ``trial.fidelity``, of a variable for either (``p = trial.params``), and a function that is
    called with them: ``train(**trial.params)``.
    """
    tree = parsed(text)
    if tree is None:
        return (), False
    client = _Client(tree)
    found: dict[str, Option] = {}
    resumes = False
    for node in ast.walk(tree):
        resumes = resumes or _attribute(node, client.names) == "resume"
        for option in client.options(node):
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


def _variables(tree: ast.Module, names: set[str]) -> Iterator[tuple[str, Style]]:
    """Yield what else the parameters and the fidelity are called: ``p`` of ``p = trial.params``."""
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets = [node.target]
        else:
            continue
        for target in targets:
            for name, value in _bound(target, node.value):
                if (held := _attribute(value, names)) in _HOLDERS:
                    yield name, _HOLDERS[held]


def _bound(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name of an assignment with its value, those of ``p, f = a, b`` one by one."""
    if isinstance(target, ast.Name | ast.Attribute) and value is not None:
        yield text_of(target), value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from _bound(one, its)


class _Client:
    """The names of the client in a source, and the variables that hold what it hands out."""

    def __init__(self, tree: ast.Module) -> None:
        self.names = _names(tree)
        self.variables = dict(_variables(tree, self.names))
        self.functions = dict(_functions(tree))

    def options(self, node: ast.AST) -> Iterator[Option]:
        """Yield what a piece of the source asks for."""
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
            yield from self._united(tuple(_parts(node)))
        elif isinstance(node, ast.Dict) and None in node.keys:
            spread = [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
            yield from self._united((node, *spread))
        if isinstance(node, ast.Call):
            yield from self._given(node)
        style = self._style(holder) if key is not None else None
        if style is not None and isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield _option(key.value, default, style)

    def _style(self, node: ast.AST) -> Style | None:
        if isinstance(node, ast.Name | ast.Attribute) and text_of(node) in self.variables:
            return self.variables[text_of(node)]
        return _HOLDERS.get(_attribute(node, self.names))

    def _united(self, parts: Sequence[ast.expr]) -> Iterator[Option]:
        """Yield the options of ``{"lr": 0.1} | trial.params``, of both kinds if it takes both."""
        style = self._common(parts)
        if style is None:
            return
        for part in parts:
            for name, value in pairs(part):
                yield _option(name, value, style)

    def _given(self, call: ast.Call) -> Iterator[Option]:
        """Yield what a function of this source takes that is called with ``**trial.params``."""
        spread = [p for word in call.keywords if word.arg is None for p in _parts(word.value)]
        style = self._common(spread)
        if style is None:
            return
        taken = self.functions.get(last_name(call.func), [])[len(call.args) :]
        for argument, value in taken:
            if argument.arg not in keywords(call):
                yield _option(argument.arg, value, style)

    def _common(self, parts: Sequence[ast.expr]) -> Style | None:
        """Return which of the two is among ``parts``, or that both are; None if neither is."""
        styles = {held for p in parts if (held := self._style(p)) is not None}
        return "constant" if len(styles) > 1 else next(iter(styles), None)


def _functions(tree: ast.Module) -> Iterator[tuple[str, list[tuple[ast.arg, ast.expr | None]]]]:
    """Yield the functions and classes of a source, each with what it takes and the defaults."""
    for node in ast.walk(tree):
        makers = node.body if isinstance(node, ast.ClassDef) else [node]
        for maker in makers:
            if not isinstance(maker, ast.FunctionDef):
                continue
            if maker is node:
                yield node.name, arguments(maker.args)
            elif maker.name == "__init__" and isinstance(node, ast.ClassDef):
                yield node.name, arguments(maker.args)[1:]


def _option(name: str, node: ast.expr | None, style: Style) -> Option:
    value = literal(node)
    if not isinstance(value, bool | int | float | str):
        return Option(name, name, "text", style=style)
    return Option.of(name, value, style)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node
