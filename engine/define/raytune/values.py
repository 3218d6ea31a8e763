"""Values in the source of a script of Ray Tune's: tables, ranges, choices."""

import ast
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.define.optuna.values import Known
from hpo_tui.engine.define.sources.syntax import keywords, last_name, text_of

Entry = dict[str, Any]
_ORDER: Mapping[str, tuple[str, ...]] = {
    "uniform": ("lower", "upper"), "quniform": ("lower", "upper", "q"),
    "loguniform": ("lower", "upper", "base"), "qloguniform": ("lower", "upper", "q", "base"),
    "randint": ("lower", "upper"), "qrandint": ("lower", "upper", "q"),
    "lograndint": ("lower", "upper", "base"), "qlograndint": ("lower", "upper", "q", "base"),
    "randn": ("mean", "sd"), "qrandn": ("mean", "sd", "q"),
    "choice": ("categories",), "grid_search": ("values",), "sample_from": ("func",),
}  # fmt: skip
"""Ray's functions that say what is searched, and what they take."""
_DEEPEST = 20
_PLAIN = (bool, int, float, str)


class Reader:
    """Reads expressions by what is known without running anything.

    ``names``: what names are set to; ``imported``: those that come from Ray. ``unread``: what of a
    space could not be read, as it stands in the source.
    """

    def __init__(self, names: Mapping[str, ast.expr], imported: frozenset[str]) -> None:
        self.names, self.imported = names, imported
        self.known = Known(names)
        self.unread: list[str] = []

    def followed(self, node: ast.expr | None) -> ast.expr | None:
        """Return what a name stands for, or the expression itself."""
        for _ in range(_DEEPEST):
            if not isinstance(node, ast.Name) or node.id not in self.names:
                break
            node = self.names[node.id]
        return node

    def value(self, node: ast.expr | None) -> Any:
        """Return a plain value, a list or a table; None for what has to be run."""
        node = self.followed(node)
        if node is None:
            return None
        if (table := self._table(node)) is not None:
            return {key: self.value(part) for key, part in table.items()}
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(entry) for entry in node.elts]
        if isinstance(node, ast.ListComp):
            return self._rounds(node)
        return self.known.value(node)

    def _rounds(self, node: ast.ListComp) -> list[Any] | None:
        """Return what ``[2**i for i in range(9)]`` makes; None for what has to be run."""
        first, *more = node.generators
        over = self.value(first.iter)
        if more or first.ifs or not isinstance(first.target, ast.Name):
            return None
        if not isinstance(over, list | tuple):
            return None
        return [self.known.value(node.elt, {first.target.id: value}) for value in over]

    def _table(self, node: ast.expr | None) -> dict[str, ast.expr] | None:
        """Return the entries of a table, also those of one that it spreads; None for no table."""
        node = self.followed(node)
        if isinstance(node, ast.Call) and text_of(node.func) == "dict" and not node.args:
            return keywords(node)
        if not isinstance(node, ast.Dict):
            return None
        found: dict[str, ast.expr] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found |= self._table(value) or {}
                continue
            said = self.known.value(key)
            if isinstance(said, str | int):
                found[str(said)] = value
        return found

    def entries(self, node: ast.expr, above: str = "", deep: int = 0) -> list[Entry]:
        """Return what a ``param_space`` holds, nested tables under ``outer.inner``."""
        node = self.followed(node) or node
        table = self._table(node)
        if table is None or deep > _DEEPEST:
            if not above:
                self.unread.append(text_of(node))
                return []
            if isinstance(node, ast.List | ast.Tuple) and any(
                isinstance(part, ast.expr) and self._domain(part) for part in ast.walk(node)
            ):
                parts = ((f"{above}.{n}", part) for n, part in enumerate(node.elts))
                return [e for name, part in parts for e in self.entries(part, name, deep + 1)]
            return [entry] if (entry := self._entry(above, node)) is not None else []
        if [*table] == ["grid_search"] and above:
            return self._choice(above, table["grid_search"], grid=True)
        return [
            entry
            for key, part in table.items()
            for entry in self.entries(part, f"{above}.{key}" if above else key, deep + 1)
        ]

    def _domain(self, node: ast.expr) -> str:
        """Return which of Ray's functions a call is of; nothing for all else."""
        if not isinstance(node, ast.Call) or last_name(node.func) not in _ORDER:
            return ""
        name = last_name(node.func)
        owner = text_of(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        ours = owner in ("tune", "ray.tune") if owner else name in self.imported
        return name if ours else ""

    def _entry(self, name: str, node: ast.expr) -> Entry | None:
        kind = self._domain(node)
        if not kind:
            value = self.value(node)
            plain = isinstance(value, _PLAIN)
            return {"name": name, "is": "constant", "value": value} if plain else None
        assert isinstance(node, ast.Call)
        given = dict(zip(_ORDER[kind], node.args, strict=False)) | keywords(node)
        if kind in ("choice", "grid_search"):
            found = self._choice(name, given[_ORDER[kind][0]], grid=kind == "grid_search")
            return found[0] if found else None
        if kind == "sample_from":
            return {"name": name, "is": "function"}
        said = {n: self.value(part) for n, part in given.items() if n != "base"}
        if not all(isinstance(v, int | float) for v in said.values()):
            self.unread.append(text_of(node))
            return None
        if kind.endswith("randn"):
            ends = {"mean": said.get("mean", 0.0), "sd": said.get("sd", 1.0)}
            return {"name": name, "is": "normal", **ends, "q": said.get("q")}
        if "upper" not in said or "lower" not in said:
            self.unread.append(text_of(node))
            return None
        return {
            "name": name, "is": "int" if kind.endswith("int") else "float", "low": said["lower"],
            "high": said["upper"], "log": "log" in kind, "q": said.get("q"),
        }  # fmt: skip

    def _choice(self, name: str, node: ast.expr, *, grid: bool) -> list[Entry]:
        """Return what is chosen among values, each as a run would call it."""
        node = self.followed(node) or node
        listed: list[Any]
        if isinstance(node, ast.List | ast.Tuple):
            listed = [self._called(part) for part in node.elts]
        else:
            value = self.value(node)
            listed = list(value) if isinstance(value, list | tuple) else [None]
        if any(v is None for v in listed):
            self.unread.append(text_of(node))
            return []
        return [{"name": name, "is": "choice", "choices": listed, "grid": grid}]

    def _called(self, node: ast.expr) -> Any:
        """Return a choice as a run would call it; None where only the run can tell."""
        if isinstance(node, ast.Constant) and node.value is None:
            return "None"
        value = self.value(node)
        if isinstance(value, _PLAIN):
            return value
        if value is None and isinstance(node, ast.Attribute | ast.Name):
            return last_name(node)
        try:
            return str(ast.literal_eval(node))
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return None

    def mutations(self, node: ast.expr) -> list[Entry]:
        """Return what a scheduler changes; a list there is one of choices."""
        table = self._table(node) or {}
        found: list[Entry] = []
        for name, part in table.items():
            value = self.followed(part) or part
            if isinstance(value, ast.List | ast.Tuple):
                found += self._choice(name, value, grid=False)
            elif (entry := self._entry(name, value)) is not None and entry["is"] != "constant":
                found.append(entry)
        return found
