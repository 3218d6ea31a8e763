"""The table from which a trial was opened: the trial's place in it, and which trial is next."""

from textual.app import App

from hpo_tui.tui.tables.rows import Rows
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.widgets.line_table import LineTable


class Listed:
    """The order of trials on the screen beneath: that of the table that had the focus there.

    If the focus was in no table of trials (but in a chart, or the events), it is the order of the
    numbers of all trials that pass filter and brushes.
    """

    def __init__(self, app: App[object], live: LiveStudy, number: int) -> None:
        beneath = app.screen_stack[-2] if len(app.screen_stack) > 1 else None
        table = beneath.focused if beneath is not None else None
        rows = table.rows if isinstance(table, LineTable) else None
        place = rows.find(number) if rows is not None else None
        if rows is not None and place is not None:
            self._rows: Rows | list[int] = rows
        else:
            self._rows = _by_number(live)
            place = self._rows.index(number) if number in self._rows else None
        self._at = place

    @property
    def said(self) -> str:
        """Return which of how many the trial is, and the keys to the others; or nothing."""
        return f"{self._at + 1} of {len(self._rows)} (, .) " if self._at is not None else ""

    def step(self, by: int) -> int | None:
        """Return the number of the trial ``by`` places further on, None where there is none."""
        if self._at is None or not 0 <= self._at + by < len(self._rows):
            return None
        rows, to = self._rows, self._at + by
        key = rows[to] if isinstance(rows, list) else rows.key(to)
        return key if isinstance(key, int) else None


def _by_number(live: LiveStudy) -> list[int]:
    if live.snapshot is None:
        return []
    numbers, mask = live.snapshot.frame.number, live.view.mask_over(len(live.snapshot.frame))
    found: list[int] = (numbers if mask is None else numbers[mask]).tolist()
    return found
