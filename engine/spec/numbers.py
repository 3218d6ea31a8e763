"""Whether a value of a study file is a number, and what was meant where it is none."""

import math
import re

from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec.names import plain, show

EXACT = 2**53
"""Whole numbers beyond this cannot all be told apart as floats."""
_TOML_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


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
