"""Two of a kind side by side."""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult

from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.text_window import read_whole
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.fixed_table import FixedTable
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import Entry, EntryRows

ENOUGH = 20
"""Rows of a window from which it shows the curves and the table."""


class Compare(Room):
    """Two of a kind, a column each; what differs stands out.

    ``read`` returns the entries and is called in a thread: once, and again with every snapshot of
    an open study.
    """

    def __init__(self, title: str, names: tuple[str, str], read: Callable[[], list[Entry]]) -> None:
        super().__init__()
        self._title = title
        self._names = names
        self._read = read
        self._entries: list[Entry] = []

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield StudyHeader(self._title)
        yield FixedTable(id="compare")
        yield Notice("Reading …", id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read in a thread."""
        self.query_one(LineTable).display = False
        self._start()

    def _start(self) -> None:
        self.run_worker(self._work, thread=True, group="compare", exclusive=True)

    def _work(self) -> None:
        self.app.call_from_thread(self.fill, self._read())

    def take_snapshot(self, snapshot: Snapshot) -> None:  # noqa: ARG002 - what is read anew says all
        """Read again when the open study has changed."""
        self._start()

    def fill(self, entries: list[Entry]) -> None:
        """Show the entries."""
        self._entries = entries
        table = self.query_one(LineTable)
        self.query_one("#notice").display = False
        table.display = True
        lines = EntryRows(entries, self._names, self.size.width)
        table.set_rows(lines, keep=None if len(table.rows) else lines.first)
        if self.is_current and not table.has_focus:
            table.focus()

    @on(LineTable.Activated)
    def _read_whole(self, event: LineTable.Activated) -> None:
        read_whole(self, event, self._title)

    def on_resize(self) -> None:
        """Fit the columns to the window."""
        if self._entries:
            self.fill(self._entries)
