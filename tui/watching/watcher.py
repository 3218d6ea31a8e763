"""One thread that watches a study's file and hands pictures of it to the screens.

The file's ``data_version`` is asked five times a second (a few microseconds); the study is read
only when that moved, and at most once a second. Nothing here touches a widget.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hpo_tui.engine.analysis.maps import LastMaps
from hpo_tui.engine.analysis.slices import slices
from hpo_tui.engine.answers import WISHES
from hpo_tui.engine.learning import holds
from hpo_tui.engine.misnamed import misnamed
from hpo_tui.engine.overdue import overdue
from hpo_tui.engine.quiet import quiet
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.text.files import edited_by_hand
from hpo_tui.engine.stop_when import KEY
from hpo_tui.engine.waiting import waiting
from hpo_tui.store.connect import inode, log_of
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Event, Study, StudyState
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.watching.device_names import NamedFrames, labels, named
from hpo_tui.tui.watching.outlook import GOALS_MET, eta_of, known_until, spent_of, why_closing
from hpo_tui.tui.watching.ranking import Ranking
from hpo_tui.tui.watching.silence import SILENT_SECONDS, heard
from hpo_tui.tui.watching.snapshot import STALE_SECONDS, Snapshot
from hpo_tui.tui.watching.unreadable import FAULTS, UnreadableError, why_gone, why_unreadable
from hpo_tui.tui.words.queued import short_of

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

POLL_SECONDS = 0.2
LEAST_SECONDS = 1.0
"""Between two pictures."""
EVENTS_KEPT = 500
_LOOKS = 3
"""How often a picture is taken anew as long as runners come and go meanwhile."""


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
        self._spec: tuple[str, StudySpec] | None = None
        self._named = NamedFrames()
        self._ranking = Ranking()
        self._maps = LastMaps()
        self._edits = _Edits()
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
            self._edits = _Edits()  # it may be another file
            dirty, runner, last, fades = True, self._runner(), 0.0, math.inf
            text, log = self._stamp(), inode(log_of(self.folder.db))
            # A file that was moved or deleted can be read on, and would never change again. The log
            # of one goes with it, which may be only after another file has come into its place.
            while not self._stop.is_set() and self.folder.db.stat().st_ino == self._file:
                if log and inode(log_of(self.folder.db)) != log:
                    break
                now = time.monotonic()
                living = self._runner()
                dirty = reader.changed() or dirty or living != runner or self._clock() > fades
                if (stamp := self._stamp()) != text:
                    dirty, text = True, stamp
                runner = living
                hurried = self._wake.is_set()
                if dirty and (hurried or now - last >= LEAST_SECONDS):
                    snapshot = self.read(reader)
                    ranked = self._ranking.of(snapshot.frame, snapshot.spec)
                    self._deliver(replace(snapshot, ranked=ranked))
                    self._say("")
                    # What is measured grows old without any change of the file.
                    ages = [d.time + STALE_SECONDS for d in snapshot.measured]
                    if snapshot.heard is not None and not snapshot.silent:
                        ages.append(snapshot.heard + SILENT_SECONDS)
                    fades = min(ages, default=math.inf)
                    dirty, last = False, time.monotonic()
                self._wake.clear()
                self._wake.wait(POLL_SECONDS)

    def _runner(self) -> tuple[int | None, bool]:
        """Return the runner's PID, and whether it stands still."""
        pid = self.folder.runner_pid()
        return pid, self.folder.is_suspended(pid)

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

    def read(self, reader: "StudyReader") -> Snapshot:
        """Return the study as it is. Raises some of :data:`FAULTS`."""
        runner = self._runner()
        for _ in range(_LOOKS):
            picture = self._picture(reader, *runner)
            before, runner = runner, self._runner()
            # Else the study would be said to run without a runner that has just come, or gone.
            if runner == before:
                break
        return picture

    def _picture(self, reader: "StudyReader", pid: int | None, suspended: bool) -> Snapshot:
        """Return the study as its file is at one moment. ``pid``: its runner's."""
        with reader.one_moment():
            study, devices, whole = reader.study(), reader.devices(), reader.frame()
            past, told = reader.get(KEY), reader.dated("eta")
            queued = tuple(reader.open_commands(WISHES)) if pid is None else ()
            events = tuple(reader.events(limit=EVENTS_KEPT))
            edits = self._edits.of(reader, events)
            late, waits = () if pid is None else overdue(reader), waiting(reader)
            hushed = {} if pid is None else quiet(reader)
            expected, maps = slices(reader), self._maps.of(reader)
            spec = self._parse(study)
            learned, slips = holds(reader, spec.learn_from), misnamed(reader, spec, whole)
        frame = self._named.of(whole, labels(devices))
        now = self._clock()
        until = known_until(frame, devices, now, runs=pid is not None)
        spent, lost = spent_of(spec, study, frame, until)
        closing = "" if pid is None else why_closing(spec, study, frame, spent, past)
        timed = pid is not None and not suspended and closing != GOALS_MET
        going = pid is not None and not suspended and study.state is StudyState.RUNNING
        finished = study.state is StudyState.FINISHED
        picture = Snapshot(
            time=now,
            folder=self.folder,
            study=study,
            spec=spec,
            frame=frame,
            runner_pid=pid,
            spent=spent,
            lost=lost,
            devices=named(devices),
            events=events,
            edits=edits,
            eta=eta_of(spec, study, frame, spent, now, told=told) if timed else None,
            closing=closing,
            edited=finished and edited_by_hand(self.folder.file, study.text) is not None,
            heard=None if pid is None else heard(self.folder, devices),
            suspended=suspended,
            overdue=late,
            quiet=hushed,
            misnamed=slips,
            waits=waits if going else "",
            queued=queued,
            short=short_of(spec, frame, queued, spent),
            learned=learned,
            slices=expected,
            maps=maps,
        )
        return replace(picture, eta=None) if picture.silent else picture

    def _parse(self, study: Study) -> StudySpec:
        # By the text itself: a file that is put in another's place can have the same revision.
        if self._spec is None or self._spec[0] != study.text:
            # With its place, which a command may name; its errors are those of the text alone.
            spec = replace(StudySpec.from_text(study.text), source=self.folder.file)
            self._spec = (study.text, spec)
        return self._spec[1]


class _Edits:
    """When a study was edited, looked for among the events that are new alone."""

    def __init__(self) -> None:
        self._found: tuple[float, ...] = ()
        self._seen = 0

    def of(self, reader: "StudyReader", events: Sequence[Event]) -> tuple[float, ...]:
        """Return the times of all edits; ``events``: the last ones."""
        newest = events[-1].id if events else 0
        if newest > self._seen:
            self._found += tuple(reader.edits(self._seen, newest))
            self._seen = newest
        return self._found


def read_once(folder: StudyFolder, clock: Callable[[], float] = time.time) -> Snapshot:
    """Return one picture of a study. Raises :class:`UnreadableError`."""
    from hpo_tui.store.read import StudyReader

    watcher = StudyWatcher(folder, lambda _: None, lambda _: None, clock)
    try:
        with StudyReader(folder.db) as reader:
            return watcher.read(reader)
    except FAULTS as error:
        raise UnreadableError(why_unreadable(folder, error)) from error
