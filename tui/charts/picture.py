"""A drawn picture of parallel coordinates, as the labels and the legend around it need it."""

from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Index
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.classes import Classified
from hpo_tui.tui.charts.highlight import Best
from hpo_tui.tui.charts.layers import Plan
from hpo_tui.tui.charts.options import Options
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.watching.snapshot import View


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What the labels need to know of a drawn picture."""

    canvas: Canvas
    frame: Frame
    spec: StudySpec
    view: View
    options: Options
    glyphs: Glyphs
    plan: Plan
    cells: tuple[int, ...]
    """Column of each axis, in cells."""
    top: int
    """First row of the plot."""
    first: int
    """Index of the first axis shown among all."""
    classified: Classified
    best: Best
    bright: Index
    missing: tuple[int, ...]
    """Trials without a value, an axis each."""

    @property
    def focused(self) -> int:
        """Index of the focused axis among those shown."""
        return self.options.focus - self.first

    def row_of(self, axis: Axis, value: float) -> int | None:
        """Return the canvas row of a value (a brush's or a goal's), None where it is missing."""
        unit = float(axis.unit(np.array([value]))[0])
        if np.isnan(unit):
            return None
        dots = self.plan.bottom - unit * (self.plan.bottom - self.plan.top)
        return self.top + round(dots) // 4
