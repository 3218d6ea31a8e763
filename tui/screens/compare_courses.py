"""Two of a kind side by side, and how far each got for its cost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from hpo_tui.tui.actions import Action
from hpo_tui.tui.screens.compare import Compare
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import Entry

if TYPE_CHECKING:
    from hpo_tui.tui.charts.comparison import Comparison
    from hpo_tui.tui.widgets.comparison import ComparisonChart


class CompareCourses(Compare):
    """The best so far of both over their cost; subclasses post what they have read."""

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
        super().__init__(title, names)
        self._known: CompareCourses.Read | None = None
        self._measure = 0

    def curves(self) -> ComposeResult:
        """Yield the chart of both courses, and why there is none."""
        # It brings numpy and plotext: not with the app.
        from hpo_tui.tui.widgets.comparison import ComparisonChart

        yield ComparisonChart(self._names, id="curves")
        yield Notice(self.NO_CURVES, id="apart")

    @property
    def has_curves(self) -> bool:
        """Whether there is a measure to compare by, as far as is known."""
        return self._known is None or bool(self._known.comparisons)

    @on(Unread)
    def _tell(self, message: Unread) -> None:
        if self._known is None:
            self.query_one("#notice", Notice).say(message.why)
        else:
            self.say(message.why, "warning")

    @on(Read)
    def _take(self, message: Read) -> None:
        self._known = message
        self.fill(message.entries)
        self._show()

    def _show(self) -> None:
        if self._known is not None and self._known.comparisons:
            known = self._known
            shown = known.comparisons[self._measure % len(known.comparisons)]
            chart: ComparisonChart = self.query_one("#curves")  # type: ignore[assignment]  # by its id
            chart.show_comparison(shown, known.snapshot)
        self.query_one(KeyBar).renew()

    def _arrange(self) -> None:
        super()._arrange()
        self.query_one("#apart").display = not self.has_curves

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

    def next_curves(self) -> None:
        """Compare by the next measure."""
        self._measure += 1
        self._show()
