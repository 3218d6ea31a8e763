"""The terminal: what it sends and is sent, its size, and how it is taken and given back."""

import asyncio
import os
import re
import selectors
import signal
import sys
import time
from codecs import getincrementaldecoder
from typing import Any

from textual import constants
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from hpo_tui.tui import background
from hpo_tui.tui.arrivals import QUESTION, Arrivals
from hpo_tui.tui.background import Background
from hpo_tui.tui.changed_cells import ChangedCells
from hpo_tui.tui.messages import Arrived, BackgroundKnown
from hpo_tui.tui.outgoing import Outgoing
from hpo_tui.tui.pastes import Pastes, mark_jumbles
from hpo_tui.tui.words.plain import plain

_KEEP_TITLE, _GIVE_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"
"""Put the window's title on the terminal's stack of them, and take it from there again."""
_PUT_RIGHT = "\x1b[?1049h\x0f\x1b(B\x1b[?6l\x1b[r\x1b[m\x1b[?25l\x1b[?1004h\x1b[?7l\x1b[2J"
"""The screen that is ours, its letters and margins, no cursor, notice of the focus, no wrapping."""
_BEGUN = re.compile(r"\x1b(\[(0|20{0,2})?)?$")
"""What may go on as a sequence: an answer, or the beginning of a paste."""
_PARTS = (
    XTermParser.feed, XTermParser.tick, LinuxDriver.process_message,
    LinuxDriver._get_terminal_size, LinuxDriver._enable_mouse_support,
    LinuxDriver._enable_bracketed_paste,
)  # fmt: skip
"""Parts of Textual that are not public, without which this module cannot be imported.

Textual's own driver does then. What its drivers only set in themselves is done without here.
"""
_GOODBYE_SECONDS = 2.0
"""How long leaving waits for the terminal to take what is written, and for its last answer."""


class Terminal(LinuxDriver):
    """Reads keys as Textual does, but for Esc: Textual takes it for Alt whatever follows.

    And where the terminal is no more it ends, where Textual would ask it for keys without a pause.
    It draws on the terminal wherever errors go, in the size that the terminal has.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._shows = app
        self._title = ""
        self._arrivals = Arrivals()
        self._background = Background()
        self._changed_cells = ChangedCells()
        self._outgoing: Outgoing | None = None
        self.stands_still = False
        """Whether the terminal has not even taken how it is to be left."""
        self._asks = False
        self._leave_by: float | None = None
        # Textual draws on stderr: `2>errors.log` would leave the window black.
        if sys.__stdout__ is not None and not (sys.__stderr__ and sys.__stderr__.isatty()):
            self._file = sys.__stdout__
        # The first picture may be drawn before Textual asks.
        self._size = getattr(self, "_size", None) or self._get_terminal_size()
        self.resized(self._size)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return columns and lines of the terminal itself.

        COLUMNS and LINES, which `resize` and some shells export, stay as they were when the window
        is made smaller.
        """
        try:
            columns, lines = os.get_terminal_size(self.fileno)
        except OSError:
            columns = lines = 0
        if columns > 0 and lines > 0:
            return columns, lines
        return super()._get_terminal_size()

    def start_application_mode(self) -> None:
        """Take the terminal; who ends this process by SIGTERM gets it back as it was."""
        self._arrivals.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        writer, file = getattr(self, "_writer_thread", None), getattr(self, "_file", None)
        if writer is not None and file is not None:
            writer.stop()
            self._writer_thread = self._outgoing = Outgoing(file)
            self._outgoing.start()
        self._leave_by = None
        self.write(_KEEP_TITLE)
        title, self._title = self._title, ""
        self.entitle(title)  # back from the shell
        self._asks = True  # not before: the terminal would show its answer
        if self.input_tty and getattr(self._shows, "follows_background", False):
            self._ask_background()
        self.flush()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._leave)

    def _ask_background(self) -> None:
        """Ask for the colour of the background, the first time.

        What is asked after it is answered after it, so that leaving waits for this answer too.
        """
        if self._background.ask():
            self.write(background.QUESTION)

    def stop_application_mode(self) -> None:
        """Give the terminal back, with the title that its window had."""
        if self._outgoing is not None:
            self._outgoing.begin_last_words()
        self.write(_GIVE_TITLE_BACK)
        super().stop_application_mode()

    def entitle(self, title: str) -> None:
        """Have the window show a title (OSC 2); tmux and screen show it where they list windows."""
        if title and title != self._title:
            self._title = title
            self.write(f"\x1b]2;{plain(title)}\x07")

    # how far the terminal has come

    @property
    def late(self) -> bool:
        """Whether the terminal has not read yet what was drawn a while ago."""
        behind = self._outgoing is not None and self._outgoing.behind
        return behind or self._arrivals.late

    @property
    def full(self) -> bool:
        """Whether the line has enough to carry, so that the next frame is to wait."""
        return self._arrivals.full

    def write(self, data: str) -> None:
        """Write to the terminal what it does not show already."""
        data = self._changed_cells.spare(data)
        if data:
            self._arrivals.wrote(len(data.encode(errors="replace")))
            super().write(data)

    def resized(self, size: tuple[int, int]) -> None:
        """Take in another size, in which all is drawn anew: columns and lines."""
        self._changed_cells.forget(size)

    def put_right(self) -> None:
        """Clear the window, and undo what other programs may have had the terminal do."""
        self.write(_PUT_RIGHT)
        self._enable_mouse_support()
        self._enable_bracketed_paste()

    def flush(self) -> None:
        """Ask the terminal to answer when it has read what was written."""
        super().flush()
        if self._asks and self.input_tty and self._arrivals.ask():
            super().write(QUESTION)

    def disable_input(self) -> None:
        """Read no more keys, once the last answer has come."""
        self._asks = False
        self._arrivals.wait(self._seconds_left())
        super().disable_input()

    def close(self) -> None:
        """Write what is left to write, but drop it where the line stands still."""
        if self._outgoing is not None:
            self.stands_still = not self._outgoing.finish(self._seconds_left())
            self._outgoing = None

    def _seconds_left(self) -> float:
        """Return how long the terminal may still keep us from leaving it."""
        now = time.monotonic()
        self._leave_by = self._leave_by or now + _GOODBYE_SECONDS
        return self._leave_by - now

    def _heard(self, data: str) -> str:
        """Return what was typed; where the terminal has answered, let the app draw what waited."""
        typed, answered = self._arrivals.read(data)
        if answered:
            self.flush()
            self.send_message(Arrived())
        typed, light = self._background.read(typed)
        if light is not None:
            self.send_message(BackgroundKnown(light))
        return typed

    def _leave(self) -> None:
        """Leave as with a key; where that takes too long, a second SIGTERM needs no answer."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        self._shows.exit(return_code=128 + signal.SIGTERM)

    def run_input_thread(self) -> None:
        """Wait for input and hand it on until the app is left."""
        parser, pastes = XTermParser(getattr(self, "_debug", False)), Pastes()
        # A terminal may send what is no UTF-8, as of a paste: the app cannot end at that.
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)

            def read(seconds: float) -> str:
                return decode(_read(self.fileno)) if selector.select(seconds) else ""

            while not self.exit_event.is_set():
                data = read(0.1)
                if _BEGUN.search(data):  # the rest can be on its way
                    data += read(constants.ESCAPE_DELAY)
                typed = pastes.read(self._heard(data))
                found = list(parser.feed(typed)) if typed else []
                mark_jumbles(found)
                for event in found:
                    self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)


def _read(terminal: int) -> bytes:
    """Return what a terminal sends; one that is no more ends this process.

    As SIGHUP would, which the first process of a session alone gets when its line is lost: below a
    ``make`` that waits for us nobody hands it on. Nothing can be asked, shown or written there any
    more, and what runs goes on.
    """
    try:
        data = os.read(terminal, 4096)
    except OSError:
        data = b""
    if not data:
        os._exit(128 + signal.SIGHUP)
    return data
