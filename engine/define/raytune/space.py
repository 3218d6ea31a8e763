"""What Ray Tune searches, as parameters of a study.

What a study cannot say is returned as a sentence beside the parameter.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_tui.engine.define.adapted import Taken
from hpo_tui.engine.define.optuna.values import of_choices, of_range
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.engine.spec.names import parameter_fault, plain
from hpo_tui.engine.spec.parts import Prior
from hpo_tui.engine.spec.values import scalar_fault

_WIDE = 3.0
"""Standard deviations from its mean up to which a normal distribution is searched."""


def space_of(searched: Sequence[Mapping[str, Any]]) -> list[Taken]:
    """Return the parameters. Raises ValueError, a sentence, for what no study can have."""
    return [_parameter(entry) for entry in searched]


def _fault(entry: Mapping[str, Any], said: str) -> ValueError:
    return ValueError(f"param_space[{plain(str(entry['name']))}] {said}")


def _parameter(entry: Mapping[str, Any]) -> Taken:
    name, kind = str(entry["name"]), entry["is"]
    if wrong := parameter_fault(name):
        raise _fault(entry, f"cannot be the name of a parameter: {wrong}")
    if kind == "choice":
        return _chosen(name, entry)
    if kind == "normal":
        return _normal(name, entry)
    return _ranged(name, entry)


def _chosen(name: str, entry: Mapping[str, Any]) -> Taken:
    """Return a parameter that names its values."""
    choices = list(entry.get("choices") or ())
    if not choices:
        raise _fault(entry, "has no values to choose from")
    if entry.get("nested"):
        raise _fault(
            entry,
            "chooses among tables that hold ranges of their own, which no study can have: let the"
            " ranges stand beside it in param_space, and the trainable take those that it needs",
        )
    for value in choices:
        if wrong := scalar_fault(value):
            raise _fault(entry, wrong)
    return Taken(of_choices(name, choices))


def _normal(name: str, entry: Mapping[str, Any]) -> Taken:
    mean, sd, q = float(entry["mean"]), float(entry["sd"]), entry.get("q")
    if sd <= 0:
        raise _fault(entry, f"needs a standard deviation above 0, found {sd:g}")
    low, high = (float(f"{mean + side * _WIDE * sd:.12g}") for side in (-1, 1))
    made = Parameter(name, ParameterKind.FLOAT, low, high, prior=Prior("normal", mean, sd))
    said = [f"a normal distribution has no ends: these are {_WIDE:g} standard deviations away"]
    return Taken(made, (*said, *([_rounded(q)] if q else [])))


def _rounded(q: float) -> str:
    return f"a trial rounds it to multiples of {q:g}, as Ray Tune does"


def _ranged(name: str, entry: Mapping[str, Any]) -> Taken:
    """Return a number in a range: Ray's upper end of whole numbers is not in it, but with a q."""
    whole, log, q = entry["is"] == "int", bool(entry.get("log")), entry.get("q")
    low, high = entry["low"], entry["high"]
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in (low, high)):
        raise _fault(entry, "needs a range with two ends")
    q = None if whole and q == 1 else q
    if whole and not q:
        high = high - 1 if high > low else high
    if q:
        low, high = math.ceil(low / q - 1e-9) * q, math.floor(high / q + 1e-9) * q
    if whole:
        low, high = int(low), int(high)
    else:
        low, high = float(f"{low:.12g}"), float(f"{high:.12g}")
    try:
        made = of_range(name, whole, (low, high), step=None if log else q, log=log)
    except ValueError as error:
        raise _fault(entry, f"has no range: {error}") from None
    return Taken(made, (_rounded(q),) if q and log else ())
