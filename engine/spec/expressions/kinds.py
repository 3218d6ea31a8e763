"""Checks that the parts of an expression fit together: numbers, texts, conditions."""

from collections.abc import Collection, Mapping

from hpo_tui.engine.spec.expressions.tokens import ExpressionError, Node, Token
from hpo_tui.engine.spec.names import did_you_mean, listing, plain, show
from hpo_tui.engine.spec.parts import Value


class Kinds:
    """Hands on what is of the kind that is needed; raises :class:`ExpressionError` for the rest.

    ``choices``: the values that a name can have.
    """

    def __init__(self, text: str, choices: Mapping[str, Collection[Value]]) -> None:
        self.text, self.choices = text, choices

    def compared(self, op: Token, left: Node, right: Node) -> tuple[Node, Node]:
        """Return both sides of a comparison."""
        for one, other in ((left, right), (right, left)):
            for value in other.args if other.op == "list" else (other,):
                if one.op == "name" and value.op == "value":
                    self._possible(str(one.value), value)
                self._alike(op, one, value)
        return left, right

    def _alike(self, op: Token, one: Node, other: Node) -> None:
        if {one.kind, other.kind} in ({"number", "text"}, {"truth", "text"}):
            first, second = (one, other) if one.at < other.at else (other, one)
            raise self._error(
                f"{self._called(first)} is a {first.kind}, {self._called(second)} is a "
                f"{second.kind}: they cannot be compared",
                op.at,
            )
        if op.text not in ("==", "!=", "in") and "text" in (one.kind, other.kind):
            raise self._error(f"text has no order: compare it with == or !=, not {op.text}", op.at)

    def _possible(self, name: str, value: Node) -> None:
        options = self.choices.get(name)
        if value.kind == "text" and options and value.value not in options:
            texts = [o for o in options if isinstance(o, str)]
            guess = did_you_mean(str(value.value), texts)
            raise self._error(
                f"{show(value.value)} is no value of {plain(name)}: it has "
                f"{listing(options)}{guess}",
                value.at,
            )

    def number(self, node: Node, op: Token) -> Node:
        """Return what ``op`` works with."""
        if node.kind == "text":
            raise self._error(f"{self._called(node)} is text: {op.text} needs numbers", node.at)
        return node

    def truth(self, node: Node) -> Node:
        """Return a part that has to be true or false."""
        if node.kind in ("number", "text"):
            raise self._error(
                f"{self._called(node)} is a {node.kind}, a condition such as a > b is needed",
                node.at,
            )
        return node

    def _called(self, node: Node) -> str:
        if node.op == "name":
            return plain(str(node.value))
        return show(node.value) if node.op == "value" else "this"

    def _error(self, message: str, at: int) -> ExpressionError:
        return ExpressionError(message, at, self.text)
