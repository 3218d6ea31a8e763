"""A window over a screen whose text is scrolled by keys."""

from typing import TypeVar

from textual.containers import VerticalScroll

from hpo_tui.tui.screens.small_window import SmallWindow

ResultT = TypeVar("ResultT")


class ScrolledWindow(SmallWindow[ResultT]):
    """Scrolls its one :class:`VerticalScroll`, which itself takes no focus."""

    def action_down(self) -> None:
        """Scroll down."""
        self._scroll_by(1)

    def action_up(self) -> None:
        """Scroll up."""
        self._scroll_by(-1)

    def action_page_down(self) -> None:
        """Scroll a page down."""
        self._scroll_by(max(1, self.size.height // 2))

    def action_page_up(self) -> None:
        """Scroll a page up."""
        self._scroll_by(-max(1, self.size.height // 2))

    def _scroll_by(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
