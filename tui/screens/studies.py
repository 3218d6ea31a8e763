"""Studies, the home screen: every study under ``.hpo``, how it stands, its best."""

import threading
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from hpo_tui.store.folder import ARCHIVE, StudyFolder, find_home
from hpo_tui.tui import present
from hpo_tui.tui.actions import Action, bindings
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.base import Room, Severity
from hpo_tui.tui.study_deeds import NOTHING_RUNS, archive, delete, send, start, stop, why_not
from hpo_tui.tui.study_list import StudyList, Summary
from hpo_tui.tui.study_rows import StudyRows, sorted_studies
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice

SCAN_SECONDS = 1.0
EMPTY = """\
There is no study here yet.

n   describe a new study in an editor that checks it as you write

From a shell:
    hpo-tui init train.py     write a study from your script's own arguments
    hpo-tui demo              run a small study that needs no GPU, and watch it

A study lives in a folder .hpo beside your code; it is found from any folder below.
"""


class Studies(Room):
    """Every study here; Enter opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("studies")]
    SCOPES: ClassVar[tuple[str, ...]] = ("studies",)
    HELP: ClassVar[str] = """\
## Studies

Every study in the `.hpo` folder found from where you are upward: how it stands, what it has spent
of its budget, its best result. A study whose **runner died** is marked; `R` starts it again, and
trials that still live are taken over. `A` moves a study to `.hpo/.archive`, `D` deletes it for
good and asks for its name.
"""

    def __init__(self) -> None:
        super().__init__()
        self._studies: list[Summary] = []
        self.opening = True
        """Whether the studies are still looked for: keys typed ahead wait for them."""
        self._marked: str | None = None
        self._wake = threading.Event()
        self._over = threading.Event()

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield StudyHeader("hpo-tui")
        yield LineTable(id="studies")
        yield Notice("Looking for studies …", id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Scan in a thread as long as the screen lives."""
        self.query_one(LineTable).display = False
        self.run_worker(self._scan, thread=True, group="scan", exit_on_error=False)

    def on_unmount(self) -> None:
        """Let the thread end."""
        self._over.set()
        self._wake.set()

    def on_screen_resume(self) -> None:
        """Read at once when the screen is shown again."""
        self._wake.set()

    def _scan(self) -> None:
        studies = StudyList(self.hpo.home)
        last: list[Summary] | None = None
        try:
            while not self._over.is_set():
                if self.app.app_focus and (self.is_current or last is None):
                    if self.hpo.home is None:
                        # The screen says how to make one in a shell.
                        self.hpo.home = find_home(Path.cwd())
                    studies.home = self.hpo.home
                    found = studies.read()
                    if (
                        last is None
                        or any(a is not b for a, b in zip(last, found, strict=False))
                        or len(last) != len(found)
                    ):
                        last = found
                        self.app.call_from_thread(self.show, found)
                self._wake.wait(SCAN_SECONDS)
                self._wake.clear()
        finally:
            studies.close()

    def show(self, studies: list[Summary]) -> None:
        """Show the studies as they are."""
        self._studies = studies
        table, notice = self.query_one(LineTable), self.query_one(Notice)
        table.display = bool(studies)
        notice.display = not studies
        notice.say(EMPTY)
        home = str(self.hpo.home) if self.hpo.home else "no .hpo folder here"
        count = "1 study" if len(studies) == 1 else f"{present.grouped(len(studies))} studies"
        living = sum(s.runner is not None for s in studies)
        said = f"hpo-tui   {count}, {living} with a runner   {plain(home)}"
        self.query_one(StudyHeader).say(said)
        self._fill()
        if studies and not table.has_focus and self.is_current:
            table.focus()
        self.query_one(KeyBar).renew()
        self.opening = False

    @on(LineTable.Sorted)
    def _fill(self) -> None:
        """Put the rows into the table, in its order and for the width that there is."""
        table = self.query_one(LineTable)
        studies = sorted_studies(self._studies, table.sort_by, descending=table.descending)
        table.set_rows(StudyRows(studies, self.hpo.clock(), self.size.width))

    @on(LineTable.Activated)
    def _activated(self, event: LineTable.Activated) -> None:
        study = next((s for s in self._studies if s.folder.name == event.key), None)
        if study is not None:
            self.hpo.open_study(study.folder)

    def on_resize(self) -> None:
        """Fit the columns to the window."""
        if self._studies:
            self._fill()

    @property
    def chosen(self) -> Summary | None:
        """The study under the cursor."""
        key = self.query_one(LineTable).current
        return next((s for s in self._studies if s.folder.name == key), None)

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done."""
        reason = super().unavailable(wanted)
        if reason or wanted.scope != "studies" or wanted.name == "new":
            return reason
        study = self.chosen
        if study is None:
            return "There is no study here: n describes a new one."
        if wanted.runner and study.runner is None:
            return "No runner lives for this study: R starts one."
        if wanted.name == "restart" and study.runner is not None:
            return f"A runner lives already (process {study.runner})."
        if wanted.name in ("archive", "delete") and study.runner is not None:
            return "Its runner lives: stop the study (X) first."
        if wanted.name == "stop" and study.runner is None and not study.running:
            return NOTHING_RUNS
        return ""

    # actions

    def do_studies_open(self) -> None:
        """Open the study."""
        study = self.chosen
        if study is not None:
            self.hpo.open_study(study.folder)

    def do_studies_new(self) -> None:
        """Describe a new study."""
        self.hpo.new_study()

    def _in_thread(self, folder: StudyFolder, said: str, work: partial[str]) -> None:
        def run() -> None:
            from hpo_tui.engine.launch import LaunchError

            severity: Severity = "information"
            try:
                text = work()
            except LaunchError as error:
                text, severity = str(error), "error"
            except OSError as error:
                text, severity = why_not(error, folder), "error"
            self._wake.set()
            self.app.call_from_thread(self.say, text, severity, f"{said} {plain(folder.name)}")

        self.run_worker(run, thread=True, group="commands", exit_on_error=False)

    def do_studies_restart(self) -> None:
        """Start the runner."""
        study = self.chosen
        assert study is not None
        self.app.clear_notifications()  # that it died holds no longer
        self._in_thread(study.folder, "start runner of", partial(start, study.folder))

    def do_studies_pause(self) -> None:
        """Pause, or go on."""
        study = self.chosen
        assert study is not None
        paused = study.study is not None and study.study.state == "paused"
        wish = "resume" if paused else "pause"
        self._in_thread(study.folder, wish, partial(send, study.folder, wish))

    def do_studies_stop(self) -> None:
        """Stop the study, or the trials that outlive its runner, after a question."""
        from hpo_tui.tui.screens.pickers import ask_stop

        study = self.chosen
        assert study is not None
        folder = study.folder
        ask_stop(
            self.app, lambda kill: self._in_thread(folder, "stop", partial(stop, folder, kill=kill))
        )

    def do_studies_compare(self) -> None:
        """Mark a study, or compare it with the one marked before."""
        study = self.chosen
        assert study is not None
        name = study.folder.name
        if self._marked is None or self._marked == name:
            self._marked = None if self._marked == name else name
            self.say(
                f"{name} waits: press = on another to compare."
                if self._marked
                else "No study is marked."
            )
            return
        other = next((s for s in self._studies if s.folder.name == self._marked), None)
        self._marked = None
        if other is not None:
            self.hpo.compare_studies(other.folder, study.folder)

    def do_studies_archive(self) -> None:
        """Move the study to the archive after a confirmation."""
        from hpo_tui.tui.screens.dialogs import Confirm

        study = self.chosen
        assert study is not None
        folder = study.folder

        def answered(yes: bool | None) -> None:
            if yes:
                self._in_thread(folder, "archive", partial(archive, folder))

        place = folder.path.parent / ARCHIVE
        detail = f"It moves to {place} and is listed no more. Move its folder back to undo."
        self.app.push_screen(Confirm(f"Archive {folder.name}?", plain(detail)), answered)

    def do_studies_delete(self) -> None:
        """Delete the study when its name has been typed."""
        from hpo_tui.tui.screens.dialogs import Confirm

        study = self.chosen
        assert study is not None
        folder = study.folder

        def answered(yes: bool | None) -> None:
            if yes:
                self._in_thread(folder, "delete", partial(delete, folder))

        self.app.push_screen(
            Confirm(
                f"Delete {folder.name} for good?",
                f"{present.plural(study.trials, 'trial')} with logs and checkpoints "
                f"in {folder.path}.\n"
                "This cannot be undone; A archives instead. Type the name to agree.",
                folder.name,
            ),
            answered,
        )
