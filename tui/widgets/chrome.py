"""The lines over the panes: the study's header, a pane's title, the tabs of a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.line import Line, join
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.plain import fit


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
    """The name of a pane, bright while the pane has the focus.

    ``cut``: cells to which a long text is cut for its note; without, the note goes.
    """

    def __init__(
        self,
        text: str,
        *,
        cut: int | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._text, self._cut = text, cut
        self._note = ""

    def say(self, text: str, note: str = "") -> None:
        """Show another title, with a note to the right."""
        if (text, note) != (self._text, self._note):
            self._text, self._note = text, note
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """Draw the line."""
        width = self.size.width
        needed = fmt.width_of(self._text)
        needed = needed if self._cut is None else min(needed, self._cut)
        note = f"  {self._note}" if self._note and needed + len(self._note) + 2 <= width else ""
        text = fit(self._text, width - len(note)) + note
        return Strip([Segment(fit(text, width), self.rich_style)])


class TabBar(Line):
    """The charts of a place, one shown: ``1 history  2 pareto …``; a click chooses.

    ``labels``: for each its name, and a shorter one for where there is little room.
    """

    PREFIX = "tabs"
    GROUNDED = frozenset({"on"})
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--on", "tabs--off"}

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        index: int

    def __init__(self, labels: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._labels = list(labels)
        self.active = 0

    def choose(self, index: int) -> None:
        """Mark a tab as the one shown."""
        if index != self.active:
            self.active = index
            self.refresh()

    def _places(self, width: int) -> list[tuple[int, int, str]]:
        """Return (index, first cell, text); each text begins with the blank before it."""
        wide = [f" {i} {name} " for i, (name, _) in enumerate(self._labels, 1)]
        texts = wide if sum(map(len, wide)) <= width else self._narrow(width)
        starts = accumulate(map(len, texts), initial=0)
        return [(i, at, text) for i, (at, text) in enumerate(zip(starts, texts, strict=False))]

    def _narrow(self, width: int) -> list[str]:
        """Return the texts for less room: the open tab's name whole, of the others what fits."""
        names = [self._labels[i][0] if i == self.active else "" for i in range(len(self._labels))]

        def texts() -> list[str]:
            return [f" {i} {name}" if name else f" {i}" for i, name in enumerate(names, 1)]

        # All of them short, before one of them whole: first the last, which reads as cut otherwise.
        every = list(range(len(names)))
        for form, order in ((1, every), (0, every[-1:] + every[:-1])):
            for i in order:
                before = names[i]
                names[i] = self._labels[i][form] if i != self.active else before
                if sum(map(len, texts())) > width:
                    names[i] = before
        return texts()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """Draw the line."""
        width = self.size.width
        on, off = self.tone("on"), self.tone("off")
        segments = []
        for i, _, text in self._places(width):
            # The open tab stands between two blanks of its own colour.
            segments.append(Segment(text[:1], on if self.active in (i, i - 1) else off))
            segments.append(Segment(text[1:], on if i == self.active else off))
        return Strip(segments).adjust_cell_length(width, self.rich_style).simplify()

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer."""
        for i, at, text in self._places(self.size.width):
            if at <= event.x < at + len(text):
                self.post_message(self.Chosen(i))
