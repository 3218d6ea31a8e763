"""What an expression is parsed to."""

from dataclasses import dataclass

from hpo_tui.engine.spec.expressions.tokens import Kind
from hpo_tui.engine.spec.parts import Value


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression.

    ``op`` is ``value`` (``value``), ``name`` (``value`` holds it), ``list``, ``call``, ``neg``,
    ``not``, ``and``, ``or``, a comparison or an operator; ``args`` are its parts.
    """

    op: str
    at: int
    kind: Kind
    args: tuple["Node", ...] = ()
    value: Value = 0.0

    def names(self) -> set[str]:
        """Return every name in it."""
        if self.op == "name":
            return {str(self.value)}
        return {name for arg in self.args for name in arg.names()}
