"""Whether a value is a number, whether it suits a parameter, its native form; what was meant."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec.names import did_you_mean, listing, plain, show, text_fault
from hpo_tui.engine.spec.parts import Parameter, ParameterKind, Value

EXACT = 2**53
"""Whole numbers beyond this cannot all be told apart as floats."""
_TOML_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_NEAR = 1e-9
"""Relative rounding that is forgiven where a value should lie on a step or a bound."""


def number_fault(value: object) -> str | None:
    """Return why ``value`` is not a finite number, or None if it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a number, found {show(value)}{meant_number(value)}"
    try:
        finite = math.isfinite(float(value))
    except OverflowError:
        finite = False
    return None if finite else f"must be a finite number, found {show(value)}"


def meant_number(value: object) -> str:
    """Return what to write for a text that is a number to people, empty for any other value."""
    text = plain(value.strip()) if isinstance(value, str) else ""
    if _numeric(text):
        bare = text if _TOML_NUMBER.fullmatch(text) else show(float(text))
        return f"; write it without quotes: {bare}"
    if text.count(",") == 1 and _numeric(text.replace(",", ".")):
        return f"; write {text.replace(',', '.')}"
    if text.endswith("%") and _numeric(text[:-1]):
        return f"; write {brief(float(text[:-1]) / 100, 12)}"
    top, slash, below = text.partition("/")
    if slash and _numeric(top) and _numeric(below) and float(below):
        return f"; write {brief(float(top) / float(below))}"
    return ""


def whole_fault(value: object) -> str | None:
    """Return why ``value`` is not a whole number that floats can hold, or None if it is."""
    fault = number_fault(value)
    if fault:
        return fault.replace("a number", "a whole number", 1)
    assert isinstance(value, int | float)
    if value != int(value):
        return f"must be a whole number, found {show(value)}"
    return None if abs(value) <= EXACT else f"must be between -2^53 and 2^53, found {show(value)}"


def _numeric(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


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


def value_fault(parameter: Parameter, value: object) -> str | None:
    """Return why ``value`` is not one of ``parameter``'s values, or None if it is."""
    if not parameter.numeric:
        options = (parameter.value,) if parameter.kind is ParameterKind.FIXED else parameter.choices
        if value in options:
            return None
        guess = (
            did_you_mean(value, [o for o in options if isinstance(o, str)])
            if isinstance(value, str)
            else ""
        )
        return f"must be one of {listing(options)}, found {show(value)}{guess}"
    whole = parameter.kind is ParameterKind.INT
    fault = whole_fault(value) if whole else number_fault(value)
    if fault:
        return fault
    assert isinstance(value, int | float)
    slack = _NEAR * max(abs(parameter.low), abs(parameter.high)) * (not whole)
    if not parameter.low - slack <= value <= parameter.high + slack:
        return (
            f"must be from {bound(parameter, parameter.low)} to "
            f"{bound(parameter, parameter.high)}, found {show(value)}"
        )
    if parameter.step and not on_step(parameter, float(value)):
        low, step = bound(parameter, parameter.low), bound(parameter, parameter.step)
        return f"must be {low} plus a multiple of the step {step}, found {show(value)}"
    return None


def native(parameter: Parameter, value: Value) -> Value:
    """Return a value as the parameter's own type: the choice that it equals, an int, a float.

    A value that the parameter does not have is returned as near to its type as it can be.
    """
    if parameter.kind is ParameterKind.FIXED:
        return (
            parameter.value if parameter.value is not None and parameter.value == value else value
        )
    if not parameter.numeric:
        return next((choice for choice in parameter.choices if choice == value), value)
    if isinstance(value, str):
        return value
    if parameter.kind is ParameterKind.INT:
        return int(value) if math.isfinite(value) and value == int(value) else value
    return float(value)


def on_step(parameter: Parameter, value: float) -> bool:
    """Whether a value lies a whole number of steps from ``low`` (up to rounding)."""
    if not parameter.step:
        return True
    steps = (value - parameter.low) / parameter.step
    return abs(steps - round(steps)) <= 1e-6


def bound(parameter: Parameter, value: float) -> str:
    """Return a bound or step as it is written in the study file."""
    return (
        show(int(value))
        if parameter.kind is ParameterKind.INT and value == int(value)
        else show(value)
    )


def in_order(choices: Sequence[object]) -> bool:
    """Whether choices are two numbers or more that rise, or fall, from each to the next."""
    numbers = [c for c in choices if isinstance(c, int | float) and not isinstance(c, bool)]
    if len(numbers) < max(len(choices), 2):
        return False
    rising = all(a < b for a, b in pairwise(numbers))
    return rising or all(a > b for a, b in pairwise(numbers))
