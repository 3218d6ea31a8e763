"""A table of any number of rows: only the rows in sight are formatted and drawn."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.tui.actions import bindings
from hpo_tui.tui.plain import fit, to_ascii, wrapped
from hpo_tui.tui.widgets.tones import ink

Cell = tuple[str, str]
"""Plain text, and the name of its tone: one of :data:`TONES`, or empty."""

TONES = ("dim", "good", "bad", "warn", "accent", "bold")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``width`` cells. ``fixed``: stays when the others scroll sideways."""

    key: str
    title: str
    width: int
    align: Literal["left", "right"] = "left"
    fixed: bool = False


class Rows(Protocol):
    """What a table shows. Never changes once given to a table."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, in order."""

    def __len__(self) -> int: ...

    def key(self, row: int) -> Hashable:
        """Return what names the row across renewals."""

    def find(self, key: Hashable) -> int | None:
        """Return the row that ``key`` names, None if it is not shown."""

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the row's cells, one a column; a heading is one cell over all of them."""


class NoRows:
    """A table without rows."""

    columns: Sequence[Column] = ()

    def __len__(self) -> int:
        return 0

    def key(self, row: int) -> Hashable:
        """There is no row: raises IndexError."""
        raise IndexError(row)

    def find(self, key: Hashable) -> int | None:  # noqa: ARG002 - the protocol's argument
        """Nothing is found."""
        return None

    def cells(self, row: int) -> Sequence[Cell]:
        """There is no row: raises IndexError."""
        raise IndexError(row)


class LineTable(Widget, can_focus=True):
    """Rows with a cursor, drawn line by line; 100 000 rows cost what ten do."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("table")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--head",
        "line-table--cursor",
        "line-table--stripe",
        *(f"line-table--{tone}" for tone in TONES),
    }
    ALLOW_SELECT = False

    cursor: reactive[int] = reactive(0, repaint=False)
    sort_by: str = ""
    """Key of the column that the rows are sorted by, empty for the natural order."""
    descending: bool = False
    idle: bool = False
    """No row is highlighted: what is chosen is none of these. The next key takes up the cursor."""

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, table: "LineTable", key: Hashable) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Activated(Message):
        """Enter was pressed on a row, or it was clicked while the cursor stood on it."""

        def __init__(self, table: "LineTable", key: Hashable) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Sorted(Message):
        """Another order is wanted: the owner gives new rows."""

        def __init__(self, table: "LineTable") -> None:
            super().__init__()
            self.table = table

    def __init__(self, *, id: str | None = None, empty: str = "") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.rows: Rows = NoRows()
        self.empty = empty
        """What an empty table says instead of rows."""
        self._top = 0
        self._left = 0

    # what is shown

    def set_rows(self, rows: Rows, *, keep: Hashable | None = None) -> None:
        """Show ``rows``; the cursor goes to ``keep``, or stays on the row that it was on."""
        if keep is None and len(self.rows):
            keep = self.rows.key(min(self.cursor, len(self.rows) - 1))
        self._put(rows, rows.find(keep) if keep is not None else None)

    def set_rows_of(self, rows: Rows, chosen: Hashable | None) -> None:
        """Show ``rows`` with ``chosen`` highlighted; none of them when it is not there.

        For tables that show what is chosen elsewhere too: a highlighted row is always that.
        """
        found = rows.find(chosen) if chosen is not None else None
        self.idle = found is None
        # Without a highlight nothing says where in the order one is: it begins at its first.
        self._put(rows, 0 if found is None else found)

    def _put(self, rows: Rows, found: int | None) -> None:
        self.rows = rows
        top = self._top
        at = min(self.cursor, max(0, len(rows) - 1)) if found is None else found
        self.set_reactive(LineTable.cursor, at)
        self._top = top
        self._scroll_to_cursor()
        self._left = min(self._left, max(0, len(rows.columns) - 1))
        self.refresh()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on the row that ``key`` names, without a message; False if none."""
        found = self.rows.find(key)
        if found is None:
            return False
        if found != self.cursor or self.idle:
            self.idle = False
            self.set_reactive(LineTable.cursor, found)
            self._scroll_to_cursor()
            self.refresh()
        return True

    @property
    def current(self) -> Hashable | None:
        """The key of the highlighted row, None where none is."""
        there = 0 <= self.cursor < len(self.rows) and not self.idle
        return self.rows.key(self.cursor) if there else None

    @property
    def page(self) -> int:
        """Rows in sight."""
        return max(1, self.size.height - 1)

    def _scroll_to_cursor(self) -> None:
        page = self.page
        self._top = max(0, min(self._top, len(self.rows) - page))
        if self.cursor < self._top:
            self._top = self.cursor
        elif self.cursor >= self._top + page:
            self._top = self.cursor - page + 1

    def _move(self, to: int) -> None:
        if not len(self.rows):
            return
        to = max(0, min(len(self.rows) - 1, to))
        if to == self.cursor and not self.idle:
            return
        self.idle = False
        self.set_reactive(LineTable.cursor, to)
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved(self, self.rows.key(to)))

    # actions

    def action_cursor_down(self) -> None:
        """Go to the next row."""
        self._move(self.cursor + (not self.idle))

    def action_cursor_up(self) -> None:
        """Previous row."""
        self._move(self.cursor - (not self.idle))

    def action_page_down(self) -> None:
        """Go a page on."""
        self._move(self.cursor + self.page)

    def action_page_up(self) -> None:
        """Go a page back."""
        self._move(self.cursor - self.page)

    def action_top(self) -> None:
        """First row."""
        self._move(0)

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
        """Open the highlighted row; where none is, highlight one."""
        key = self.current
        if key is not None:
            self.post_message(self.Activated(self, key))
        else:
            self._move(self.cursor)

    # mouse

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move on by three rows."""
        event.stop()
        self._move(self.cursor + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move back by three rows."""
        event.stop()
        self._move(self.cursor - 3)

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

    def on_resize(self) -> None:
        """Keep the cursor in sight; what was painted for the new size may be scrolled already."""
        top = self._top
        self._scroll_to_cursor()
        if self._top != top:
            self.refresh()

    def on_focus(self) -> None:
        """Show the cursor bright."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor dim."""
        self.refresh()

    # drawing

    def _fit(self, text: str, width: int, align: str = "left") -> str:
        """Return ``text`` in ``width`` cells, in 7-bit characters where those alone are wanted."""
        if getattr(self.app, "ascii_only", False):
            return fit(to_ascii(text), width, align, "~")
        return fit(text, width, align)

    def _placed(self, width: int) -> list[tuple[Column, int, int]]:
        """Return the columns in sight with their first cell and width."""
        placed: list[tuple[Column, int, int]] = []
        at, skipped = 0, 0
        for column in self.rows.columns:
            if not column.fixed and skipped < self._left:
                skipped += 1
                continue
            room = min(column.width, width - at)
            if room < min(4, column.width):
                break
            placed.append((column, at, room))
            at += room + 1
        return placed

    def _tone(self, name: str) -> Style:
        return ink(self, f"line-table--{name}")

    def _ground(self, name: str) -> Style:
        return self.get_component_rich_style(f"line-table--{name}")

    def render_line(self, y: int) -> Strip:
        """Draw the heading or one row."""
        width = self.size.width
        base = self.rich_style
        if y == 0 and self.rows.columns:
            return self._head(width, base)
        row = self._top + y - 1
        if not 0 <= row < len(self.rows):
            if not len(self.rows) and self.empty:
                lines = wrapped(self.empty, width - 2)
                text = lines[y - 2] if 2 <= y < len(lines) + 2 else ""
                return Strip(
                    [Segment(self._fit(" " + text, width), base + self._tone("dim"))], width
                )
            return Strip.blank(width, base)
        return self._row(row, width, base)

    def _head(self, width: int, base: Style) -> Strip:
        style = base + self._tone("head")
        segments, end = [], 0
        up, down = ("^", "v") if getattr(self.app, "ascii_only", False) else ("▴", "▾")
        for column, start, room in self._placed(width):
            title = column.title
            here = style
            if column.key == self.sort_by:
                mark = down if self.descending else up
                title = f"{mark}{title}" if column.align == "right" else f"{title}{mark}"
                here = style + self._tone("accent")
            segments.append(Segment(self._fit(title, room, column.align), here))
            segments.append(Segment(" ", style))
            end = start + room + 1
        if end < width:
            segments.append(Segment(" " * (width - end), style))
        return Strip(segments).crop(0, width)

    def _row(self, row: int, width: int, base: Style) -> Strip:
        chosen = row == self.cursor and not self.idle
        ground = base
        if chosen:
            ground = base + self._ground("cursor")
            if not self.has_focus:
                ground = base + self._ground("stripe")
        found = self.rows.cells(row)
        if len(found) == 1 < len(self.rows.columns):
            text, tone = found[0]
            style = ground + self._tone(tone) if tone else ground
            return Strip([Segment(self._fit(text, width), style)])
        cells = dict(zip((c.key for c in self.rows.columns), found, strict=True))
        segments, end = [], 0
        for column, start, room in self._placed(width):
            text, tone = cells[column.key]
            style = ground
            if tone and not (chosen and self.has_focus and tone == "dim"):
                style = ground + self._tone(tone)
                if chosen:
                    style += Style(bgcolor=ground.bgcolor)
            segments.append(Segment(self._fit(text, room, column.align), style))
            segments.append(Segment(" ", ground))
            end = start + room + 1
        if end < width:
            segments.append(Segment(" " * (width - end), ground))
        return Strip(segments).crop(0, width)
