"""One thing that ``hpo-tui doctor`` has looked at, with a level and a sentence."""

from dataclasses import dataclass

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``level``: ``ok``, ``note`` (nothing to do), ``warn`` or ``bad``."""

    level: str
    what: str
    text: str
