"""The terminal's input: Esc is a key of its own, also where others come in one packet with it."""

import os
import re
import selectors
from codecs import getincrementaldecoder

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_ESC = "\x1b"
_ESC_KEY = "\x1b[27u"
_PASTE = "\x1b[200~"
_LONE = re.compile(r"\x1b(?![\[\]OP_^bf\x08\x7f\x1b]|$)")
"""Esc before what begins no sequence of a terminal: Alt with Backspace, b and f edit a line."""


def separated(data: str) -> str:
    """Return input in which an Esc before another key is spelled as the key that it is.

    ``Esc Enter`` in one packet would be Alt and Enter, which is taken for Enter alone: the answer
    that Esc was pressed not to give.
    """
    return data if _PASTE in data else _LONE.sub(_ESC_KEY, data)


class Terminal(LinuxDriver):
    """Reads keys as Textual does, but for Esc: Textual takes it for Alt whatever follows."""

    def run_input_thread(self) -> None:
        """Wait for input and hand it on until the app is left."""
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")().decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)

            def read(seconds: float) -> str:
                return decode(os.read(self.fileno, 4096)) if selector.select(seconds) else ""

            while not self.exit_event.is_set():
                data = read(0.1)
                if data.endswith(_ESC):  # the rest of a sequence can be on its way
                    rest = read(constants.ESCAPE_DELAY)
                    # The parser would wait for it once more.
                    data = data + rest if rest else data[:-1] + _ESC_KEY
                for event in parser.feed(separated(data)) if data else ():
                    self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
