"""The lines over the panes: the study's header, a pane's title, the tabs of a place."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from hpo_tui.tui import fmt
from hpo_tui.tui.plain import fit
from hpo_tui.tui.snapshot import Snapshot
from hpo_tui.tui.standing import header_pieces
from hpo_tui.tui.widgets.line import Line, join


class StudyHeader(Line):
    """What the study is, how it stands, what it has spent; the GPUs to the right."""

    PREFIX = "header"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"header--{t}" for t in ("good", "bad", "warn", "accent", "dim", "bold")
    }

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self._snapshot: Snapshot | None = None
        self._title = title
        self._frozen = False
        self._drawn: object = None

    def show(self, snapshot: Snapshot, *, frozen: bool = False) -> None:
        """Show a study; nothing is drawn when it would look the same."""
        self._snapshot, self._frozen = snapshot, frozen
        pieces = (header_pieces(snapshot, self.size.width), frozen)
        if pieces != self._drawn:
            self._drawn = pieces
            self.refresh()

    def say(self, title: str) -> None:
        """Show a title instead of a study."""
        self._title, self._snapshot, self._drawn = title, None, None
        self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """Draw the line."""
        width = self.size.width
        if self._snapshot is None:
            return Strip([Segment(fit(" " + self._title, width), self.tone("bold"))])
        left, right = header_pieces(self._snapshot, width)
        if self._frozen:
            left = [("[frozen: Space goes on]", "warn"), *left]
        return join(self, left, right, width)


class PaneTitle(Line):
    """The name of a pane, bright while the pane has the focus."""

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._text = text
        self._note = ""

    def say(self, text: str, note: str = "") -> None:
        """Show another title, with a note to the right."""
        if (text, note) != (self._text, self._note):
            self._text, self._note = text, note
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """Draw the line."""
        width = self.size.width
        taken = fmt.width_of(self._text) + len(self._note) + 2
        note = self._note if taken <= width else ""
        text = fit(self._text, width - len(note)) + note
        return Strip([Segment(fit(text, width), self.rich_style)])


class TabBar(Line):
    """The charts of a place, one shown: ``1 history  2 pareto …``; a click chooses."""

    PREFIX = "tabs"
    GROUNDED = frozenset({"on"})
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--on", "tabs--off"}

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__()
        self._labels = list(labels)
        self.active = 0

    def choose(self, index: int) -> None:
        """Mark a tab as the one shown."""
        if index != self.active:
            self.active = index
            self.refresh()

    def _places(self, width: int) -> list[tuple[int, int, str]]:
        """Return (index, first cell, text); narrow bars shorten the names of the others."""
        full = [f" {i} {label} " for i, label in enumerate(self._labels, 1)]
        if sum(map(len, full)) > width:
            full = [t if i == self.active else f" {i + 1} " for i, t in enumerate(full)]
            room = width - sum(map(len, full))
            for i, label in enumerate(self._labels):
                if i != self.active and len(label) + 1 <= room:
                    full[i] = f" {i + 1} {label} "
                    room -= len(label) + 1
        places, at = [], 0
        for i, text in enumerate(full):
            places.append((i, at, text))
            at += len(text)
        return places

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """Draw the line."""
        width = self.size.width
        segments = [
            Segment(text, self.tone("on" if i == self.active else "off"))
            for i, _, text in self._places(width)
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer."""
        for i, at, text in self._places(self.size.width):
            if at <= event.x < at + len(text):
                self.post_message(self.Chosen(i))
