"""What is done to the study under the cursor of the list."""

import threading
from functools import partial
from typing import ClassVar

from textual.binding import BindingType

from hpo_tui.store.folder import ARCHIVE, StudyFolder
from hpo_tui.tui.actions import Action, bindings
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.study_deeds import (
    NO_RUNNER,
    NOTHING_RUNS,
    attempted,
    delete,
    send,
    start,
    unqueue,
    why_no_start,
)
from hpo_tui.tui.watching.study_list import Summary
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words import present
from hpo_tui.tui.words.plain import plain


class ListedStudies(Room):
    """A list of studies: the actions on one of them, and why one cannot be done."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("studies")]
    SCOPES: ClassVar[tuple[str, ...]] = ("studies",)

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Summary] = []
        self.look_again = threading.Event()
        """Set when a study is another one than was last read."""
        self.marked: list[str] = []
        """Names of the studies that are to be compared."""

    @property
    def chosen(self) -> Summary | None:
        """The study under the cursor."""
        key = self.query_one(LineTable).current
        return next((s for s in self.listed if s.folder.name == key), None)

    def at(self) -> Summary:
        """Return the study under the cursor; the guard has seen to it that there is one."""
        study = self.chosen
        assert study is not None
        return study

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done."""
        reason = super().unavailable(wanted)
        if reason or wanted.scope != "studies" or wanted.name == "new":
            return reason
        if wanted.name == "filter" and self.listed:
            return ""
        study = self.chosen
        if study is None and self.listed:
            return "No study matches: Esc shows all of them."
        if study is None:
            return "There is no study here: n defines a new one."
        if wanted.runner and study.runner is None:
            return _no_start(study) or NO_RUNNER
        why_no = self.method("why_no", wanted)
        return str(why_no(study)) if why_no is not None else ""

    # actions

    def do_studies_open(self) -> None:
        """Open the study."""
        self.hpo.open_study(self.at().folder)

    def do_studies_new(self) -> None:
        """Describe a new study."""
        from hpo_tui.tui.editing import new_study

        new_study(self.hpo)

    def why_no_studies_copy(self, study: Summary) -> str:
        """Return why there is no text to copy."""
        return "" if study.study is not None else f"Its text cannot be read: {study.problem}."

    def do_studies_copy(self) -> None:
        """Describe a new study, beginning with the text of this one."""
        from hpo_tui.tui.editing import copy_study

        study = self.at()
        assert study.study is not None
        copy_study(self.hpo, study.folder, study.study.text)

    def _in_thread(self, folder: StudyFolder, said: str, work: partial[str]) -> None:
        tell, whole = self.hpo.tell_from_thread, f"{said} {plain(folder.name)}"

        def run() -> None:
            text, severity = attempted(folder, work)
            self.look_again.set()
            tell(text, severity, whole)

        self.hpo.aside(run, whole)

    def why_no_studies_restart(self, study: Summary) -> str:
        """Return why no runner can be started, or would have anything to do."""
        if study.runner is not None:
            return f"The study is running already (process {study.runner})."
        return _no_start(study)

    def do_studies_restart(self) -> None:
        """Start the runner."""
        study = self.at()
        self.app.clear_notifications()  # that it died holds no longer
        self._in_thread(study.folder, "start runner of", partial(start, study.folder))

    def do_studies_pause(self) -> None:
        """Pause, or go on."""
        study = self.at()
        paused = study.study is not None and study.study.state == "paused"
        wish = "resume" if paused else "pause"
        self._in_thread(study.folder, wish, partial(send, study.folder, wish))

    def why_no_studies_stop(self, study: Summary) -> str:
        """Return why there is nothing to stop."""
        there = study.runner is not None or study.running or study.queued
        return "" if there else NOTHING_RUNS

    def do_studies_stop(self) -> None:
        """Stop the study, or the trials that outlive its runner, or take back what is queued."""
        from hpo_tui.tui.deeds.wishes import ask_back
        from hpo_tui.tui.screens.pickers import ask_stop

        study = self.at()
        folder = study.folder
        if study.queued and not study.running:
            ask_back(
                self.app, study.queued,
                lambda ids: self._in_thread(folder, "take back", partial(unqueue, folder, ids)),
            )  # fmt: skip
            return
        ask_stop(
            self.app,
            lambda kill: self._in_thread(folder, "stop", partial(send, folder, "stop", kill=kill)),
        )

    def refill(self) -> None:
        """Show the list anew."""
        raise NotImplementedError

    def do_studies_mark(self) -> None:
        """Mark a study, or take the mark away."""
        name = self.at().folder.name
        if name in self.marked:
            self.marked.remove(name)
        else:
            self.marked.append(name)
        self.refill()

    def do_studies_compare(self) -> None:
        """Compare the study with those that are marked; alone, it is marked or unmarked."""
        name = self.at().folder.name
        names = [*self.marked, *([] if name in self.marked else [name])]
        if len(names) > 1:
            found = {s.folder.name: s.folder for s in self.listed}
            self.marked = []
            self.refill()
            self.hpo.compare_studies(*(found[n] for n in names))
            return
        self.do_studies_mark()
        self.say(
            f"{name} is marked: press = on another study to compare. Space marks more than one."
            if self.marked
            else "No study is marked."
        )

    def _why_busy(self, study: Summary) -> str:
        """Return why its folder cannot be taken away."""
        return "" if study.runner is None else "The study is running: stop it (X) first."

    why_no_studies_archive = _why_busy

    def do_studies_archive(self) -> None:
        """Move the study to the archive after a confirmation."""
        study = self.at()
        folder = study.folder
        place = folder.path.parent / ARCHIVE
        detail = f"It moves to {place} and is no longer listed. Move its folder back to undo this."
        work = partial(send, folder, "archive")
        self.confirm(
            lambda: self._in_thread(folder, "archive", work),
            f"Archive {folder.name}?",
            plain(detail),
        )

    why_no_studies_delete = _why_busy

    def do_studies_delete(self) -> None:
        """Delete the study when its name has been typed."""
        study = self.at()
        folder = study.folder
        self.confirm(
            lambda: self._in_thread(folder, "delete", partial(delete, folder)),
            f"Delete {folder.name} for good?",
            f"{present.plural(study.trials, 'trial')} with logs and checkpoints in {folder.path}.\n"
            "This cannot be undone; A archives it instead. Type its name to confirm.",
            folder.name,
        )


def _no_start(study: Summary) -> str:
    """Return why a runner would have nothing to do, empty where it would or nobody knows."""
    if study.study is None:
        return ""
    return why_no_start(study.study, edited=study.edited, short=study.short)
