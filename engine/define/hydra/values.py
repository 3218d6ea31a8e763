"""What Hydra sweeps over, as a parameter: ``choice(…)``, ``range(…)``, ``interval(…)``, a list.

And the tables of the Optuna sweeper's older ``search_space``.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.define.options import typed
from hpo_tui.engine.define.optuna.values import of_choices, of_range
from hpo_tui.engine.spec import Parameter

_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)
_PLAIN = re.compile(r"[\w./ -]*")
"""Texts that Hydra reads as they are, without quotes."""


def parameter_of(name: str, said: Any, *, closed: bool) -> Parameter | None:
    """Return what a value searches, a fixed parameter of a single one.

    None where it is not understood. ``closed``: a range has its end, as Optuna's sweeper takes it;
    for Hydra itself it has not.
    """
    try:
        if isinstance(said, Mapping):
            return _from_table(name, said)
        if isinstance(said, str):
            return _from_text(name, said, closed=closed)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return None
    return of_choices(name, (_written(said),))


def _written(value: Any) -> bool | int | float | str:
    """Return a value as it is given on the command line."""
    return (
        value if isinstance(value, bool | int | float) else "null" if value is None else f"{value}"
    )


def _from_table(name: str, said: Mapping[str, Any]) -> Parameter | None:
    kind = str(said.get("type"))
    if kind == "categorical":
        choices = tuple(map(_written, said.get("choices") or ()))
        return of_choices(name, choices) if choices else None
    if kind not in ("int", "float"):
        return None
    ends = _finite(said.get("low", "")), _finite(said.get("high", ""))
    return of_range(name, kind == "int", ends, step=said.get("step"), log=bool(said.get("log")))


def _from_text(
    name: str, said: str, *, closed: bool, log: bool = False, whole: bool = False
) -> Parameter | None:
    found = _CALL.fullmatch(said)
    function, inside = (found[1], _split(found[2])) if found else ("choice", _split(said))
    if function in ("tag", "int", "float", "shuffle"):
        log = log or (function == "tag" and "log" in inside[:-1])
        whole = whole or function == "int"
        # Optuna's sweeper draws of the values themselves where they are shuffled.
        closed = closed and function != "shuffle"
        return _from_text(name, inside[-1], closed=closed, log=log, whole=whole)
    values = [typed(part) for part in inside]
    if function == "choice":
        # Beside others, true is a text: a study has true for 1.
        mixed = len({isinstance(value, bool) for value in values}) > 1
        choices = tuple(dict.fromkeys(inside if mixed else values))
        return of_choices(name, choices) if said.strip() else None
    if function == "interval":
        low, high = map(_finite, values)
        return of_range(name, whole, (low, high), step=None, log=log)
    return _range(name, values, closed=closed, whole=whole) if function == "range" else None


def _range(name: str, values: list[Any], *, closed: bool, whole: bool) -> Parameter:
    """Return ``range(stop)``, ``range(start, stop)`` or ``range(start, stop, step)``."""
    whole = whole or not any(isinstance(v, float) for v in values)
    start, stop, *more = map(_finite, values if len(values) > 1 else (0, *values))
    (step,) = more or (1.0,)
    if not closed:
        stop = float(f"{start + (math.ceil((stop - start) / step - 1e-9) - 1) * step:.12g}")
    return of_range(name, whole, (start, stop), step=step, log=False)


def _finite(value: Any) -> float:
    """Return a number. Raises ValueError for what is none, or has no end."""
    if not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number


def _split(text: str) -> list[str]:
    """Return the parts between commas that stand in no brackets and no quotes.

    Quotes around a whole part go where Hydra reads the same without them.
    """
    parts, deep, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            deep += (letter in "([{") - (letter in ")]}")
        if letter == "," and deep == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [_unquoted(part.strip()) for part in parts]


def _unquoted(part: str) -> str:
    inner = part[1:-1]
    quoted = len(part) > 1 and part[0] in "'\"" and part[-1] == part[0]
    plain = quoted and inner.strip() and _PLAIN.fullmatch(inner) and inner.lower() != "null"
    return inner if plain and isinstance(typed(inner), str) else part
