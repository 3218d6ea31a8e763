"""Why a study has paused itself, in as many words as there is room for. Pure."""

import re
from collections.abc import Sequence

from hpo_tui.engine.answers import PAUSED_BY_YOU
from hpo_tui.tui.words.plain import plain, wrapped

_SAID = "  "
"""What each line of a trial's output begins with, in what the engine says of it."""
_ENDS = re.compile(r": | \(|; |, |\. |$")
"""Where the first clause of a reason ends, which says what has happened."""
_PARAMETERS = re.compile(r"( trial \d+) with .*\. It ended with:$", re.MULTILINE | re.DOTALL)


def in_few_words(reason: str) -> str:
    """Return the beginning of why a study is paused: ``the disk is full``, ``by you``."""
    first = plain((reason.splitlines() or [""])[0])
    found = _ENDS.search(first)
    return "by you" if reason == PAUSED_BY_YOU else first[: found.start() if found else None]


def in_short(reason: str) -> list[str]:
    """Return ways to say ``reason``, the longest first; what to do comes last in each of them.

    The second has of a trial's output the last line, which names the error. The third says of the
    trial its number, by which its values are found.
    """
    lines = reason.splitlines()
    said = [n for n, line in enumerate(lines) if line.startswith(_SAID)]
    of_error = "\n".join(line for n, line in enumerate(lines) if n not in said[:-1])
    return [reason, of_error, _PARAMETERS.sub(r"\1, which ended with:", of_error)]


def fitting(ways: Sequence[str], width: int, height: int) -> list[str]:
    """Return the first of ``ways`` that fits, in lines; the last if none does."""
    found = (wrapped(text, width) for text in ways)
    return next((lines for lines in found if len(lines) <= height), wrapped(ways[-1], width))
