"""All trials: any number of them, columns of one's choice, sorted and filtered at once."""

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from hpo_tui.tui.actions import Action, action, bindings
from hpo_tui.tui.screens.filtering import Filter, FilteredRoom
from hpo_tui.tui.tables.trial_columns import all_columns, default_columns
from hpo_tui.tui.tables.trial_order import best_last, sorted_rows
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.snapshot import Snapshot, unchanged
from hpo_tui.tui.widgets.chrome import PaneTitle, StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words import present
from hpo_tui.tui.words.running import running_texts

_SHARED = ("watch.filter", "watch.versus", "watch.show_all")
"""What this screen has in common with Watch."""

_FILTERED = "No trial matches the filter and the brushes: u shows all."


class TrialTable(LineTable):
    """The table, which asks for the column to sort by: there may be many."""

    class SortAsked(Message):
        """Another column is to be chosen."""

    def action_sort(self) -> None:
        """Ask for the column."""
        self.post_message(self.SortAsked())


class Trials(FilteredRoom):
    """Every trial of the study that the filter and the brushes hold."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("trials"),
        *(b for b in bindings("watch") if getattr(b, "id", "") in _SHARED),
    ]
    SCOPES: ClassVar[tuple[str, ...]] = ("trials", "study", "trial", "screen")
    HELP: ClassVar[str] = """\
## All trials

Every trial, whatever its task and state. `c` chooses and orders the columns, `s` sorts by a column
(a metric: best first), `S` reverses the order, `/` filters by an expression, `h` and `l` scroll
sideways. Once there are tags (`t`), they are a column, and `tag == "keep"` is a filter. In
a git repository `commit` can be a column, with `+` where something was changed, and a filter:
`commit = 1a2b3c4`. The filter,
the brushes and the selection are the same as on Watch. `V` compares the trials shown with others.
Keys act on the highlighted trial.
"""

    def __init__(self, live: LiveStudy) -> None:
        super().__init__(live)
        self._shown: tuple[Any, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield StudyHeader(self.live.folder.name)
        yield PaneTitle("all trials", cut=present.FILTERED_TITLE, id="trials-title")
        yield TrialTable(id="trials")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what is known already."""
        table = self.query_one(LineTable)
        table.sort_by = str(self.live.memory.get("sort", ""))
        table.descending = bool(self.live.memory.get("descending", True))
        table.focus()
        self.catch_up()

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show a new snapshot."""
        self.query_one(StudyHeader).show(snapshot)
        self.query_one(KeyBar).renew()
        table = self.query_one(LineTable)
        inputs = (
            snapshot.frame, self.live.view.mask, table.sort_by, table.descending,
            running_texts(snapshot), snapshot.code,
        )  # fmt: skip
        if self.app.app_focus and not unchanged(self._shown, inputs):
            self._shown = inputs
            self.fill(snapshot)
        elif self.live.view.selected is not None:
            table.move_to(self.live.view.selected)  # another screen may have gone to it

    def fill(self, snapshot: Snapshot) -> None:
        """Put the rows into the table."""
        import numpy as np

        table, mask = self.query_one(LineTable), self.live.view.mask
        n = len(snapshot.frame)
        table.empty = _FILTERED if n else "No trial has been started yet."
        rows = np.arange(n) if mask is None else np.flatnonzero(mask)
        rows = sorted_rows(snapshot, rows, table.sort_by, table.descending)
        shown = TrialRows(snapshot, rows, self.columns(snapshot))
        table.set_rows_of(shown, self.live.view.selected)
        text = "all trials" + present.view_words(self.live.view)
        note = f"{present.grouped(len(rows))} of {present.plural(n, 'trial')} shown"
        self.query_one(PaneTitle).say(text, note)

    def columns(self, snapshot: Snapshot) -> list[str]:
        """Return the chosen columns, or the first ones."""
        chosen = self.live.memory.get("columns")
        if isinstance(chosen, list) and chosen:
            return [str(c) for c in chosen]
        return default_columns(snapshot)

    def view_changed(self) -> None:
        """Show the view."""
        self.catch_up()

    @on(LineTable.Sorted)
    def _sorted(self) -> None:
        table = self.query_one(LineTable)
        self.live.memory["sort"], self.live.memory["descending"] = table.sort_by, table.descending
        self.view_changed()
        table.action_top()  # what the order is wanted for

    @on(LineTable.Moved)
    def _moved(self, event: LineTable.Moved) -> None:
        if isinstance(event.key, int):
            self.live.select(event.key)
            self.query_one(KeyBar).renew()

    @on(LineTable.Activated)
    def _activated(self, event: LineTable.Activated) -> None:
        if isinstance(event.key, int):
            self.hpo.open_trial(self.live, event.key)

    @property
    def chosen(self) -> int | None:
        """The highlighted trial: one that the filter hides is not meant."""
        key = self.query_one(LineTable).current
        return key if isinstance(key, int) else None

    @on(TrialTable.SortAsked)
    def _ask_sort(self) -> None:
        from hpo_tui.tui.screens.pickers import PickOne

        snapshot, table = self.live.snapshot, self.query_one(LineTable)
        if snapshot is None:
            return

        def taken(key: str) -> None:
            table.sort_by = key
            table.descending = best_last(snapshot, key, otherwise=table.descending)
            self._sorted()

        columns = [c for c in self.columns(snapshot) if c not in ("trial", "mark")]
        columns.sort(key=lambda c: not c.startswith("m:"))
        names = [(c, present.spelled(c)) for c in columns]
        names += [("", "number"), ("mark", "star")]
        PickOne("Sort by", names, table.sort_by or None).ask(self.app, taken)

    def do_trials_columns(self) -> None:
        """Choose the columns."""
        from hpo_tui.tui.screens.pickers import PickMany

        snapshot = self.live.snapshot
        if snapshot is None:
            return
        chosen = self.columns(snapshot)
        every = [*chosen, *(c for c in all_columns(snapshot) if c not in chosen)]

        def taken(columns: list[str]) -> None:
            if columns:
                self.live.memory["columns"] = columns
                self._shown = ()
                self.view_changed()  # there may be more trials than when it was asked

        names = [(c, present.spelled(c)) for c in every]
        PickMany("Columns", names, chosen).ask(self.app, taken)

    def focus_main(self) -> None:
        """Give the focus to the table."""
        self.query_one(LineTable).focus()

    def do_screen_back(self) -> None:
        """Close the filter, then the screen."""
        if not self.deeds(Filter).close():
            super().do_screen_back()

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done."""
        if wanted is action("trials.columns") and self.live.snapshot is None:
            return "The study has not been read yet."
        return super().unavailable(wanted)
