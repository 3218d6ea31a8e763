"""Two trials of a study side by side: how they learned, and what they consist of."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from hpo_tui.tui.actions import Action
from hpo_tui.tui.screens.compare import Compare
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.words.entries import Entry
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.side_by_side import trial_entries

if TYPE_CHECKING:
    from hpo_tui.tui.widgets.pair_curves import PairCurves


class CompareTrials(Compare):
    """Learning curves above, a column each below; a trial that runs is followed."""

    HELP: ClassVar[str] = """\
## Compare

Two trials of one study side by side. **Above** are their learning curves, with those of the trials
that they continue; `m` shows the next metric. **Below**, parameters that differ are highlighted,
and metrics are marked as met or missed by the goals of the study. `Enter` shows a whole line. `z`
shows the curves alone, the table alone, or both if there is room.
"""

    def __init__(self, live: LiveStudy, first: int, second: int) -> None:
        names = f"trial {first}", f"trial {second}"
        super().__init__(f"{plain(live.folder.name)}: two trials", names)
        self._live = live
        self._trials = (first, second)

    def curves(self) -> ComposeResult:
        """Yield the chart of their learning curves."""
        # It brings numpy and plotext: not with the app.
        from hpo_tui.tui.widgets.pair_curves import PairCurves

        yield PairCurves(self._trials, id="curves")

    def on_mount(self) -> None:
        """Read both trials."""
        super().on_mount()
        self._show_curves(self._live.snapshot)

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Read again when the open study has changed."""
        super().take_snapshot(snapshot)
        self._show_curves(snapshot)

    def _show_curves(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            self._chart().show(snapshot, View())

    def _chart(self) -> "PairCurves":
        found: PairCurves = self.query_one("#curves")  # type: ignore[assignment]  # by its id
        return found

    def read(self) -> None:
        """Read both trials, in a thread."""
        self.app.call_from_thread(self.fill, self._entries_of())

    def _entries_of(self) -> list[Entry]:
        snapshot = self._live.snapshot
        if snapshot is None:
            return []
        return trial_entries(snapshot, [snapshot.frame.index(n) for n in self._trials])

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done at this moment, empty when it can."""
        snapshot = self._live.snapshot
        if wanted.scope == "compare" and snapshot is None:
            return "The study is not read yet."
        if wanted.id == "compare.metric" and snapshot is not None:
            from hpo_tui.tui.charts.reports import metrics_of

            if len(metrics_of(snapshot)) < 2:
                return "The study has one metric: there is no other one to show."
        return super().unavailable(wanted)

    def next_curves(self) -> None:
        """Show the curves of the next metric."""
        self._chart().next_metric()
