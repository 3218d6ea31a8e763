"""Two studies in one chart: which of them got further for the same cost."""

from hpo_tui.tui.charts import comparison
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.comparison import Comparison
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chart import Chart


class ComparisonChart(Chart, can_focus=False):
    """The best so far of both over what each had spent, by one measure."""

    def __init__(self, names: tuple[str, str], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._names = names
        self._comparison: Comparison | None = None

    def show_comparison(self, shown: Comparison, snapshot: Snapshot) -> None:
        """Show the studies by another measure, or as they are now; ``snapshot``: of either."""
        if shown is not self._comparison:
            self._comparison = shown
            self.snapshot = None  # whatever the one study's trials are
            self.show(snapshot, View())

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:  # noqa: ARG002 - both studies are in what was worked out
        """Draw the chart."""
        canvas = Canvas(width, height)
        if self._comparison is not None:
            comparison.draw(canvas, self._comparison, self._names, self.glyphs)
        return canvas
