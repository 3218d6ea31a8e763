"""Frames wait while the line has enough to carry, and only the newest of them is drawn then."""

from rich.console import RenderableType
from textual.screen import Screen

from hpo_tui.tui.arrivals import HELD_SECONDS
from hpo_tui.tui.notifying_app import NotifyingApp


class HeldFrames(NotifyingApp):
    """An app that draws no more than its terminal can be seen to take.

    A key that is held down scrolls thirty times a second. Each of these frames is a quarter of a
    second of a slow line, and those that were written would all have to arrive before the last.
    """

    def __init__(self) -> None:
        super().__init__()
        self._holds = False
        """Whether what the screens show by now has not been drawn yet."""

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is not None and getattr(self.terminal, "full", False):
            if not self._holds:
                self._holds = True
                self.set_timer(HELD_SECONDS, self._draw_held)  # where no answer comes
            return
        super()._display(screen, renderable)

    def on_arrived(self) -> None:
        """Draw what was held back."""
        self._draw_held()

    def _draw_held(self) -> None:
        if self._holds:
            self._holds = False
            self.refresh()  # all of it, of which the driver sends what is new
