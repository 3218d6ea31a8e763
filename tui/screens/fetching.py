"""A small window while something is looked up on a disk that may take long, or never answer."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from hpo_tui.tui.actions import bindings
from hpo_tui.tui.screens.small_window import Dialog

LONG = 0.3
"""Seconds after which it is said what is waited for: until then nothing is to be seen of it."""

FoundT = TypeVar("FoundT")


class Fetching(Dialog[None]):
    """Says what is waited for; Esc gives it up. Keys typed ahead wait until it is to be seen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog", only=("leave",))]
    KEYS = "Esc  give up"

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.add_class("-unseen")
        self.opening = True

    def parts(self) -> ComposeResult:
        """Yield what may be the reason."""
        text = "This takes long: its disk may be on a network that does not answer."
        yield Static(text, classes="dialog-detail", markup=False)

    def on_mount(self) -> None:
        """Be seen when it takes long."""
        self.set_timer(LONG, self._be_seen)

    def _be_seen(self) -> None:
        self.remove_class("-unseen")
        self.opening = False


def fetch(
    app: App[Any], what: str, work: Callable[[], FoundT], then: Callable[[FoundT], None]
) -> None:
    """Do ``work`` in a thread and call ``then`` with what it returns, unless it is given up.

    The thread is one that the program does not wait for at its end: a disk that does not answer
    would keep the terminal. ``work`` raises nothing.
    """
    window = Fetching(what)

    def arrived(found: FoundT) -> None:
        if window.is_current:  # else it was given up
            window.dismiss()
            then(found)

    def run() -> None:
        found = work()
        with suppress(RuntimeError):  # the app has ended
            app.call_from_thread(arrived, found)

    app.push_screen(window)
    threading.Thread(target=run, daemon=True).start()
