"""The line in which a filter is written: completed from names, explained when it is wrong."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from hpo_tui.tui import present
from hpo_tui.tui.actions import bindings
from hpo_tui.tui.plain import plain
from hpo_tui.tui.snapshot import Snapshot

EXAMPLE = 'accuracy > .96 and task == "60 epochs" and optimizer == "adam"'


class _Names(Suggester):
    """Proposes the end of the word that is being written."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.names: Sequence[str] = ()

    async def get_suggestion(self, value: str) -> str | None:
        """Return ``value`` with its last word completed, None if nothing fits."""
        from hpo_tui.engine.spec.filter import completions

        start, found = completions(value, len(value), self.names)
        if start == len(value):
            return None
        return next(
            (value[:start] + f for f in found if (value[:start] + f).startswith(value)), None
        )


class FilterBar(Vertical):
    """Hidden until it is opened; every change of a sound expression filters at once.

    A line that is wrong is not taken: Enter says why, Esc goes back to what was held before.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("filter")]

    class Changed(Message):
        """Another expression is to be held."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The line was closed; what it held stays held."""

    def __init__(self) -> None:
        super().__init__()
        self._names = _Names()
        self._proposed: list[str] = []
        self._unfinished = False
        self._before = ""
        """The filter that was held when the line was opened."""
        self._wrong = ""
        """What is wrong with the line as it stands."""

    def compose(self) -> ComposeResult:
        """Lay out the line and what is said about it."""
        line = Input(placeholder=EXAMPLE, suggester=self._names, select_on_focus=False)
        line.cursor_blink = False
        yield line
        yield Static("", markup=False)

    def open(self, snapshot: Snapshot, text: str) -> None:
        """Show the line over the study's names."""
        from hpo_tui.tui.live import filter_names

        self._names.names = filter_names(snapshot)
        self.display = True
        self._before, self._wrong = text, ""
        line = self.query_one(Input)
        with line.prevent(Input.Changed):
            line.value = text
        line.cursor_position = len(text)
        line.focus()
        self._propose(text)

    def close(self) -> None:
        """Hide the line; what it holds stays held, or what was held before if that is wrong."""
        if self._wrong:
            self.post_message(self.Changed(self._before))
        self.display = False
        self.post_message(self.Closed())

    def action_close(self) -> None:
        """Close by key."""
        self.close()

    def action_complete(self) -> None:
        """Take the first proposal."""
        line = self.query_one(Input)
        if self._proposed:
            from hpo_tui.engine.spec.filter import completions

            start, found = completions(line.value, line.cursor_position, self._names.names)
            if found:
                line.value = line.value[:start] + found[0] + line.value[line.cursor_position :]
                line.cursor_position = start + len(found[0])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._propose(event.value)
        self._wrong = ""
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _taken(self, event: Input.Submitted) -> None:
        event.stop()
        if self._wrong:
            self._say(self._wrong, fault=True)
        else:
            self.close()

    def _propose(self, text: str) -> None:
        from hpo_tui.engine.spec.filter import completions

        start, self._proposed = completions(text, len(text), self._names.names)
        self._unfinished = start < len(text)
        self._say("Tab: " + "  ".join(plain(p) for p in self._proposed[:12]), fault=False)

    def fault(self, text: str) -> None:
        """Say what is wrong with the expression; while a word is unfinished, what fits it."""
        self._wrong = text
        if self._proposed and self._unfinished:
            self._say("Tab: " + "  ".join(plain(p) for p in self._proposed[:12]), fault=False)
        else:
            self._say(text, fault=True)

    def hold(self, shown: int, total: int) -> None:
        """Say how many trials the expression holds for."""
        text = f"{present.grouped(shown)} of {present.plural(total, 'trial')}"
        if self._proposed:
            text += "     Tab: " + "  ".join(plain(p) for p in self._proposed[:10])
        self._say(text, fault=False)

    def _say(self, text: str, *, fault: bool) -> None:
        self.set_class(fault, "-fault")
        self.query_one(Static).update(plain(text))
