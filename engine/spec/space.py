"""Configurations: drawing them, checking them, and putting them on the unit cube and back."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence

from hpo_tui.engine.spec.expressions.relations import Constraint, compile_constraint, kinds_of
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.names import did_you_mean, listing, show
from hpo_tui.engine.spec.parts import Parameter, ParameterKind, Params, Value
from hpo_tui.engine.spec.values import native, scalar_fault, value_fault

_TRIES = 10_000
_LEAST_LOG = 1e-9


class InfeasibleError(ValueError):
    """No configuration that satisfies the constraints was found."""


def active_order(space: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Return the parameters with every parent before its children, otherwise in their order."""
    placed: dict[str, Parameter] = {}
    pending = list(space)
    while pending:
        later = []
        for parameter in pending:
            if all(parent in placed for parent in parameter.when):
                placed[parameter.name] = parameter
            else:
                later.append(parameter)
        if len(later) == len(pending):
            raise ValueError("conditions depend on each other in a circle, or name no parameter")
        pending = later
    return tuple(placed.values())


def compiled_constraints(spec: StudySpec) -> tuple[Constraint, ...]:
    """Return the study's relations between parameters, ready to be asked."""
    kinds, choices = kinds_of(spec.space)
    return tuple(compile_constraint(text, kinds, choices) for text in spec.constraints)


def value_count(parameter: Parameter) -> float:
    """Return how many values a parameter can take; infinity for a float without a step."""
    if not parameter.numeric:
        return max(1, len(parameter.choices))
    step = parameter.step or (1.0 if parameter.kind is ParameterKind.INT else None)
    return math.inf if step is None else round((parameter.high - parameter.low) / step) + 1


def logarithmic(parameter: Parameter) -> bool:
    """Whether values lie by their logarithms: as asked for, where these tell the ends apart."""
    if not parameter.log:
        return False
    low, high = _log_ends(parameter)
    return high - low > _LEAST_LOG


def from_unit(parameter: Parameter, unit: float) -> Value:
    """Return the value at ``unit`` in [0, 1]; choices and steps get equal parts of it."""
    unit = min(1.0, max(0.0, unit))
    if parameter.kind is ParameterKind.FIXED:
        return parameter.value if parameter.value is not None else 0.0
    count = value_count(parameter)
    if not parameter.numeric:
        return parameter.choices[min(int(unit * count), len(parameter.choices) - 1)]
    if logarithmic(parameter):
        low, high = _log_ends(parameter)
        value = math.exp(low + unit * (high - low))
        if parameter.kind is ParameterKind.INT:
            value = round(value)
        return native(parameter, min(parameter.high, max(parameter.low, value)))
    if math.isinf(count):
        value = parameter.low + unit * (parameter.high - parameter.low)
        return min(parameter.high, max(parameter.low, value))
    return _nth(parameter, min(int(unit * count), int(count) - 1))


def draw(parameter: Parameter, rng: random.Random) -> Value:
    """Return a value at random: uniform over the range (its logarithm for a log parameter)."""
    return from_unit(parameter, rng.random())


def sample(
    space: Sequence[Parameter], constraints: Iterable[Constraint], rng: random.Random
) -> Params:
    """Return a configuration at random that satisfies the constraints, in the space's order.

    Raises :class:`InfeasibleError` when 10 000 draws hold none.
    """
    order, relations = active_order(space), tuple(constraints)
    broken: Constraint | None = None
    for _ in range(_TRIES):
        drawn: Params = {}
        for parameter in order:
            if parameter.active(drawn):
                drawn[parameter.name] = draw(parameter, rng)
        broken = next((c for c in relations if not c.holds(drawn)), None)
        if broken is None:
            return {p.name: drawn[p.name] for p in space if p.name in drawn}
    raise InfeasibleError(
        f"none of {_TRIES} random configurations satisfies the constraints together; "
        f"the last one broke {show(broken.text if broken else '')}: widen the ranges, "
        "or relax the constraints"
    )


def coerce(spec: StudySpec, params: Mapping[str, object]) -> Params:
    """Return a configuration with native types, in the space's order, without inactive parts.

    Databases and JSON give 1 for true and 16.0 for 16: a choice is found by equality, an int made
    whole. Fixed parameters are filled in, and the default of one that was added later. Values that
    do not fit are kept, for :func:`validate_params` to name.
    """
    known: Params = {}
    for parameter in active_order(spec.space):
        if not parameter.active(known):
            continue
        value = params.get(parameter.name, parameter.default)
        if parameter.kind is ParameterKind.FIXED and parameter.value is not None:
            known[parameter.name] = parameter.value
        elif isinstance(value, bool | int | float | str):
            known[parameter.name] = native(parameter, value)
    return {p.name: known[p.name] for p in spec.space if p.name in known}


def validate_params(spec: StudySpec, params: Mapping[str, object]) -> list[str]:
    """Return a sentence for everything that is wrong with a complete configuration."""
    by_name = {p.name: p for p in spec.space}
    found = _unknown(by_name, params)
    native_params = coerce(spec, params)
    for parameter in spec.space:
        active = parameter.active(native_params)
        if parameter.name not in params:
            known = parameter.kind is ParameterKind.FIXED or parameter.default is not None
            if active and not known:
                found.append(f"{show(parameter.name)} is missing")
            continue
        value = params[parameter.name]
        fault = scalar_fault(value) or value_fault(parameter, value)
        if not active:
            parents = ", ".join(_standing(by_name, native_params, p) for p in parameter.when)
            found.append(f"{show(parameter.name)} is inactive here ({parents}): leave it out")
        elif fault:
            found.append(f"{show(parameter.name)} {fault}")
    return found or _broken(spec, native_params)


def partial_faults(spec: StudySpec, params: Mapping[str, object]) -> list[str]:
    """Return a sentence for everything that is wrong with values that are to be completed."""
    by_name = {p.name: p for p in spec.space}
    found = _unknown(by_name, params)
    known: Params = {p.name: p.value for p in spec.space if p.value is not None}
    for name, value in params.items():
        fault = scalar_fault(value) or (name in by_name and value_fault(by_name[name], value))
        if fault:
            found.append(f"{show(name)} {fault}")
        elif name in by_name and isinstance(value, bool | int | float | str):
            known[name] = native(by_name[name], value)
    for name in params:
        when = by_name[name].when.items() if name in by_name else ()
        wrong = [f"{p} = {show(known[p])}" for p, allowed in when
                 if p in known and known[p] not in allowed]  # fmt: skip
        if wrong:
            found.append(f"{show(name)} is inactive here ({', '.join(wrong)}): leave it out")
    return found or _broken(spec, known)


def _unknown(by_name: Mapping[str, Parameter], params: Mapping[str, object]) -> list[str]:
    found = []
    for name in params:
        if name not in by_name:
            guess = did_you_mean(str(name), by_name) or f"; there are {listing(by_name)}"
            found.append(f"{show(str(name))} is no parameter{guess}")
    return found


def _broken(spec: StudySpec, params: Params) -> list[str]:
    relations = compiled_constraints(spec)
    return [f"breaks the constraint {c.text}" for c in relations if not c.holds(params)]


def _standing(by_name: Mapping[str, Parameter], params: Params, name: str) -> str:
    """Return what a parent is in a configuration, in words."""
    if name in params:
        return f"{name} = {show(params[name])}"
    active = name in by_name and by_name[name].active(params)
    return f"{name} is {'missing' if active else 'inactive'}"


def _nth(parameter: Parameter, nth: int) -> Value:
    """Return the value ``nth`` steps from ``low``, free of the rounding of repeated addition."""
    value = parameter.low + nth * (parameter.step or 1)
    if parameter.kind is ParameterKind.INT:
        return int(value)
    return min(parameter.high, float(f"{value:.12g}"))


def _log_ends(parameter: Parameter) -> tuple[float, float]:
    """Return the logarithms of the ends; whole numbers own half a unit to either side."""
    half = 0.5 if parameter.kind is ParameterKind.INT else 0.0
    return math.log(parameter.low - half), math.log(parameter.high + half)
