"""What is done to the open study: pause, stop, its runner, its budget, its GPUs."""

from hpo_tui.store.models import CPU, StudyState, TrialState
from hpo_tui.tui.screens.study_room import Deeds, no_start
from hpo_tui.tui.study_deeds import NOTHING_RUNS, STARTS_IT, sentence
from hpo_tui.tui.watching.snapshot import Snapshot


class StudyDeeds(Deeds):
    """The actions on the study as a whole."""

    def do_study_pause(self) -> None:
        """Pause, or go on: the other of what is shown."""
        snapshot = self.screen.picture
        paused = snapshot is not None and snapshot.study.state is StudyState.PAUSED
        self.requests.send("resume" if paused else "pause", "resume" if paused else "pause")

    def why_no_study_stop(self, snapshot: Snapshot) -> str:
        """Return why there is nothing to stop."""
        if snapshot.runner_pid is not None or snapshot.queued or _runs(snapshot):
            return ""
        return NOTHING_RUNS

    def do_study_stop(self) -> None:
        """Stop the study, or the trials that outlive its runner, after a question."""
        from hpo_tui.tui.screens.pickers import ask_stop

        snapshot = self.live.snapshot
        assert snapshot is not None
        running = _runs(snapshot)
        if snapshot.queued and not running:
            self.wishes.take_back(snapshot.queued)
            return
        ask_stop(
            self.screen.app,
            lambda kill: self.requests.send("stop", "stop", {"kill": kill}),
            # Else a trial may start while the question stands.
            running=running or snapshot.study.state is not StudyState.PAUSED,
        )

    def why_no_study_start(self, snapshot: Snapshot) -> str:
        """Return why no runner can be started, or would have anything to do."""
        if snapshot.runner_pid is not None:
            return f"The study is running already (process {snapshot.runner_pid})."
        return no_start(snapshot)

    def do_study_start(self) -> None:
        """Start the runner."""
        folder = self.live.folder

        def start() -> str:
            from hpo_tui.engine import launch

            pid = launch.start_runner(folder)
            return f"The runner is process {pid}; it keeps running when you leave the app."

        self.screen.app.clear_notifications()  # that it died holds no longer
        self.requests.in_thread(start, "start runner")

    def why_no_study_analyse(self, snapshot: Snapshot) -> str:
        """Return why this is left to the runner."""
        if snapshot.runner_pid is None:
            return ""
        return "A runner works on the study: it tells by itself what its results show."

    def do_study_analyse(self) -> None:
        """Have slices and maps worked out from what is there."""
        folder = self.live.folder

        def analyse() -> str:
            from hpo_tui.engine import launch

            return sentence(launch.analyse(folder))

        self.screen.say("Slices and maps are being worked out …")
        self.requests.in_thread(analyse, "analyse")

    def do_study_review(self) -> None:
        """Say in a window what came of the study."""
        from hpo_tui.tui.screens.fetching import fetch
        from hpo_tui.tui.screens.text_window import TextWindow

        snapshot, screen = self.live.snapshot, self.screen
        assert snapshot is not None

        def read() -> str:
            from hpo_tui.tui.watching.reviewing import read_review
            from hpo_tui.tui.watching.unreadable import FAULTS, why_unreadable

            try:
                return "\n".join(read_review(snapshot).lines())
            except FAULTS as error:
                return why_unreadable(snapshot.folder, error)

        def show(text: str) -> None:
            window = TextWindow(f"{snapshot.folder.name} in words", text)
            window.ask(screen.app, lambda _: screen.hpo.copy(text, "the review"))

        fetch(screen.app, "Reviewing the study …", read, show)

    def do_study_extend(self) -> None:
        """Raise the budget."""
        self.wishes.ask_amount(
            lambda amount: self.requests.send(
                "extend", "extend", {"amount": amount}, without=STARTS_IT
            )
        )

    def do_study_edit(self) -> None:
        """Edit the study file."""
        from hpo_tui.tui.editing import edit_study

        edit_study(self.screen.hpo, self.live)

    def do_study_lend(self) -> None:
        """Drain a GPU, or take it back."""
        from hpo_tui.tui.screens.pickers import PickOne

        snapshot = self.live.snapshot
        assert snapshot is not None
        gpus = [d for d in snapshot.devices if d.device != CPU]
        if not gpus:
            self.screen.say("This study has no GPU to lend.", "warning")
            return
        entries = [
            ((d.device, on), f"{d.device} {d.name}: {'lend it' if on else 'take it back'}")
            for d in gpus
            for on in (True, False)
        ]

        def taken(answer: tuple[str, bool]) -> None:
            self.requests.send("lend", "lend", {"device": answer[0], "on": answer[1]})

        PickOne("Which GPU?", entries).ask(self.screen.app, taken)


def _runs(snapshot: Snapshot) -> bool:
    """Whether a trial runs, be it without a runner."""
    return bool(snapshot.frame.in_state(TrialState.RUNNING).any())
