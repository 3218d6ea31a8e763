"""Parallel coordinates of all trials: look, brush, and act on what the brushes hold."""

from collections.abc import Callable
from dataclasses import replace
from functools import partialmethod
from typing import ClassVar

import numpy as np

from hpo_tui.engine.arrays import Mask
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import axes, brush
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.messages import BrushChanged
from hpo_tui.tui.watching.snapshot import Brush, View
from hpo_tui.tui.widgets.axes_chart import AxesChart

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("parallel.axis_right", "right,l", "next axis", "Go to the axis on the right"),
    ("parallel.axis_left", "left,h", "previous axis", "Go to the axis on the left"),
    ("parallel.up", "up,k", "up", "Move the brush up; without one, the next trial up"),
    ("parallel.down", "down,j", "down", "Move the brush down; without one, the next trial"),
    ("parallel.brush", "b", "brush", "Brush the axis (first: the goal's side), or end it"),
    ("parallel.brush_grow", "greater_than_sign", "grow", "Make the brush larger"),
    ("parallel.brush_shrink", "less_than_sign", "shrink", "Make the brush smaller"),
    ("parallel.brush_edge", "semicolon", "edge", "Choose what j k move: brush, top or bottom"),
    ("parallel.brush_clear", "W", "clear", "Remove all brushes"),
    ("parallel.zoom_brush", "Z", "zoom axes", "Zoom the axes into their brushes, and back"),
    ("parallel.next", "full_stop", "next trial", "Select the next trial up the axis"),
    ("parallel.previous", "comma", "previous trial", "Select the next trial down the axis"),
    ("parallel.open", "enter", "open", "Open the selected trial"),
    ("parallel.move_right", "right_curly_bracket", "axis right", "Move the axis to the right"),
    ("parallel.move_left", "left_curly_bracket", "axis left", "Move the axis to the left"),
    ("parallel.flip", "f", "flip", "Turn the axis upside down"),
    ("parallel.choose", "c", "axes", "Choose the axes"),
    ("parallel.reset", "D", "reset axes", "Reset: metrics, then the most important parameters"),
    ("parallel.more", "right_square_bracket", "more", "Highlight more of the best trials"),
    ("parallel.fewer", "left_square_bracket", "fewer", "Highlight fewer of the best trials"),
    ("parallel.colour", "v", "colour by", "Colour by task, by goals, or by an objective"),
    ("parallel.layer", "i", "tasks shown", "Show both tasks, full on top, full or partial only"),
)  # fmt: skip


class ParallelCoordinates(AxesChart):
    """Every trial as a line over the axes; the best bright, the selected one read out."""

    HELP: ClassVar[str] = """\
## Parallel coordinates

Every trial is a line: first through its metrics (best at the top), then through the parameters,
most important first. **Gray and dotted** lines are trials at cheaper tasks and trials that failed,
were stopped or have not ended; **blue and solid** lines are full-task trials. The **best** trials
are bright, and the **selected** one lies on top, with its values at the axes. A line without a
value (an inactive parameter, a metric that was not reported) runs along the rail at the bottom, so
no trial is missing. Far outliers at the bad end of a metric are drawn at the end of its axis, so
that the others stay apart; a mark (`7000▸`, `0.1◂`) and the bottom line show this. The good end is
never cut.

`h` and `l` choose an axis, `b` brushes it, which means that it selects a range; on a metric first
the side that reaches the goal. `j` and `k` move the brush, `>` makes it larger, `<` makes it
smaller from the worse side, and `;` chooses which end moves. A brush that reaches the end of its
axis has no limit there. Several axes can be brushed. All other panes then show only the trials
inside. `N` narrows the search space to the brushes, `B` runs new configurations inside them, and
`&` stars the trials inside. `.` and `,` go through the trials up and down the axis.
"""

    _edge = 0
    """Which of ``brush.EDGES`` the keys move."""

    # brushes

    def idle(self, action: str) -> bool:
        """Whether there is no brush that a key about brushes could act on."""
        brushes, axis = self.view.brushes, self.focused_axis
        if action in ("brush_grow", "brush_shrink"):
            return axis is None or axis.name not in brushes
        zoomed = action == "zoom_brush" and self.options.zoom
        return action in ("brush_clear", "brush_edge", "zoom_brush") and not (brushes or zoomed)

    def action_brush(self) -> None:
        """Brush the focused axis, or drop its brush."""
        axis, snapshot = self.focused_axis, self.snapshot
        if axis is None or snapshot is None:
            return
        brushes = dict(self.view.brushes)
        if brushes.pop(axis.name, None) is None:
            whole = axes.make(axis.name, snapshot.frame, snapshot.spec)
            brushes[axis.name] = brush.first_brush(whole, snapshot.frame, snapshot.spec)
        self._brush(brushes)

    def action_brush_clear(self) -> None:
        """Drop every brush."""
        if self.view.brushes:
            self._brush({})

    def action_brush_edge(self) -> None:
        """Choose which end of a brush the keys move."""
        self._edge = (self._edge + 1) % len(brush.EDGES)
        what = ("the brush", "the top of the brush", "the bottom of the brush")[self._edge]
        self.app.notify(f"j and k move {what}")

    def action_brush_grow(self) -> None:
        """Grow the brush."""
        self._edit_brush(lambda axis, old: brush.moved(axis, old, -1, 1))

    def action_brush_shrink(self) -> None:
        """Shrink the brush."""
        self._edit_brush(brush.shrunk)

    def _edit_brush(self, change: Callable[[Axis, Brush], Brush]) -> None:
        axis, snapshot = self.focused_axis, self.snapshot
        if axis is None or snapshot is None or axis.name not in self.view.brushes:
            return
        whole = axes.make(
            axis.name, snapshot.frame, snapshot.spec, flipped=axis.name in self.options.flipped
        )
        old = self.view.brushes[axis.name]
        self._brush({**self.view.brushes, axis.name: change(whole, old)})

    def _brush(self, brushes: dict[str, Brush]) -> None:
        snapshot = self.snapshot
        if snapshot is None or brushes == dict(self.view.brushes):
            return
        # Shown at once; the other panes follow when the screen has taken the message.
        mask = self.view.mask
        if not self.view.filter:
            mask = brush.brush_mask(snapshot.frame, snapshot.spec, brushes)
        self.view = View(self.view.selected, self.view.filter, brushes, mask)
        self.repaint()
        self.post_message(BrushChanged(brushes))

    def action_zoom_brush(self) -> None:
        """Stretch the brushed ranges over their axes, or back."""
        self.change(replace(self.options, zoom=not self.options.zoom))

    # trials

    def _up_or_next(self, up: int) -> None:
        """Move the brush a step up the axis, or go to the next trial there."""
        axis = self.focused_axis
        if axis is not None and axis.name in self.view.brushes:
            edge = brush.EDGES[self._edge]
            self._edit_brush(lambda axis, old: brush.pushed(axis, old, up, edge))
        else:
            self._step(up)

    def _step(self, up: int) -> None:
        axis, snapshot = self.focused_axis, self.snapshot
        if axis is None or snapshot is None:
            return
        frame = snapshot.frame
        mask = self.view.mask_over(len(frame))
        number = _next_along(axis, frame, mask, self.view.selected, up)
        if number is not None:
            self.select(number)

    action_up = partialmethod(_up_or_next, 1)
    action_down = partialmethod(_up_or_next, -1)
    action_next = partialmethod(_step, 1)
    action_previous = partialmethod(_step, -1)


def _next_along(
    axis: Axis, frame: Frame, mask: Mask | None, selected: int | None, up: int
) -> int | None:
    """Return the number of the next trial up (1) or down (-1) the axis, None at its end.

    Only trials in ``mask`` count. From a trial that is not among them it is the topmost.
    """
    rows = np.arange(len(frame)) if mask is None else np.flatnonzero(mask)
    unit = axis.unit(axis.values(axis.raw(frame)[rows]))
    order = rows[np.lexsort((rows, np.where(np.isnan(unit), -1.0, unit)))]
    here = None if selected is None else frame.index(selected)
    found = np.flatnonzero(order == here) if here is not None else np.zeros(0, np.intp)
    at = int(found[0]) + up if len(found) else len(order) - 1
    return int(frame.number[order[at]]) if 0 <= at < len(order) else None
