"""What the editor does with a text that is good: write it, tell a running study, launch it."""

from pathlib import Path

from textual import work

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.editor import side
from hpo_tui.tui.editor.external import edit_in_editor
from hpo_tui.tui.editor.form import Checked, check
from hpo_tui.tui.editor.history import TextHistory
from hpo_tui.tui.messages import StudySaved
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.dialogs import Confirm


class SavingRoom(Room):
    """The text being edited, where it goes, and the way there."""

    def __init__(self, path: Path, text: str, folder: StudyFolder | None) -> None:
        super().__init__()
        self.path = path
        self.folder = folder
        self.history = TextHistory(text)
        self.checked: Checked = check(text)
        self._saved = text if path.exists() or folder else ""

    def take(self, text: str) -> None:
        """Make ``text`` the study's."""
        raise NotImplementedError

    def show_title(self) -> None:
        """Say which study this is and whether it is saved."""
        raise NotImplementedError

    def do_define_editor(self) -> None:
        """Edit the text in $EDITOR and come back with the errors placed."""
        with self.app.suspend():
            text, problem = edit_in_editor(self.history.text)
        if problem:
            self.say(problem, "error")
        self.take(text)
        self.refresh(layout=True)

    def do_define_save(self) -> None:
        """Write the study file; one that runs is told, after a look at what changes."""
        self._save(launch=False)

    def do_define_launch(self) -> None:
        """Save and start the study."""
        self._save(launch=True)

    def _save(self, *, launch: bool) -> None:
        if self.hpo.readonly:
            self.say("Read-only: nothing is written.", "warning")
        elif self.checked.spec is None and (launch or self.folder is not None):
            self.say("Not yet: " + side.verdict(self.checked), "warning")
        elif self.folder is not None:
            self._review_edit(launch)
        else:
            self._written(side.write(self.path, self.history.text), launch)

    @work(thread=True, exclusive=True, group="save", exit_on_error=False)
    def _review_edit(self, launch: bool) -> None:
        assert self.folder is not None
        plan = side.plan(self.folder, self.checked)
        self.app.call_from_thread(self._confirm_edit, plan, launch)

    def _confirm_edit(self, plan: side.Plan, launch: bool) -> None:
        if plan.refused:
            self.say(plain(plan.text), "error")
        elif not plan.changed:
            self._written("", launch)
        else:

            def take(yes: bool | None) -> None:
                if yes:
                    self._send_edit(launch)

            self.app.push_screen(
                Confirm("Change the study?", plain(plan.text)),
                take,
            )

    @work(thread=True, exclusive=True, group="save", exit_on_error=False)
    def _send_edit(self, launch: bool) -> None:
        assert self.folder is not None
        problem = side.send_edit(self.folder, self.history.text)
        self.app.call_from_thread(self._written, problem, launch)

    def _written(self, problem: str, launch: bool) -> None:
        if problem:
            self.say(plain(problem), "error")
            return
        self._saved = self.history.text
        self.show_title()
        self.say(f"Saved {self.path}")
        if self.checked.spec is not None:
            self.post_message(StudySaved(self.path, launch=launch))

    def do_screen_back(self) -> None:
        """Leave the text for the form, then the editor; unsaved changes are asked about."""
        if self.has_class("side") and self.has_class("narrow"):
            self.remove_class("side")
            self.query_one("#define-form").focus()
        elif self.history.text != self._saved and not self.hpo.readonly:

            def leave(yes: bool | None) -> None:
                if yes:
                    self.hpo.go_back()

            question = Confirm("Leave without saving?", "The changes to the study would be lost.")
            self.app.push_screen(question, leave)
        else:
            self.hpo.go_back()
