"""A line to type in, as every dialog uses it."""

from typing import Any

from rich.cells import cell_len
from textual.events import Paste
from textual.geometry import Region
from textual.widgets import Input


class LineInput(Input):
    """One line whose cursor stands still and in sight; pasted lines become one, tabs spaces.

    A blinking cursor repaints twice a second. Textual's own line takes the first line of a paste
    and says nothing of the others. In a line that has no room for its text it scrolls to the cursor
    at the next key.
    """

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(value, **options)
        self.cursor_blink = False

    def on_focus(self) -> None:
        """Show where the next key goes, be it at the end of a long text."""
        self._scroll_to_cursor()

    def on_resize(self) -> None:
        """Show it in the room that there is now: a line is focused before it has any."""
        if self.has_focus:
            self._scroll_to_cursor()

    def on_blur(self) -> None:
        """Show the beginning, by which a text is known."""
        self.scroll_home(animate=False)

    def _scroll_to_cursor(self) -> None:
        before = cell_len(self.value[: self.cursor_position]) + self.cursor_at_end
        at = Region(before, 0, width=1, height=1)
        self.scroll_to_region(at, force=True, animate=False)

    def on_paste(self, event: Paste) -> None:
        """Make one line of what is pasted, before Textual takes it."""
        lines = event.text.replace("\t", " ").splitlines()
        event.text = " ".join(filter(None, map(str.strip, lines)))
        if not event.text:
            event.prevent_default()
            event.stop()
