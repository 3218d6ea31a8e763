"""Studies, the home screen: every study under ``.hpo``, how it stands, its best."""

import threading
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import find_home, working_folder
from hpo_tui.tui.actions import Action
from hpo_tui.tui.screens.dialogs import Ask
from hpo_tui.tui.screens.listed_studies import ListedStudies
from hpo_tui.tui.tables.study_rows import StudyRows, sorted_studies
from hpo_tui.tui.watching.below import Below, LookBelow
from hpo_tui.tui.watching.snapshot import unchanged
from hpo_tui.tui.watching.study_list import StudyList, Summary
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words import present
from hpo_tui.tui.words.listed_why import why_lines
from hpo_tui.tui.words.no_study import empty_text, studies_text
from hpo_tui.tui.words.plain import plain

SCAN_SECONDS = 1.0


class Studies(ListedStudies):
    """Every study here; Enter opens one."""

    HELP: ClassVar[str] = """\
## Studies

All studies in the nearest `.hpo` folder, in this folder or above: their state, how much of the
budget is spent, and the best result (in brackets the nearest miss if no trial meets all goals). If
a study's **runner died**, it is marked; `R` starts the runner again, and trials that are still
running are taken over. `X` stops a study, or the trials that a dead runner left behind; where
nothing runs it takes back what is queued for the next run. `c` defines a new study, starting from
the text of the selected one. `/` shows only studies whose name contains a text; `Esc` shows all
again. `=` on one study and then on another compares the two; `Space` marks several, and `=` then
lists the best of each. `A` moves a study to `.hpo/.archive`. `D` deletes it for good, after asking
for its name. Where no study is here, but some are in the folders below, `Enter` lists those of one
folder, and `Esc` goes back.

Below the list stands why the selected study is paused, over or waits, and what to do.
"""

    def __init__(self) -> None:
        super().__init__()
        self.opening = True
        """Whether the studies are still looked for: keys typed ahead wait for them."""
        self._over = threading.Event()
        self._wanted = ""
        """The text that the names of the studies that are shown hold."""
        self._standing = ""
        self._below: tuple[Below, ...] = ()
        """The folders right below that have studies; looked for where there is none here."""
        self._above: list[Path | None] = []
        """The ``.hpo`` folders, or none, that were left for those below."""

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield StudyHeader("hpo-tui")
        yield LineTable(id="studies")
        yield Notice("Looking for studies …", id="notice")
        yield Notice(id="why")
        yield KeyBar()

    def on_mount(self) -> None:
        """Scan in a thread as long as the screen lives."""
        self.query_one(LineTable).display = False
        self.run_worker(self._scan, thread=True, group="scan", exit_on_error=False)

    def on_unmount(self) -> None:
        """Let the thread end."""
        self._over.set()
        self.look_again.set()

    def on_screen_resume(self) -> None:
        """Read at once when the screen is shown again."""
        self.look_again.set()

    def _scan(self) -> None:
        studies, below = StudyList(self.hpo.home, self.hpo.clock), LookBelow()
        last: list[object] | None = None
        fault = ""
        try:
            while not self._over.is_set():
                if self.app.app_focus and (self.is_current or last is None):
                    before = fault
                    found, lower, fault = self._look(studies, below)
                    seen = [*found, lower]
                    if fault and fault != before:
                        self.app.call_from_thread(self._tell, fault)
                    elif not fault and (before or last is None or not unchanged(last, seen)):
                        last = seen
                        self.app.call_from_thread(self.show, found, lower)
                self.look_again.wait(SCAN_SECONDS)
                self.look_again.clear()
        finally:
            studies.close()

    def _look(
        self, studies: StudyList, below: LookBelow
    ) -> tuple[list[Summary], tuple[Below, ...], str]:
        """Return the studies as they are now, or none and why that is not known; for the thread.

        Between them stand those in folders below, if there are none here. A file server that does
        not answer for a moment is no reason to look no more.
        """
        try:
            if self.hpo.home is None:
                # The screen says how to make one in a shell.
                self.hpo.home = find_home(working_folder())
            studies.home = home = self.hpo.home
            found = studies.read()
            return found, () if found else below.read(home), ""
        except OSError as error:
            return [], (), in_words(error, self.hpo.home or "")

    def _tell(self, fault: str) -> None:
        """Say why the studies cannot be looked for; what is listed stays."""
        if self.listed:
            self.say(fault, "error")
        else:
            self.query_one(Notice).say(f"{fault}\n\nIt is tried again every second.")
        self.opening = False

    def show(self, studies: list[Summary], below: tuple[Below, ...] = ()) -> None:
        """Show the studies as they are; where there is none, those in the folders ``below``."""
        self.listed, self._below = studies, below
        there = {s.folder.name for s in studies}
        self.marked = [name for name in self.marked if name in there]
        table, notice = self.query_one(LineTable), self.query_one(Notice)
        table.display = bool(studies)
        notice.display = not studies
        notice.say(empty_text({b.name: b.studies for b in below}))
        home = str(self.hpo.home) if self.hpo.home else "no .hpo folder here"
        count = "1 study" if len(studies) == 1 else f"{present.grouped(len(studies))} studies"
        living = sum(s.runner is not None for s in studies)
        count += f", {living} with a runner" if living else ""
        self._standing = f"{count}   {plain(home)}"
        self.refill()
        if studies and not table.has_focus and self.is_current:
            table.focus()
        self.opening = False

    @on(LineTable.Sorted)
    def refill(self) -> None:
        """Put the rows into the table, in its order and for the width that there is."""
        table = self.query_one(LineTable)
        kept = [s for s in self.listed if self._wanted.casefold() in s.folder.name.casefold()]
        studies = sorted_studies(kept, table.sort_by, descending=table.descending)
        table.set_rows(StudyRows(studies, self.hpo.clock(), self.size.width, self.marked))
        marks = f"{len(self.marked)} marked   " if self.marked else ""
        shown = f'{len(kept)} with "{plain(self._wanted)}" of ' if self._wanted else ""
        self.query_one(StudyHeader).say(f"hpo-tui   {marks}{shown}{self._standing}")
        self.query_one(KeyBar).renew()
        self._say_why()

    @on(LineTable.Moved)
    def _say_why(self) -> None:
        """Say below the list why the study under the cursor stands as it does."""
        notice, study = self.query_one("#why", Notice), self.chosen
        most = max(2, self.size.height // 6)
        # As narrow as the notice wraps, so that it takes as many lines there.
        width = max(10, self.size.width - 2)
        lines = why_lines(study, width, most) if study else []
        notice.display = bool(lines)
        notice.styles.height = len(lines)
        notice.say("\n".join(lines))

    def do_studies_filter(self) -> None:
        """Keep the studies whose name holds a text."""
        detail = "Show studies whose name contains this text; leave it empty for all."
        Ask("Which studies?", self._wanted, detail).ask(self.app, self._keep)

    def _keep(self, wanted: str) -> None:
        self._wanted = wanted.strip()
        self.refill()

    @property
    def sparse_keys(self) -> bool:
        """Where there is no study yet, what is done to one would only hide what can be done."""
        return not self.listed

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done."""
        if wanted.id == "screen.back" and not (self._wanted or self.marked or self._above):
            return "This is the first screen: q leaves."
        if wanted.id == "studies.open" and self._below:
            return ""
        return super().unavailable(wanted)

    def do_screen_back(self) -> None:
        """Take the marks away, then show all the studies, then those that were left for others."""
        if self.marked:
            self.marked = []
            self.refill()
        elif self._wanted or not self._above:
            self._keep("")
        else:
            self._turn_to(self._above.pop())

    def do_studies_open(self) -> None:
        """Open the study; where there is none, list those of a folder below."""
        if self._below:
            self._look_into()
        else:
            super().do_studies_open()

    def _look_into(self) -> None:
        """List the studies of a folder below; where there are several, of one that is chosen."""
        from hpo_tui.tui.screens.pickers import PickOne

        if len(self._below) == 1:
            self._go_down(self._below[0].home)
            return
        entries = [(b.home, f"{b.name}: {studies_text(b.studies)}") for b in self._below]
        PickOne("The studies of which folder?", entries).ask(self.app, self._go_down)

    def _go_down(self, home: Path) -> None:
        if home != self.hpo.home:  # else they are being read already
            self._above.append(self.hpo.home)
            self._turn_to(home)

    def _turn_to(self, home: Path | None) -> None:
        """List the studies of another ``.hpo`` folder."""
        self.hpo.home = home
        self.look_again.set()

    @on(LineTable.Activated)
    def _activated(self, event: LineTable.Activated) -> None:
        study = next((s for s in self.listed if s.folder.name == event.key), None)
        if study is not None:
            self.hpo.open_study(study.folder)

    def on_resize(self) -> None:
        """Fit the columns to the window."""
        if self.listed:
            self.refill()
