"""What Watch, All trials and Trial share: one open study, and what can be done to it."""

from typing import ClassVar

from textual.binding import BindingType

from hpo_tui.tui.actions import Action, action, bindings
from hpo_tui.tui.deeds.requests import Requests
from hpo_tui.tui.deeds.wishes import Wishes
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.study_deeds import NO_RUNNER, why_no_start
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.plain import plain

_READ = ("watch", "study", "trial")
"""Scopes whose actions need a study that has been read."""


class Deeds:
    """Actions of one topic, which a study's screen holds.

    ``do_SCOPE_NAME`` does the action ``scope.name`` of the table. Where the state of the study can
    forbid it, ``why_no_SCOPE_NAME`` stands beside it and returns the reason, or nothing.
    """

    def __init__(self, screen: "StudyRoom") -> None:
        self.screen = screen
        self.live = screen.live
        self.requests = screen.requests
        self.wishes = screen.wishes

    def at(self) -> tuple[Snapshot, int, int]:
        """Return (snapshot, trial number, row); the guard has seen to it that there is one."""
        snapshot, number = self.live.snapshot, self.screen.chosen
        assert snapshot is not None
        assert number is not None
        row = snapshot.frame.index(number)
        assert row is not None
        return snapshot, number, row


class StudyRoom(Room):
    """A screen of one open study; new snapshots come to ``take_snapshot`` while it is on top."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("study", "trial")]

    def __init__(self, live: LiveStudy) -> None:
        super().__init__()
        self.live = live
        self.requests = Requests(self, live)
        self.wishes = Wishes(self, live, self.requests)

    # what subclasses say

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show a new snapshot."""
        raise NotImplementedError

    def view_changed(self) -> None:
        """Show the view, which is another one now."""

    def explain(self, reason: str) -> None:
        """Say why the study cannot be read; when it is gone, in place of how it stands."""
        if self.live.gone:
            for header in self.query(StudyHeader):
                header.say(plain(reason))
        if reason and self.is_current:
            self.say(reason, "error")

    def on_screen_resume(self) -> None:
        """Catch up with what came while another screen was on top."""
        if self.live.gone:
            self.explain(self.live.gone)
        else:
            self.call_after_refresh(self.catch_up)

    def catch_up(self) -> None:
        """Show the newest snapshot, if there is one.

        To be called later, where one handed on by then could be older than the view's mask.
        """
        if self.live.snapshot is not None:
            self.take_snapshot(self.live.snapshot)

    @property
    def picture(self) -> Snapshot | None:
        """What the screen draws: actions on what is shown are about this."""
        return self.live.snapshot

    @property
    def look(self) -> View:
        """The view over what the screen draws."""
        return self.live.view

    @property
    def chosen(self) -> int | None:
        """The trial that actions are about."""
        return self.live.view.selected

    # guards

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done: read-only, no selection, no runner, its state."""
        reason = super().unavailable(wanted)
        if reason:
            return reason
        if self.live.gone and wanted.scope in ("study", "trial"):
            return self.live.gone
        snapshot = self.live.snapshot
        if snapshot is None and wanted.scope in _READ and wanted.name != "start":
            return self.live.problem or "The study has not been read yet."
        if snapshot is None:
            return ""
        if wanted.trial and self._lacks_trial(wanted, snapshot):
            return "No trial is selected: first move to one in a table or a chart."
        if wanted.runner and snapshot.runner_pid is None:
            return no_start(snapshot) or NO_RUNNER
        why_no = self.method("why_no", wanted)
        return str(why_no(snapshot)) if why_no is not None else ""

    def _lacks_trial(self, wanted: Action, snapshot: Snapshot) -> bool:
        """Whether there is no trial to do it to. What changes one needs a highlighted row."""
        if self.chosen is None:
            return wanted.write or self._resting() is None
        return snapshot.frame.index(self.chosen) is None

    def _resting(self) -> LineTable | None:
        """Return the table in focus, where the next key would highlight a trial's row."""
        table = self.focused
        return table if isinstance(table, LineTable) and isinstance(table.resting, int) else None

    async def action_do(self, id_: str) -> None:
        """Do an action; looking at a trial begins at the row where the cursor rests."""
        wanted = action(id_)
        if wanted.trial and self.chosen is None and not self.unavailable(wanted):
            table = self._resting()
            if table is not None:
                table.take_up()
        await super().action_do(id_)


def no_start(snapshot: Snapshot) -> str:
    """Return why a runner of the study would have nothing to do, empty where it would."""
    return why_no_start(snapshot.study, edited=snapshot.edited, short=snapshot.short)
