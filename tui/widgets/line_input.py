"""A line to type in, as every dialog uses it."""

from typing import Any

from textual.events import Paste
from textual.widgets import Input


class LineInput(Input):
    """One line whose cursor stands still; pasted lines become one, tabs spaces.

    A blinking cursor repaints twice a second. Textual's own line takes the first line of a paste
    and says nothing of the others.
    """

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(value, **options)
        self.cursor_blink = False

    def on_paste(self, event: Paste) -> None:
        """Make one line of what is pasted, before Textual takes it."""
        lines = event.text.replace("\t", " ").splitlines()
        event.text = " ".join(filter(None, map(str.strip, lines)))
        if not event.text:
            event.prevent_default()
            event.stop()
