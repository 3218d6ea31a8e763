"""Reading ``[space.*]``: each parameter on its own, then what they say about each other."""

import math
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.spec.model import Parameter, ParameterKind, Prior, Value
from hpo_tui.engine.spec.names import did_you_mean, dotted, listing, name_fault, show, text_fault
from hpo_tui.engine.spec.table import Table, number_fault, whole_fault
from hpo_tui.engine.spec.values import bound, native, on_step, value_fault

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
        fault = name_fault(name) or ("a name cannot hold { or }" if set(name) & set("{}") else None)
        if fault:
            root.into.add(path, fault)
        if not isinstance(data, Mapping):
            root.into.add(
                path,
                f"must be a table: [{dotted(path)}] with type, low and high; found {show(data)}",
            )
            continue
        parameters.append(_parameter(Table(data, path, "space.*", root.into), name))
    clean = len(root.into.problems) == known
    _same_folded(root, [p.name for p in parameters])
    _conditions(root, space, parameters)
    if clean:
        for parameter in parameters:
            _default(
                Table(
                    space.data[parameter.name], (*space.path, parameter.name), "space.*", root.into
                ),
                parameter,
            )
    if not space.data:
        root.into.add(
            ("space",),
            'is empty: add a parameter, such as [space.lr] with type = "float", low and high',
        )
    elif clean and all(p.kind is ParameterKind.FIXED for p in parameters):
        root.into.add(("space",), "has nothing to search: every parameter is fixed")
    return tuple(parameters)


def _parameter(table: Table, name: str) -> Parameter:
    table.unknown()
    kind = _kind(table)
    when = _when(table)
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
        table.fault("type", f"is missing: type = {hint}")
        return None
    word = table.one_of("type", [str(k) for k in ParameterKind])
    return ParameterKind(word) if word else None


def _numeric(
    table: Table, name: str, kind: ParameterKind, when: Mapping[str, tuple[Value, ...]]
) -> Parameter:
    low, high = _end(table, "low", kind), _end(table, "high", kind)
    log = table.flag("log")
    step = _step(table, kind, log)
    parameter = Parameter(name, kind, low or 0.0, high or 0.0, log, step, when=when)
    if low is None or high is None:
        return parameter
    if low == high:
        table.fault(
            "high",
            f'equals low ({bound(parameter, low)}): for a single value write type = "fixed" and value = {bound(parameter, low)}',
        )
    elif low > high:
        table.fault(
            "high",
            f"must be above low, found low = {bound(parameter, low)} and high = {bound(parameter, high)}: exchange them",
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
        table.fault(
            key, f"is missing: {key} = the {'least' if key == 'low' else 'greatest'} whole number"
        )
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
            'does not go with log = true: leave one of them out, or list the values with type = "ordinal" and choices',
        )
        return None
    return int(step) if kind is ParameterKind.INT else step


def _fits(table: Table, parameter: Parameter, step: float) -> None:
    span = parameter.high - parameter.low
    if step > span:
        table.fault(
            "step",
            f"must be at most high - low = {bound(parameter, span)}, found {bound(parameter, step)}",
        )
    elif not on_step(parameter, parameter.high):
        below = parameter.low + math.floor(span / step) * step
        ends = [bound(parameter, float(f"{e:.12g}")) for e in (below, below + step)]
        table.fault(
            "high",
            f"must be low plus a multiple of the step {bound(parameter, step)}: {ends[0]} or {ends[1]}, found {bound(parameter, parameter.high)}",
        )


def _prior(table: Table, low: float, high: float, log: bool) -> Prior | None:
    if not table.has("prior"):
        return None
    prior = table.table("prior", "space.*.prior")
    prior.unknown()
    keys = set(prior.data) & {"mean", "sd", "a", "b"}
    if not isinstance(table.data["prior"], Mapping):
        return None
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
            prior.fault(
                "mean",
                f"must be from {ends[0]:.6g} to {ends[1]:.6g}{unit}, found {show(mean)}{hint}",
            )
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
        table.fault("choices", 'is missing: choices = ["sgd", "adam"]')
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


def scalar_fault(value: object) -> str | None:
    """Return why ``value`` is not a single text, number or boolean, or None if it is."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return text_fault(value)
    if isinstance(value, int):
        return whole_fault(value)
    if isinstance(value, float):
        return number_fault(value)
    return f"must be text, a number, true or false; found {show(value)}"


def _scalar(table: Table, key: str) -> Value | None:
    if not table.has(key):
        table.fault(key, f"is missing: {key} = the one value")
        return None
    fault = scalar_fault(table.data[key])
    if fault:
        table.fault(key, fault)
        return None
    value: Value = table.data[key]
    return value


def _when(table: Table) -> dict[str, tuple[Value, ...]]:
    if not table.has("when"):
        return {}
    given: Any = table.data["when"]
    if not isinstance(given, Mapping) or not given:
        table.fault(
            "when", f'must be a table such as {{ optimizer = ["sgd"] }}, found {show(given)}'
        )
        return {}
    when = {}
    for parent, values in given.items():
        entries = values if isinstance(values, list) else [values]
        bad = next((f for f in map(scalar_fault, entries) if f), None)
        if bad or not entries:
            table.into.add(
                (*table.path, "when", parent),
                bad or "is an empty list: the parameter could never be active",
            )
        else:
            when[parent] = tuple(entries)
    return when


def _conditions(root: Table, space: Table, parameters: list[Parameter]) -> None:
    by_name = {p.name: p for p in parameters}
    typed = {
        n: isinstance(d, Mapping) and d.get("type") in list(ParameterKind)
        for n, d in space.data.items()
    }
    for parameter in parameters:
        for parent, values in parameter.when.items():
            path = (*space.path, parameter.name, "when", parent)
            if parent == parameter.name:
                root.into.add(path, "a parameter cannot depend on itself")
            elif parent not in space.data:
                guess = did_you_mean(parent, by_name) or f"; there are {listing(by_name)}"
                root.into.add(path, f"{show(parent)} is no parameter{guess}")
            elif by_name.get(parent) is None or not typed[parent]:
                continue
            elif by_name[parent].kind is ParameterKind.FLOAT:
                root.into.add(
                    path,
                    f"{show(parent)} is a float: a condition needs a categorical, ordinal, int or fixed parameter",
                )
            else:
                _possible(root, path, by_name[parent], values)
    cycle = _cycle(by_name)
    if cycle:
        root.into.add(
            (*space.path, cycle[0], "when"),
            f"goes round in a circle: {' → '.join([*cycle, cycle[0]])}",
        )


def _possible(
    root: Table, path: tuple[str | int, ...], parent: Parameter, values: tuple[Value, ...]
) -> None:
    empty = parent.value is None and not parent.choices and not parent.low < parent.high
    for value in () if empty else values:
        fault = value_fault(parent, value)
        if fault:
            root.into.add(path, f"{show(parent.name)} {fault}")


def _cycle(by_name: Mapping[str, Parameter]) -> list[str]:
    """Return the names on a circle of conditions, or an empty list."""
    done: set[str] = set()
    for start in by_name:
        trail: list[str] = []
        stack = [(start, 0)]
        while stack:
            name, nth = stack.pop()
            parents = [p for p in by_name[name].when if p in by_name and p != name]
            if nth == 0:
                trail.append(name)
            if nth < len(parents):
                stack.append((name, nth + 1))
                if parents[nth] in trail:
                    return trail[trail.index(parents[nth]) :]
                if parents[nth] not in done:
                    stack.append((parents[nth], 0))
            else:
                done.add(trail.pop())
    return []


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
                f"differs from {show(other)} in upper and lower case alone, which a database column cannot tell apart",
            )
