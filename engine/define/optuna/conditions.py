"""Which parameter a name of an Optuna objective stands for, and what a test says of its values."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hpo_tui.engine.define.optuna.values import (
    SUGGESTS,
    Known,
    of_choices,
    read_parameter,
)
from hpo_tui.engine.define.sources.syntax import last_name, pairs, set_by, text_of
from hpo_tui.engine.spec import Parameter, ParameterKind, Value
from hpo_tui.store.transfer.arrivals import choice as plain_choice

When = Mapping[str, tuple[Value, ...]]
"""Parent → the values with which something is suggested; empty: always. None: not to be known."""
NEVER: When = {"": ()}
"""That of what stands behind a ``return``."""
Test = tuple[When | None, When | None]
"""When a test is true, and when it is not."""
_MOST = 64
"""Values of a whole number up to which it can be a condition."""
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE,
    ast.Eq: ast.Eq, ast.NotEq: ast.NotEq,
}  # fmt: skip


def both(one: When | None, other: When | None) -> When | None:
    """Return the condition that both hold."""
    if one is None or other is None:
        return None
    joined = dict(one)
    for parent, values in other.items():
        joined[parent] = tuple(v for v in joined.get(parent, values) if v in values)
    return joined


def either(one: Parameter, other: Parameter, scope: "Scope") -> Parameter:
    """Return a parameter that is suggested in two places, with the wider range."""
    when: When = {}
    if len(one.when) == len(other.when) == 1 and one.when.keys() == other.when.keys():
        ((parent, values),) = one.when.items()
        union = (*values, *(v for v in other.when[parent] if v not in values))
        domain = scope.domain(parent) or ()
        when = {} if set(domain) <= set(union) else {parent: union}
    if one.numeric and other.numeric and one.kind == other.kind:
        low, high = min(one.low, other.low), max(one.high, other.high)
        step = one.step if one.step == other.step else None
        return replace(one, low=low, high=high, step=step, log=one.log and other.log, when=when)
    if one.choices and other.choices and one.choices != other.choices:
        more = (c for c in other.choices if c not in one.choices)
        wider = of_choices(one.name, (*one.choices, *more))
        return replace(wider, when=when)
    return replace(one, when=when)


class Scope:
    """The names of a function: which stand for parameters, which have a value that is known."""

    def __init__(self, space: dict[str, Parameter], known: Known) -> None:
        self.space, self.known = space, known
        self.names: dict[str, str] = {}
        """Expression, as it stands in the source → parameter."""
        self.local: dict[str, Any] = {}
        self.returned: dict[str, str] = {}
        """What stands behind the dictionary that the function returns: key → parameter."""

    def within(self, function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> "Scope":
        """Return the scope of a function that is called: its arguments are what is handed over."""
        inner = Scope(self.space, self.known)
        taken = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
        if taken[:1] == ["self"] and isinstance(call.func, ast.Attribute):
            taken = taken[1:]
        given = [*zip(taken, call.args, strict=False)]
        given += [(word.arg, word.value) for word in call.keywords if word.arg]
        for name, node in given:
            inner._bind_name(name, node, self)
        return inner

    def parameter(self, call: ast.Call) -> Parameter | None:
        """Return what a ``suggest_…`` asks for, None if that cannot be known."""
        return read_parameter(call, self.known, self.local)

    def bind(self, node: ast.AST) -> None:
        """Take in what an assignment, or a return, makes names stand for."""
        if isinstance(node, ast.Return) and node.value is not None:
            held = text_of(node.value)
            inside = {k: self._named(v) for k, v in pairs(node.value)}
            for name, parameter in self.names.items():
                if name.startswith(f"{held}["):
                    inside[name[len(held) + 2 : -2]] = parameter
            self.returned = {key: name for key, name in inside.items() if name}
            return
        pair = (node.target, node.value) if isinstance(node, ast.NamedExpr) else set_by(node)
        if pair is None:
            return
        target, value = pair
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=False):
                self._bind_name(text_of(one), its, self)
        else:
            self._bind_name(text_of(target), value, self)

    def _bind_name(self, name: str, value: ast.expr, source: "Scope") -> None:
        self.names = {
            n: p for n, p in self.names.items() if n != name and not n.startswith(f"{name}[")
        }
        self.local.pop(name, None)
        if parameter := source._named(value):
            self.names[name] = parameter
        elif source.known.has(value, source.local):
            self.local[name] = source.known.value(value, source.local)
        held = dict(source._entries(value))
        for key, parameter in held.items():
            self.names[f"{name}[{key!r}]"] = parameter

    def _entries(self, value: ast.expr) -> Iterator[tuple[str, str]]:
        """Yield the entries of a dictionary that stand for parameters."""
        for key, node in pairs(value):
            if parameter := self._named(node):
                yield key, parameter
        if isinstance(value, ast.Call):
            yield from self.returned.items()
        elif isinstance(value, ast.Name):
            for name, parameter in self.names.items():
                if name.startswith(f"{value.id}['"):
                    yield name[len(value.id) + 2 : -2], parameter

    def _named(self, node: ast.expr) -> str:
        """Return the parameter that an expression stands for, nothing for anything else."""
        if isinstance(node, ast.NamedExpr):
            node = node.value
        if isinstance(node, ast.Call) and last_name(node.func) in SUGGESTS:
            parameter = self.parameter(node)
            return parameter.name if parameter else ""
        text = text_of(node)
        for form in ("trial.params[", "params["):  # what Optuna itself keeps of the trial
            if text.startswith(form) and isinstance(node, ast.Subscript):
                key = self.known.value(node.slice, self.local)
                if key in self.space:
                    return str(key)
        return self.names.get(text, "")

    def domain(self, parent: str) -> tuple[Value, ...] | None:
        """Return the values that a parameter can have, None if there are too many to list."""
        parameter = self.space.get(parent)
        if parameter is None:
            return None
        if parameter.kind is ParameterKind.INT:
            step = int(parameter.step or 1)
            values = tuple(range(int(parameter.low), int(parameter.high) + 1, step))
            return values if len(values) <= _MOST else None
        return parameter.choices or None

    def condition(self, test: ast.expr) -> Test:
        """Return with which values of parameters a test is true, and with which it is not.

        A test that has nothing to do with parameters has the same outcome in each trial.
        """
        parts = (node for node in ast.walk(test) if isinstance(node, ast.expr))
        return self._tested(test) if any(map(self._named, parts)) else ({}, {})

    def _tested(self, test: ast.expr) -> Test:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            yes, no = self.condition(test.operand)
            return no, yes
        if isinstance(test, ast.BoolOp):
            return self._several(test)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._compared(test.left, test.ops[0], test.comparators[0])
        if parent := self._named(test):
            return self._split(parent, bool)
        return None, None

    def _several(self, test: ast.BoolOp) -> Test:
        """Return the condition of ``a and b``, or of ``a or b`` by its opposite."""
        tests = [self.condition(part) for part in test.values]
        if isinstance(test.op, ast.Or):
            tests = [(no, yes) for yes, no in tests]
        every: When | None = {}
        for yes, _ in tests:
            every = both(every, yes)
        opposite = None
        if every is not None and len(every) == 1:  # of one parameter the rest can be told
            ((parent, values),) = every.items()
            opposite = {parent: tuple(v for v in self.domain(parent) or () if v not in values)}
        return (opposite, every) if isinstance(test.op, ast.Or) else (every, opposite)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Test:
        parent, other = self._named(left), right
        if not parent and type(op) in _MIRRORED:
            parent, other, op = self._named(right), left, _MIRRORED[type(op)]()
        if not parent or not self.known.has(other, self.local):
            return None, None
        wanted = self.known.value(other, self.local)
        several = isinstance(wanted, list | tuple)
        plain: Any = [plain_choice(v) for v in wanted] if several else plain_choice(wanted)
        tests = {
            ast.Eq: lambda v: v == plain, ast.Is: lambda v: v == plain,
            ast.NotEq: lambda v: v != plain, ast.IsNot: lambda v: v != plain,
            ast.In: lambda v: several and v in plain, ast.NotIn: lambda v: v not in plain,
            ast.Lt: lambda v: v < plain, ast.LtE: lambda v: v <= plain,
            ast.Gt: lambda v: v > plain, ast.GtE: lambda v: v >= plain,
        }  # fmt: skip
        return self._split(parent, tests[type(op)])

    def _split(self, parent: str, true: Any) -> Test:
        domain = self.domain(parent)
        if domain is None:
            return None, None
        try:
            yes = tuple(v for v in domain if true(v))
        except TypeError:
            return None, None
        return {parent: yes}, {parent: tuple(v for v in domain if v not in yes)}

    def rounds(self, target: ast.expr, over: ast.expr) -> Iterator[tuple["Scope", When | None]]:
        """Yield the scope of each round of a loop, and the condition under which there is one."""
        name = target.id if isinstance(target, ast.Name) else ""
        values, parent = self.known.value(over, self.local), ""
        if isinstance(over, ast.Call) and last_name(over.func) == "range" and len(over.args) == 1:
            parent = self._named(over.args[0])
        domain = self.domain(parent) if parent else None
        counts = [v for v in domain or () if isinstance(v, int)]
        if domain and len(counts) == len(domain):
            for i in range(max(counts)):
                asked = tuple(v for v in counts if v > i)
                yield self._round(name, i), {} if asked == domain else {parent: asked}
        elif isinstance(values, list | tuple) and len(values) <= _MOST:
            for value in values:
                yield self._round(name, value), {}
        else:
            yield self, None if parent else {}

    def _round(self, name: str, value: Any) -> "Scope":
        """Return this scope with the loop's variable; what is named in it is named outside too."""
        inner = Scope(self.space, self.known)
        inner.names, inner.local = self.names, {**self.local, name: value}
        return inner
