"""Small windows that ask: yes or no, a line, a text."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from hpo_tui.tui.actions import bindings
from hpo_tui.tui.screens.small_window import Dialog, SmallWindow
from hpo_tui.tui.widgets.line_input import LineInput
from hpo_tui.tui.words.plain import plain


class Confirm(Dialog[bool]):
    """Asks before what is hard to undo: ``y``, or the exact ``name`` typed when one is given.

    A no is no answer.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("confirm")]

    def __init__(self, question: str, detail: str = "", name: str = "") -> None:
        super().__init__(question)
        self._detail = detail
        self._exact = name
        self.KEYS = "Enter  do it      Esc  cancel" if name else "y  yes      n  no"

    def parts(self) -> ComposeResult:
        """Yield what it is about, and the line for the name."""
        if self._detail:
            # What is long is scrolled, so that the line of keys stays in sight.
            with VerticalScroll(classes="dialog-long", can_focus=not self._exact):
                yield Static(self._detail, classes="dialog-detail", markup=False)
        if self._exact:
            yield LineInput(placeholder="type the exact name")

    def action_yes(self) -> None:
        """Agree, where no name is asked for."""
        if not self._exact and not self.in_a_jumble():
            self.dismiss(True)

    def action_no(self) -> None:
        """Do not."""
        self.action_leave()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value == self._exact:
            self.dismiss(True)
        else:
            self.say_below("That is not the name: nothing was done. Esc closes this.")


def count_fault(text: str, most: int) -> str:
    """Return what is wrong with a number of things from 1 to ``most``, empty when nothing is.

    Digits alone do not tell that ``int`` can read a text: ``²`` is one.
    """
    try:
        good = 1 <= int(text) <= most
    except ValueError:
        good = False
    return "" if good else f"Give a whole number from 1 to {most}."


def leave_asking(window: SmallWindow[Any], question: str, detail: str = "") -> None:
    """Leave a window without an answer when ``question`` is agreed to: what was typed is lost."""
    Confirm(question, detail).ask(window.app, lambda _: window.dismiss(None))


class Ask(Dialog[str]):
    """Asks for a line. ``fault`` returns what is wrong with it, empty when nothing is.

    ``slow``: what is said while that takes long. It is then found out in a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog", only=("leave", "take"))]

    def __init__(
        self,
        question: str,
        value: str = "",
        detail: str = "",
        fault: Callable[[str], str] = lambda _: "",
        *,
        slow: str = "",
    ) -> None:
        super().__init__(question)
        self._slow = slow
        self._value = value
        self._detail = detail
        self._fault = fault
        self._refused: str | None = None

    def parts(self) -> ComposeResult:
        """Yield what is to be known, and the field for the answer."""
        if self._detail:
            yield Static(self._detail, classes="dialog-detail", markup=False)
        yield self.field()

    def field(self) -> Widget:
        """Return what the answer is typed into."""
        return LineInput(self._value)

    def answer(self) -> str:
        """Return what is typed."""
        return self.query_one(Input).value

    @on(Input.Submitted)
    def action_take(self) -> None:
        """Answer with what is typed, if nothing is wrong with it."""
        typed = self.answer()
        if self._slow:
            from hpo_tui.tui.screens.fetching import fetch

            judged = partial(self._judged, typed)
            fetch(self.app, self._slow.format(typed), partial(self._fault, typed), judged)
        else:
            self._judged(typed, self._fault(typed))

    def _judged(self, typed: str, fault: str) -> None:
        if fault:
            self._refused = typed
            self.say_below(plain(fault))
        else:
            self.dismiss(typed)

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _corrected(self) -> None:
        """Show the keys again once the text is another one than that with the fault."""
        if self._refused not in (None, self.answer()):
            self._refused = None
            self.say_below(self.KEYS)


class AskText(Ask):
    """Asks for several lines; Ctrl+S takes them. Leaving asks once more where any was changed."""

    KEYS = "F2 or ^s  accept      Esc  cancel"

    def field(self) -> Widget:
        """Return what the text is typed into."""
        return TextArea(self._value, compact=True, tab_behavior="focus")

    def answer(self) -> str:
        """Return the text."""
        return self.query_one(TextArea).text

    def action_leave(self) -> None:
        """Leave without an answer; changed lines are asked about."""
        if self.answer() == self._value:
            super().action_leave()
        else:
            leave_asking(self, "Discard what you typed?")
