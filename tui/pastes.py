"""What a terminal sends is typed or pasted: Esc is a key of its own, and a paste is no keys."""

import re
import time
from collections.abc import Callable, Sequence

from textual.events import Key
from textual.message import Message

from hpo_tui.tui.words.plain import pasted

_ESC_KEY = "\x1b[27u"
_PASTE, _PASTE_END = "\x1b[200~", "\x1b[201~"
_TYPED_AT_MOST, _VARIED = 100, 10
"""From so many characters at once, so many of them different, nobody has typed them: not even ahead
on a slow line, and no key was held."""
_PASTE_SECONDS = 0.25
_JUMBLE = 5
"""Different keys at once from which on they may be those of a text that was pasted: who types ahead
on a slow line moves about with few."""
_ENDS = ("enter", "escape", "slash", "colon")
"""Keys after which others may be meant for what these open or close."""
_LONE = re.compile(r"\x1b(?![\[\]OP_^bf\x08\x7f\x1b])")
"""Esc before what begins no sequence of a terminal: Alt with Backspace, b and f edit a line."""


def separated(data: str) -> str:
    """Return input in which an Esc before another key is spelled as the key that it is.

    ``Esc Enter`` in one packet would be Alt and Enter, which is taken for Enter alone: the answer
    that Esc was pressed not to give.
    """
    return _LONE.sub(_ESC_KEY, data)


class Pastes:
    """Tells what is pasted from what is typed; a paste is handed on when all of it has come.

    Escape sequences in it, as of a coloured log, are dropped: at the first one Textual would go on
    with keys, and a letter of the text would be the key that stops the study.

    Some terminals do not mark what is pasted (the Linux console). There, what is too much at once
    to have been typed is taken for a paste.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held = ""
        """A paste, from its beginning on, whose end has not come yet."""
        self._goes_on_until = 0.0
        """Until when what comes is still of a paste that is not marked."""

    def read(self, data: str) -> str:
        """Return what has come, with the keys in it told apart."""
        data, self._held = self._held + data, ""
        done = []
        while data:
            keys, begin, rest = data.partition(_PASTE)
            done.append(self._typed(keys))
            text, end, data = rest.partition(_PASTE_END)
            if begin and not end:
                self._held = begin + text
            elif begin:
                done.append(begin + pasted(text) + end)
        return "".join(done)

    def _typed(self, keys: str) -> str:
        """Return keys told apart; a paste that is not marked with marks."""
        text = pasted(keys)
        now = self._clock()
        much = len(text) >= _TYPED_AT_MOST and len(set(text)) >= _VARIED
        if not (much or (text and now < self._goes_on_until)):
            return separated(keys)
        self._goes_on_until = now + _PASTE_SECONDS
        return _PASTE + text + _PASTE_END


def mark_jumbles(found: Sequence[Message]) -> None:
    """Mark keys that came at once and may be a pasted text, too short to be taken for one.

    A key that acts at once, or agrees to something, then has to be pressed again; all others do as
    ever, so that texts can be typed ahead, into a filter too. An Enter that ends a jumble is of it.
    """
    run: list[Key] = []
    for event in found:
        typed = isinstance(event, Key) and event.is_printable and event.key not in _ENDS
        if isinstance(event, Key) and (typed or event.key == "enter"):
            run.append(event)
        if not typed:
            _mark(run)
            run = []
    _mark(run)


def _mark(run: Sequence[Key]) -> None:
    if len({key.key for key in run} - {"enter"}) >= _JUMBLE:
        for key in run:
            setattr(key, _MARK, True)


_MARK = "of_a_jumble"


def of_a_jumble(event: object) -> bool:
    """Whether a key may be one of a text that was pasted."""
    return getattr(event, _MARK, False)
