"""The line in which a filter is written: completed as it is typed, explained when it is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from hpo_tui.store.models import Value
from hpo_tui.tui.actions import bindings
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.line_input import LineInput
from hpo_tui.tui.words import present
from hpo_tui.tui.words.plain import plain

EXAMPLE = 'accuracy > .96 and task == "60 epochs" and optimizer == "adam"'


class _Names(Suggester):
    """Proposes the end of the word that is being written."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.names: Sequence[str] = ()
        self.choices: Mapping[str, Sequence[Value]] = {}

    def fitting(self, line: str, cursor: int) -> tuple[int, list[str]]:
        """Return where the word at ``cursor`` starts, and what it could be completed to."""
        from hpo_tui.engine.spec.expressions.filter_completion import completions

        return completions(line, cursor, self.names, self.choices)

    async def get_suggestion(self, value: str) -> str | None:
        """Return ``value`` with its last word completed, None if nothing fits."""
        start, found = self.fitting(value, len(value))
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

    @dataclass
    class Changed(Message):
        """Another expression is to be held."""

        text: str

    class Closed(Message):
        """The line was closed; what it held stays held."""

    def __init__(self) -> None:
        super().__init__()
        self._names = _Names()
        self._proposed: list[str] = []
        self._unfinished = False
        self._before = ""
        """The filter that was held when the line was opened."""
        self._judged = ""
        """The line that the last verdict is about; keys can come faster than verdicts."""
        self._wrong = ""
        """What is wrong with that line."""
        self._taking = self._leaving = False
        """Enter, or Esc, waits for the verdict on the line as it stands."""

    def compose(self) -> ComposeResult:
        """Lay out the line and what is said about it."""
        yield LineInput(placeholder=EXAMPLE, suggester=self._names, select_on_focus=False)
        yield Static("", markup=False)

    def open(self, snapshot: Snapshot, text: str) -> None:
        """Show the line over the study's names."""
        from hpo_tui.tui.tables.filters import filter_choices, filter_names

        self._names.names = filter_names(snapshot)
        self._names.choices = filter_choices(snapshot)
        self.display = True
        self._before = self._judged = text
        self._wrong, self._taking, self._leaving = "", False, False
        line = self.query_one(Input)
        with line.prevent(Input.Changed):
            line.value = text
        line.cursor_position = len(text)
        line.can_focus = True
        line.focus()
        self._propose(text)

    def close(self) -> None:
        """Hide the line; what it holds stays held, or what was held before if that is wrong."""
        if self._judged != self.query_one(Input).value:
            self._leaving = True
            return
        if self._wrong:
            self.post_message(self.Changed(self._before))
        self.display = False
        # A screen without panes gives the focus to what can have it, when a window over it closes.
        self.query_one(Input).can_focus = False
        self.post_message(self.Closed())

    def action_close(self) -> None:
        """Close by key, after what was typed before it: a key of a binding comes first."""
        self.query_one(Input).call_later(self.close)

    def action_complete(self) -> None:
        """Take the first proposal."""
        line = self.query_one(Input)
        if self._proposed:
            start, found = self._names.fitting(line.value, line.cursor_position)
            if found:
                line.value = line.value[:start] + found[0] + line.value[line.cursor_position :]
                line.cursor_position = start + len(found[0])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._taking = False
        self._propose(event.value)
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _taken(self, event: Input.Submitted) -> None:
        event.stop()
        if self._judged != event.value:
            self._taking = True
        elif self._wrong:
            self._say(self._wrong, fault=True)
        else:
            self.close()

    def _propose(self, text: str) -> None:
        start, self._proposed = self._names.fitting(text, len(text))
        values = bool(self._proposed) and self._proposed[0].startswith('"')
        self._unfinished = start < len(text) or values
        self._say(self._proposals(), fault=False)

    def _proposals(self, most: int = 12) -> str:
        return "Tab: " + "  ".join(self._proposed[:most])

    def fault(self, line: str, why: str) -> None:
        """Say what is wrong with ``line``; while a word is unfinished, what fits it."""
        if not self._judge(line, why):
            return
        if self._proposed and self._unfinished and not self._taking:
            self._say(self._proposals(), fault=False)
        else:
            self._say(why, fault=True)
        self._end()

    def hold(self, line: str, shown: int, total: int) -> None:
        """Say how many trials ``line`` holds for."""
        if not self._judge(line, ""):
            return
        text = f"{present.grouped(shown)} of {present.plural(total, 'trial')}"
        if self._proposed:
            text += "     " + self._proposals(10)
        self._say(text, fault=False)
        self._end()

    def _judge(self, line: str, wrong: str) -> bool:
        """Take a verdict; False if the line has changed since it was asked for."""
        if line != self.query_one(Input).value:
            return False
        self._judged, self._wrong = line, wrong
        return True

    def _end(self) -> None:
        """Do what Enter or Esc asked for before the line was judged."""
        if self._leaving or (self._taking and not self._wrong):
            self.close()
        self._taking = self._leaving = False

    def _say(self, text: str, *, fault: bool) -> None:
        self.set_class(fault, "-fault")
        self.query_one(Static).update(plain(text))
