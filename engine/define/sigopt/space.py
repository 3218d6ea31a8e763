"""SigOpt's parameters, conditionals and linear constraints as those of a study.

Conditionals become categorical parameters, as SigOpt hands them out beside the others. What a
study cannot say is returned as a sentence beside the parameter.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpo_tui.engine.define.adapted import Taken
from hpo_tui.engine.define.documents import number
from hpo_tui.engine.define.optuna.values import of_choices, of_range
from hpo_tui.engine.define.sigopt.file import Experiment
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import Parameter, ParameterKind, Value
from hpo_tui.engine.spec.expressions.tokens import KEYWORDS
from hpo_tui.engine.spec.names import did_you_mean, listing, parameter_fault, plain, show
from hpo_tui.engine.spec.parts import Prior
from hpo_tui.engine.spec.values import native, scalar_fault, value_fault

_TYPES = ("double", "int", "categorical")
_KEYS = (
    "name", "type", "bounds", "categorical_values", "grid", "transformation", "prior",
    "conditions", "default_value", "precision", "tunable", "object",
)  # fmt: skip
_RELATED = re.compile(r"[^\W\d]\w*(\.\w+)*")
"""A name that can stand in a relation between parameters."""


def space_of(experiment: Experiment) -> list[Taken]:
    """Return the parameters: the conditionals first, then the others. Raises ValueError."""
    conditionals = {str(c["name"]): _conditional(c) for c in experiment.conditionals}
    taken = [Taken(p) for p in conditionals.values()]
    for entry in experiment.parameters:
        made = _parameter(entry)
        when = _when(entry, conditionals)
        taken.append(replace(made, parameter=replace(made.parameter, when=when)))
    return taken


def _fault(entry: Mapping[str, Any], key: str, said: str) -> ValueError:
    """Return an error that names the parameter and the key at which it stands."""
    place = f"parameters[{plain(str(entry.get('name')))}]" + (f".{key}" if key else "")
    return ValueError(f"{place} {said}")


def _conditional(entry: Mapping[str, Any]) -> Parameter:
    name, values = str(entry["name"]), entry.get("values")
    if not isinstance(values, list | tuple) or len(values) < 2:
        raise ValueError(
            f"conditionals[{plain(name)}].values must list two values or more, found {show(values)}"
        )
    return of_choices(name, [*map(str, values)])


def _when(
    entry: Mapping[str, Any], conditionals: Mapping[str, Parameter]
) -> dict[str, tuple[Value, ...]]:
    """Return under which values of conditionals a parameter is searched."""
    found: dict[str, tuple[Value, ...]] = {}
    conditions = entry.get("conditions") or {}
    if not isinstance(conditions, Mapping):
        raise _fault(entry, "conditions", f"must be a table, found {show(conditions)}")
    for name, allowed in conditions.items():
        parent = conditionals.get(str(name))
        if parent is None:
            near = did_you_mean(str(name), conditionals)
            raise _fault(entry, "conditions", f"names {plain(str(name))}, no conditional{near}")
        values = tuple(map(str, allowed if isinstance(allowed, list | tuple) else [allowed]))
        unknown = [v for v in values if v not in parent.choices]
        if unknown or not values:
            known = listing(list(map(str, parent.choices)))
            raise _fault(
                entry, "conditions", f"{plain(str(name))} can be {known}, not {show(list(values))}"
            )
        found[str(name)] = values
    return found


def _parameter(entry: Mapping[str, Any]) -> Taken:
    name, kind = str(entry["name"]), entry.get("type")
    if wrong := parameter_fault(name):
        raise _fault(entry, "name", wrong)
    if kind not in _TYPES:
        near = did_you_mean(str(kind), _TYPES)
        found = "nothing" if kind is None else show(kind)
        raise _fault(entry, "type", f"must be one of {listing(_TYPES)}, found {found}{near}")
    said = [
        f"{plain(str(key))} is not read{near}"
        for key in entry
        if key not in _KEYS and (near := did_you_mean(str(key), _KEYS))
    ]
    listed = entry.get("categorical_values") if kind == "categorical" else entry.get("grid")
    if kind == "categorical" or listed:
        return _with_default(entry, _listed(entry, str(kind), listed), said)
    parameter, more = _ranged(entry, str(kind))
    return _with_default(entry, parameter, [*more, *said])


def _listed(entry: Mapping[str, Any], kind: str, listed: object) -> Parameter:
    """Return a parameter that names its values; those of a grid are in order."""
    key = "categorical_values" if kind == "categorical" else "grid"
    if not isinstance(listed, list | tuple) or not listed:
        raise _fault(entry, key, f"must list its values, found {show(listed)}")
    values: list[Any] = [v.get("name") if isinstance(v, Mapping) else v for v in listed]
    if kind != "categorical":
        numbers = [number(v) for v in values]
        if any(v is None or (kind == "int" and v != int(v)) for v in numbers):
            raise _fault(entry, key, f"must be numbers ({kind}), found {show(values)}")
        whole = kind == "int"
        values = sorted({int(v) if whole else float(v) for v in numbers if v is not None})
    for value in values:
        if wrong := scalar_fault(value):
            raise _fault(entry, key, wrong)
    made = of_choices(str(entry["name"]), [*dict.fromkeys(values)])
    categorical = kind == "categorical" and made.kind is ParameterKind.ORDINAL
    return replace(made, kind=ParameterKind.CATEGORICAL) if categorical else made


def _ends(entry: Mapping[str, Any]) -> tuple[float, float]:
    """Return the bounds of a parameter. Raises ValueError where they are no numbers."""
    bounds = entry.get("bounds")
    found = bounds if isinstance(bounds, Mapping) else {}
    low, high = number(found.get("min")), number(found.get("max"))
    if low is None or high is None:
        raise _fault(entry, "bounds", "needs numbers for min and max")
    return low, high


def _ranged(entry: Mapping[str, Any], kind: str) -> tuple[Parameter, list[str]]:
    """Return a number in a range, and what of it is not as in SigOpt."""
    log = entry.get("transformation") == "log"
    low, high = _ends(entry)
    if kind == "int" and (low != int(low) or high != int(high)):
        raise _fault(entry, "bounds", "needs whole numbers (int)")
    if low > high or (log and low <= 0):
        need = "needs a min above 0 (transformation: log)" if low <= high else "has min above max"
        raise _fault(entry, "bounds", need)
    said = []
    if entry.get("transformation") not in (None, "none", "log"):
        said.append(f"transformation {show(entry['transformation'])} is not one of SigOpt's")
    if entry.get("precision") is not None:
        said.append(
            "precision is not taken over: values have all their digits. step = 0.01, say, has"
            " neighbours that far apart"
        )
    made = of_range(str(entry["name"]), kind == "int", (low, high), step=None, log=log)
    return _with_prior(entry, made, said), said


def _with_prior(entry: Mapping[str, Any], made: Parameter, said: list[str]) -> Parameter:
    """Return a parameter with the belief about it, which a beta prior has over the whole range."""
    prior = entry.get("prior")
    if not isinstance(prior, Mapping) or not made.numeric:
        return made
    keys = {"normal": ("mean", "scale"), "beta": ("shape_a", "shape_b")}.get(str(prior.get("name")))
    if keys is None:
        raise _fault(
            entry, "prior", f'needs the name "normal" or "beta", found {show(prior.get("name"))}'
        )
    one, two = (number(prior.get(key)) for key in keys)
    if one is None or two is None or two <= 0 or (keys[0] == "shape_a" and one <= 0):
        raise _fault(
            entry, "prior", f"needs numbers for {' and '.join(keys)}, above 0 but for a mean"
        )
    if made.log:
        said.append("prior is not taken over: SigOpt has none beside transformation: log")
        return made
    kind = "normal" if keys[0] == "mean" else "beta"
    if kind == "normal" and not made.low <= one <= made.high:
        raise _fault(entry, "prior", f"has its mean {brief(one)} outside of bounds")
    return replace(made, prior=Prior(kind, float(one), float(two)))  # type: ignore[arg-type]


def _with_default(entry: Mapping[str, Any], made: Parameter, said: Sequence[str]) -> Taken:
    default = entry.get("default_value")
    if default is None or made.kind is ParameterKind.FIXED:
        return Taken(made, tuple(said))
    if wrong := value_fault(made, default):
        return Taken(made, (*said, f"default_value is not taken over: {wrong}"))
    return Taken(replace(made, default=native(made, default)), tuple(said))


def relations_of(experiment: Experiment, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the linear constraints as relations, and what is said of those that cannot be."""
    texts, said = [], []
    for n, entry in enumerate(experiment.relations):
        place = f"{experiment.called}: linear_constraints[{n + 1}]"
        sign = {"less_than": "<=", "greater_than": ">="}.get(str(entry.get("type")))
        terms, threshold = entry.get("terms"), number(entry.get("threshold"))
        if sign is None or not isinstance(terms, list | tuple) or not terms or threshold is None:
            raise ValueError(
                f'{place} needs type: "less_than" or "greater_than", terms and a threshold'
            )
        parts = [_term(t, place, names) for t in terms]
        unfit = [name for _, name in parts if not _RELATED.fullmatch(name) or name in KEYWORDS]
        if unfit:
            said.append(
                f"{place} is not taken over: {show(unfit[0])} cannot stand in a relation (letters,"
                " digits and _ alone): give it another name in the script, too"
            )
            continue
        texts.append(f"{_summed(parts)} {sign} {_shown(threshold)}")
    return texts, said


def _term(term: object, place: str, names: Sequence[str]) -> tuple[float, str]:
    found = term if isinstance(term, Mapping) else {}
    weight, name = number(found.get("weight")), str(found.get("name"))
    if weight is None:
        raise ValueError(f"{place}: each of its terms needs a name and a weight")
    if name not in names:
        raise ValueError(f"{place} names {plain(name)}, no parameter{did_you_mean(name, names)}")
    return weight, name


def _summed(parts: Sequence[tuple[float, str]]) -> str:
    """Return a weighted sum as people write it: ``a - 2 * b``."""
    text = ""
    for weight, name in parts:
        size = "" if abs(weight) == 1 else f"{_shown(abs(weight))} * "
        sign = ("-" if weight < 0 else "") if not text else (" - " if weight < 0 else " + ")
        text += f"{sign}{size}{name}"
    return text


def _shown(value: float) -> str:
    return f"{int(value)}" if value == int(value) and abs(value) < 1e15 else repr(float(value))
