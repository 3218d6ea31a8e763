"""A table of any number of rows: moved through by keys and mouse, sorted, opened."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partialmethod
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from hpo_tui.tui.actions import bindings
from hpo_tui.tui.tables.rows import Rows
from hpo_tui.tui.widgets.table_lines import TableLines


class LineTable(TableLines, can_focus=True):
    """Rows with a cursor, drawn line by line; 100 000 rows cost what ten do."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("table")]

    @dataclass
    class Moved(Message):
        """The cursor stands on another row."""

        table: "LineTable"
        key: Hashable

    @dataclass
    class Activated(Message):
        """Enter was pressed on a row, or it was clicked while the cursor stood on it."""

        table: "LineTable"
        key: Hashable

    @dataclass
    class Sorted(Message):
        """Another order is wanted: the owner gives new rows."""

        table: "LineTable"

    # what is shown

    def set_rows(self, rows: Rows, *, keep: Hashable | None = None) -> None:
        """Show ``rows``; the cursor goes to ``keep``, or stays on the row that it was on."""
        if keep is None and len(self.rows):
            keep = self.rows.key(self.cursor)
        self._put(rows, keep, self.cursor)

    def set_rows_of(self, rows: Rows, chosen: Hashable | None) -> None:
        """Show ``rows`` with ``chosen`` highlighted; none of them when it is not there.

        For tables that show what is chosen elsewhere too: a highlighted row is always that.
        """
        # Without a highlight nothing says where in the order one is: it begins at its first.
        self.idle = not self._put(rows, chosen, 0)

    def _put(self, rows: Rows, chosen: Hashable | None, otherwise: int) -> bool:
        """Show ``rows`` with the cursor on ``chosen``, or on the row ``otherwise``; whether it is.

        A row that stays highlighted stays on its line, unless the first row is in sight: what comes
        in above it would carry it away from the eye.
        """
        found = rows.find(chosen)
        if found is not None and self._top and chosen == self.current:
            self._top += found - self.cursor
        self.rows = rows
        self.cursor = min(otherwise, max(0, len(rows) - 1)) if found is None else found
        self._scroll_to_cursor()
        self._left = min(self._left, max(0, len(rows.columns) - 1))
        self.refresh_changed()
        return found is not None

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on the row that ``key`` names, without a message; False if none."""
        found = self.rows.find(key)
        if found is None:
            return False
        if found != self.cursor or self.idle:
            self.idle = False
            self.cursor = found
            self._scroll_to_cursor()
            self.refresh()
        return True

    @property
    def current(self) -> Hashable | None:
        """The key of the highlighted row, None where none is."""
        there = 0 <= self.cursor < len(self.rows) and not self.idle
        return self.rows.key(self.cursor) if there else None

    @property
    def resting(self) -> Hashable | None:
        """The key of the row that :meth:`take_up` would highlight, None where one is already."""
        there = self.idle and 0 <= self.cursor < len(self.rows)
        return self.rows.key(self.cursor) if there else None

    def take_up(self) -> None:
        """Highlight the row where the cursor rests."""
        self._move(self.cursor)

    def _move(self, to: int) -> None:
        if not len(self.rows):
            return
        to = max(0, min(len(self.rows) - 1, to))
        if to == self.cursor and not self.idle:
            return
        self.idle = False
        self.cursor = to
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved(self, self.rows.key(to)))

    # actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without rows there is nothing to open, to sort or to turn round."""
        if action in ("activate", "sort", "reverse") and not len(self.rows):
            return False
        return super().check_action(action, parameters)

    def _step(self, by: int) -> None:
        """Go to another row; where none is highlighted, first to the one where the cursor rests."""
        self._move(self.cursor + (0 if self.idle else by))

    def _turn_pages(self, by: int) -> None:
        self._move(self.cursor + by * self.page)

    action_cursor_down = partialmethod(_step, 1)
    action_cursor_up = partialmethod(_step, -1)
    action_page_down = partialmethod(_turn_pages, 1)
    action_page_up = partialmethod(_turn_pages, -1)
    action_top = partialmethod(_move, 0)

    def action_bottom(self) -> None:
        """Last row."""
        self._move(len(self.rows) - 1)

    def action_left(self) -> None:
        """Show the columns to the left."""
        self._left = max(0, self._left - 1)
        self.refresh()

    def action_right(self) -> None:
        """Show the columns to the right."""
        free = [c for c in self.rows.columns if not c.fixed]
        fixed = sum(c.width + 1 for c in self.rows.columns if c.fixed)
        rest = sum(c.width + 1 for c in free[self._left :]) + fixed
        if rest > self.size.width and self._left < len(free) - 1:
            self._left += 1
            self.refresh()

    def action_sort(self) -> None:
        """Sort by the next column."""
        keys = ["", *(c.key for c in self.rows.columns)]
        at = keys.index(self.sort_by) if self.sort_by in keys else 0
        self.sort_by = keys[(at + 1) % len(keys)]
        self.post_message(self.Sorted(self))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.descending = not self.descending
        self.post_message(self.Sorted(self))

    def action_activate(self) -> None:
        """Open the highlighted row; where none is, that where the cursor rests."""
        if self.resting is not None:
            self.take_up()
        if (key := self.current) is not None:
            self.post_message(self.Activated(self, key))

    # mouse

    def _roll(self, by: int, event: events.MouseEvent) -> None:
        event.stop()
        self._move(self.cursor + by)

    on_mouse_scroll_down = partialmethod(_roll, 3)
    on_mouse_scroll_up = partialmethod(_roll, -3)

    def on_click(self, event: events.Click) -> None:
        """Select the row, open it when it was selected; sort by a heading."""
        if event.y == 0:
            for column, start, width in self._placed(self.size.width):
                if start <= event.x < start + width:
                    self.descending = self.sort_by == column.key and not self.descending
                    self.sort_by = column.key
                    self.post_message(self.Sorted(self))
            return
        row = self._top + event.y - 1
        if row == self.cursor and event.chain > 1:
            self.action_activate()
        elif row < len(self.rows):
            self._move(row)


class FixedTable(LineTable):
    """A table that cannot be sorted, and offers no key for it."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the sorting keys out."""
        return action not in ("sort", "reverse") and super().check_action(action, parameters)
