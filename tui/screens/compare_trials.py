"""Two trials of a study side by side: how they learned, and what they consist of."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hpo_tui.tui.actions import Action, bindings
from hpo_tui.tui.screens.compare import ENOUGH, Compare
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.fixed_table import FixedTable
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import Entry
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.side_by_side import trial_entries

if TYPE_CHECKING:
    from hpo_tui.tui.widgets.pair_curves import PairCurves

_PARTS = ((True, True), (True, False), (False, True))
"""Whether the curves and whether the table is shown, one after the other."""
_PARTS_SMALL = ((False, True), (True, False))


class CompareTrials(Compare):
    """Curves above, a column each below; a trial that runs is followed."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    SCOPES: ClassVar[tuple[str, ...]] = ("screen", "compare")
    HELP: ClassVar[str] = """\
## Compare

Two trials of one study side by side. **Above** are their learning curves, with those of the trials
that they continue; `m` shows the next metric. **Below**, parameters that differ are highlighted,
and metrics are marked as met or missed by the goals of the study. `Enter` shows a whole line. `z`
shows the curves alone, the table alone, or both if there is room.
"""

    def __init__(self, live: LiveStudy, first: int, second: int) -> None:
        names = f"trial {first}", f"trial {second}"
        super().__init__(f"{plain(live.folder.name)}: two trials", names, self._entries_of)
        self._live = live
        self._trials = (first, second)
        self._turn = 0
        """How often it was asked for another part."""

    def compose(self) -> ComposeResult:
        """Lay out the curves and the table."""
        # It brings numpy and plotext: not with the app.
        from hpo_tui.tui.widgets.pair_curves import PairCurves

        yield StudyHeader(self._title)
        yield PairCurves(self._trials, id="curves")
        yield FixedTable(id="compare")
        yield Notice("Reading …", id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read both trials."""
        super().on_mount()
        self._arrange()
        self._show_curves(self._live.snapshot)

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Read again when the open study has changed."""
        super().take_snapshot(snapshot)
        self._show_curves(snapshot)

    def _show_curves(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            self._curves().show(snapshot, View())

    def _curves(self) -> "PairCurves":
        found: PairCurves = self.query_one("#curves")  # type: ignore[assignment]  # by its id
        return found

    def _entries_of(self) -> list[Entry]:
        snapshot = self._live.snapshot
        if snapshot is None:
            return []
        return trial_entries(snapshot, [snapshot.frame.index(n) for n in self._trials])

    def _shown(self) -> tuple[bool, bool]:
        """Return whether the curves and whether the table is shown."""
        parts = _PARTS if self.size.height >= ENOUGH else _PARTS_SMALL
        return parts[self._turn % len(parts)]

    def _arrange(self) -> None:
        """Give the curves a third of the window, or as much as is asked for."""
        curves, table = self._shown()
        chart = self._curves()
        chart.display = curves
        chart.styles.height = self.size.height // 3 if table else "1fr"
        self.query_one(LineTable).display = table and bool(self._entries)

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
        snapshot = self._live.snapshot
        if wanted.scope == "compare" and snapshot is None:
            return "The study is not read yet."
        if wanted.id == "compare.metric" and snapshot is not None:
            from hpo_tui.tui.widgets.pair_curves import metrics_of

            if len(metrics_of(snapshot)) < 2:
                return "The study has one metric: there is no other one to show."
        return super().unavailable(wanted)

    def do_compare_metric(self) -> None:
        """Show the curves of the next metric."""
        while not self._shown()[0]:
            self._turn += 1
        self._arrange()
        self._curves().next_metric()

    def do_compare_turn(self) -> None:
        """Show the curves, the table, or both."""
        self._turn += 1
        self._arrange()
