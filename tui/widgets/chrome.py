"""The lines around the panes: header, pane title, tab bar, key bar."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.tui import fmt
from hpo_tui.tui.actions import action
from hpo_tui.tui.keys import spell_key
from hpo_tui.tui.plain import fit, to_ascii, wrapped
from hpo_tui.tui.present import Piece
from hpo_tui.tui.snapshot import Snapshot
from hpo_tui.tui.standing import header_pieces
from hpo_tui.tui.widgets.tones import ink


class Line(Widget):
    """A line of pieces of text, each with a tone; drawn anew only when the pieces change."""

    DEFAULT_CSS = "Line { height: 1; }"
    ALLOW_SELECT = False
    PREFIX: ClassVar[str] = ""
    """Prefix of the component classes that the tones name."""
    GROUNDED: ClassVar[frozenset[str]] = frozenset()
    """Tones with a ground of their own."""

    @property
    def ascii_only(self) -> bool:
        """Whether only 7-bit characters may be drawn."""
        return bool(getattr(self.app, "ascii_only", False))

    def tone(self, name: str) -> Style:
        """Return the style of a tone over the line's own."""
        base = self.rich_style
        if not name:
            return base
        component = f"{self.PREFIX}--{name}"
        if name in self.GROUNDED:
            return self.get_component_rich_style(component)
        return base + ink(self, component)

    def drawn(self, text: str) -> str:
        """Return ``text`` as the terminal can show it."""
        return to_ascii(text) if self.ascii_only else text


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


def join(line: Line, left: Sequence[Piece], right: Sequence[Piece], width: int) -> Strip:
    """Return a strip of ``width``: the left pieces, a gap, the right pieces."""
    segments = [Segment(" ", line.tone(""))]
    for at, (text, tone) in enumerate(left):
        if at:
            segments.append(Segment("  ", line.tone("")))
        segments.append(Segment(line.drawn(text), line.tone(tone)))
    tail: list[Segment] = []
    for text, tone in right:
        tail.append(Segment(line.drawn(text), line.tone(tone)))
        tail.append(Segment("  ", line.tone("")))
    tail = tail[:-1]
    used = sum(s.cell_length for s in segments) + sum(s.cell_length for s in tail)
    segments.append(Segment(" " * max(1, width - used - 1), line.tone("")))
    segments += [*tail, Segment(" ", line.tone(""))]
    return Strip(segments).adjust_cell_length(width, line.tone(""))


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
        text = fit(
            self.drawn(self._text), width - len(note), ellipsis="~" if self.ascii_only else "…"
        ) + self.drawn(note)
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


class KeyBar(Line):
    """The keys that act here, most needed first; what cannot act is dim. A click presses."""

    PREFIX = "keys"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--label", "keys--off"}

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[tuple[str, str, str, bool]] = []
        """Key as Textual names it, as shown, label, whether it can act."""

    def on_mount(self) -> None:
        """Follow the focus and whatever else changes the keys."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.renew())
        self.renew()

    def renew(self) -> None:
        """Ask the screen again which keys act."""
        keys = self._collect()
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _collect(self) -> list[tuple[str, str, str, bool]]:
        found: dict[str, tuple[int, str, str, str, bool]] = {}
        unavailable = getattr(self.screen, "unavailable", None)
        for key, active in self.screen.active_bindings.items():
            id_ = active.binding.id
            if not id_ or (id_ in found and len(spell_key(key)) >= len(found[id_][2])):
                continue
            try:
                known = action(id_)
            except KeyError:
                continue
            if known.footer:
                can = active.enabled and not (unavailable and unavailable(known))
                order = known.footer + (0 if active.node is self.screen.focused else 20)
                found[id_] = (order, key, spell_key(key), known.label, can)
        return [entry[1:] for entry in sorted(found.values(), key=lambda e: e[0])]

    def _places(self, width: int) -> list[tuple[str, str, str, bool, int]]:
        """Return what fits; help and quit keep their place at the end."""
        kept, used = [], 1
        last = [k for k in self._keys if k[2] in ("help", "commands", "quit")]
        reserve = sum(len(k[1]) + len(k[2]) + 3 for k in last)
        for entry in self._keys:
            if entry in last:
                continue
            need = len(entry[1]) + len(entry[2]) + 3
            if used + need + reserve > width:
                continue
            kept.append((*entry, used))
            used += need
        for entry in last:
            need = len(entry[1]) + len(entry[2]) + 3
            if used + need <= width + 1:
                kept.append((*entry, used))
                used += need
        return kept

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """Draw the line."""
        width = self.size.width
        segments = [Segment(" ", self.rich_style)]
        for _, key, label, can, _ in self._places(width):
            segments.append(Segment(key, self.tone("key" if can else "off")))
            segments.append(Segment(f" {label}  ", self.tone("label" if can else "off")))
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer."""
        for key, shown, label, _, at in self._places(self.size.width):
            if at <= event.x < at + len(shown) + len(label) + 2:
                self.app.simulate_key(key)


class Notice(Widget):
    """A few sentences in an empty place: what there is not yet, and what to do."""

    ALLOW_SELECT = False

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._text = text

    def say(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the text, wrapped to the width."""
        width = max(10, self.size.width)
        lines = wrapped(self._text, width)
        text = lines[y] if y < len(lines) else ""
        return Strip([Segment(fit(text, width), self.rich_style)])
