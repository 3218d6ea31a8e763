"""The app's part in an open study: it is watched in a thread, and screens get its pictures."""

import time
from collections.abc import Callable
from functools import partial

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.config import Session, Settings, load_settings
from hpo_tui.tui.live import LiveStudy
from hpo_tui.tui.messages import SnapshotReady
from hpo_tui.tui.notices import occasions
from hpo_tui.tui.notifying_app import NotifyingApp
from hpo_tui.tui.snapshot import Snapshot


class StudyApp(NotifyingApp):
    """An app with one study open at a time, or none; the session remembers how each looked."""

    def __init__(
        self, settings: Settings | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self.settings = settings or load_settings()
        self.clock = clock
        self.session = Session()
        self.live: LiveStudy | None = None

    def open_live(self, folder: StudyFolder) -> LiveStudy:
        """Open a study as the session remembers it."""
        live = LiveStudy(folder, self._deliver, self._explain, self.clock)
        live.memory = self.session.of(folder.path)
        live.recall()
        self.live = live
        return live

    def start_watching(self, live: LiveStudy) -> None:
        """Read the study in a thread, again and again."""
        # Reading needs numpy: the first frame is painted before it is imported.
        start = partial(
            self.run_worker, live.watcher.run, thread=True, group="watcher", exit_on_error=False
        )
        self.call_after_refresh(start)

    def close_study(self) -> None:
        """Stop watching the open study and remember how it looked."""
        live = self.live
        if live is None:
            return
        for screen in self.screen_stack:
            remember = getattr(screen, "remember", None)
            if remember is not None:
                live.memory |= remember()
        live.watcher.stop()
        self.session.keep(live.folder.path, live.remembered())
        self.live = None

    def on_unmount(self) -> None:
        """Let the watcher's thread end."""
        if self.live is not None:
            self.live.watcher.stop()

    def _deliver(self, snapshot: Snapshot) -> None:
        self.post_message(SnapshotReady(snapshot))

    def _explain(self, reason: str) -> None:
        self.call_later(self._show_problem, reason)

    def _show_problem(self, reason: str) -> None:
        if self.live is not None:
            self.live.problem = reason
            for screen in self.screen_stack:
                explain = getattr(screen, "explain", None)
                if explain is not None:
                    explain(reason)

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Hand a new picture to the screen on top; those below catch up when they are shown."""
        live = self.live
        # A picture can still come when the screens are being taken down.
        closing = self._exit or not self.is_running
        if live is None or closing or message.snapshot.folder != live.folder:
            return
        before = live.snapshot
        live.take(message.snapshot)
        if self.settings.bell:
            for text in occasions(before, message.snapshot):
                self.attract(text)
        for screen in self.screen_stack:
            take = getattr(screen, "take_snapshot", None)
            if take is not None and screen.is_current and screen.is_mounted:
                take(message.snapshot)

    def watch_app_focus(self, focus: bool) -> None:
        """Catch up when the terminal has the focus again."""
        live = self.live
        known = live is not None and live.snapshot is not None and not live.gone
        if focus and live is not None and known and self.screen_stack:
            take = getattr(self.screen, "take_snapshot", None)
            if take is not None:
                self.call_later(take, live.snapshot)
