"""A chart of axes: which they are, in which order, and how the lines over them are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partialmethod
from typing import Any

from textual import events

from hpo_tui.tui.charts import axes
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.options import FIRST_BRIGHT, MOST_BRIGHT, Options
from hpo_tui.tui.charts.picture import Picture
from hpo_tui.tui.charts.scene import Scene
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.words import present


class AxesChart(Chart):
    """Every trial as a line over axes: metrics and what matters most, until others are chosen."""

    _options: Options | None = None
    _bright = FIRST_BRIGHT
    """How many of the best are bright from the first picture on."""
    _custom = False
    """Whether the axes are the person's own choice."""
    _ranked: tuple[str, ...] = ()
    """The order of the parameters that the axes were put in."""
    _scene: Scene | None = None
    _picture: Picture | None = None

    @property
    def options(self) -> Options:
        """What is chosen now."""
        return self._options or Options((axes.TASK,), best=self._bright)

    @property
    def focused_axis(self) -> Axis | None:
        """The axis that keys act on."""
        picture = self._picture
        return picture.plan.axes[picture.focused] if picture is not None else None

    def change(self, options: Options) -> None:
        """Draw by other options; nothing is changed before there are any."""
        if self._options is not None:
            self._options = options
            self.repaint()

    # painting

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the picture."""
        if self._scene is None or self._scene.glyphs is not self.glyphs:
            self._scene = Scene(self.glyphs)
        self._options = self._with_axes(snapshot)
        self._picture = self._scene.draw(snapshot, self.view, self._options, (width, height))
        return self._picture.canvas

    def _with_axes(self, snapshot: Snapshot) -> Options:
        """Return the options, their axes still there, in another order where there is one."""
        frame, spec = snapshot.frame, snapshot.spec
        options = self._options
        if options is None or (not self._custom and snapshot.ranked != self._ranked):
            names = tuple(axes.default_names(frame, spec, snapshot.ranked))
            self._ranked = snapshot.ranked
            options = (
                options.renamed(names) if options is not None else Options(names, best=self._bright)
            )
        return options.kept(axes.names(frame, spec))

    # which axes

    def _go(self, by: int) -> None:
        self.change(self.options.gone(by))

    action_axis_right = partialmethod(_go, 1)
    action_axis_left = partialmethod(_go, -1)

    def on_click(self, event: events.Click) -> None:
        """Go to the axis nearest to the pointer."""
        picture = self._picture
        if picture is not None:
            near = min(range(len(picture.cells)), key=lambda i: abs(picture.cells[i] - event.x))
            self.change(replace(self.options, focus=picture.first + near))

    def _move_axis(self, by: int) -> None:
        options = self.options
        moved = options.moved(by)
        if moved is not options:
            self._custom = True
            self.change(moved)

    action_move_right = partialmethod(_move_axis, 1)
    action_move_left = partialmethod(_move_axis, -1)

    def action_flip(self) -> None:
        """Turn the axis upside down."""
        self.change(self.options.turned())

    def action_reset(self) -> None:
        """Go back to the first axes."""
        self._options, self._custom = None, False
        self._bright = FIRST_BRIGHT
        self.repaint()

    def action_choose(self) -> None:
        """Let the person choose the axes."""
        # The dialogs belong to the screens, which import the widgets.
        from hpo_tui.tui.screens.pickers import PickMany

        if self.snapshot is None:
            return
        shown = list(self.options.names)
        known = axes.names(self.snapshot.frame, self.snapshot.spec)
        order = [n for n in shown if n in known] + [n for n in known if n not in shown]
        entries = [(n, present.spelled(n)) for n in order]
        PickMany("Which axes, in which order?", entries, shown).ask(self.app, self.choose_axes)

    def choose_axes(self, chosen: Sequence[str]) -> None:
        """Show these axes in this order; none leaves them as they are."""
        if names := tuple(chosen):
            self._custom = True
            self._options = self._options or Options(names)
            focus = min(self.options.focus, len(names) - 1)
            self.change(replace(self.options, names=names, focus=focus))

    # how lines are drawn

    def _brighten(self, more: int) -> None:
        self.change(self.options.brighter(more))

    action_more = partialmethod(_brighten, 4)
    action_fewer = partialmethod(_brighten, -4)

    def action_colour(self) -> None:
        """Colour by task, by goals, then by each objective."""
        count = len(self.snapshot.spec.objectives) if self.snapshot is not None else 0
        self.change(self.options.recoloured(count))

    def action_layer(self) -> None:
        """Show both tasks, the full one on top, the full one only, the partial ones only."""
        self.change(self.options.relayered())

    # what the session keeps

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
            self._bright = best
            options = replace(options, best=best)
        if names:
            self._custom = True
            flipped = frozenset(n for n in state.get("flipped", ()) if n in names)
            options = replace(options, names=names, flipped=flipped, focus=0)
        if options.names:
            self._options = options
            self.repaint()
