"""Small windows to choose from a list: one entry, or several in an order of one's own."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partialmethod
from typing import Any, ClassVar, TypeVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message

from hpo_tui.tui.actions import bindings
from hpo_tui.tui.screens.small_window import Dialog
from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.fmt import clip_among
from hpo_tui.tui.words.plain import plain

KeyT = TypeVar("KeyT", bound=Hashable)

MARK = 3
"""Cells of ``[x]``, by which an entry is ticked."""
WIDTH = 66
"""Cells of an entry."""
LONGEST = 14
"""Lines of a list, its heading among them; what is longer is scrolled."""


class _Entries:
    """The rows of a list to choose from. ``heading``: what stands over them."""

    def __init__(self, entries: Sequence[tuple[Hashable, str]], heading: str) -> None:
        self._entries = entries
        self._names = [plain(name) for _, name in entries]
        self._room = WIDTH
        self.columns = [Column("name", heading, WIDTH)]

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, row: int) -> Hashable:
        return self._entries[row][0]

    def find(self, key: Hashable) -> int | None:
        return next((i for i, e in enumerate(self._entries) if e[0] == key), None)

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the entry's name, told from the others where it has to be cut."""
        return [(clip_among(self._names[row], self._room, self._names), "")]


class _Ticked(_Entries):
    """The rows of a list of which several can be chosen."""

    def __init__(self, entries: Sequence[tuple[Hashable, str]], ticked: Iterable[Hashable]) -> None:
        self._ticked = set(ticked)
        super().__init__(entries, f"{len(self._ticked)} of {len(entries)} ticked")
        self._room = WIDTH - MARK - 1

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the entry's name, ticked or not."""
        ticked = self.key(row) in self._ticked
        [(name, _)] = super().cells(row)
        return [(f"[{'x' if ticked else ' '}] {name}", "" if ticked else "dim")]


class _TickList(LineTable):
    """A list whose entries the mouse ticks: by their mark, or by a second click."""

    class Ticked(Message):
        """The entry under the cursor is to be ticked, or its tick to go."""

    def on_click(self, event: events.Click) -> None:
        """Tick the entry, in place of the answer that a second click gives elsewhere."""
        row = self._top + event.y - 1
        if 0 < event.y <= len(self.rows) - self._top and (event.x < MARK or event.chain > 1):
            event.prevent_default()
            self._move(row)
            self.post_message(self.Ticked())


class PickOne(Dialog[KeyT]):
    """Chooses one entry of a list; ``current``: the one that the cursor begins on."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog", only=("leave",))]
    KEYS = "Enter  choose      Esc  cancel"

    def __init__(
        self, question: str, entries: Iterable[tuple[KeyT, str]], current: KeyT | None = None
    ) -> None:
        super().__init__(question)
        self._entries = list(entries)
        self._current = current

    def parts(self) -> ComposeResult:
        """Yield the list."""
        yield LineTable()

    def on_mount(self) -> None:
        """Fill the list."""
        table, n = self.query_one(LineTable), len(self._entries)
        # Few are all in sight, and need no number.
        heading = f"{n} to choose from" if n >= LONGEST else ""
        table.set_rows(_Entries(self._entries, heading), keep=self._current)
        table.styles.height = min(LONGEST, n + 1)
        table.focus()

    @on(LineTable.Activated)
    def _taken(self) -> None:
        if not self.in_a_jumble():
            self.dismiss(self._entries[self.query_one(LineTable).cursor][0])


class PickMany(Dialog[list[KeyT]]):
    """Ticks entries of a list: Space ticks, ``K``/``J`` move an entry, Enter takes the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog", only=("leave", "tick", "up", "down"))
    ]
    KEYS = "Space  tick    K J  move    Enter  accept    Esc  cancel"

    def __init__(
        self, question: str, entries: Iterable[tuple[KeyT, str]], ticked: Iterable[KeyT]
    ) -> None:
        super().__init__(question)
        self._entries = list(entries)
        self._ticked = set(ticked)
        if len(self._entries) < 2:
            self.KEYS = "Space  tick    Enter  accept    Esc  cancel"

    def parts(self) -> ComposeResult:
        """Yield the list."""
        yield _TickList()

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()
        self.query_one(LineTable).styles.height = min(LONGEST, len(self._entries) + 1)
        self.query_one(LineTable).focus()

    def _fill(self, keep: Hashable | None = None) -> None:
        self.query_one(LineTable).set_rows(_Ticked(self._entries, self._ticked), keep=keep)

    @on(_TickList.Ticked)
    def action_tick(self) -> None:
        """Tick the entry, or take the tick away."""
        if self._entries:
            key = self._entries[self.query_one(LineTable).cursor][0]
            self._ticked ^= {key}
            self._fill(key)

    def _shift(self, by: int) -> None:
        table = self.query_one(LineTable)
        at, to = table.cursor, table.cursor + by
        if 0 <= to < len(self._entries):
            entries = self._entries
            entries[at], entries[to] = entries[to], entries[at]
            self._fill(entries[to][0])

    action_up = partialmethod(_shift, -1)
    action_down = partialmethod(_shift, 1)

    @on(LineTable.Activated)
    def _taken(self) -> None:
        self.dismiss([k for k, _ in self._entries if k in self._ticked])


def ask_stop(app: App[Any], stop: Callable[[bool], None], *, running: bool = True) -> None:
    """Ask how a study is to be stopped; ``stop`` gets whether its trials are killed at once.

    ``running``: whether there are any, or may be. Without, there is nothing to choose.
    """
    question = "Stop the study?"
    if not running:
        from hpo_tui.tui.screens.dialogs import Confirm

        detail = "No trial is running. R continues the study."
        Confirm(question, detail).ask(app, lambda _: stop(False))
        return
    entries = [(False, "end trials; each may save first"), (True, "kill the trials at once")]
    PickOne(question, entries).ask(app, stop)
