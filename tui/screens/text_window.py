"""A window with a long text: wrapped, scrolled, copied."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from hpo_tui.tui.actions import bindings
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.scrolled import ScrolledWindow
from hpo_tui.tui.widgets.events import EventRows
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.entries import EntryRows
from hpo_tui.tui.words.plain import hung, plain

KEYS = "Esc  close    y  copy"


class TextWindow(ScrolledWindow[bool]):
    """Shows ``text`` whole; the answer is that it is to be copied."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("text")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._scrolls = False
        """Whether there is more text than room."""

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="dialog-box text-box"):
            yield Static(plain(self._title), classes="dialog-title", markup=False)
            with VerticalScroll(can_focus=False):
                for indent, mark, lines in hung(self._text):
                    with Horizontal() as block:
                        block.styles.padding = (0, 0, 0, indent)
                        if mark:
                            yield Static(mark, classes="text-mark", markup=False)
                        yield Static(lines, markup=False)
            yield Static(KEYS, classes="dialog-keys", markup=False)

    def _share_out(self) -> None:
        """Name the keys that scroll where there is something to scroll to."""
        super()._share_out()
        long = self.query(VerticalScroll)
        scrolls = bool(long) and long.first().max_scroll_y > 0
        if scrolls != self._scrolls:
            self._scrolls = scrolls
            self.say_below(f"{KEYS}    j k  scroll" if scrolls else KEYS)

    def action_copy(self) -> None:
        """Close, and have the text copied."""
        self.dismiss(True)


def read_whole(screen: Room, event: LineTable.Activated, of: str) -> None:
    """Show the line of a table of entries whole; ``of``: what the table is about."""
    rows = event.table.rows
    row = rows.find(event.key)
    name, text = (
        rows.whole(row) if isinstance(rows, EntryRows | EventRows) and row is not None else ("", "")
    )
    if text:
        TextWindow(f"{of}: {name}", text).ask(screen.app, lambda _: screen.hpo.copy(text, name))
