"""The lines that a source would print, with numbers put in where values will stand.

What a script reports is seen in a run. Where it cannot be started, its calls of ``print`` and of
loggers still say how its lines look.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from hpo_tui.engine.define.printed import Printed, direction_of, is_cost, is_metric, read_output
from hpo_tui.engine.define.sources.syntax import calls, text_of
from hpo_tui.engine.execution.metrics.collector import discover

_SPEAKS = re.compile(r"(\w+\.)*(\w*print\w*|\w*info|write|log|set_description)")
_FIELD = re.compile(r"\{(?P<name>[^{}:!]*)(?:![rsa])?(?::(?P<format>[^{}]*))?\}")
_PERCENT = re.compile(r"%[-+0 #]*\d*(?:\.\d+)?[dfgeirs]")
_COUNTED = re.compile(r"epoch|step|iter|total|correct|len\(|batch|num|idx|size", re.IGNORECASE)
_NUMBER = "0.5"
_MOST = 400
"""Lines that are made of one source."""


def read_source(texts: Sequence[str]) -> Printed | None:
    """Return the metrics that some sources would print, by names that tell; None if none."""
    lines = printed_lines(texts)
    printed = read_output(lines, discover("\n".join(lines)))
    known = {n: v for n, v in printed.values.items() if direction_of(n) and not is_cost(n)}
    metrics = {n: v for n, v in known.items() if is_metric(n) and n.isprintable()}
    return Printed(metrics, printed.sources, run=False) if metrics else None


def printed_lines(texts: Sequence[str]) -> list[str]:
    """Return the lines that the calls of ``print`` and of loggers in some sources would print."""
    return [line for text in texts for line in _lines(text)]


def _lines(text: str) -> Iterator[str]:
    speaking = (c for c in calls(text) if c.args and _SPEAKS.fullmatch(text_of(c.func)))
    for call in islice(speaking, _MOST):
        with suppress(RecursionError):
            yield from _line(call).splitlines()


def _line(call: ast.Call) -> str:
    """Return what a call prints; logging puts its further arguments into the first."""
    first = call.args[0]
    if isinstance(first, ast.Constant) and "%" in str(first.value) and len(call.args) > 1:
        return _said(first)
    return " ".join(map(_said, call.args))


def _said(node: ast.expr) -> str:
    """Return what an argument looks like once it is printed."""
    if isinstance(node, ast.Constant):
        return _PERCENT.sub(_filled, str(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(p, node.values[n + 1 :]) for n, p in enumerate(node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _said(node.left) + _said(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _said(node.left)
    template = _template(node)
    return _value(text_of(node), "") if template is None else _FIELD.sub(_format, template)


def _template(node: ast.expr) -> str | None:
    """Return the text of ``"loss: {}".format(loss)``."""
    called = node.func if isinstance(node, ast.Call) else None
    if not isinstance(called, ast.Attribute) or called.attr != "format":
        return None
    return str(called.value.value) if isinstance(called.value, ast.Constant) else None


def _part(node: ast.expr, following: Sequence[ast.expr]) -> str:
    """Return a piece of an f-string; what is counted out of something is a whole number."""
    if not isinstance(node, ast.FormattedValue):
        return str(node.value) if isinstance(node, ast.Constant) else ""
    spec = text_of(node.format_spec) if node.format_spec else ""
    after = following[0] if following else None
    out_of = isinstance(after, ast.Constant) and str(after.value).startswith("/")
    return "1" if out_of else _value(text_of(node.value), spec)


def _format(found: "re.Match[str]") -> str:
    text, start, end = found.string, found.start(), found.end()
    counted = "/" in (text[max(0, start - 1) : start], text[end : end + 1])
    return "1" if counted else _value(found["name"] or "", found["format"] or "")


def _filled(found: "re.Match[str]") -> str:
    return "1" if found[0][-1] in "di" else _NUMBER


def _value(name: str, spec: str) -> str:
    whole = re.search(r"d\W*$", spec) is not None or _COUNTED.search(name) is not None
    return "1" if whole and not re.search(r"f\W*$", spec) else _NUMBER
