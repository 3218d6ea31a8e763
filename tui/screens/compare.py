"""Two of a kind side by side: curves above, a table of two columns below."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from hpo_tui.tui.actions import bindings
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.text_window import read_whole
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import FixedTable, LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import Entry, EntryRows

_ENOUGH = 20
"""Rows of a window from which it shows the curves and the table."""


class Compare(Room):
    """Two of a kind, a column each; what differs stands out.

    Subclasses give the curves (:meth:`curves`, :meth:`next_curves`) and read in a thread
    (:meth:`read`): once, and again with every snapshot of an open study.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    SCOPES: ClassVar[tuple[str, ...]] = ("screen", "compare")

    def __init__(self, title: str, names: tuple[str, str]) -> None:
        super().__init__()
        self._title = title
        self._names = names
        self._entries: list[Entry] = []
        self._turn = 0
        """How often it was asked for another part: curves and table, curves, table."""

    def curves(self) -> ComposeResult:
        """Yield the chart of the curves, by the name of ``curves``."""
        raise NotImplementedError

    def next_curves(self) -> None:
        """Show the curves of the next metric or measure."""
        raise NotImplementedError

    def read(self) -> None:
        """Read both, in a thread; what is found is for :meth:`fill`."""
        raise NotImplementedError

    @property
    def has_curves(self) -> bool:
        """Whether there is anything for curves to show."""
        return True

    def compose(self) -> ComposeResult:
        """Lay out the curves and the table."""
        yield StudyHeader(self._title)
        yield from self.curves()
        yield FixedTable(id="compare")
        yield Notice("Reading …", id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read in a thread."""
        self._arrange()
        self._start()

    def _start(self) -> None:
        self.run_worker(self.read, thread=True, group="compare", exclusive=True)

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
        self._arrange()

    @on(LineTable.Activated)
    def _read_whole(self, event: LineTable.Activated) -> None:
        read_whole(self, event, self._title)

    def on_resize(self) -> None:
        """Fit the columns and the curves to the window."""
        if self._entries:
            self.fill(self._entries)
        self._arrange()

    def _parts(self) -> list[tuple[bool, bool]]:
        """Return what can be shown here, one after the other: whether curves, whether the table."""
        if not self.has_curves:
            return [(False, True)]
        alone = [(True, False), (False, True)]
        return [(True, True), *alone] if self.size.height >= _ENOUGH else alone[::-1]

    def _arrange(self) -> None:
        """Give the curves a third of the window, or as much as is asked for."""
        parts = self._parts()
        curves, table = parts[self._turn % len(parts)]
        chart, read = self.query_one("#curves"), bool(self._entries)
        chart.display = curves and read
        chart.styles.height = self.size.height // 3 if table else "1fr"
        self.query_one(LineTable).display = table and read

    def do_compare_metric(self) -> None:
        """Show the next curves, and the chart if the table is alone."""
        if not self.query_one("#curves").display:
            self._turn = next(n for n, (curves, _) in enumerate(self._parts()) if curves)
            self._arrange()
        self.next_curves()

    def do_compare_turn(self) -> None:
        """Show the curves, the table, or both."""
        self._turn = (self._turn + 1) % len(self._parts())
        self._arrange()
