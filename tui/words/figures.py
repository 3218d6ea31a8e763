"""Numbers in full, as commands print them and tables that are copied from. Pure.

The screens, which have less room, say them by ``tui.words.fmt``.
"""

import math
from typing import Any

from hpo_tui.engine.numerals import brief, short_exponent
from hpo_tui.tui.words.plain import plain


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with at least four significant digits: 0.9123, 17596, 1.3e-5."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, int) or (abs(value) < 1e7 and value == int(value)):
        return str(int(value))
    if digits == 4 and 1e4 <= abs(value) < 1e7:
        return f"{value:.0f}"
    return brief(value, digits)


def exact(value: float) -> str:
    """Return a number with all the digits that tell it from every other: a goal as it was set."""
    whole = float(value).is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else short_exponent(repr(float(value)))


def shown(value: Any) -> str:
    """Return a parameter's or metric's value for people, with nothing that acts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, int | float) else plain(str(value))
