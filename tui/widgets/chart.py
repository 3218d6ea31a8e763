"""What the chart widgets have in common: painted rows, kept, and repainted where they changed."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
from rich.color import Color as RichColor
from textual.binding import Binding
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.tui.charts import text
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Palette, palette
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.glyphs import Glyphs, glyphs
from hpo_tui.tui.messages import TrialOpened, TrialSelected
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.words.plain import plain


class Chart(Widget, can_focus=True):
    """A pane drawn cell by cell. Subclasses give :meth:`paint`; nothing else may draw."""

    HELP: ClassVar[str] = ""
    ALLOW_SELECT = False
    SMALLEST: ClassVar[tuple[int, int]] = (10, 5)
    """Columns and rows below which a chart says no more than that."""
    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.snapshot: Snapshot | None = None
        self.view = View()
        self.highlighted: int | None = None
        """The trial that was gone to here since the chart was given its view."""
        self._canvas = Canvas(0, 0)
        self._palette: Palette | None = None
        self._strips: list[Strip] = []
        self.fault = ""
        """Why the last picture could not be drawn, empty when it was."""
        self._told = ""
        """What is said of that in its place."""
        self._useful: frozenset[str] = frozenset()
        """The actions that could do something when the last picture was drawn."""

    @property
    def ascii_only(self) -> bool:
        """Whether the app lets only 7-bit glyphs be drawn."""
        return bool(getattr(self.app, "ascii_only", False))

    @property
    def glyphs(self) -> Glyphs:
        """The glyphs to draw with."""
        return glyphs(self.ascii_only)

    def show(self, snapshot: Snapshot, view: View) -> None:
        """Show a study under a view; nothing is painted when it would look the same."""
        old, old_view = self.snapshot, self.view
        self.snapshot, self.view, self.highlighted = snapshot, view, None
        if old is None or self.differs(old, snapshot) or _other_view(old_view, view):
            self.repaint()

    def select(self, number: int) -> None:
        """Go to a trial: here at once, elsewhere when the message has come through."""
        self.view = replace(self.view, selected=number)
        self.highlighted = number
        self.repaint()
        self.post_message(TrialSelected(number))

    def action_open(self) -> None:
        """Open the selected trial; without one the screen says that there is none."""
        if self.view.selected is None:
            self.call_later(self.screen.run_action, "do('trial.open')")
        else:
            self.post_message(TrialOpened(self.view.selected))

    def differs(self, old: Snapshot, new: Snapshot) -> bool:
        """Whether ``new`` has to be painted where ``old`` was."""
        return old.frame is not new.frame or old.spec is not new.spec

    def idle(self, action: str) -> bool:  # noqa: ARG002 - for subclasses
        """Whether an action would change nothing of what the last picture shows."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no key that would do nothing."""
        if self.snapshot is not None and self.idle(action):
            return False
        return super().check_action(action, parameters)

    def _renew_keys(self) -> None:
        """Tell the key bar where other keys have something to do than before."""
        every = {one.action for one in self.BINDINGS if isinstance(one, Binding)}
        useful = frozenset(action for action in every if self.check_action(action, ()))
        if useful != self._useful:
            self._useful = useful
            self.refresh_bindings()

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Return the cells of the widget."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint anew, and tell Textual of the rows that look different."""
        width, height = self.size
        if self.snapshot is None or width <= 0 or height <= 0:
            return
        old, old_palette = self._canvas, self._palette
        self._canvas = self._painted(self.snapshot, width, height)
        self._renew_keys()
        self._palette = self._choose_palette()
        if (old.width, old.height) != (width, height) or old_palette != self._palette:
            self._strips = self._canvas.strips(range(height), self._palette.styles)
            self.refresh()
            return
        changed = (old.codes != self._canvas.codes) | (old.styles != self._canvas.styles)
        rows = np.flatnonzero(changed.any(axis=1)).tolist()
        for y, strip in zip(rows, self._canvas.strips(rows, self._palette.styles), strict=True):
            self._strips[y] = strip
        if rows:
            self.refresh(*[Region(0, y, width, 1) for y in rows])

    def _painted(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        canvas = Canvas(width, height)
        if width < self.SMALLEST[0] or height < self.SMALLEST[1]:
            text.note(canvas, "too small")
            return canvas
        try:
            painted = self.paint(snapshot, width, height)
        except Exception as error:  # noqa: BLE001 - a picture that fails must not take the app along
            fault = f"{type(error).__name__}: {error}"
            if fault != self.fault:  # else it is written down already
                self.fault, self._told = fault, report_crash(error)
            text.note(canvas, f"This could not be drawn: {plain(self._told)}.")
            return canvas
        self.fault = ""
        return painted

    def _choose_palette(self) -> Palette:
        colour = self.visual_style.rich_style.bgcolor
        background: RichColor | None = colour
        standard = self.app.console.color_system == "standard"
        return palette(
            background,
            dark=self.app.current_theme.dark,
            colours="standard" if standard else "256",
            monochrome=self.app.no_color or self.app.console.color_system is None,
        )

    def on_resize(self) -> None:
        """Paint for the new size."""
        self.repaint()

    def notify_style_update(self) -> None:
        """Paint in the new theme's colours, if they are new."""
        super().notify_style_update()
        old = self._palette
        if old is not None and self.is_attached and old.key != self._choose_palette().key:
            self.repaint()

    def render_line(self, y: int) -> Strip:
        """Return a painted line."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.visual_style.rich_style)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return painted lines as they are, past the styles cache: half of an update's cost.

        With a border or padding Textual's own way is taken, which draws those too.
        """
        if self.gutter.width or self.gutter.height:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in range(crop.y, crop.bottom)]
        if crop.x == 0 and crop.right == self.size.width:
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]


def _other_view(old: View, new: View) -> bool:
    return old.selected != new.selected or old.mask is not new.mask or old.brushes != new.brushes
