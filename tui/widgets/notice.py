"""Sentences that are shown in a place that is empty otherwise."""

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.tui.words.plain import fit, wrapped


class Notice(Widget):
    """A few sentences in an empty place: what there is not yet, and what to do."""

    ALLOW_SELECT = False

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._text = text

    def say(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the text, wrapped to the width."""
        width = max(10, self.size.width)
        lines = wrapped(self._text, width)
        text = lines[y] if y < len(lines) else ""
        return Strip([Segment(fit(text, width), self.rich_style)])
