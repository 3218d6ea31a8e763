"""Filters over the columns of many trials: ``accuracy > .96 and optimizer == "adam"``."""

import numbers
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo_tui.engine.spec.expressions.parser import parse
from hpo_tui.engine.spec.expressions.tokens import ExpressionError, Kind, Node
from hpo_tui.engine.spec.parts import Value

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Mask

__all__ = ["ExpressionError", "Filter"]


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on trials; a comparison with a value that a trial lacks is false."""

    text: str
    tree: Node

    @classmethod
    def parse(
        cls,
        text: str,
        names: Mapping[str, Kind] | Collection[str],
        choices: Mapping[str, Collection[Value]] | None = None,
    ) -> "Filter":
        """Read a filter over ``names``. Raises :class:`ExpressionError`, saying where and why.

        It is typed in a hurry: values of names need no quotes, and ``failed`` is enough.
        """
        return cls(text, parse(text, names, choices, bare=True))

    @property
    def names(self) -> frozenset[str]:
        """The columns that it needs."""
        return frozenset(self.tree.names())

    def mask(self, columns: Mapping[str, Any]) -> "Mask":
        """Return which rows match.

        ``columns`` are numpy arrays of one length: floats with NaN for missing, or objects with
        None for missing. A column that is not there is missing throughout. No columns: one row.
        """
        import numpy as np

        rows = max((len(c) for c in columns.values()), default=1)
        with np.errstate(all="ignore"):
            result = _Evaluation(columns, rows).truth(self.tree)
        return np.broadcast_to(result, (rows,)).copy()


class _Evaluation:
    """One walk over a tree, with whole columns as the values."""

    def __init__(self, columns: Mapping[str, Any], rows: int) -> None:
        self.columns = columns
        self.rows = rows

    def truth(self, node: Node) -> Any:
        """Return a condition as an array of booleans."""
        import numpy as np

        if node.op == "and":
            return self.truth(node.args[0]) & self.truth(node.args[1])
        if node.op == "or":
            return self.truth(node.args[0]) | self.truth(node.args[1])
        if node.op == "not":
            return ~self.truth(node.args[0])
        if node.op == "in":
            masks = [self._compare("==", node.args[0], a) for a in node.args[1].args]
            return np.logical_or.reduce(masks)
        if node.op in ("==", "!=", "<", "<=", ">", ">="):
            return self._compare(node.op, *node.args)
        numbers = self._numbers(node)
        return np.broadcast_to((numbers != 0) & ~np.isnan(numbers), (self.rows,))

    def _compare(self, op: str, left: Node, right: Node) -> Any:
        import numpy as np

        ways = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
        if op in ways:
            return np.broadcast_to(
                ways[op](self._numbers(left), self._numbers(right)), (self.rows,)
            )
        one, other = self._raw(left), self._raw(right)
        if _is_object(one) or _is_object(other):
            there = np.broadcast_to(_present(one) & _present(other), (self.rows,))
            same = np.broadcast_to(np.asarray(one == other, dtype=bool), (self.rows,))
        else:
            there = np.broadcast_to(~(np.isnan(one) | np.isnan(other)), (self.rows,))
            same = np.broadcast_to(one == other, (self.rows,))
        return there & (same if op == "==" else ~same)

    def _raw(self, node: Node) -> Any:
        """Return a value for an equality: objects where the column or the text has objects."""
        import numpy as np

        if node.op == "value" and node.kind == "text":
            return np.array([node.value], dtype=object)
        if node.op == "name":
            column = self.columns.get(str(node.value))
            if column is not None and np.asarray(column).dtype.kind not in "fiub":
                return np.asarray(column, dtype=object)
        if node.kind == "truth" and node.op not in ("value", "name"):
            return self.truth(node).astype(float)
        return self._numbers(node)

    def _numbers(self, node: Node) -> Any:
        """Return a value as floats, NaN where it is missing or no number."""
        import numpy as np

        if node.op == "value":
            return np.array([float(node.value) if node.kind != "text" else np.nan])
        if node.op == "name":
            return self._column(str(node.value))
        if node.kind == "truth":
            return self.truth(node).astype(float)
        args = [self._numbers(a) for a in node.args]
        name = str(node.value) if node.op == "call" else node.op
        result = _ways()[name](*args[:2])
        for more in args[2:]:
            result = _ways()[name](result, more)
        return result

    def _column(self, name: str) -> Any:
        import numpy as np

        column = self.columns.get(name)
        if column is None:
            return np.full(self.rows, np.nan)
        array = np.asarray(column)
        if array.dtype.kind in "fiub":
            return array.astype(float, copy=False)
        return np.array([_float(v) for v in array], dtype=float)


def _is_object(array: Any) -> bool:
    return bool(array.dtype.kind == "O")


def _present(array: Any) -> Any:
    import numpy as np

    if _is_object(array):
        return np.array([v is not None and v == v for v in array], dtype=bool)  # noqa: PLR0124 - NaN
    return ~np.isnan(array)


def _float(value: object) -> float:
    try:
        return float(value) if isinstance(value, numbers.Real) else float("nan")
    except OverflowError:
        return float("nan")


def _ways() -> Mapping[str, Any]:
    import numpy as np

    return {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.true_divide,
        "//": np.floor_divide,
        "%": np.mod,
        "**": np.float_power,
        "neg": np.negative,
        "min": np.minimum,
        "max": np.maximum,
        "abs": np.abs,
        "log": np.log,
        "log10": np.log10,
        "sqrt": np.sqrt,
    }
