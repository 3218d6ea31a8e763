"""Names that a script reports in the place of the metrics that a study expects."""

import difflib
import re
from collections.abc import Iterable

from hpo_tui.engine.spec.names import show

_CLOSE = 0.85
"""Likeness from which on a name is taken for a slip of another. ``loss`` is no ``eval_loss``."""


def slip_of(expected: str, names: Iterable[str]) -> str | None:
    """Return which of ``names`` was probably meant by ``expected``, None if none was."""
    letters = {name: _letters(name) for name in names if name != expected}
    own = _letters(expected)
    same = next((name for name, found in letters.items() if found == own), None)
    if same is not None:
        return same
    near = difflib.get_close_matches(own, letters.values(), n=1, cutoff=_CLOSE)
    return next((name for name, found in letters.items() if near and found == near[0]), None)


def by_likeness(expected: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return ``names``, those first that are most like any that was expected."""
    wanted = [_letters(name) for name in expected]

    def unlike(name: str) -> float:
        matches = (difflib.SequenceMatcher(None, _letters(name), w).ratio() for w in wanted)
        return -max(matches, default=0.0)

    return sorted(names, key=unlike)


def remedy(expected: str, slip: str) -> str:
    """Return what to write where a script's name for a metric is another than the study's."""
    line = f"rename = {{ {show(slip)} = {show(expected)} }}"
    return f"if {show(slip)} is meant, write {line} under [[metrics]] in the study's file"


def _letters(name: str) -> str:
    """Return the letters and digits of a name alone: ``eval/loss`` as ``evalloss``."""
    return re.sub(r"[\W_]+", "", name.casefold()[:200])
