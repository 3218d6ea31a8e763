"""Numbers as people write them, for messages and files. Light: every command imports it."""

import re

_EXPONENT = re.compile(r"e([+-])0*(\d)")


def brief(value: float, digits: int = 6) -> str:
    """Return a number in so many significant digits at most: ``0.25``, ``1.3e-5``."""
    return short_exponent(f"{value:.{digits}g}")


def short_exponent(number: str) -> str:
    """Return a number that Python has written as people write it: ``1e-5``, not ``1e-05``."""
    return _EXPONENT.sub(lambda m: f"e{m[1].replace('+', '')}{m[2]}", number)
