"""A line of a log as it is drawn: what is searched for told apart, and what has no room marked."""

import re
from functools import cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


@cache
def _sought(needle: str) -> re.Pattern[str]:
    exact = needle != needle.lower()
    return re.compile(re.escape(needle), re.NOFLAG if exact else re.IGNORECASE)


def holds(text: str, needle: str) -> bool:
    """Whether ``text`` holds ``needle``: in any case, where that has no capital."""
    return _sought(needle).search(text) is not None


def drawn(text: str, needle: str, styles: tuple[Style, Style], *, left: int, width: int) -> Strip:
    """Return the ``width`` cells of ``text`` from ``left`` on.

    ``styles``: of the text, and of where it holds ``needle``. An end that is not in sight is marked
    by an ellipsis.
    """
    base, found = styles
    segments, at = [], 0
    for match in _sought(needle).finditer(text) if needle else ():
        segments += [Segment(text[at : match.start()], base), Segment(match[0], found)]
        at = match.end()
    strip = Strip([*segments, Segment(text[at:], base)])
    cells = strip.cell_length
    strip = strip.crop(left, left + width).adjust_cell_length(width, base)
    more = Strip([Segment("…", base)])
    if cells > left + width:
        strip = Strip.join([strip.crop(0, width - 1), more])
    if left and text.strip():
        strip = Strip.join([more, strip.crop(1, width)])
    return strip


def beyond(texts: list[str], left: int, width: int) -> bool:
    """Whether any of the lines goes on to the right of what is in sight."""
    return any(cell_len(text) > left + width for text in texts)
