"""The studies that lie in folders right below another one, for who looks for them above."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from hpo_tui.store.folder import HOME, StudyFolder, list_studies

_LOOKED_THROUGH = 500
"""Entries of a folder above studies that are looked through: a home on a server has thousands."""


def studies_below(here: Path) -> dict[str, list[StudyFolder]]:
    """Return folder right below ``here`` → its studies, of those that have any, by name.

    What cannot be read is left out, and so is what lies beyond the first hundreds of entries.
    """
    with suppress(OSError):
        names = sorted(path.name for path in islice(here.iterdir(), _LOOKED_THROUGH))
        return dict(_with_studies(here, names))
    return {}


def _with_studies(here: Path, names: list[str]) -> Iterator[tuple[str, list[StudyFolder]]]:
    for name in names:
        with suppress(OSError):
            if found := list_studies(here / name / HOME):
                yield name, found
