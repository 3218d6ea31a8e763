"""A trial's tags as one text, and back: parted by commas, quoted where one holds a comma."""

import csv
from collections.abc import Iterable


def joined(tags: Iterable[str]) -> str:
    """Return tags as one text: ``keep, "seed 3, again"``."""
    return ", ".join(map(_quoted, tags))


def _quoted(tag: str) -> str:
    return '"' + tag.replace('"', '""') + '"' if any(c in tag for c in ',"\n\r') else tag


def parted(text: str) -> tuple[str, ...]:
    """Return the tags in a text, each once; never raises, whatever it holds."""
    try:
        cells = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:  # longer than any tag
        cells = text.split(",")
    return tuple(dict.fromkeys(cell.strip() for cell in cells if cell.strip()))
