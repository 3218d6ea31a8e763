"""One thread that watches a study's file and hands pictures of it to the screens.

The file's ``data_version`` is asked five times a second (a few microseconds); the study is read
only when that moved, and at most once a second. Nothing here touches a widget.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from hpo_tui.store.connect import inode, log_of
from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.watching.pictures import Pictures
from hpo_tui.tui.watching.ranking import Ranking
from hpo_tui.tui.watching.silence import SILENT_SECONDS
from hpo_tui.tui.watching.snapshot import STALE_SECONDS, Snapshot
from hpo_tui.tui.watching.unreadable import FAULTS, UnreadableError, why_gone, why_unreadable

POLL_SECONDS = 0.2
LEAST_SECONDS = 1.0
"""Between two pictures."""


class StudyWatcher:
    """Reads one study for as long as :meth:`run` is let run.

    ``deliver`` gets every :class:`Snapshot`, ``explain`` a sentence when the study cannot be read
    (once for each new reason, an empty one when it can again). Both are called from the thread.
    """

    def __init__(
        self,
        folder: StudyFolder,
        deliver: Callable[[Snapshot], None],
        explain: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self._deliver = deliver
        self._explain = explain
        self._clock = clock
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._pictures = Pictures(folder, clock)
        self._ranking = Ranking()
        self._said = ""
        self._written = ("", "")
        """The last bug that was written down, and what is said of it."""
        self._file = 0
        """The inode of the study's file as it was read last, 0 before."""
        self.gone = False
        """Whether the study was read and its file was moved, deleted or emptied since."""

    def stop(self) -> None:
        """Let :meth:`run` return soon; thread-safe."""
        self._stop.set()
        self._wake.set()

    def hurry(self) -> None:
        """Read at the next chance without waiting the second out; thread-safe."""
        self._wake.set()

    def run(self) -> None:
        """Watch until :meth:`stop`; a study that cannot be read is tried again every second."""
        while not self._stop.is_set():
            try:
                self._watch()
            except FAULTS as error:
                reason = why_gone(self.folder, self._file)
                self.gone = bool(reason)
                self._say(reason or why_unreadable(self.folder, error))
            except Exception as error:  # noqa: BLE001 - else the screen would wait for ever
                self._say(self._bug(error))
            self._stop.wait(LEAST_SECONDS)

    def _watch(self) -> None:
        from hpo_tui.store.read import StudyReader

        file = self.folder.db.stat().st_ino  # before: another may come into its place at any time
        with StudyReader(self.folder.db) as reader:
            self._file, self.gone = file, False
            self._pictures.begin()
            log = inode(log_of(self.folder.db))
            dirty, last, fades = True, -math.inf, math.inf
            signs: object = None
            while not self._stop.is_set() and self._is_there(log):
                before, signs = signs, (self._pictures.runner(), self._stamp())
                dirty = reader.changed() or dirty or signs != before or self._clock() > fades
                hurried = self._wake.is_set()
                if hurried:  # before the study is read: who hurries then asks for one more picture
                    self._wake.clear()
                if dirty and (hurried or time.monotonic() - last >= LEAST_SECONDS):
                    snapshot = self._pictures.take(reader)
                    ranked = self._ranking.of(snapshot.frame, snapshot.spec)
                    self._deliver(replace(snapshot, ranked=ranked))
                    self._say("")
                    dirty, last, fades = False, time.monotonic(), _fades(snapshot)
                self._wake.wait(POLL_SECONDS)

    def _is_there(self, log: int) -> bool:
        """Whether the study's file is the one that was opened; ``log``: the inode of its log then.

        A file that was moved or deleted can be read on, and would never change again. The log of
        one goes with it, which may be only after another file has come into its place.
        """
        db = self.folder.db
        return db.stat().st_ino == self._file and (not log or inode(log_of(db)) == log)

    def _stamp(self) -> tuple[int, int] | None:
        """Return what changes when the study's text is edited by hand."""
        try:
            stat = self.folder.file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ino

    def _bug(self, error: Exception) -> str:
        """Return what is said of a bug, which is written down the first time."""
        if repr(error) != self._written[0]:
            self._written = repr(error), report_crash(error)
        return f"{self.folder.name} cannot be shown: {self._written[1]}."

    def _say(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._explain(reason)


def _fades(snapshot: Snapshot) -> float:
    """Return from when on a picture is out of date, though the file does not change (Unix time)."""
    ages = [d.time + STALE_SECONDS for d in snapshot.measured]
    if snapshot.heard is not None and not snapshot.silent:
        ages.append(snapshot.heard + SILENT_SECONDS)
    return min(ages, default=math.inf)


def read_once(folder: StudyFolder, clock: Callable[[], float] = time.time) -> Snapshot:
    """Return one picture of a study. Raises :class:`UnreadableError`."""
    from hpo_tui.store.read import StudyReader

    try:
        with StudyReader(folder.db) as reader:
            return Pictures(folder, clock).take(reader)
    except FAULTS as error:
        raise UnreadableError(why_unreadable(folder, error)) from error
