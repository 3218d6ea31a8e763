"""Values and parameters as they stand in the source of an Optuna objective."""

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hpo_tui.engine.define.sources.syntax import keywords, last_name, set_once, text_of
from hpo_tui.engine.spec import Parameter, ParameterKind, Value
from hpo_tui.engine.spec.values import in_order
from hpo_tui.store.transfer.arrivals import choice as plain_choice

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_LONGEST = 1 << 12
"""Entries of a list, and characters of a text, beyond which neither is made."""
_UNKNOWN = object()
_ORDER = {
    "suggest_float": ("name", "low", "high", "step", "log"),
    "suggest_int": ("name", "low", "high", "step", "log"),
    "suggest_uniform": ("name", "low", "high"),
    "suggest_loguniform": ("name", "low", "high"),
    "suggest_discrete_uniform": ("name", "low", "high", "q"),
    "suggest_categorical": ("name", "choices"),
}
"""What Optuna's functions take, in their order."""
SUGGESTS = frozenset(_ORDER)
"""The names of those functions; others that begin so are the script's own."""


def constants_of(trees: Sequence[ast.Module]) -> dict[str, ast.expr]:
    """Return what the modules set at their top, by name; what is set twice is not constant."""
    return set_once(node for tree in trees for node in tree.body)


class Known:
    """Computes what can be known without running anything: literals, constants, arithmetic.

    ``ran``: parameters that a run has asked for.
    """

    def __init__(
        self, constants: Mapping[str, ast.expr], ran: Mapping[str, Parameter] | None = None
    ) -> None:
        self.constants, self.ran = constants, ran or {}

    def value(self, node: ast.expr | None, local: Mapping[str, Any] | None = None) -> Any:
        """Return an expression's value, None if it cannot be known. ``local``: name → value."""
        found = self._value(node, local or {}, 0)
        return None if found is _UNKNOWN else found

    def has(self, node: ast.expr, local: Mapping[str, Any]) -> bool:
        """Whether an expression's value can be known, be it None."""
        return self._value(node, local, 0) is not _UNKNOWN

    def _value(self, node: ast.AST | None, local: Mapping[str, Any], deep: int) -> Any:
        if node is None or deep > 20:
            return _UNKNOWN
        try:
            return self._known(node, local, deep + 1)
        except (ArithmeticError, TypeError, ValueError, IndexError, KeyError):
            return _UNKNOWN

    def _known(self, node: ast.AST, local: Mapping[str, Any], deep: int) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            named = self.constants.get(node.id)
            return local[node.id] if node.id in local else self._value(named, {}, deep)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._value(node.operand, local, deep)
        if isinstance(node, ast.Attribute) and text_of(node).startswith("optuna."):
            return text_of(node)
        return self._made(node, local, deep)

    def _made(self, node: ast.AST, local: Mapping[str, Any], deep: int) -> Any:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            values = [self._value(entry, local, deep) for entry in node.elts]
            if _UNKNOWN in values:
                return _UNKNOWN
            return values if isinstance(node, ast.List) else tuple(values)
        if isinstance(node, ast.Dict):
            keys = [self._value(key, local, deep) for key in node.keys]
            return _UNKNOWN if _UNKNOWN in keys else dict.fromkeys(keys)
        if isinstance(node, ast.BinOp):
            return self._sum(node, local, deep)
        if isinstance(node, ast.JoinedStr):
            return self._text(node, local, deep)
        return self._called(node, local, deep) if isinstance(node, ast.Call) else _UNKNOWN

    def _sum(self, node: ast.BinOp, local: Mapping[str, Any], deep: int) -> Any:
        left, right = self._value(node.left, local, deep), self._value(node.right, local, deep)
        if left is _UNKNOWN or right is _UNKNOWN:
            return _UNKNOWN
        if isinstance(node.op, ast.Pow):
            return left**right if abs(right) <= 64 and abs(left) <= 1e6 else _UNKNOWN
        if isinstance(node.op, ast.Mult) and not (_number(left) and _number(right)):
            return _UNKNOWN
        made = _OPERATORS.get(type(node.op))
        return _UNKNOWN if made is None else made(left, right)

    def _text(self, node: ast.JoinedStr, local: Mapping[str, Any], deep: int) -> Any:
        parts: list[str] = []
        for part in node.values:
            plain = isinstance(part, ast.FormattedValue) and part.format_spec is None
            inside = part.value if isinstance(part, ast.FormattedValue) and plain else part
            value = self._value(inside, local, deep)
            if value is _UNKNOWN:
                return _UNKNOWN
            parts.append(str(value))
        return "".join(parts)

    def _called(self, node: ast.Call, local: Mapping[str, Any], deep: int) -> Any:
        name = last_name(node.func)
        given = [self._value(arg, local, deep) for arg in node.args]
        if _UNKNOWN in given or node.keywords:
            return _UNKNOWN
        if isinstance(node.func, ast.Attribute):
            owner = self._value(node.func.value, local, deep)
            if name == "format" and isinstance(owner, str) and len(owner) < _LONGEST:
                return owner.format(*given)
            if name == "keys" and isinstance(owner, dict):
                return list(owner)
            return math.log10(given[0]) if name == "log10" else _UNKNOWN
        if name in ("list", "tuple", "sorted") and len(given) == 1:
            return sorted(given[0]) if name == "sorted" else list(given[0])
        if name == "range" and all(isinstance(n, int) for n in given):
            return list(range(*given)[:_LONGEST])
        if name in ("str", "int", "float", "len", "min", "max", "round", "abs") and given:
            return {"str": str, "int": int, "float": float, "len": len, "min": min, "max": max,
                    "round": round, "abs": abs}[name](*given)  # type: ignore[operator]  # fmt: skip
        return _UNKNOWN


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def read_parameter(call: ast.Call, known: Known, local: Mapping[str, Any]) -> Parameter | None:
    """Return the parameter that a ``suggest_…`` asks for, None if that cannot be known.

    A range of a single value is no parameter of Optuna's samplers: it is returned as fixed.
    """
    kind = last_name(call.func)
    order = _ORDER.get(kind)
    if order is None or any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    nodes = dict(zip(order, call.args, strict=False)) | keywords(call)
    given = {name: known.value(node, local) for name, node in nodes.items()}
    name = given.get("name")
    if not isinstance(name, str) or not name:
        return None
    if not all(known.has(node, local) for node in nodes.values()):
        return known.ran.get(name)
    if kind == "suggest_categorical":
        choices = given.get("choices")
        listed = choices if isinstance(choices, list | tuple) else ()
        return of_choices(name, [*map(plain_choice, listed)]) if listed else None
    given["step"] = given.get("step", given.get("q"))
    given["log"] = bool(given.get("log")) or kind == "suggest_loguniform"
    return _numeric(name, kind == "suggest_int", given)


def of_choices(name: str, choices: Sequence[Value]) -> Parameter:
    """Return a parameter with these choices, a fixed one if there is nothing to choose.

    Numbers in order have neighbours, which Optuna's categories cannot say.
    """
    if len(choices) == 1:
        return Parameter(name, ParameterKind.FIXED, value=choices[0])
    kind = ParameterKind.ORDINAL if in_order(choices) else ParameterKind.CATEGORICAL
    return Parameter(name, kind, choices=tuple(choices))


def _numeric(name: str, whole: bool, given: Mapping[str, Any]) -> Parameter | None:
    low, high, step, log = given.get("low"), given.get("high"), given["step"], given["log"]
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    try:
        return of_range(name, whole, (low, high), step=step if _number(step) else None, log=log)
    except ValueError:
        return None


def of_range(
    name: str, whole: bool, ends: tuple[float, float], *, step: float | None, log: bool
) -> Parameter:
    """Return a number, a fixed one if there is but one value; the range ends on a step.

    Raises ValueError for ends in the wrong order, and for a logarithm of what has none.
    """
    low, high = ends
    if low > high or (log and low <= 0):
        raise ValueError(f"{low:g} to {high:g} is no range")
    step = None if log or (whole and step == 1) else step
    cast = int if whole else float
    if step and step > 0:
        last = low + math.floor((high - low) / step * (1 + 1e-12) + 1e-9) * step
        high = last if whole else float(f"{last:.12g}")
    if low == high:
        return Parameter(name, ParameterKind.FIXED, value=cast(low))
    kind = ParameterKind.INT if whole else ParameterKind.FLOAT
    return Parameter(name, kind, cast(low), cast(high), log, cast(step) if step else None)
