"""Saving in Define: write a text that is good, tell a running study, launch it, leave."""

from collections.abc import Callable
from dataclasses import replace
from functools import partialmethod

from hpo_tui.tui.editor import side, target
from hpo_tui.tui.editor.form import Checked
from hpo_tui.tui.messages import StudySaved
from hpo_tui.tui.screens.define_room import EditRoom
from hpo_tui.tui.typed_ahead import ASKING
from hpo_tui.tui.words.plain import plain

_BEING_SAVED = "The change is being saved."
_SAVE = "save"
"""Group of the worker that saves."""


class Saving:
    """The way of the text to where it goes: looked at, asked about, written, in a thread each."""

    def __init__(self, screen: EditRoom) -> None:
        self.screen = screen
        self._sent: str | None = None
        """The text that is being given to the study at this moment."""
        self._leave: Callable[[], None] | None = None
        """How the editor is left once that is done."""

    def _save(self, *, launch: bool) -> None:
        """Write the study file; one that runs is told, after a look at what changes."""
        screen = self.screen
        screen.settle()
        if screen.hpo.readonly:
            screen.say("The app is read-only (--readonly): nothing is saved.", "warning")
        elif screen.checked.spec is None and (launch or screen.folder is not None):
            screen.say("Not saved yet: " + side.verdict(screen.checked), "warning")
        elif self._sent is not None:
            screen.say(_BEING_SAVED)
        elif screen.folder is not None:
            screen.in_thread(ASKING, self._review_edit, launch, screen.checked)
        else:
            screen.in_thread(ASKING, self._review_file, launch, screen.checked)

    do_define_save = partialmethod(_save, launch=False)
    do_define_launch = partialmethod(_save, launch=True)

    # into a file that no study has been started from

    def _review_file(self, launch: bool, checked: Checked) -> None:
        """Look at what is on the disk, which a network can keep waiting."""
        fault = target.why_no_study_file(self.screen.path)
        taken = "" if fault or not launch else self._in_the_way(checked)
        problems = tuple(side.said(p) for p in checked.problems)
        doubts = ""
        if not (fault or taken):
            doubts = target.doubts(self.screen.path, self.screen.on_disk, problems)
        found = (fault, taken, doubts)
        self.screen.app.call_from_thread(self._confirm_file, found, launch, checked.text)

    def _in_the_way(self, checked: Checked) -> str:
        assert checked.spec is not None
        home = target.home_of(self.screen.path, self.screen.hpo.home)
        return side.name_taken(checked.spec, home)

    def _confirm_file(self, found: tuple[str, str, str], launch: bool, text: str) -> None:
        """Write the file, after a question where another text or a runnable study could be lost."""
        fault, taken, doubts = found

        def write() -> None:
            self._sent = text
            self.screen.in_thread(_SAVE, self._write_file, launch, text)

        if fault or taken:
            self.screen.say(fault or taken, "error")
            if taken:
                self.screen.show_name()
        elif doubts:
            self.screen.confirm(write, f"Save {self.screen.path.name} anyway?", doubts)
        else:
            write()

    def _write_file(self, launch: bool, text: str) -> None:
        problem = side.write(self.screen.path, text)
        self.screen.app.call_from_thread(self._written, problem, launch, text)

    # to a study that has been started

    def _review_edit(self, launch: bool, checked: Checked) -> None:
        screen = self.screen
        assert screen.folder is not None
        plan = side.plan(screen.folder, checked)
        doubt = side.warning(checked, screen.cwd(), screen.path.parent, screen.learned)
        screen.app.call_from_thread(self._confirm_edit, plan, doubt, launch, checked)

    def _confirm_edit(self, plan: side.Plan, doubt: str, launch: bool, checked: Checked) -> None:
        if plan.fault:
            self.screen.say(plan.fault, "error")
            return
        if plan.refused:
            if self.screen.checked is checked:
                self.screen.checked = replace(checked, problems=plan.refused)
                self.screen.show_checked()
            more = f" (1 of {len(plan.refused)})" if len(plan.refused) > 1 else ""
            self.screen.say(side.said(plan.refused[0]) + more, "error")
            return
        lines = list(plan.changes)
        if plan.stored not in (self.screen.saved, checked.text):
            lines.append(
                "It was also edited elsewhere since you opened it; that edit would be lost."
            )
        if not lines and checked.text == self.screen.saved:
            self._nothing_new(launch, checked.text)
        elif not lines:
            # Comments and the order of things are the person's own: kept, and no question.
            self._send(launch, checked, plan.stored)
        else:
            lines += [f"Note: {doubt}"] if doubt else []
            detail = "\n".join(plain(line) for line in lines)
            self.screen.confirm(
                lambda: self._send(launch, checked, plan.stored), "Change the study?", detail
            )

    def _nothing_new(self, launch: bool, text: str) -> None:
        """Take a text as saved that is the study's own."""
        if self.screen.by_hand is not None and not launch:
            name = plain(self.screen.path.name)
            self.screen.say(f"The study has this text. {name}, edited by hand, is left as it is.")
        else:
            self._written("", launch, text)

    def _send(self, launch: bool, checked: Checked, seen: str) -> None:
        self._sent = checked.text
        self.screen.in_thread(_SAVE, self._send_edit, launch, checked, seen)

    def _send_edit(self, launch: bool, checked: Checked, seen: str) -> None:
        """Give the text to the study, unless it is not the one any more that was ``seen``."""
        assert self.screen.folder is not None
        problem, now = "", side.plan(self.screen.folder, checked)
        # Looked at here too: a runner of an earlier version puts it in place of any other.
        if now.stored in ("", seen):
            problem = side.send_edit(self.screen.folder, checked.text, seen, self.screen.by_hand)
            now = side.plan(self.screen.folder, checked) if problem else now
        if now.stored not in ("", seen):
            self.screen.app.call_from_thread(self._confirm_again, now, launch, checked)
            return
        self.screen.app.call_from_thread(self._written, problem, launch, checked.text)

    def _confirm_again(self, plan: side.Plan, launch: bool, checked: Checked) -> None:
        """Ask once more: somebody has changed the study while it was asked."""
        self._sent = self._leave = None
        self._confirm_edit(plan, "", launch, checked)

    # afterwards

    def _written(self, problem: str, launch: bool, text: str) -> None:
        self._sent, leave, self._leave = None, self._leave, None
        if problem:
            self.screen.say(plain(problem), "error")
            return
        self.screen.was_saved(text)
        self.screen.say(f"Saved {self.screen.path}")
        if self.screen.checked.spec is not None:
            self.screen.post_message(StudySaved(self.screen.path, launch=launch))
        if leave is not None and not launch:  # a launch leaves by itself
            self.may_leave(leave)

    def may_leave(self, leave: Callable[[], None]) -> None:
        """Call ``leave``; first what was typed and is not saved is asked about.

        What is being saved is waited for: it may still be refused.
        """
        self.screen.settle()
        if self._sent == self.screen.history.text:
            self._leave = leave
            self.screen.say(_BEING_SAVED)
            return
        if self.screen.is_saved or self.screen.hpo.readonly:
            if self.screen.history.changed:
                self.screen.keep_draft_now()
            leave()
            return

        def drop() -> None:
            self.screen.drop()
            leave()

        self.screen.confirm(
            drop, "Leave without saving?", "The changes to the study would be lost."
        )
