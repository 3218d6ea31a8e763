"""Notifies people of ends, pauses, failures and overdue trials, without waiting for it."""

import contextlib
import logging
import sqlite3
import subprocess
import time
from collections.abc import Callable

from hpo_tui.engine.notify import KEY, deliver, event_of
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

log = logging.getLogger("runner.notices")

_AGAIN = 5.0
"""Seconds until a process that could not be started is tried again."""
_LAST = 10.0
"""Seconds that a runner which has nothing left to do stays for what is under way.

Where a job is over with it (Slurm, a container), the rest of the job's processes is ended.
"""
_TOLD = "told"
"""Under which key the last end is kept that was told: each is told once."""


class Notices:
    """Writes down what people are to be told, and has it delivered. Does nothing by itself."""

    def __init__(self, folder: StudyFolder, writer: StudyWriter) -> None:
        self.folder, self.writer = folder, writer
        self._due: list[str] = []
        self._sent: list[subprocess.Popen[bytes]] = []
        self._next = 0.0
        self._stays_until: float | None = None
        """How long (monotonic) a runner stays that has nothing to do but to tell people."""

    def note(self, state: StudyState, reason: str, mark: list[object]) -> None:
        """Write a notice, in the transaction that changes the state.

        ``mark`` tells one end from another: a runner that finds a finished study with nothing left
        to do has nothing new to say.
        """
        event = event_of(state, reason)
        if not event:
            return
        if state is not StudyState.PAUSED:
            with StudyReader(self.folder.db) as reader:
                told = reader.get(_TOLD)
            if told == [event, reason, *mark]:
                return
            self.writer.put(_TOLD, [event, reason, *mark])
        self.add(event, reason)

    def add(self, event: str, reason: str) -> None:
        """Write a notice, in the transaction that it belongs to."""
        key = f"{KEY}{time.time_ns()}"
        self.writer.put(key, [event, reason])
        self._due.append(key)
        self._stays_until = None

    def collect(self) -> None:
        """Take over the notices that an earlier runner wrote and did not live to send."""
        with StudyReader(self.folder.db) as reader:
            self._due += [k for k in reader.keys_beginning(KEY) if k not in self._due]

    def send(self) -> None:
        """Have delivered what is due; what could not be, later."""
        self._sent = [p for p in self._sent if p.poll() is None]
        now = time.monotonic()
        if not self._due or now < self._next:
            return
        self._next = now + _AGAIN
        with contextlib.suppress(OSError):
            while self._due:
                self._sent.append(deliver(self.folder, self._due[0]))
                del self._due[0]
            self._next = 0.0

    def under_way(self) -> bool:
        """Send what is due; whether a runner with nothing left to do still stays for it."""
        if self._stays_until is None:
            self._stays_until, self._next = time.monotonic() + _LAST, 0.0
        self.send()
        return bool(self._sent) and time.monotonic() < self._stays_until

    def close(self, leaving: Callable[[], bool]) -> None:
        """Send what is due, and stay a little for it unless the runner is told to leave."""
        while self.under_way() and not leaving():
            time.sleep(0.02)
        for process in self._sent:
            process.returncode = 0  # it goes on without us, and without a warning


def failed(folder: StudyFolder, error: BaseException) -> None:
    """Have people told that the runner failed; whatever is in the way of that is logged alone."""
    try:
        with StudyReader(folder.db) as reader:
            spec = StudySpec.from_text(reader.study().text)
        if not spec.notify:
            return
        key = f"{KEY}{time.time_ns()}"
        reason = f"its runner failed: {error or type(error).__name__}; runner.log has the details"
        with contextlib.closing(StudyWriter(folder.db)) as writer:
            writer.put(key, ["failed", f"{reason}. Trials that run go on; start it again"])
        deliver(folder, key).returncode = 0  # it goes on without us
    except (OSError, sqlite3.Error, LookupError, SpecError):
        log.exception("nobody could be told")
