"""The app as screens know it: an open study, watched in a thread, and the ways between screens.

Screens import this one; :mod:`hpo_tui.tui.app`, which knows every screen, fills in the ways.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.arrivals import LOST_SECONDS
from hpo_tui.tui.config import Session, Settings, load_settings
from hpo_tui.tui.held_frames import HeldFrames
from hpo_tui.tui.messages import SnapshotReady
from hpo_tui.tui.tables.groups import Group
from hpo_tui.tui.watching.late_answers import LateAnswers
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.notices import occasions, outdated
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.standing import window_title

NO_STUDY = "hpo-tui"
"""The title of the window where no study is open."""


@runtime_checkable
class ShowsStudy(Protocol):
    """A screen that is handed each new picture of the open study."""

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show a new snapshot."""


@runtime_checkable
class ExplainsStudy(Protocol):
    """A screen that says why the open study cannot be read."""

    def explain(self, reason: str) -> None:
        """Say why; an empty ``reason``: it can be read again."""


@runtime_checkable
class Remembers(Protocol):
    """A screen of which the session keeps something."""

    def remember(self) -> dict[str, Any]:
        """Return what the session keeps of this screen."""
        ...


class StudyApp(HeldFrames):
    """An app with one study open at a time, or none; the session remembers how each looked."""

    def __init__(
        self,
        home: Path | None,
        *,
        readonly: bool = False,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.home = home
        """The ``.hpo`` folder, None where there is none yet."""
        self.readonly = readonly
        self.settings = settings or load_settings()
        self.clock = clock
        self.session = Session()
        self.live: LiveStudy | None = None
        self._owes = False
        """Whether the screen on top waits for the terminal with what is new."""
        self._left_study: LiveStudy | None = None
        """The study that was closed last."""

    # the ways between the screens

    def go_back(self) -> None:
        """Leave the screen on top; from Watch to the studies."""
        raise NotImplementedError

    def open_study(self, folder: StudyFolder) -> None:
        """Open a study's Watch."""
        raise NotImplementedError

    def open_trial(self, live: LiveStudy, number: int) -> None:
        """Open a trial's own screen."""
        raise NotImplementedError

    def open_trials(self, live: LiveStudy) -> None:
        """Open the table of all trials."""
        raise NotImplementedError

    def compare_trials(self, live: LiveStudy, first: int, second: int) -> None:
        """Open two trials side by side."""
        raise NotImplementedError

    def compare_groups(self, live: LiveStudy, first: Group, second: Group) -> None:
        """Open two groups of a study's trials side by side."""
        raise NotImplementedError

    def compare_studies(self, *folders: StudyFolder) -> None:
        """Open two studies side by side, or the best of each of more."""
        raise NotImplementedError

    # the open study

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
            if isinstance(screen, Remembers):
                live.memory |= screen.remember()
        live.watcher.stop()
        self._remember(live)
        self.live = None
        self.entitle(NO_STUDY)

    def _remember(self, live: LiveStudy) -> None:
        """Keep how the study looked, and when it was left: answers from then on are told later."""
        live.memory["left"] = time.time()  # as requests are dated
        self.session.keep(live.folder.path, live.remembered())
        self._left_study = live

    async def run_async(self, **options: Any) -> int | None:
        """Run; what is told on the way out is not told again at the next start."""
        result = await super().run_async(**options)
        if self._told_after and self._left_study is not None:
            self._remember(self._left_study)
        return result

    def on_unmount(self) -> None:
        """Let the watcher's thread end."""
        if self.live is not None:
            self.live.watcher.stop()

    def _deliver(self, snapshot: Snapshot) -> None:
        self.post_message(SnapshotReady(snapshot))

    def _explain(self, live: LiveStudy, reason: str) -> None:
        self.call_later(self._show_problem, live, reason)

    def _show_problem(self, live: LiveStudy, reason: str) -> None:
        if self.live is live:  # else another was opened since
            live.problem = reason
            for screen in self.screen_stack:
                if isinstance(screen, ExplainsStudy):
                    screen.explain(reason)

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Hand a new picture to the screen on top; those below catch up when they are shown."""
        live = self.live
        # A picture can still come when the screens are being taken down.
        if live is None or self.is_leaving or message.snapshot.folder != live.folder:
            return
        before = live.snapshot
        live.take(message.snapshot)
        self.entitle(window_title(message.snapshot))
        if live.late is not None and not live.late.over:
            self.run_worker(
                partial(self._tell_late, live.late), thread=True, exclusive=True, group="late",
                exit_on_error=False,
            )  # fmt: skip
        for text in outdated(before, message.snapshot):
            self.withdraw(text)
        if self.settings.bell:
            for text in occasions(before, message.snapshot):
                self.attract(text)
        if self.must_wait():
            return
        for screen in self.screen_stack:
            if isinstance(screen, ShowsStudy) and screen.is_current and screen.is_mounted:
                screen.take_snapshot(message.snapshot)

    def _tell_late(self, late: LateAnswers) -> None:
        """Tell what came of what was asked for before the study was left."""
        for action, text, done in late.new():
            self.tell_from_thread(
                text, "information" if done else "error", f"{action}, asked for last time"
            )

    def on_resize(self, event: Resize) -> None:
        """Let the driver know before the screens are drawn in another size."""
        self._forget_shown(event.size)

    def draw_anew(self, _: Screen[Any]) -> None:
        """Have all of another screen drawn: what other programs have written is gone then."""
        self._forget_shown(self.size)

    def _forget_shown(self, size: Size) -> None:
        resized = getattr(self.terminal, "resized", None)
        if resized is not None:
            resized((size.width, size.height))

    def must_wait(self) -> bool:
        """Whether what has changed by itself is not to be drawn yet: the line is behind.

        The screen on top is handed the newest picture once the terminal has answered. Frames that
        nobody sees in time would only keep those back that follow a key.
        """
        if not getattr(self.terminal, "late", False):
            return False
        if not self._owes:
            self._owes = True
            self.set_timer(LOST_SECONDS, self._pay)  # it may never answer again
        return True

    def on_arrived(self) -> None:
        """Draw what waited for the terminal."""
        self._pay()

    def _pay(self) -> None:
        if self._owes:
            self._owes = False
            self._catch_up()

    def watch_app_focus(self, focus: bool) -> None:
        """Catch up when the terminal has the focus again."""
        live = self.live
        if focus and live is not None and not live.gone:
            self.call_later(self._catch_up)

    def _catch_up(self) -> None:
        """Hand the newest picture to the screen on top."""
        snapshot = None if self.live is None else self.live.snapshot
        if snapshot is None or not self.screen_stack:
            return
        screen = self.screen_stack[-1]
        if isinstance(screen, ShowsStudy):
            screen.take_snapshot(snapshot)
