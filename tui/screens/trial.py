"""One trial: its values against the best, its curve among the others', its log."""

from functools import partial, partialmethod
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from hpo_tui.store.models import Event, Trial
from hpo_tui.tui.actions import CHARTS, bindings
from hpo_tui.tui.deeds.of_a_study import OF_A_STUDY
from hpo_tui.tui.panes import TABS, make
from hpo_tui.tui.screens.opened_from import Listed
from hpo_tui.tui.screens.study_room import StudyRoom
from hpo_tui.tui.screens.text_window import read_whole
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.snapshot import Snapshot, unchanged
from hpo_tui.tui.widgets.chrome import PaneTitle, StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import FixedTable, LineTable
from hpo_tui.tui.widgets.log_tail import LogTail
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import EntryRows, readable
from hpo_tui.tui.words.plain import fit, wrapped
from hpo_tui.tui.words.rank_at_step import rank_text
from hpo_tui.tui.words.running import running_texts
from hpo_tui.tui.words.trial_sheet import files_of, reason, sheet

_CURVES = next(p for p in TABS if p.module == CHARTS["curves"])


class TrialScreen(StudyRoom):
    """A trial and what can be done to it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sheet")]
    SCOPES: ClassVar[tuple[str, ...]] = ("sheet", "trial", "study", "screen")
    DEEDS: ClassVar[tuple[type[Any], ...]] = OF_A_STUDY
    HELP: ClassVar[str] = """\
## Trial

One trial next to the best one: metrics with their goals, parameters (highlighted if they differ),
how it ran, while it runs how far it is and how it stands among the others of its task at the same
step, why it was suggested, what happened to it and, at the end (`G`), its files, the
checkpoint among them. `Enter` shows a whole line, and `y` copies it there. `.` and `,` go to the
next and the previous trial of the table that it was opened from. On the right are its learning
curve among those of other trials, and its log. If there is room for only one of them, `3` shows the
curve and `6` the log.
"""

    def __init__(self, live: LiveStudy, number: int) -> None:
        super().__init__(live)
        self.number = number
        self._record: Trial | None = None
        self._events: tuple[Event, ...] = ()
        self._files: dict[str, str | None] = {}
        self._places = ""
        self._read_for: tuple[Any, ...] = ()
        self._so_far = ""
        """How long trials had run when their values were shown last."""
        self._curves: Any = None

    @property
    def chosen(self) -> int | None:
        """The trial of this screen."""
        return self.number

    def compose(self) -> ComposeResult:
        """Lay out the values, the curve and the log."""
        yield StudyHeader(self.live.folder.name)
        with Container(id="trial-body"):
            with Vertical(id="trial-left"):
                yield PaneTitle("", id="trial-title")
                yield Notice(id="trial-reason")
                yield FixedTable(id="trial-values")
            with Vertical(id="trial-right"):
                yield PaneTitle("learning curve", id="curve-title")
                yield Container(id="trial-curve")
                yield PaneTitle("log", id="log-title")
                yield LogTail(id="trial-log", trial=self.number)
        yield KeyBar()

    def on_mount(self) -> None:
        """Build the curve and show what is known."""
        self._curves = make(_CURVES)
        self.query_one("#trial-curve").mount(self._curves)
        self.query_one("#trial-values").focus()
        self.on_resize()
        self.call_after_refresh(self.catch_up)

    def turn_to(self, number: int) -> None:
        """Show another trial in this place."""
        self.number = self.query_one(LogTail).trial = number
        self._record, self._events, self._files, self._read_for = None, (), {}, ()
        self._places = ""
        self.catch_up()

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show a new snapshot; the trial's own record is read in a thread."""
        self.query_one(StudyHeader).show(snapshot)
        self.query_one(KeyBar).renew()
        if not self.app.app_focus:
            return
        wanted = (snapshot.frame, self.number)
        if not unchanged(self._read_for, wanted):
            self._read_for = wanted
            read = partial(self._read, snapshot)
            self.run_worker(read, thread=True, group="trial", exit_on_error=False)
            self._fill(snapshot)
            self._curves.show(snapshot, self.live.view)
        elif running_texts(snapshot) != self._so_far:
            self._fill(snapshot)
        self.query_one(LogTail).show(snapshot, self.live.view)
        self._so_far = running_texts(snapshot)

    def _read(self, snapshot: Snapshot) -> None:
        import sqlite3

        from hpo_tui.store.database_errors import explained
        from hpo_tui.store.read import StudyReader

        number = self.number
        try:
            with StudyReader(self.live.folder.db) as reader:
                record = reader.trial(number)
                events = tuple(reader.events_of(number))
                row = snapshot.frame.index(number)
                places = "" if row is None else rank_text(snapshot, row, reader)
            files = files_of(self.live.folder, number)
        except (OSError, sqlite3.Error) as error:
            self.app.call_from_thread(self._take_fault, number, explained(error))
            return
        self.app.call_from_thread(self._take_record, number, record, events, files, places)

    def _take_fault(self, number: int, why: str) -> None:
        """Say that the record could not be read; it is tried again with the next snapshot."""
        if number == self.number and self.is_attached:
            self._read_for = ()
            self.say(f"The record of trial {number} cannot be read: {why}.", "error")

    def _take_record(
        self,
        number: int,
        record: Trial | None,
        events: tuple[Event, ...],
        files: dict[str, str | None],
        places: str,
    ) -> None:
        if number == self.number and self.live.snapshot is not None and self.is_attached:
            self._record, self._events, self._files = record, events, files
            self._places = places
            self._fill(self.live.snapshot)

    def _fill(self, snapshot: Snapshot) -> None:
        row = snapshot.frame.index(self.number)
        title = self.query_one("#trial-title", PaneTitle)
        if row is None:
            title.say(f"there is no trial {self.number}")
            return
        record = self._record
        if record is not None and record.number != self.number:
            record = None
        said = sheet(snapshot, row, record, self._events, self._files, places=self._places)
        self._tell_reason(reason(snapshot, row, record, self._events))
        table = self.query_one("#trial-values", LineTable)
        lines = EntryRows(said.entries, said.columns, max(30, table.size.width))
        table.set_rows(lines, keep=None if len(table.rows) else lines.first)
        title.say(said.title, Listed(self.app, self.live, self.number).said)

    @property
    def sparse_keys(self) -> bool:
        """A trial that has ended can no more be killed: its other keys are shown instead."""
        return True

    def _step(self, by: int) -> None:
        """Go to the trial of another row of the table beneath."""
        number = Listed(self.app, self.live, self.number).step(by)
        if number is None:
            self.say("There are no more trials that way: , and . go through those shown.")
        else:
            self.hpo.open_trial(self.live, number)

    do_sheet_next = partialmethod(_step, 1)
    do_sheet_previous = partialmethod(_step, -1)

    def do_sheet_curve(self) -> None:
        """Go to the learning curve."""
        self._stage("-curve")
        self._curves.focus()

    def do_sheet_log(self) -> None:
        """Go to the log."""
        self._stage("-log")
        self.query_one(LogTail).focus()

    def _stage(self, name: str) -> None:
        """Give the room that there is for one of the two to this."""
        for stage in ("-curve", "-log"):
            self.set_class(stage == name, stage)
        self._name_keys()

    def _name_keys(self) -> None:
        """Say beside the titles which key shows what is not in sight."""
        alone = self.has_class("-narrow") or self.has_class("-low")
        self.query_one("#curve-title", PaneTitle).say("learning curve", "6: log " if alone else "")
        self.query_one("#log-title", PaneTitle).say("log", "3: learning curve " if alone else "")

    def _tell_reason(self, reason: str) -> None:
        """Say above the values how the trial ended or lingers, as much as there is room for."""
        notice = self.query_one("#trial-reason", Notice)
        text = readable(reason)
        lines = wrapped(text, max(10, self.query_one("#trial-left").size.width))
        # Of a traceback the end says most; a sentence is needed whole, to what is to be done.
        most = max(3, self.size.height // (5 if "\n" in text.strip() else 2))
        if len(lines) > most:
            over = self._record is not None and self._record.reason
            hint = "  (all of it: Enter on 'ended' below)" if over else "  (all: events, below)"
            lines = [lines[0], hint, *_end(text, lines, most - 2)]
        notice.display = bool(reason)
        notice.styles.height = len(lines)
        notice.say("\n".join(lines))

    @on(LineTable.Activated)
    def _read_whole(self, event: LineTable.Activated) -> None:
        read_whole(self, event, f"trial {self.number}")

    def on_resize(self) -> None:
        """Choose the layout for the size."""
        self.set_class(self.size.width < 100, "-narrow")
        self.set_class(self.size.height < 20, "-low")
        self._name_keys()
        if self.is_mounted:
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self.live.snapshot is not None:
            self._fill(self.live.snapshot)


def _end(text: str, lines: list[str], room: int) -> list[str]:
    """Return the last ``room`` of a reason's wrapped ``lines``.

    A last line that is longer than that loses its middle, because its beginning names the error.
    """
    width = max(map(len, lines))
    last = wrapped(text.rstrip().rpartition("\n")[2], width)
    if room < 2 or len(last) <= room or len(last) == len(lines):
        return lines[-room:]
    return [*last[: room - 1], fit(f"… {last[-1]}", width)]
