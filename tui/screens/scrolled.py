"""A window over a screen whose text is scrolled by keys."""

from functools import partialmethod
from typing import TypeVar

from textual.containers import VerticalScroll

from hpo_tui.tui.screens.small_window import SmallWindow

ResultT = TypeVar("ResultT")


class ScrolledWindow(SmallWindow[ResultT]):
    """Scrolls its one :class:`VerticalScroll`, which itself takes no focus."""

    def _scroll_by(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _turn_pages(self, by: int) -> None:
        self._scroll_by(by * max(1, self.size.height // 2))

    action_down = partialmethod(_scroll_by, 1)
    action_up = partialmethod(_scroll_by, -1)
    action_page_down = partialmethod(_turn_pages, 1)
    action_page_up = partialmethod(_turn_pages, -1)
