"""Two studies side by side: how far each got for its cost, and what they consist of."""

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import Action, bindings
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.screens.compare import ENOUGH, Compare
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.unreadable import UnreadableError
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.fixed_table import FixedTable
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import Entry
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.two_studies import study_entries

if TYPE_CHECKING:
    from hpo_tui.tui.charts.comparison import Comparison
    from hpo_tui.tui.widgets.comparison import ComparisonChart

LOOK_SECONDS = 1.0
"""Between two looks whether a study has changed."""
SHARE = 5
"""Part of the time that may be spent on reading, one in so many: large studies take seconds."""
NOTHING_SHARED = "The two studies have no objective in common: there are no curves to compare."


class CompareStudies(Compare):
    """Curves above, a column each below; both are read again when they have changed."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    SCOPES: ClassVar[tuple[str, ...]] = ("screen", "compare")
    HELP: ClassVar[str] = """\
## Compare

Two studies side by side. **Above** is the best full-task result of each so far, among trials that
meet all other goals of their own study, over what the study had spent by then. The unit is one
full-task trial of the study itself. Where one has spent more, the legend gives both values at the
cost that both have reached. `m` shows the next objective that both have (same metric, same
direction), and after the last their **hypervolume**, measured for both from the same reference to
the same best values: thresholds where both studies have one (the looser one counts), else a tenth
beyond the worst full-task result of either, far outliers aside. Dashed lines are thresholds among
the results.

**Below**, what differs is highlighted. `Enter` shows a whole line. `z` shows the curves alone, the
table alone, or both if there is room. A study that is running is followed.
"""

    @dataclass
    class Read(Message):
        """Both studies as they are now."""

        entries: list[Entry]
        comparisons: tuple["Comparison", ...]
        snapshot: Snapshot

    @dataclass
    class Unread(Message):
        """A study cannot be read: ``why``."""

        why: str

    def __init__(self, first: StudyFolder, second: StudyFolder) -> None:
        names = plain(first.name), plain(second.name)
        super().__init__("Two studies", names, list)
        self._folders = (first, second)
        self._over = threading.Event()
        self._known: CompareStudies.Read | None = None
        self._measure = 0
        self._turn = 0
        """How often it was asked for another part: curves and table, curves, table."""

    def compose(self) -> ComposeResult:
        """Lay out the curves and the table."""
        # It brings numpy and plotext: not with the app.
        from hpo_tui.tui.widgets.comparison import ComparisonChart

        yield StudyHeader(self._title)
        yield ComparisonChart(self._names, id="curves")
        yield Notice(NOTHING_SHARED, id="apart")
        yield FixedTable(id="compare")
        yield Notice("Reading …", id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read in a thread as long as the screen lives."""
        super().on_mount()
        self._arrange()

    def on_unmount(self) -> None:
        """Let the thread end."""
        self._over.set()

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Leave it: both studies are looked at by the screen itself."""

    def _work(self) -> None:
        last: tuple[object, ...] | None = None
        while not self._over.is_set():
            pause = LOOK_SECONDS
            if last is None or (self.app.app_focus and self.is_current):
                now = tuple(_stamp(folder) for folder in self._folders)
                if now != last:
                    last, began = now, time.monotonic()
                    self.post_message(self._look())
                    pause = max(pause, SHARE * (time.monotonic() - began))
            self._over.wait(pause)

    def _look(self) -> Message:
        from hpo_tui.tui.charts.comparison import comparisons

        try:
            snapshots = [read_once(folder) for folder in self._folders]
            return self.Read(study_entries(snapshots), comparisons(snapshots), snapshots[0])
        except UnreadableError as error:
            return self.Unread(str(error))
        except Exception as error:  # noqa: BLE001 - else the screen would wait for ever
            return self.Unread(f"The studies cannot be compared: {report_crash(error)}.")

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
                return "The studies are not read yet."
            if not known.comparisons:
                return NOTHING_SHARED
            if wanted.name == "metric" and len(known.comparisons) < 2:
                return "The two studies have one objective in common: there is no other measure."
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


def _stamp(folder: StudyFolder) -> object:
    """Return what changes when a study does."""
    from hpo_tui.tui.watching.study_list import stamps

    try:
        return stamps(folder), folder.runner_pid()
    except OSError as error:
        return str(error)
