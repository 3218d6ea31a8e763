"""What the runner does while the study's file cannot be written: wait, say so, lose nothing."""

import contextlib
import logging
import shutil
import sqlite3
import time
from pathlib import Path

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.watching import collector_of, told
from hpo_tui.engine.spec.names import joined
from hpo_tui.store.connect import BUSY_SECONDS
from hpo_tui.store.database_errors import explained, is_locked, lacks_room, may_pass
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, TrialState

log = logging.getLogger("runner.trouble")

_BALLAST = 1 << 20
_LONGEST_WAIT = 10.0
_MOST_NAMED = 5
"""Trials that wait and are named at most."""
_AGAIN = (0.1, 0.3, 1.0)
"""Seconds after which a failed write is tried again before it counts as trouble."""
_MOST_HICCUPS = 5
_HICCUPS_SECONDS = 600.0
"""So many failures that pass in so much time are trouble after all."""
_MOST_BORNE = 15
"""Turns in a row that the machine may refuse something, which is most of a minute."""


def ballast(folder: StudyFolder) -> Path:
    """Return the file that is given up when the disk is full, so that the pause can be written."""
    return folder.path / "runner.reserve"


class Trouble:
    """The time from a failed write until writing works again.

    Reports stay in the trials' own files meanwhile: nothing counts as read before it is stored.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sentence = ""
        self._told = ""
        """Why the study is paused, as it was written down last."""
        self._cause = ""
        self._full = False
        self._since = 0.0
        """Since when (monotonic) it cannot be written."""
        self._wait = 1.0
        self._next = 0.0
        self._hiccups: list[float] = []
        """When (monotonic) writing failed and worked again at once."""
        self._locked: float | None = None
        """Since when (monotonic) another program has kept the file locked."""
        self.borne = 0
        """Turns in a row that could not be done."""
        self._fill()

    @property
    def active(self) -> bool:
        """Whether the study's file could not be written at the last try."""
        return bool(self.sentence)

    def begin(self, error: sqlite3.Error) -> None:
        """Take note of a failed write."""
        log.error("the study's file cannot be written", exc_info=error)
        if not self.active:
            self._since = time.monotonic()
        self._cause, self._full = explained(error), "full" in str(error)
        transient = is_locked(error) or self._has_passed(error)
        if is_locked(error) and self._locked is None:
            self._locked = time.monotonic() - BUSY_SECONDS
        self.sentence = "" if transient else self._sentence()
        self._wait = 1.0 if not self.active else min(_LONGEST_WAIT, self._wait * 2)
        self._next = time.monotonic() + self._wait
        self._reconcile()
        for live in self.desk.live.values():
            # What they have read may not have been stored: they go back to where the store is.
            if live.printed is not None:
                with contextlib.suppress(sqlite3.Error):
                    known = told(self.desk, live.number)
                    live.printed.go_back(collector_of(self.desk, live, known))
        if self.active and lacks_room(error):
            with contextlib.suppress(OSError):
                ballast(self.desk.folder).unlink()
        if self.active:
            self._try()

    def tell_unlocked(self) -> None:
        """Say for how long another program has kept the file locked, once it has let it go."""
        if self._locked is None:
            return
        lasted = time.monotonic() - self._locked
        self.desk.event(
            "strange",
            f"another program kept study.db locked for {lasted:.0f} s, in which nothing could be"
            " written or started: nothing is lost, the study goes on",
        )
        self._locked = None

    def _has_passed(self, error: sqlite3.Error) -> bool:
        """Whether writing works again at once, without the reserve; then an event says so.

        One error of a disk is no reason to pause a study, but many of them are.
        """
        if self.active or not may_pass(error) or self._too_often():
            return False
        text = f"writing failed for a moment ({self._cause}): nothing is lost, the study goes on"
        for pause in _AGAIN:
            time.sleep(pause)
            with contextlib.suppress(sqlite3.Error), self.desk.transaction():
                self.desk.event("strange", text)
                self._hiccups.append(time.monotonic())
                return True
        return False

    def _too_often(self) -> bool:
        """Whether writing has failed so often of late that it is trouble after all."""
        since = time.monotonic() - _HICCUPS_SECONDS
        self._hiccups = [t for t in self._hiccups if t > since]
        return len(self._hiccups) >= _MOST_HICCUPS

    def _sentence(self) -> str:
        what = "the disk is full" if self._full else f"writing failed ({self._cause})"
        waits = [str(trial.number) for trial in self.desk.queue.in_turn()]
        verb = "waits" if len(waits) == 1 else "wait"
        which = f"{'trial' if len(waits) == 1 else 'trials'} {joined(waits, _MOST_NAMED)} {verb}"
        return (
            f"{what}: {self.desk.folder.path} could not be written. Nothing is lost, trials that"
            f" run go on{f', {which} for the study to go on' if waits else ''}. Make room, then"
            " resume."
        )

    def keep_told(self) -> None:
        """Have the reason of the pause name the trials that wait now: most come to it later."""
        desk = self.desk
        if desk.state is not StudyState.PAUSED or not self._told or desk.reason != self._told:
            return
        sentence = self._sentence()
        if sentence != self._told:
            desk.reword(sentence)
            self._told = sentence

    def bear(self, error: OSError) -> None:
        """Wait a little after something that may pass; raise it when it does not.

        A network file system that does not answer, or too many open files, are no reason to go.
        """
        self.borne += 1
        if self.borne > _MOST_BORNE:
            raise error
        log.warning("this turn could not be done; it is tried again", exc_info=error)
        time.sleep(min(_LONGEST_WAIT / 2, 0.1 * 2**self.borne))

    def over(self) -> bool:
        """Whether writing works again; tried now and then."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._wait
        self._wait = min(_LONGEST_WAIT, self._wait * 2)
        self._fill()
        room = ballast(self.desk.folder).exists()
        return self._try(goes_on=room and not self._full)

    def _try(self, *, goes_on: bool = False) -> bool:
        """Write down that the study pauses, or goes on; return whether that could be done.

        What has passed by itself, as a file server that was started anew, is no reason to wait for
        somebody who resumes it; too many of them are.
        """
        desk = self.desk
        self.sentence = self._sentence()  # what waits may be more by now
        try:
            with desk.transaction():
                if goes_on and not self._too_often():
                    self._tell_passed()
                else:
                    self._hiccups.clear()
                    self._pause()
        except sqlite3.Error as error:
            log.warning("still cannot write: %s", error)
            return False
        self._told = desk.reason
        self._reconcile()  # what could not be written when it began
        log.info("writing works again; the study is %s", desk.state)
        self.sentence = ""
        self._wait = 1.0
        return True

    def _pause(self) -> None:
        """Write down that the study pauses, and why; once where the next write fails too."""
        desk = self.desk
        if desk.state is StudyState.PAUSED and self._told and desk.reason == self._told:
            desk.reword(self.sentence)
            return
        desk.event("paused", self.sentence)
        if desk.state in (StudyState.RUNNING, StudyState.PAUSED):
            desk.set_state(StudyState.PAUSED, self.sentence)

    def _tell_passed(self) -> None:
        now = time.monotonic()
        text = f"writing failed for {now - self._since:.0f} s ({self._cause})"
        self.desk.event("strange", f"{text}: nothing is lost, the study goes on")
        self._hiccups.append(now)

    def refill(self) -> None:
        """Set the reserve aside again, once the study goes on."""
        path = ballast(self.desk.folder)
        if not path.exists() and shutil.disk_usage(path.parent).free > 16 * _BALLAST:
            self._fill()

    def _fill(self) -> None:
        with contextlib.suppress(OSError):
            path = ballast(self.desk.folder)
            if not path.exists():
                path.write_bytes(b"\0" * _BALLAST)

    def _reconcile(self) -> None:
        """Put trials back in the queue whose start was lost half way."""
        desk = self.desk
        for trial in list(desk.trials.values()):
            if trial.state is TrialState.RUNNING and trial.number not in desk.live:
                with contextlib.suppress(sqlite3.Error):
                    desk.update(trial.number, state=TrialState.WAITING, attempt=trial.attempt - 1)
                    desk.queue.add(trial.number, first=True)
