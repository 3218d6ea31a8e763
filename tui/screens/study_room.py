"""What Watch, All trials and Trial share: one open study, and what can be done to it."""

from typing import ClassVar

from textual.binding import BindingType

from hpo_tui.store.models import CPU, StudyState, TrialState
from hpo_tui.tui.actions import Action, action, bindings
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.wishing import Wishing
from hpo_tui.tui.snapshot import Snapshot, View
from hpo_tui.tui.study_deeds import (
    NO_RUNNER,
    NOTHING_RUNS,
    STARTS_IT,
    sentence,
    why_no_start,
)
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.line_table import LineTable

_READ = ("watch", "study", "trial")
"""Scopes whose actions need a study that has been read."""


class StudyRoom(Wishing):
    """A screen of one open study; new snapshots come to ``take_snapshot`` while it is on top."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("study")]

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
            return "No trial is selected: first move to one in a table."
        if wanted.runner and snapshot.runner_pid is None:
            return _no_start(snapshot) or NO_RUNNER
        return self._unfit(wanted, snapshot)

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

    def _unfit(self, wanted: Action, snapshot: Snapshot) -> str:
        if wanted.id == "study.start" and snapshot.runner_pid is not None:
            return f"The study is running already (process {snapshot.runner_pid})."
        if wanted.id == "study.start":
            return _no_start(snapshot)
        if wanted.id == "study.analyse" and snapshot.runner_pid is not None:
            return "A runner works on the study: it tells by itself what its results show."
        if wanted.id == "study.stop" and snapshot.runner_pid is None:
            running = bool(snapshot.frame.in_state(TrialState.RUNNING).any())
            return "" if running or snapshot.queued else NOTHING_RUNS
        if wanted.id == "trial.kill":
            return self._unkillable(snapshot)
        if wanted.id == "trial.retry" and not self.state_of(snapshot).ended:
            return f"Trial {self.chosen} has not ended yet."
        return ""

    def _unkillable(self, snapshot: Snapshot) -> str:
        """Return why the chosen trial cannot be killed, nor what is queued of it taken back."""
        if self.queued_of(snapshot, self.chosen):
            return ""
        if snapshot.runner_pid is None:
            return _no_start(snapshot) or NO_RUNNER
        ended = self.state_of(snapshot).ended
        return f"Trial {self.chosen} has ended: there is nothing to kill." if ended else ""

    def state_of(self, snapshot: Snapshot) -> TrialState:
        """Return the state of the chosen trial."""
        from hpo_tui.store.frame import STATES

        row = snapshot.frame.index(self.chosen) if self.chosen is not None else None
        return TrialState.WAITING if row is None else STATES[snapshot.frame.state[row]]

    # the study

    def do_study_pause(self) -> None:
        """Pause, or go on: the other of what is shown."""
        snapshot = self.picture
        paused = snapshot is not None and snapshot.study.state is StudyState.PAUSED
        self.command("resume" if paused else "pause", "resume" if paused else "pause")

    def do_study_stop(self) -> None:
        """Stop the study, or the trials that outlive its runner, after a question."""
        from hpo_tui.tui.screens.pickers import ask_stop

        snapshot = self.live.snapshot
        assert snapshot is not None
        running = bool(snapshot.frame.in_state(TrialState.RUNNING).any())
        if snapshot.queued and not running:
            self.take_back(snapshot.queued)
            return
        ask_stop(
            self.app,
            lambda kill: self.command("stop", "stop", {"kill": kill}),
            # Else a trial may start while the question stands.
            running=running or snapshot.study.state is not StudyState.PAUSED,
        )

    def do_study_start(self) -> None:
        """Start the runner."""
        folder = self.live.folder

        def start() -> str:
            from hpo_tui.engine import launch

            pid = launch.start_runner(folder)
            return f"The runner is process {pid}; it keeps running when you leave the app."

        self.app.clear_notifications()  # that it died holds no longer
        self.in_thread(start, "start runner")

    def do_study_analyse(self) -> None:
        """Have slices and maps worked out from what is there."""
        folder = self.live.folder

        def analyse() -> str:
            from hpo_tui.engine import launch

            return sentence(launch.analyse(folder))

        self.say("Slices and maps are being worked out …")
        self.in_thread(analyse, "analyse")

    def do_study_extend(self) -> None:
        """Raise the budget."""
        self.ask_amount(
            lambda amount: self.command("extend", "extend", {"amount": amount}, without=STARTS_IT)
        )

    def do_study_edit(self) -> None:
        """Edit the study file."""
        self.hpo.edit_study(self.live)

    def do_study_lend(self) -> None:
        """Drain a GPU, or take it back."""
        from hpo_tui.tui.screens.pickers import PickOne

        snapshot = self.live.snapshot
        assert snapshot is not None
        gpus = [d for d in snapshot.devices if d.device != CPU]
        if not gpus:
            self.say("This study has no GPU to lend.", "warning")
            return
        entries = [
            ((d.device, on), f"{d.device} {d.name}: {'lend it' if on else 'take it back'}")
            for d in gpus
            for on in (True, False)
        ]

        def taken(answer: object) -> None:
            if isinstance(answer, tuple):
                self.command("lend", "lend", {"device": answer[0], "on": answer[1]})

        self.app.push_screen(PickOne("Which GPU?", entries), taken)


def _no_start(snapshot: Snapshot) -> str:
    return why_no_start(snapshot.study, edited=snapshot.edited, short=snapshot.short)
