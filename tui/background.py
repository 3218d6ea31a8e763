"""Whether the terminal's background is light: what COLORFGBG says, then the terminal itself.

It is asked (OSC 11) and nothing waits for the answer, which some terminals never give, and which a
slow line delivers late and in pieces.
"""

import os
import re
from collections.abc import Mapping

QUESTION = "\x1b]11;?\x07"
"""Which colour has your background: xterm asks so, and nearly all understand it by now."""
_ANSWER = re.compile(r"\x1b\]11;([^\x07\x1b]*)(\x07|\x1b\\)")
_PART = re.compile(r"\x1b\](1(1(;[^\x07\x1b]{0,60}\x1b?)?)?)?$")
_COLOUR = re.compile(r"rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})", re.IGNORECASE)
_WEIGHTS = (0.299, 0.587, 0.114)
"""How bright red, green and blue look (ITU-R BT.601)."""
_DARK_COLOURS = (*range(7), 8)
"""Numbers of those of the 16 colours on which light text is read."""


def said_light(environment: Mapping[str, str] = os.environ) -> bool | None:
    """Return whether COLORFGBG (``15;0``, ``0;default;15``) names a light background, if it does.

    Only some terminals set it, and one that tmux was started in may have been another.
    """
    number = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not (number.isascii() and number.isdigit()) or int(number) > 15:
        return None
    return int(number) not in _DARK_COLOURS


def is_light(answer: str) -> bool | None:
    """Return whether the colour that a terminal has named is light, None if that is none."""
    colour = _COLOUR.match(answer)
    if colour is None:
        return None
    parts = [int(digits, 16) / (16.0 ** len(digits) - 1.0) for digits in colour.groups()]
    return sum(weight * part for weight, part in zip(_WEIGHTS, parts, strict=True)) > 0.5


class Background:
    """Takes the answer out of what the terminal sends, however it comes in pieces."""

    def __init__(self) -> None:
        self._asked = self._waits = False
        self._held = ""
        self._escape = False
        """Whether an Esc came last, which can have been the beginning of the answer."""

    def ask(self) -> bool:
        """Whether the question is to be written now, which is then taken for done: once."""
        if self._asked:
            return False
        self._asked = self._waits = True
        return True

    def read(self, data: str) -> tuple[str, bool | None]:
        """Return what has come without the answer, and whether the background is light by it.

        The beginning of an answer at the end is held back: its letters would be keys.
        """
        if not self._asked or not data:
            return data, None
        if self._escape and data.startswith("]11;"):
            data = "\x1b" + data
        data, self._held = self._held + data, ""
        self._escape = data.endswith("\x1b")
        if answer := _ANSWER.search(data):
            self._waits = False
            return _ANSWER.sub("", data), is_light(answer.group(1))
        if self._waits and (part := _PART.search(data)):
            self._held, data = part.group(), data[: part.start()]
        return data, None
