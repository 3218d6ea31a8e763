"""Names that a script reports in the place of the metrics that a study expects."""

import difflib
import re
from collections.abc import Iterable

_CLOSE = 0.85
"""Likeness from which on a name is taken for a slip of another. ``loss`` is no ``eval_loss``."""

_LEAST = 3
"""Letters of a word that is taken for the beginning of another."""


def slip_of(expected: str, names: Iterable[str]) -> str | None:
    """Return which of ``names`` was probably meant by ``expected``, None if none was."""
    letters = {name: _letters(name) for name in names if name != expected}
    own = _letters(expected)
    same = next((name for name, found in letters.items() if found == own), None)
    if same is not None:
        return same
    near = difflib.get_close_matches(own, letters.values(), n=1, cutoff=_CLOSE)
    close = (name for name, found in letters.items() if near and found == near[0])
    short = (name for name in letters if _abbreviates(name, expected))
    return next(close, None) or next(short, None)


def _abbreviates(one: str, two: str) -> bool:
    """Whether one of two names is the other with words cut short: ``val_acc``, ``val/accuracy``."""
    ours, theirs = (re.findall(r"[^\W_]+", name.casefold()[:200]) for name in (one, two))
    return len(ours) == len(theirs) and all(
        a == b or (min(len(a), len(b)) >= _LEAST and (a.startswith(b) or b.startswith(a)))
        for a, b in zip(ours, theirs, strict=True)
    )


def by_likeness(expected: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return ``names``, those first that are most like any that was expected."""
    wanted = [_letters(name) for name in expected]

    def unlike(name: str) -> float:
        matches = (difflib.SequenceMatcher(None, _letters(name), w).ratio() for w in wanted)
        return -max(matches, default=0.0)

    return sorted(names, key=unlike)


def _letters(name: str) -> str:
    """Return the letters and digits of a name alone: ``eval/loss`` as ``evalloss``."""
    return re.sub(r"[\W_]+", "", name.casefold()[:200])
