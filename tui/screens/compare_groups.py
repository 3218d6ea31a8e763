"""Two groups of one study's trials side by side."""

from dataclasses import replace
from typing import ClassVar

from textual.message import Message

from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.screens.compare_courses import CompareCourses
from hpo_tui.tui.tables.filters import FilterError
from hpo_tui.tui.tables.groups import Group, of_group
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.groups import group_entries
from hpo_tui.tui.words.plain import plain


class CompareGroups(CompareCourses):
    """The trials of two filters, a column each; a study that runs is followed."""

    NO_CURVES: ClassVar[str] = "The study has no objective: there are no curves to compare."
    ONE_MEASURE: ClassVar[str] = "The study has one objective: there is no other measure."
    HELP: ClassVar[str] = """\
## Compare

Two groups of the study's trials side by side. **Above** is the best full-task result of each so
far, among trials that meet all other goals, over what the trials of that group had cost by then: a
group that the search has spent more on has had more chances, so the legend gives both values at
the cost that both have reached. `m` shows the next objective, and after the last their
hypervolume, measured for both from the same reference to the same best values.

**Below**, each group counts as a study of its own: its best trials, and between which values of
every parameter they lie. What differs is highlighted. `Enter` shows a whole line. `z` shows the
curves alone, the table alone, or both if there is room.
"""

    def __init__(self, live: LiveStudy, first: Group, second: Group) -> None:
        title = f"{plain(live.folder.name)}: two groups"
        super().__init__(title, (plain(first.name), plain(second.name)))
        self._live = live
        self._groups = (first, second)
        self._seen: Snapshot | None = live.snapshot
        """What the brushes of the groups are of."""

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Read again when there are other trials, or the study was edited."""
        old, self._seen = self._seen, snapshot
        if old is not None and old.study.revision != snapshot.study.revision:
            self._carry(old, snapshot)
        if old is None or (old.frame, old.spec) != (snapshot.frame, snapshot.spec):
            self._start()

    def _carry(self, old: Snapshot, new: Snapshot) -> None:
        from hpo_tui.tui.charts.carried_brushes import carried

        first, second = (
            replace(g, brushes=carried(g.brushes, (old.frame, old.spec), (new.frame, new.spec)))
            for g in self._groups
        )
        self._groups = (first, second)

    def read(self) -> None:
        """Read both groups, in a thread."""
        self.post_message(self._look(self._seen))

    def _look(self, snapshot: Snapshot | None) -> Message:
        from hpo_tui.tui.charts.comparison import comparisons

        if snapshot is None:
            return self.Unread("The study is not read yet.")
        try:
            masks = [group.mask(snapshot) for group in self._groups]
            apart = [of_group(snapshot, mask) for mask in masks]
            entries = group_entries(self._groups, masks, apart)
            return self.Read(entries, comparisons(apart, "group"), apart[0])
        except FilterError as error:
            return self.Unread(str(error))
        except Exception as error:  # noqa: BLE001 - else the screen would wait for ever
            return self.Unread(f"The groups cannot be compared: {report_crash(error)}.")
