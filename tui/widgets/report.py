"""A chart of lines to scroll through; neither the selection nor brushes change it."""

from functools import partialmethod

from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chart import Chart


class Report(Chart):
    """Lines from ``_first`` on; :meth:`paint` keeps it where there still are lines."""

    _first = 0
    _below = 0
    """How many lines lie below the last that has room."""

    def idle(self, action: str) -> bool:
        """Whether there is nothing to scroll to."""
        return (action == "down" and self._below <= 0) or (action == "up" and not self._first)

    def show(self, snapshot: Snapshot, view: View) -> None:  # noqa: ARG002 - no view is shown here
        """Show a study; another view of it is no reason to work it out again."""
        super().show(snapshot, self.view)

    def _scroll(self, by: int) -> None:
        self._first = max(self._first + by, 0)
        self.repaint()

    action_down = partialmethod(_scroll, 1)
    action_up = partialmethod(_scroll, -1)
