"""Parallel coordinates of all trials: look, brush, and act on what the brushes hold."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from textual import events

from hpo_tui.engine.analysis import front
from hpo_tui.tui.charts import axes, brush
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.classes import Colouring, Shown
from hpo_tui.tui.charts.scene import Options, Picture, Scene
from hpo_tui.tui.messages import BrushChanged, TrialOpened
from hpo_tui.tui.snapshot import Brush, Snapshot, View
from hpo_tui.tui.widgets.chart import Chart

ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("parallel.axis_right", "right,l", "next axis", "Go to the axis on the right"),
    ("parallel.axis_left", "left,h", "previous axis", "Go to the axis on the left"),
    ("parallel.up", "up,k", "up", "Move the brush up; without one, the next trial up"),
    ("parallel.down", "down,j", "down", "Move the brush down; without one, the next trial"),
    ("parallel.brush", "b", "brush", "Brush the axis (first: the goal's side), or drop it"),
    ("parallel.brush_grow", "greater_than_sign", "grow", "Grow the brush"),
    ("parallel.brush_shrink", "less_than_sign", "shrink", "Shrink the brush"),
    ("parallel.brush_edge", "semicolon", "edge", "Move the whole brush, its top, or its bottom"),
    ("parallel.brush_clear", "W", "clear", "Drop every brush"),
    ("parallel.zoom_brush", "Z", "zoom axes", "Stretch the brushes over their axes, and back"),
    ("parallel.next", "full_stop", "next trial", "Next trial up the axis, inside the brushes"),
    ("parallel.previous", "comma", "previous trial", "Next trial down the axis"),
    ("parallel.open", "enter", "open", "Open the selected trial"),
    ("parallel.move_right", "right_curly_bracket", "axis right", "Move the axis to the right"),
    ("parallel.move_left", "left_curly_bracket", "axis left", "Move the axis to the left"),
    ("parallel.flip", "f", "flip", "Turn the axis upside down"),
    ("parallel.choose", "c", "axes", "Choose the axes"),
    ("parallel.reset", "D", "reset axes", "Back to metrics, then what matters most"),
    ("parallel.more", "right_square_bracket", "more", "More of the best drawn bright"),
    ("parallel.fewer", "left_square_bracket", "fewer", "Fewer of the best drawn bright"),
    ("parallel.colour", "v", "colour by", "Colour by task, by goals, by each objective"),
    ("parallel.layer", "i", "tasks shown", "Both tasks, full on top, full only, partial only"),
)  # fmt: skip
"""(id, keys, label, tooltip) of what the widget can do; the keys are bound elsewhere."""

MOST_BRIGHT = 40
"""Bright lines at the most: more of them merge into a band."""
_EDGES = ("both", "top", "bottom")


class ParallelCoordinates(Chart):
    """Every trial as a line over the axes; the best bright, the selected one read out."""

    HELP: ClassVar[str] = """\
## Parallel coordinates

Every trial is a line: metrics first (best on top), then the parameters that matter most.
Partial tasks, and trials that failed, were stopped or have yet to end, are **gray and dotted**, the
full task **blue and solid**; the **best** are bright
on top of them, the **selected** trial is over all and its values stand at the axes. What has no
value (an inactive parameter, a metric never reported) runs along the rail at the bottom: no trial
vanishes. A metric's bad end can leave far outliers out, so that the rest stays apart: they are
drawn at it, and a mark (`7000▸`, `0.1◂`) and the bottom line tell of them. The good end never does.

`h` `l` choose an axis, `b` brushes it: on a metric first the side that reaches the goal. `j` `k`
move the brush, `>` widens it, `<` narrows it from the worse side, `;` chooses which end moves. A
brush that reaches the end of its axis has no limit there. Several axes can be brushed;
every other pane follows, and `N` narrows the space to them, `B` enqueues a refinement,
`&` stars what they hold. `.` and `,` go through the trials up and down the axis.
"""

    def __init__(self, *, ascii_only: bool | None = None, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(ascii_only=ascii_only, id=id)
        self._options: Options | None = None
        self._custom = False
        self._ranked_at = 0
        self._scene: Scene | None = None
        self._edge = 0
        self._picture: Picture | None = None

    # painting

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the picture."""
        if self._scene is None or self._scene.glyphs is not self.glyphs:
            self._scene = Scene(self.glyphs)
        options = self._with_axes(snapshot)
        self._picture = self._scene.draw(snapshot, self.view, options, (width, height))
        return self._picture.canvas

    def _with_axes(self, snapshot: Snapshot) -> Options:
        """Return the options, their axes still there, ranked anew when the trials have doubled."""
        known = axes.names(snapshot.frame, snapshot.spec)
        full = int(front.full_mask(snapshot.frame, snapshot.spec).sum())
        due = not self._custom and full >= 2 * max(self._ranked_at, 8)
        if self._options is None or due:
            names = tuple(axes.default_names(snapshot.frame, snapshot.spec, self._ranked(snapshot)))
            if full >= 16:
                self._ranked_at = full
            old = self._options or Options(names)
            focused = old.names[old.focus] if old.names else ""
            focus = names.index(focused) if focused in names else 0
            self._options = replace(old, names=names, focus=focus)
        kept = tuple(n for n in self._options.names if n in known)
        if kept != self._options.names:
            focus = min(self._options.focus, max(len(kept) - 1, 0))
            self._options = replace(self._options, names=kept or (axes.TASK,), focus=focus)
        return self._options

    def _ranked(self, snapshot: Snapshot) -> list[str]:
        """Return the parameters, those that matter most over all objectives first."""
        from hpo_tui.engine.analysis.importance import importance

        total: dict[str, float] = {}
        for metric in snapshot.spec.metric_names:
            for name, share in importance(snapshot.frame, snapshot.spec, metric).items():
                total[name] = total.get(name, 0.0) + share
        return sorted(total, key=lambda name: -total[name])

    def _change(self, **changes: Any) -> None:
        if self._options is not None:
            self._options = replace(self._options, **changes)
            self.repaint()

    @property
    def options(self) -> Options:
        """What is chosen now."""
        return self._options or Options((axes.TASK,))

    @property
    def focused_axis(self) -> Axis | None:
        """The axis that keys act on."""
        picture = self._picture
        return picture.plan.axes[picture.focused] if picture is not None else None

    # axes

    def action_axis_right(self) -> None:
        """Go to the axis on the right."""
        self._change(focus=min(self.options.focus + 1, len(self.options.names) - 1))

    def action_axis_left(self) -> None:
        """Go to the axis on the left."""
        self._change(focus=max(self.options.focus - 1, 0))

    def action_move_right(self) -> None:
        """Move the axis to the right."""
        self._move_axis(1)

    def action_move_left(self) -> None:
        """Move the axis to the left."""
        self._move_axis(-1)

    def _move_axis(self, by: int) -> None:
        names, at = list(self.options.names), self.options.focus
        if 0 <= at + by < len(names):
            names.insert(at + by, names.pop(at))
            self._custom = True
            self._change(names=tuple(names), focus=at + by)

    def action_flip(self) -> None:
        """Turn the axis upside down."""
        self._change(flipped=self.options.flipped ^ {self.options.names[self.options.focus]})

    def action_reset(self) -> None:
        """Go back to the first axes."""
        self._options, self._custom, self._ranked_at = None, False, 0
        self.repaint()

    def action_choose(self) -> None:
        """Let the person choose the axes."""
        # The dialogs belong to the screens, which import the widgets.
        from hpo_tui.tui.screens.dialogs import PickMany

        if self.snapshot is None:
            return
        shown = list(self.options.names)
        known = axes.names(self.snapshot.frame, self.snapshot.spec)
        order = [n for n in shown if n in known] + [n for n in known if n not in shown]
        entries = [(n, _spelled(n)) for n in order]
        self.app.push_screen(PickMany("Which axes, in which order?", entries, shown), self._chosen)

    def _chosen(self, names: Sequence[Hashable] | None) -> None:
        if names is not None:
            self.choose_axes(tuple(str(n) for n in names))

    def choose_axes(self, names: tuple[str, ...]) -> None:
        """Show these axes in this order; none leaves them as they are."""
        if names:
            self._custom = True
            self._options = self._options or Options(names)
            self._change(names=names, focus=min(self.options.focus, len(names) - 1))

    def on_click(self, event: events.Click) -> None:
        """Go to the axis nearest to the pointer."""
        picture = self._picture
        if picture is not None:
            near = min(range(len(picture.cells)), key=lambda i: abs(picture.cells[i] - event.x))
            self._change(focus=picture.first + near)

    def remember(self) -> dict[str, Any]:
        """Return what the next session is to find as it is: chosen axes, how many best."""
        chosen = self._options if self._custom else None
        if chosen is None:
            return {"best": self.options.best}
        return {
            "best": chosen.best, "names": list(chosen.names), "flipped": sorted(chosen.flipped)
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`remember` returned; what makes no sense is left out."""
        names = tuple(n for n in state.get("names", ()) if isinstance(n, str))
        best = state.get("best")
        options = self._options or Options(names)
        if isinstance(best, int) and 0 <= best <= MOST_BRIGHT:
            options = replace(options, best=best)
        if names:
            self._custom = True
            flipped = frozenset(n for n in state.get("flipped", ()) if n in names)
            options = replace(options, names=names, flipped=flipped, focus=0)
        if options.names:
            self._options = options
            self.repaint()

    # brushes

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
        self._edge = (self._edge + 1) % len(_EDGES)
        self.app.notify(f"keys move: {('the whole brush', 'its top', 'its bottom')[self._edge]}")

    def action_brush_grow(self) -> None:
        """Grow the brush."""
        self._edit_brush(lambda axis, old: brush.moved(axis, old, -1, 1))

    def action_brush_shrink(self) -> None:
        """Shrink the brush."""
        self._edit_brush(brush.shrunk)

    def _move_brush(self, up: int) -> None:
        def change(axis: Axis, old: Brush) -> Brush:
            by = -up if axis.downwards else up
            edge = _EDGES[self._edge]
            high_end_on_top = not axis.downwards
            low_moves = edge == "both" or (edge == "bottom") == high_end_on_top
            high_moves = edge == "both" or (edge == "top") == high_end_on_top
            return brush.moved(axis, old, by if low_moves else 0, by if high_moves else 0)

        self._edit_brush(change)

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
        mask = (
            brush.brush_mask(snapshot.frame, snapshot.spec, brushes)
            if not (self.view.filter)
            else self.view.mask
        )
        self.view = View(self.view.selected, self.view.filter, brushes, mask)
        self.repaint()
        self.post_message(BrushChanged(brushes))

    def action_zoom_brush(self) -> None:
        """Stretch the brushed ranges over their axes, or back."""
        self._change(zoom=not self.options.zoom)

    # trials

    def action_up(self) -> None:
        """Move the brush up, or go to the next trial up the axis."""
        self._up_or_next(1)

    def action_down(self) -> None:
        """Move the brush down, or go to the next trial down the axis."""
        self._up_or_next(-1)

    def _up_or_next(self, up: int) -> None:
        axis = self.focused_axis
        if axis is not None and axis.name in self.view.brushes:
            self._move_brush(up)
        else:
            self._step(up)

    def action_next(self) -> None:
        """Select the next trial up the axis."""
        self._step(1)

    def action_previous(self) -> None:
        """Select the next trial down the axis."""
        self._step(-1)

    def _step(self, up: int) -> None:
        axis, snapshot = self.focused_axis, self.snapshot
        if axis is None or snapshot is None or not len(snapshot.frame):
            return
        frame, mask = snapshot.frame, self.view.mask
        rows = (
            np.arange(len(frame))
            if mask is None or len(mask) != len(frame)
            else (np.flatnonzero(mask))
        )
        unit = axis.unit(axis.values(axis.raw(frame)[rows]))
        order = rows[np.lexsort((rows, np.where(np.isnan(unit), -1.0, unit)))]
        if not len(order):
            return
        here = None if self.view.selected is None else frame.index(self.view.selected)
        found = np.flatnonzero(order == here) if here is not None else np.zeros(0, np.intp)
        at = int(found[0]) + up if len(found) else len(order) - 1
        if 0 <= at < len(order):
            self.select(int(frame.number[order[at]]))

    def action_open(self) -> None:
        """Open the selected trial."""
        if self.view.selected is not None:
            self.post_message(TrialOpened(self.view.selected))

    # what is drawn

    def action_more(self) -> None:
        """Draw more of the best bright."""
        self._change(best=min(self.options.best + 4, MOST_BRIGHT))

    def action_fewer(self) -> None:
        """Draw fewer of the best bright."""
        self._change(best=max(self.options.best - 4, 0))

    def action_colour(self) -> None:
        """Colour by task, by goals, then by each objective."""
        options = self.options
        count = len(self.snapshot.spec.objectives) if self.snapshot is not None else 0
        if options.colouring is Colouring.TASK:
            self._change(colouring=Colouring.GOALS)
        elif options.colouring is Colouring.GOALS and count:
            self._change(colouring=Colouring.OBJECTIVE, objective=0)
        elif options.colouring is Colouring.OBJECTIVE and options.objective + 1 < count:
            self._change(objective=options.objective + 1)
        else:
            self._change(colouring=Colouring.TASK)

    def action_layer(self) -> None:
        """Show both tasks, the full one on top, the full one only, the partial ones only."""
        modes = list(Shown)
        self._change(shown=modes[(modes.index(self.options.shown) + 1) % len(modes)])


def _spelled(name: str) -> str:
    """Return an axis's name for people: ``metric accuracy``."""
    kind, _, key = name.partition(":")
    return f"{'metric' if kind == 'm' else 'parameter'} {key}" if key else name
