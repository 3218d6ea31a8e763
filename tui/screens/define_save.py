"""What the editor does with a text that is good: write it, tell a running study, launch it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from textual import work

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.config import state_folder
from hpo_tui.tui.editor import side, target
from hpo_tui.tui.editor.draft import Draft
from hpo_tui.tui.editor.external import edit_in_editor
from hpo_tui.tui.editor.form import Checked, check
from hpo_tui.tui.editor.history import TextHistory
from hpo_tui.tui.messages import StudySaved
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.typed_ahead import ASKING

_BEING_SAVED = "The change is being saved."


class SavingRoom(Room):
    """The text being edited, where it goes, and the way there."""

    def __init__(self, path: Path, text: str, folder: StudyFolder | None) -> None:
        super().__init__()
        self.path = path
        self.folder = folder
        self.history = TextHistory(text)
        self.checked: Checked = check(text)
        self._on_disk = text if path.exists() else None
        """What the file held when it was last read or written here, None when it was not there."""
        self._saved = text if path.exists() or folder else ""
        started = self.checked.spec if folder else None
        self.learned: tuple[str, ...] = () if started is None else started.learn_from
        """Earlier studies that a started study has read."""
        self._opened = text
        """What nobody has typed here: the text at the beginning, or as it was last saved."""
        self._draft = Draft(path, state_folder())
        self._sent: str | None = None
        """The text that is being given to the study at this moment."""
        self._leave: Callable[[], None] | None = None
        """How the editor is left once that is done."""
        self._dropped = False
        """Whether the person has agreed to lose what is not saved."""

    def take(self, text: str) -> None:
        """Make ``text`` the study's."""
        raise NotImplementedError

    def settle(self) -> None:
        """Take over what was typed a moment ago."""
        raise NotImplementedError

    def cwd(self) -> Path:
        """Return the folder that trials run in: the one that holds ``.hpo``."""
        return self.folder.workplace if self.folder else self.path.parent

    def show_checked(self) -> None:
        """Show what the check of the text has found."""
        raise NotImplementedError

    def show_title(self) -> None:
        """Say which study this is and whether it is saved."""
        raise NotImplementedError

    def show_name(self) -> None:
        """Go to the study's name in the form."""
        raise NotImplementedError

    # what was not saved when the screens went away

    def _unsaved(self) -> str | None:
        """Return the text that would be lost with the screens, None where nothing would."""
        text = self.history.text
        return None if self._dropped or text in (self._saved, self._opened) else text

    @work(thread=True, group="draft", exit_on_error=False)
    def keep_draft(self) -> None:
        """Keep on the disk what is not saved yet."""
        self._draft.keep(self._unsaved)

    @work(thread=True, group="draft", exit_on_error=False)
    def seek_draft(self) -> None:
        """Look for what was not saved when the screens went away."""
        left = None if self.hpo.readonly else self._draft.read()
        if left is not None:
            self.app.call_from_thread(self._offer_draft, left)

    def _offer_draft(self, left: str) -> None:
        from hpo_tui.tui.screens.pickers import PickOne

        if left == self.history.text or not self.is_attached:
            return

        def answered(again: object) -> None:
            if again is True:
                self.take(left)
            elif again is False:
                self.keep_draft()

        question = f"{plain(self.path.name)} has unsaved changes from a connection that was lost."
        entries = [(True, "continue with them (u brings the file back)"), (False, "discard them")]
        self.app.push_screen(PickOne(question, entries), answered)

    # the file

    def do_define_editor(self) -> None:
        """Edit the text in $EDITOR and come back with the errors placed."""
        self.settle()
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
        self.settle()
        if self.hpo.readonly:
            self.say("The app is read-only (--readonly): nothing is saved.", "warning")
        elif self.checked.spec is None and (launch or self.folder is not None):
            self.say("Not saved yet: " + side.verdict(self.checked), "warning")
        elif self._sent is not None:
            self.say(_BEING_SAVED)
        elif self.folder is not None:
            self._review_edit(launch, self.checked)
        else:
            self._review_file(launch, self.checked)

    @work(thread=True, exclusive=True, group=ASKING, exit_on_error=False)
    def _review_file(self, launch: bool, checked: Checked) -> None:
        """Look at what is on the disk, which a network can keep waiting."""
        fault = target.why_no_study_file(self.path)
        taken = "" if fault or not launch else self._in_the_way(checked)
        problems = tuple(side.said(p) for p in checked.problems)
        doubts = "" if fault or taken else target.doubts(self.path, self._on_disk, problems)
        found = (fault, taken, doubts)
        self.app.call_from_thread(self._confirm_file, found, launch, checked.text)

    def _in_the_way(self, checked: Checked) -> str:
        assert checked.spec is not None
        home = target.home_of(self.path, self.hpo.home)
        return side.name_taken(checked.spec, home)

    def _confirm_file(self, found: tuple[str, str, str], launch: bool, text: str) -> None:
        """Write the file, after a question where another text or a runnable study could be lost."""
        fault, taken, doubts = found

        def write() -> None:
            self._sent = text
            self._write_file(launch, text)

        if fault or taken:
            self.say(fault or taken, "error")
            if taken:
                self.show_name()
        elif doubts:
            self.confirm(write, f"Save {self.path.name} anyway?", doubts)
        else:
            write()

    @work(thread=True, exclusive=True, group="save", exit_on_error=False)
    def _write_file(self, launch: bool, text: str) -> None:
        problem = side.write(self.path, text)
        self.app.call_from_thread(self._written, problem, launch, text)

    @work(thread=True, exclusive=True, group=ASKING, exit_on_error=False)
    def _review_edit(self, launch: bool, checked: Checked) -> None:
        assert self.folder is not None
        plan = side.plan(self.folder, checked)
        doubt = side.warning(checked, self.cwd(), self.path.parent, self.learned)
        self.app.call_from_thread(self._confirm_edit, plan, doubt, launch, checked)

    def _confirm_edit(self, plan: side.Plan, doubt: str, launch: bool, checked: Checked) -> None:
        if plan.fault:
            self.say(plan.fault, "error")
            return
        if plan.refused:
            if self.checked is checked:
                self.checked = replace(checked, problems=plan.refused)
                self.show_checked()
            more = f" (1 of {len(plan.refused)})" if len(plan.refused) > 1 else ""
            self.say(side.said(plan.refused[0]) + more, "error")
            return
        lines = list(plan.changes)
        if plan.stored not in (self._saved, checked.text):
            lines.append(
                "It was also edited elsewhere since you opened it; that edit would be lost."
            )
        if not lines and checked.text == self._saved:
            self._written("", launch, checked.text)
        elif not lines:
            # Comments and the order of things are the person's own: kept, and no question.
            self._send(launch, checked, plan.stored)
        else:
            lines += [f"Note: {doubt}"] if doubt else []
            detail = "\n".join(plain(line) for line in lines)
            self.confirm(
                lambda: self._send(launch, checked, plan.stored), "Change the study?", detail
            )

    def _send(self, launch: bool, checked: Checked, seen: str) -> None:
        self._sent = checked.text
        self._send_edit(launch, checked, seen)

    @work(thread=True, exclusive=True, group="save", exit_on_error=False)
    def _send_edit(self, launch: bool, checked: Checked, seen: str) -> None:
        """Give the text to the study, unless it is not the one any more that was ``seen``."""
        assert self.folder is not None
        problem, now = "", side.plan(self.folder, checked)
        # Looked at here too: a runner of an earlier version puts it in place of any other.
        if now.stored in ("", seen):
            problem = side.send_edit(self.folder, checked.text, seen)
            now = side.plan(self.folder, checked) if problem else now
        if now.stored not in ("", seen):
            self.app.call_from_thread(self._confirm_again, now, launch, checked)
            return
        self.app.call_from_thread(self._written, problem, launch, checked.text)

    def _confirm_again(self, plan: side.Plan, launch: bool, checked: Checked) -> None:
        """Ask once more: somebody has changed the study while it was asked."""
        self._sent = self._leave = None
        self._confirm_edit(plan, "", launch, checked)

    def _written(self, problem: str, launch: bool, text: str) -> None:
        self._sent, leave, self._leave = None, self._leave, None
        if problem:
            self.say(plain(problem), "error")
            return
        self._saved = self._opened = self._on_disk = text
        self.keep_draft()
        self.show_title()
        self.say(f"Saved {self.path}")
        if self.checked.spec is not None:
            self.post_message(StudySaved(self.path, launch=launch))
        if leave is not None and not launch:  # a launch leaves by itself
            self.may_leave(leave)

    def may_leave(self, leave: Callable[[], None]) -> None:
        """Call ``leave``; first what was typed and is not saved is asked about.

        What is being saved is waited for: it may still be refused.
        """
        self.settle()
        if self._sent == self.history.text:
            self._leave = leave
            self.say(_BEING_SAVED)
            return
        if self.history.text in (self._saved, self._opened) or self.hpo.readonly:
            if self.history.changed:
                self._draft.keep(self._unsaved)
            leave()
            return

        def drop() -> None:
            self._dropped = True
            self._draft.keep(self._unsaved)
            leave()

        self.confirm(drop, "Leave without saving?", "The changes to the study would be lost.")

    def do_screen_back(self) -> None:
        """Leave the editor; unsaved changes are asked about."""
        self.may_leave(self.hpo.go_back)
