"""Rows drawn line by line under a heading: only what is in sight is formatted."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.tui.tables.rows import TONES, Cell, Column, NoRows, Rows, without_spare
from hpo_tui.tui.widgets.tones import ink
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import fit, wrapped

_NOT_REVERSED = Style(reverse=False)
_Said = tuple[Sequence[Cell], bool]


class TableLines(Widget):
    """The part of a table that is in sight, with a highlighted row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--head",
        "line-table--cursor",
        "line-table--stripe",
        *(f"line-table--{tone}" for tone in TONES),
    }
    ALLOW_SELECT = False

    cursor: int = 0
    """The highlighted row; where none is, the one that the next key highlights."""
    sort_by: str = ""
    """Key of the column that the rows are sorted by, empty for the natural order."""
    descending: bool = False
    idle: bool = False
    """No row is highlighted: what is chosen is none of these. The next key takes up the cursor."""

    def __init__(self, *, id: str | None = None, empty: str = "") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.rows: Rows = NoRows()
        self.empty = empty
        """What an empty table says instead of rows."""
        self._top = 0
        self._left = 0
        self._look: object = None
        self._drawn: dict[int, _Said | None] = {}
        """Line → what it was drawn from."""

    # what is in sight

    @property
    def page(self) -> int:
        """Rows in sight."""
        return max(1, self.size.height - 1)

    def _scroll_to_cursor(self) -> None:
        if not self.size.height:
            return  # out of sight, or not laid out yet: there is nothing to fit to
        page, at = self.page, self.cursor
        if not self._top - page <= at < self._top + 2 * page:
            self._top = at - page // 2  # more than a page away: what is around it is of interest
        elif at < self._top:
            self._top = at
        elif at >= self._top + page:
            self._top = at - page + 1
        self._top = max(0, min(self._top, len(self.rows) - page))

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

    def refresh_changed(self) -> None:
        """Have the lines drawn anew that show something else, of a table that looks as before."""
        look, old = self._looks(), self._look
        if look != old:
            self.refresh()
            return
        lines = range(self.size.height)
        changed = [y for y in lines if y not in self._drawn or self._drawn[y] != self._said(y)]
        if changed:
            self.refresh(*[Region(0, y, self.size.width, 1) for y in changed])

    def _looks(self) -> object:
        """Return what all lines depend on beside their cells."""
        order, empty = (self.sort_by, self.descending), "" if len(self.rows) else self.empty
        return self.size, self._left, order, empty, list(self.rows.columns)

    def _said(self, y: int) -> _Said | None:
        """Return the cells of a line, and whether it is highlighted; None where there is no row."""
        row = self._top + y - 1
        if y == 0 or not 0 <= row < len(self.rows):
            return None
        return list(self.rows.cells(row)), row == self.cursor and not self.idle

    def _placed(self, width: int) -> list[tuple[Column, int, int]]:
        """Return the columns in sight with their first cell and width.

        Where there are more, the last cell is left to the mark that says so.
        """
        placed = self._fitting(width)
        whole = not placed or placed[-1][0] is self.rows.columns[-1]
        return placed if whole else self._fitting(width - 1)

    def _fitting(self, width: int) -> list[tuple[Column, int, int]]:
        placed: list[tuple[Column, int, int]] = []
        at, skipped = 0, 0
        for column in without_spare(self.rows.columns, width):
            if not column.fixed and skipped < self._left:
                skipped += 1
                continue
            room = min(column.width, width - at)
            if room < column.narrowest:
                break
            placed.append((column, at, room))
            at += room + 1
        return placed

    def _tone(self, name: str) -> Style:
        return ink(self, f"line-table--{name}")

    def _ground(self, name: str) -> Style:
        return self.get_component_rich_style(f"line-table--{name}")

    def _instead(self, width: int, height: int) -> list[str]:  # noqa: ARG002 - for those who have a shorter text
        """Return the lines that an empty table says."""
        return wrapped(self.empty, width)

    def render_line(self, y: int) -> Strip:
        """Draw the heading or one row."""
        self._look, self._drawn[y] = self._looks(), (said := self._said(y))
        width = self.size.width
        base = self.rich_style
        if y == 0 and self.rows.columns:
            return self._head(width, base)
        if said is None:
            if not len(self.rows) and self.empty:
                room = self.size.height - 2
                lines = self._instead(width - 2, room)
                text = lines[y - 2] if 2 <= y < len(lines) + 2 else ""
                if y == room + 1 and len(lines) > room:
                    text = fit(f"{text} …", width - 1)  # else it reads as a whole sentence
                return Strip([Segment(fit(" " + text, width), base + self._tone("dim"))], width)
            return Strip.blank(width, base)
        return self._row(*said, width, base)

    def _head(self, width: int, base: Style) -> Strip:
        style = base + self._tone("head")
        segments, end = [], 0
        for column, start, room in self._placed(width):
            mark, here = "", style
            if column.key == self.sort_by:
                mark = "▾" if self.descending else "▴"
                here = style + self._tone("accent")
            segments.append(Segment(column.heading(room, mark), here))
            segments.append(Segment(" ", style))
            end = start + room + 1
        if end < width:
            segments.append(Segment(" " * (width - end), style))
        return self._marked(Strip(segments).crop(0, width), style).simplify()

    def _marked(self, head: Strip, style: Style) -> Strip:
        """Return the heading with an arrow on each side where there are more columns."""
        width, placed = head.cell_length, self._placed(head.cell_length)
        pinned = sum(room + 1 for column, _, room in placed if column.fixed)
        if self._left and 0 < pinned < width:
            arrow = Strip([Segment("‹", style)])
            head = Strip.join([head.crop(0, pinned - 1), arrow, head.crop(pinned, width)])
        if not placed or placed[-1][0] is not self.rows.columns[-1]:
            head = Strip.join([head.crop(0, width - 1), Strip([Segment("›", style)])])
        return head

    def _row(self, found: Sequence[Cell], chosen: bool, width: int, base: Style) -> Strip:
        """Return one row as a strip; a row of one cell goes over all columns."""
        ground = base
        if chosen:
            ground = base + self._ground("cursor")
            if not self.has_focus:
                # Without colours the row that keys act on is reversed, and no other.
                ground = base + self._ground("stripe") + _NOT_REVERSED
        if len(found) == 1 < len(self.rows.columns):
            text, tone = found[0]
            style = ground + self._tone(tone) if tone else ground
            return Strip([Segment(fit(text, width), style)])
        keys = [c.key for c in self.rows.columns]
        cells = dict(zip(keys, found, strict=False))
        wide = keys[len(found) - 1] if len(found) < len(keys) else None
        segments, end = [], 0
        for column, start, narrow in self._placed(width):
            if column.key not in cells:
                continue
            room = width - start - 1 if column.key == wide else narrow
            text, tone = cells[column.key]
            style = ground
            if tone and not (chosen and self.has_focus and tone == "dim"):
                style = ground + self._tone(tone)
                if chosen:
                    style += Style(bgcolor=ground.bgcolor)
            if column.align == "right" and fmt.width_of(text) > room:
                text = "…"  # the first digits of a number alone are another number
            segments.append(Segment(fit(fmt.clip_line(text, room), room, column.align), style))
            segments.append(Segment(" ", ground))
            end = start + room + 1
        if end < width:
            segments.append(Segment(" " * (width - end), ground))
        return Strip(segments).crop(0, width).simplify()
