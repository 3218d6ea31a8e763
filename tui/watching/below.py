"""The studies in the folders below, for the list where there is none here."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.store.below import studies_below
from hpo_tui.store.folder import HOME, working_folder

SECONDS = 20.0
"""Between two looks: there may be hundreds of folders, on a slow disk."""


@dataclass(frozen=True, slots=True)
class Below:
    """A ``.hpo`` folder in a folder right below, and the names of its studies."""

    home: Path
    studies: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the folder that it is in."""
        return self.home.parent.name


class LookBelow:
    """Looks for studies below where there are none; for one thread."""

    def __init__(self) -> None:
        self._next = -math.inf
        self._home: Path | None = None
        self._found: tuple[Below, ...] = ()

    def read(self, home: Path | None) -> tuple[Below, ...]:
        """Return the folders right below that have studies: now and then they are looked for anew.

        ``home``: the ``.hpo`` folder without studies, None where there is none. Raises OSError.
        """
        if time.monotonic() < self._next and home == self._home:
            return self._found
        here = working_folder()
        if home is not None and home.parent not in (here, *here.parents):
            here = home.parent
        self._found = tuple(
            Below(here / name / HOME, tuple(f.name for f in found))
            for name, found in studies_below(here).items()
        )
        self._home, self._next = home, time.monotonic() + SECONDS
        return self._found
