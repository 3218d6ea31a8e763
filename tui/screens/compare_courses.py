"""Two of a kind side by side, and how far each got for its cost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from hpo_tui.tui.actions import Action, bindings
from hpo_tui.tui.screens.compare import ENOUGH, Compare
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.fixed_table import FixedTable
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import Entry

if TYPE_CHECKING:
    from hpo_tui.tui.charts.comparison import Comparison
    from hpo_tui.tui.widgets.comparison import ComparisonChart


class CompareCourses(Compare):
    """Curves above, a column each below; subclasses read both and post what they have read."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    SCOPES: ClassVar[tuple[str, ...]] = ("screen", "compare")
    NO_CURVES: ClassVar[str] = ""
    """Why there is no measure to compare by."""
    ONE_MEASURE: ClassVar[str] = ""
    """Why there is no other measure than the one that is shown."""

    @dataclass
    class Read(Message):
        """Both as they are now."""

        entries: list[Entry]
        comparisons: tuple["Comparison", ...]
        snapshot: Snapshot

    @dataclass
    class Unread(Message):
        """One of them cannot be read: ``why``."""

        why: str

    def __init__(self, title: str, names: tuple[str, str]) -> None:
        super().__init__(title, names, list)
        self._known: CompareCourses.Read | None = None
        self._measure = 0
        self._turn = 0
        """How often it was asked for another part: curves and table, curves, table."""

    def compose(self) -> ComposeResult:
        """Lay out the curves and the table."""
        # It brings numpy and plotext: not with the app.
        from hpo_tui.tui.widgets.comparison import ComparisonChart

        yield StudyHeader(self._title)
        yield ComparisonChart(self._names, id="curves")
        yield Notice(self.NO_CURVES, id="apart")
        yield FixedTable(id="compare")
        yield Notice("Reading …", id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read in a thread."""
        super().on_mount()
        self._arrange()

    @on(Unread)
    def _tell(self, message: Unread) -> None:
        """Say why there is nothing to see; what was read before stays."""
        if self._known is None:
            self.query_one("#notice", Notice).say(message.why)
        else:
            self.say(message.why, "warning")

    @on(Read)
    def _take(self, message: Read) -> None:
        """Show both as they are now."""
        self._known = message
        self.fill(message.entries)
        self._show()

    def _show(self) -> None:
        """Draw the curves by the measure that is asked for."""
        if self._known is not None and self._known.comparisons:
            known = self._known
            shown = known.comparisons[self._measure % len(known.comparisons)]
            chart: ComparisonChart = self.query_one("#curves")  # type: ignore[assignment]  # by its id
            chart.show_comparison(shown, known.snapshot)
        self._arrange()
        self.query_one(KeyBar).renew()

    def _parts(self) -> tuple[tuple[bool, bool], ...]:
        """Return what can be shown here, one after the other: whether curves, whether the table."""
        if self._known is not None and not self._known.comparisons:
            return ((False, True),)
        together = (True, True) if self.size.height >= ENOUGH else (False, True)
        return tuple(dict.fromkeys((together, (True, False), (False, True))))

    def _arrange(self) -> None:
        """Give the curves a third of the window, or as much as is asked for."""
        parts = self._parts()
        curves, table = parts[self._turn % len(parts)]
        known = self._known is not None
        chart, apart = self.query_one("#curves"), self.query_one("#apart")
        chart.display = curves and known
        chart.styles.height = self.size.height // 3 if table else "1fr"
        apart.display = self._known is not None and not self._known.comparisons
        self.query_one(LineTable).display = table and known

    def fill(self, entries: list[Entry]) -> None:
        """Show the entries, unless the curves are alone."""
        super().fill(entries)
        self._arrange()

    def on_resize(self) -> None:
        """Fit the columns and the curves to the window."""
        super().on_resize()
        self._arrange()

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done at this moment, empty when it can."""
        known = self._known
        if wanted.scope == "compare":
            if known is None:
                return "Nothing is read yet."
            if not known.comparisons:
                return self.NO_CURVES
            if wanted.name == "metric" and len(known.comparisons) < 2:
                return self.ONE_MEASURE
        return super().unavailable(wanted)

    def do_compare_metric(self) -> None:
        """Compare by the next measure."""
        self._measure += 1
        if not self.query_one("#curves").display:
            self._turn = next(n for n, (curves, _) in enumerate(self._parts()) if curves)
        self._show()

    def do_compare_turn(self) -> None:
        """Show the curves, the table, or both."""
        self._turn = (self._turn + 1) % len(self._parts())
        self._arrange()
