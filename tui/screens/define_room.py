"""The text being edited in Define, where it goes, and what of it is not saved yet."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from textual import work

from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.config import state_folder
from hpo_tui.tui.editor import side
from hpo_tui.tui.editor.draft import Draft
from hpo_tui.tui.editor.form import Checked, check
from hpo_tui.tui.editor.history import TextHistory
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.words.plain import plain


class EditRoom(Room):
    """The study file that is edited, as what is done to it knows it."""

    def __init__(
        self, path: Path, text: str, folder: StudyFolder | None, there: bool | None = None
    ) -> None:
        super().__init__()
        if there is None:  # a study's own file is not asked for: its disk may not answer
            there = folder is not None or path.exists()
        self.path = path
        self.folder = folder
        self.history = TextHistory(text)
        self.checked: Checked = check(text)
        self.on_disk = text if there else None
        """What the file held when it was last read or written here, None when it was not there."""
        self.saved = text if there or folder else ""
        started = self.checked.spec if folder else None
        self.learned: tuple[str, ...] = () if started is None else started.learn_from
        """Earlier studies that a started study has read."""
        self._opened = text
        """What nobody has typed here: the text at the beginning, or as it was last saved."""
        self.by_hand: str | None = None
        """What a started study's file says, if it was edited by hand and the study lacks that."""
        self._draft = Draft(path, state_folder())
        self._dropped = False
        """Whether the person has agreed to lose what is not saved."""

    def cwd(self) -> Path:
        """Return the folder that trials run in: the one that holds ``.hpo``."""
        return self.folder.workplace if self.folder else self.path.parent

    def in_thread(self, group: str, work: Callable[..., None], *args: object) -> None:
        """Do slow work in a thread, in place of what the same group does still."""
        self.run_worker(
            partial(work, *args), thread=True, exclusive=True, group=group, exit_on_error=False
        )

    # what the screen says

    def take(self, text: str, keep: KeyPath | None = None) -> None:
        """Make ``text`` the study's; ``keep``: the row to stand on."""
        raise NotImplementedError

    def renew(self, keep: KeyPath | None = None) -> None:
        """Show the text that is the study's now; ``keep``: the row to stand on."""
        raise NotImplementedError

    def settle(self) -> None:
        """Take over what was typed a moment ago."""
        raise NotImplementedError

    def show_checked(self, keep: KeyPath | None = None) -> None:
        """Show what the check of the text has found; ``keep``: the row to stand on."""
        raise NotImplementedError

    def show_title(self) -> None:
        """Say which study this is and whether it is saved."""
        raise NotImplementedError

    def show_name(self) -> None:
        """Go to the study's name in the form."""
        raise NotImplementedError

    # what is not saved

    @property
    def is_saved(self) -> bool:
        """Whether nothing that was typed here would be lost with the screen."""
        return self.history.text in self._kept

    @property
    def _kept(self) -> tuple[str | None, ...]:
        """The texts that are not lost with the screen."""
        return self.saved, self._opened, self.by_hand

    def was_saved(self, text: str) -> None:
        """Take note that ``text`` is where it was to go."""
        self.saved = self._opened = self.on_disk = text
        self.by_hand = None
        self.keep_draft()
        self.show_title()

    def drop(self) -> None:
        """Give up what is not saved: the person has agreed to it."""
        self._dropped = True
        self.keep_draft_now()

    def keep_draft_now(self) -> None:
        """Keep on the disk what is not saved yet, or let go of what is; waits for the disk."""
        self._draft.keep(self._unsaved)

    def _unsaved(self) -> str | None:
        """Return the text that would be lost with the screens, None where nothing would."""
        text = self.history.text  # asked for in a thread: it may change meanwhile
        return None if self._dropped or text in self._kept else text

    @work(thread=True, group="draft", exit_on_error=False)
    def keep_draft(self) -> None:
        """Keep on the disk what is not saved yet."""
        self.keep_draft_now()

    @work(thread=True, group="draft", exit_on_error=False)
    def seek_draft(self) -> None:
        """Look for what the study lacks: an edit of its file, and what was not saved here."""
        if self.hpo.readonly:
            return
        if self.folder is not None:
            self._tell_closed(self.folder)
            mine = side.by_hand(self.folder, self.saved)
            if mine is not None:
                self.app.call_from_thread(self._take_by_hand, mine)
        left = self._draft.read()
        if left is not None:
            self.app.call_from_thread(self._offer_draft, left)

    def _tell_closed(self, folder: StudyFolder) -> None:
        """Say it now that the study cannot be changed, not after all has been typed."""
        from hpo_tui.engine.launch.refusals import why_unchangeable

        with suppress(OSError):  # it is told by what is asked for
            if why := why_unchangeable(folder):
                said = f"You may look at this study, but not change it: {plain(why)}."
                self.app.call_from_thread(self.say, said, "warning")

    def _take_by_hand(self, text: str) -> None:
        """Go on from what somebody has written into the study's file, if nothing was typed yet."""
        if self.is_attached and self.is_saved:
            self.by_hand = text
            self.take(text)
            said = "was edited by hand, and the study does not know it yet: ^s applies this edit"
            self.say(f"{plain(self.path.name)} {said}, u shows what the study has.")

    def _offer_draft(self, left: str) -> None:
        from hpo_tui.tui.screens.pickers import PickOne

        if left == self.history.text or not self.is_attached:
            return

        def answered(again: bool) -> None:
            if again:
                self.take(left)
            else:
                self.keep_draft()

        question = f"{plain(self.path.name)} has unsaved changes from a connection that was lost."
        entries = [(True, "continue with them (u brings the file back)"), (False, "discard them")]
        PickOne(question, entries).ask(self.app, answered)
