"""Constraints over parameters: ``warmup_end > warmup_start``, compiled to a plain function."""

import math
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo_tui.engine.spec.expressions.parser import parse
from hpo_tui.engine.spec.expressions.tokens import ExpressionError, Kind, Node
from hpo_tui.engine.spec.parts import Parameter, ParameterKind, Value

__all__ = ["Constraint", "ExpressionError", "compile_constraint", "kinds_of"]

_STEEPEST = 64
"""The largest exponent; what goes beyond has no use and could take for ever."""


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > _STEEPEST:
        raise OverflowError
    return math.pow(base, exponent)


_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "neg": operator.neg,
    "not": operator.not_,
    "min": min,
    "max": max,
    "abs": abs,
    "log": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A relation between parameters that every configuration must satisfy."""

    text: str
    tree: Node
    names: frozenset[str] = field(default_factory=frozenset)

    def holds(self, params: Mapping[str, Value]) -> bool:
        """Whether a configuration satisfies it; it does where a parameter involved is inactive.

        A value that cannot be worked out (division by zero, the logarithm of -1) does not hold.
        """
        if not self.names <= params.keys():
            return True
        try:
            return bool(_value(self.tree, params))
        except (ArithmeticError, ValueError, TypeError):
            return False


def compile_constraint(
    text: str,
    names: Mapping[str, Kind] | Collection[str],
    choices: Mapping[str, Collection[Value]] | None = None,
) -> Constraint:
    """Return a constraint over ``names``. Raises :class:`ExpressionError`, saying where."""
    tree = parse(text, names, choices)
    used = frozenset(tree.names())
    if not used:
        raise ExpressionError(
            "names no parameter (a constraint is about at least one)",
            0,
            text,
        )
    return Constraint(text, tree, used)


def kinds_of(space: Sequence[Parameter]) -> tuple[dict[str, Kind], dict[str, tuple[Value, ...]]]:
    """Return the kinds and the choices of parameters, for :func:`compile_constraint`."""
    kinds: dict[str, Kind] = {}
    choices = {}
    for parameter in space:
        options = parameter.choices
        if parameter.kind is ParameterKind.FIXED and parameter.value is not None:
            options = (parameter.value,)
        kinds[parameter.name] = "number" if parameter.numeric else kind_of_values(options)
        if options:
            choices[parameter.name] = options
    return kinds, choices


def kind_of_values(options: Sequence[Value]) -> Kind:
    """Return of what kind a name with these values is."""
    if not options:
        return "any"
    if all(isinstance(o, str) for o in options):
        return "text"
    if all(isinstance(o, bool) for o in options):
        return "truth"
    return "any" if any(isinstance(o, str | bool) for o in options) else "number"


def _value(node: Node, params: Mapping[str, Value]) -> Any:
    if node.op == "value":
        return node.value
    if node.op == "name":
        return params[str(node.value)]
    if node.op == "and":
        return all(_value(a, params) for a in node.args)
    if node.op == "or":
        return any(_value(a, params) for a in node.args)
    if node.op == "in":
        one = _value(node.args[0], params)
        return any(one == _value(a, params) for a in node.args[1].args)
    function = _OPERATORS[str(node.value) if node.op == "call" else node.op]
    result = function(*(_value(a, params) for a in node.args))
    if isinstance(result, float) and not math.isfinite(result):
        raise OverflowError
    return result
