"""Reading ``[space.*]``: each parameter on its own, then what they say about each other."""

import math
from collections.abc import Mapping

from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec.names import dotted, listing, parameter_fault, show
from hpo_tui.engine.spec.parts import Parameter, ParameterKind, Prior, Value
from hpo_tui.engine.spec.reading.conditions import check_conditions, read_when
from hpo_tui.engine.spec.reading.table import Table
from hpo_tui.engine.spec.schema import TYPES
from hpo_tui.engine.spec.values import (
    bound,
    native,
    number_fault,
    on_step,
    scalar_fault,
    value_fault,
    whole_fault,
)

_ALLOWED = {
    ParameterKind.FLOAT: ("low", "high", "log", "step", "prior"),
    ParameterKind.INT: ("low", "high", "log", "step", "prior"),
    ParameterKind.CATEGORICAL: ("choices",),
    ParameterKind.ORDINAL: ("choices",),
    ParameterKind.FIXED: ("value",),
}


def read_space(root: Table) -> tuple[Parameter, ...]:
    """Read every parameter; refuse a space with nothing to search."""
    space = root.table("space", "space")
    known = len(root.into.problems)
    parameters = []
    for name, data in space.data.items():
        path = (*space.path, name)
        if fault := parameter_fault(name):
            root.into.add(path, fault)
        if not isinstance(data, Mapping):
            root.into.add(
                path,
                f"must be a table: [{dotted(path)}] with type, low and high; found {show(data)}",
            )
            continue
        parameters.append(_parameter(space.table(name, "space.*"), name))
    clean = len(root.into.problems) == known
    _same_folded(root, [p.name for p in parameters])
    check_conditions(root, space, parameters)
    if clean:
        for parameter in parameters:
            _default(space.table(parameter.name, "space.*"), parameter)
    if not space.data:
        root.into.add(
            ("space",),
            'is empty: add a parameter, such as [space.lr] with type = "float", low and high',
        )
    elif clean and all(p.kind is ParameterKind.FIXED for p in parameters):
        root.into.add(
            ("space",),
            "has nothing to search, every parameter is fixed: give at least one a range or choices",
        )
    return tuple(parameters)


def _parameter(table: Table, name: str) -> Parameter:
    tables = (k for k, v in table.data.items() if isinstance(v, dict) and k not in table.allowed)
    inner = next(tables, "")
    if inner and "type" not in table.data:
        table.fault(
            inner,
            "is a table within a parameter: a name with dots stands in quotes,"
            f" [space.{show(f'{name}.{inner}')}]",
        )
        return Parameter(name, ParameterKind.FIXED)
    table.unknown()
    kind = _kind(table)
    when = read_when(table)
    if kind is None:
        return Parameter(name, ParameterKind.FIXED, when=when)
    for key in table.data:
        if key in table.allowed and key not in (*_ALLOWED[kind], "type", "when", "default"):
            table.fault(
                key, f'does not go with type = "{kind}"; that takes {", ".join(_ALLOWED[kind])}'
            )
    if kind is ParameterKind.FIXED:
        return Parameter(name, kind, value=_scalar(table, "value"), when=when)
    if kind in (ParameterKind.CATEGORICAL, ParameterKind.ORDINAL):
        return Parameter(name, kind, choices=_choices(table), when=when)
    return _numeric(table, name, kind, when)


def _kind(table: Table) -> ParameterKind | None:
    if not table.has("type"):
        if table.has("choices"):
            hint = '"categorical", or "ordinal" where the order matters'
        elif table.has("value"):
            hint = '"fixed"'
        elif table.has("low") or table.has("high"):
            ends = [table.data.get("low"), table.data.get("high")]
            hint = '"int"' if all(type(e) is int for e in ends) else '"float"'
        else:
            hint = listing(ParameterKind)
        table.missing("type", f"type = {hint}")
        return None
    given = table.data["type"]
    if isinstance(given, str) and given.lower() in TYPES:
        table.fault(
            "type", f"is called differently here, found {show(given)}: {TYPES[given.lower()]}"
        )
        return None
    word = table.one_of("type", [str(k) for k in ParameterKind])
    return ParameterKind(word) if word else None


def _numeric(
    table: Table, name: str, kind: ParameterKind, when: Mapping[str, tuple[Value, ...]]
) -> Parameter:
    """Read a float or an integer; what is wrong with it is noted in ``table``."""
    low, high = _end(table, "low", kind), _end(table, "high", kind)
    log = table.flag("log")
    step = _step(table, kind, log)
    parameter = Parameter(name, kind, low or 0.0, high or 0.0, log, step, when=when)
    if low is None or high is None:
        return parameter
    if low == high:
        table.fault(
            "high",
            f'equals low ({bound(parameter, low)}): for a single value write type = "fixed" and '
            f"value = {bound(parameter, low)}",
        )
    elif low > high:
        table.fault(
            "high",
            f"must be above low, found low = {bound(parameter, low)} and high = "
            f"{bound(parameter, high)}: exchange them",
        )
    elif log and low <= 0:
        table.fault("low", f"must be above 0 where log = true, found {bound(parameter, low)}")
    elif not math.isfinite(high - low):
        table.fault(
            "high",
            f"is too far from low: {show(low)} to {show(high)} is more than a float can hold",
        )
    elif step is not None:
        _fits(table, parameter, step)
    if low < high and not (log and low <= 0):
        return Parameter(
            name, kind, low, high, log, step, when=when, prior=_prior(table, low, high, log)
        )
    return parameter


def _end(table: Table, key: str, kind: ParameterKind) -> float | None:
    if kind is ParameterKind.FLOAT:
        return table.number(
            key, needed=f"{key} = the {'least' if key == 'low' else 'greatest'} value"
        )
    if not table.has(key):
        table.missing(key, f"{key} = the {'least' if key == 'low' else 'greatest'} whole number")
        return None
    fault = whole_fault(table.data[key])
    if fault:
        hint = '; for fractions write type = "float"' if isinstance(table.data[key], float) else ""
        table.fault(key, f"{fault}{hint}")
        return None
    return int(table.data[key])


def _step(table: Table, kind: ParameterKind, log: bool) -> float | None:
    if not table.has("step"):
        return None
    step = table.number("step", check=lambda s: s > 0, must="be above 0")
    if step is None:
        return None
    if kind is ParameterKind.INT and step != int(step):
        table.fault("step", f"must be a whole number for an int parameter, found {show(step)}")
        return None
    if log and not (kind is ParameterKind.INT and step == 1):
        table.fault(
            "step",
            "does not go with log = true: leave one of them out, or list the values with type = "
            '"ordinal" and choices',
        )
        return None
    return int(step) if kind is ParameterKind.INT else step


def _fits(table: Table, parameter: Parameter, step: float) -> None:
    span = parameter.high - parameter.low
    if step > span:
        table.fault(
            "step",
            f"must be at most high - low = {bound(parameter, span)}, found "
            f"{bound(parameter, step)}",
        )
    elif not on_step(parameter, parameter.high):
        below = parameter.low + math.floor(span / step) * step
        ends = [bound(parameter, float(f"{e:.12g}")) for e in (below, below + step)]
        table.fault(
            "high",
            f"must be low plus a multiple of the step {bound(parameter, step)}: {ends[0]} or "
            f"{ends[1]}, found {bound(parameter, parameter.high)}",
        )


def _prior(table: Table, low: float, high: float, log: bool) -> Prior | None:
    """Read a parameter's prior, None where none is given or it is noted as wrong."""
    if not table.has("prior"):
        return None
    if not isinstance(table.data["prior"], Mapping):
        given = show(table.data["prior"])
        table.fault(
            "prior", f"must be a table, {{ mean = …, sd = … }} or {{ a = …, b = … }}; found {given}"
        )
        return None
    prior = table.table("prior", "space.*.prior")
    prior.unknown()
    keys = set(prior.data) & {"mean", "sd", "a", "b"}
    if keys == {"mean", "sd"}:
        ends = (math.log10(low), math.log10(high)) if log else (low, high)
        unit = " (log10 units, as log = true)" if log else ""
        given = prior.data["mean"]
        hint = (
            f"; did you mean {math.log10(given):.4g}?"
            if log and not number_fault(given) and low <= given <= high
            else ""
        )
        sd = prior.number("sd", check=lambda s: s > 0, must="be above 0")
        mean = prior.number("mean")
        if mean is not None and not ends[0] <= mean <= ends[1]:
            between = f"from {brief(ends[0])} to {brief(ends[1])}"
            prior.fault("mean", f"must be {between}{unit}, found {show(mean)}{hint}")
            return None
        return Prior("normal", mean, sd) if mean is not None and sd is not None else None
    if keys == {"a", "b"}:
        a = prior.number("a", check=lambda s: s > 0, must="be above 0")
        b = prior.number("b", check=lambda s: s > 0, must="be above 0")
        return Prior("beta", a, b) if a is not None and b is not None else None
    prior.fault(None, "must be { mean = …, sd = … } (normal) or { a = …, b = … } (beta)")
    return None


def _choices(table: Table) -> tuple[Value, ...]:
    if not table.has("choices"):
        table.missing("choices", 'choices = ["sgd", "adam"]')
        return ()
    given = table.data["choices"]
    if not isinstance(given, list):
        table.fault("choices", f"must be a list such as [16, 32, 64], found {show(given)}")
        return ()
    if not given:
        table.fault("choices", "is empty: give at least one value")
    kept: list[Value] = []
    for n, choice in enumerate(given):
        fault = scalar_fault(choice)
        same = next((k for k in kept if k == choice), None) if not fault else None
        if same is not None:
            other = (
                f" and {show(same)} are one value to the database"
                if show(same) != show(choice)
                else " is there twice"
            )
            fault = f"{show(choice)}{other}: choices must be distinct"
        if fault:
            table.into.add((*table.path, "choices", n), fault)
        else:
            kept.append(choice)
    return tuple(kept)


def _scalar(table: Table, key: str) -> Value | None:
    if not table.has(key):
        table.missing(key, f"{key} = the one value")
        return None
    fault = scalar_fault(table.data[key])
    if fault:
        table.fault(key, fault)
        return None
    value: Value = table.data[key]
    return value


def _default(table: Table, parameter: Parameter) -> None:
    if not table.has("default"):
        return
    fault = scalar_fault(table.data["default"]) or value_fault(parameter, table.data["default"])
    if fault:
        table.fault("default", fault)
    else:
        object.__setattr__(parameter, "default", native(parameter, table.data["default"]))


def _same_folded(root: Table, names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            root.into.add(
                ("space", name),
                f"differs from {show(other)} in upper and lower case alone, which a database "
                "column cannot tell apart: rename one of them",
            )
