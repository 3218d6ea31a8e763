"""Two studies side by side: how far each got for its cost, and what they consist of."""

import threading
from typing import ClassVar

from textual.message import Message

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.screens.compare_courses import CompareCourses
from hpo_tui.tui.screens.following import follow
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.unreadable import UnreadableError
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.two_studies import study_entries

NOTHING_SHARED = "The two studies have no objective in common: there are no curves to compare."


class CompareStudies(CompareCourses):
    """Two studies; both are read again, as long as the screen lives, when they have changed."""

    NO_CURVES: ClassVar[str] = NOTHING_SHARED
    ONE_MEASURE: ClassVar[str] = (
        "The two studies have one objective in common: there is no other measure."
    )
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

    def __init__(self, first: StudyFolder, second: StudyFolder) -> None:
        super().__init__("Two studies", (plain(first.name), plain(second.name)))
        self._folders = (first, second)
        self._over = threading.Event()

    def on_unmount(self) -> None:
        """Let the thread end."""
        self._over.set()

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Leave it: both studies are looked at by the screen itself."""

    def read(self) -> None:
        """Read both, again and again, in a thread that lives as long as the screen."""
        follow(self, self._folders, self._over, self._look)

    def _look(self) -> Message:
        from hpo_tui.tui.charts.comparison import comparisons

        try:
            snapshots = [read_once(folder) for folder in self._folders]
            return self.Read(study_entries(snapshots), comparisons(snapshots), snapshots[0])
        except UnreadableError as error:
            return self.Unread(str(error))
        except Exception as error:  # noqa: BLE001 - else the screen would wait for ever
            return self.Unread(f"The studies cannot be compared: {report_crash(error)}.")
