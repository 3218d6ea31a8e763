"""What the home screen knows of every study: read in a thread, again only where files changed."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hpo_tui.engine.answers import WISHES
from hpo_tui.engine.misnamed import Misnamed, misnamed
from hpo_tui.engine.overdue import overdue
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.text.files import edited_by_hand
from hpo_tui.engine.waiting import waiting
from hpo_tui.store.folder import StudyFolder, list_studies
from hpo_tui.store.models import Command, Study, StudyState, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.watching.outlook import known_until, spent_of
from hpo_tui.tui.watching.silence import heard, is_silent
from hpo_tui.tui.watching.unreadable import FAULTS
from hpo_tui.tui.words import present
from hpo_tui.tui.words.queued import short_of
from hpo_tui.tui.words.standing import nothing_since


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list. ``problem``: why it cannot be read, then little else is known."""

    folder: StudyFolder
    study: Study | None = None
    spec: StudySpec | None = None
    runner: int | None = None
    trials: int = 0
    running: int = 0
    spent: float = 0.0
    best: str = ""
    """The best first objective among the trials that meet all goals: number, then name, so that
    the number is what a narrow column shows. Where none does, that of the nearest miss."""
    met: int = 0
    touched: float = 0.0
    """When it last changed, Unix seconds: its file, or what is known if it is paused and idle."""
    problem: str = ""
    value: float = math.nan
    """The number in ``best``, of a trial that meets all goals."""
    edited: bool = False
    """Whether a finished study's file was edited by hand, which a runner takes over."""
    queued: tuple[Command, ...] = ()
    """The trials that were asked for and wait for the next runner; none while one lives."""
    short: float | None = None
    """What the budget lacks for them, None where nothing is queued, or where nobody knows."""
    suspended: bool = False
    """Whether the runner lives, but was told to stand still."""
    heard: float | None = None
    """When the runner wrote last (Unix time); None where none lives, or where nobody knows."""
    silent: str = ""
    """In words, since when a runner that lives has written nothing; empty if it does."""
    waits: str = ""
    """What keeps every trial of a study that runs from starting, in words."""
    misnamed: tuple[Misnamed, ...] = ()
    """The metrics that no trial has reported, but for one that does under another name."""
    overdue: bool = False
    """Whether a running trial takes far longer than any of its task has."""

    @property
    def share(self) -> float:
        """Spent over budget, 0 to 1."""
        amount = self.spec.budget.amount if self.spec else 0.0
        return min(1.0, self.spent / amount) if amount > 0 else 0.0


class StudyList:
    """Reads all studies under a ``.hpo`` folder; use it from one thread at a time.

    Only the files of studies with a runner stay open, which change all the time: each takes three
    descriptors, of which a process has a thousand or so.
    """

    def __init__(self, home: Path | None, clock: Callable[[], float] = time.time) -> None:
        self.home, self._clock = home, clock
        self._known: dict[Path, tuple[tuple[float, ...], Summary]] = {}
        self._readers: dict[Path, tuple[int, StudyReader]] = {}
        """Study → the inode of the file that is open, and who reads it."""

    def close(self) -> None:
        """Close every file."""
        for _, reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def read(self) -> list[Summary]:
        """Return a summary of every study, those unchanged as they were."""
        if self.home is None:
            return []
        found = [self._up_to_date(f) for f in list_studies(self.home)]
        for path in self._known.keys() - {s.folder.path for s in found}:
            self._let_go(path)
            del self._known[path]
        return found

    def _let_go(self, path: Path) -> None:
        if path in self._readers:
            self._readers.pop(path)[1].close()

    def _reader(self, folder: StudyFolder) -> StudyReader:
        """Return who reads a study's file: the one that is there now, not one before it."""
        file = folder.db.stat().st_ino
        if self._readers.get(folder.path, (file,))[0] != file:
            self._let_go(folder.path)
        if folder.path not in self._readers:
            self._readers[folder.path] = file, StudyReader(folder.db)
        return self._readers[folder.path][1]

    def _up_to_date(self, folder: StudyFolder) -> Summary:
        pid = folder.runner_pid()
        suspended = folder.is_suspended(pid)
        stamp = (*stamps(folder), float(-1 if pid is None else pid), float(suspended))
        known = self._known.get(folder.path)
        if known is None or known[0] != stamp:
            known = (
                stamp,
                self._summary_or_problem(folder, pid, max(stamp[:-2]), suspended=suspended),
            )
        # What was written last grows old without any change of the files.
        silent = self._silent(known[1])
        if silent != known[1].silent:
            known = stamp, replace(known[1], silent=silent)
        self._known[folder.path] = known
        return known[1]

    def _silent(self, summary: Summary) -> str:
        last, now = summary.heard, self._clock()
        if last is None or summary.suspended or not is_silent(last, now):
            return ""
        return nothing_since(last, now)

    def _summary_or_problem(
        self, folder: StudyFolder, pid: int | None, touched: float, *, suspended: bool
    ) -> Summary:
        try:
            summary = replace(self._summarize(folder, pid, touched), suspended=suspended)
        except FAULTS as error:
            self._let_go(folder.path)
            problem = _problem(folder, error)
            summary = Summary(folder, runner=pid, touched=touched, problem=problem)
        if pid is None:
            self._let_go(folder.path)
        return summary

    def _summarize(self, folder: StudyFolder, pid: int | None, touched: float) -> Summary:
        """Read what the list shows of a study; ``pid``: of its runner, None without one."""
        from hpo_tui.engine.analysis.front import best_rows, near_misses, results, tally

        reader = self._reader(folder)
        with reader.one_moment():
            study, frame = reader.study(), reader.frame()
        spec = StudySpec.from_text(study.text)
        rows = best_rows(frame, spec)
        near = rows[:0] if len(rows) else near_misses(frame, spec, 1)
        best, value = "", math.nan
        for row in (*rows[:1], *near) if spec.objectives else ():
            metric = spec.objectives[0].metric
            value = float(results(frame, spec)[1].metrics[metric][row])
            best = f"{present.number(value)} {metric}"
        running = int(frame.in_state(TrialState.RUNNING).sum())
        if pid is not None and study.state is StudyState.PAUSED and not running:
            # Its runner goes on to write what the machine does, which changes nothing of the study.
            touched = min([touched, *(event.time for event in reader.events(limit=1))])
        devices = reader.devices()
        until = known_until(frame, devices, self._clock(), runs=pid is not None)
        spent = spent_of(spec, study, frame, until)[0]
        queued = tuple(reader.open_commands(WISHES)) if pid is None else ()
        return Summary(
            folder=folder,
            study=study,
            spec=spec,
            runner=pid,
            trials=len(frame),
            running=running,
            spent=spent,
            best=best,
            met=tally(frame, spec)[0],
            touched=touched,
            value=value if len(rows) else math.nan,
            edited=study.state is StudyState.FINISHED
            and edited_by_hand(folder.file, study.text) is not None,
            queued=queued,
            short=short_of(spec, frame, queued, spent),
            waits=waiting(reader) if pid is not None and study.state is StudyState.RUNNING else "",
            misnamed=misnamed(reader, spec, frame),
            overdue=pid is not None and bool(overdue(reader)),
            heard=None if pid is None else heard(folder, devices),
        )


def stamps(folder: StudyFolder) -> tuple[float, ...]:
    """Return when the files that a study is read from last changed, 0 for those not there.

    A log without content counts as not there: a reader makes one by looking.
    """
    times = []
    for path in (folder.db, Path(f"{folder.db}-wal"), folder.file):
        try:
            stat = path.stat()
            times.append(stat.st_mtime if stat.st_size else 0.0)
        except OSError:
            times.append(0.0)
    return tuple(times)


def _problem(folder: StudyFolder, error: Exception) -> str:
    try:
        if not folder.db.exists():
            return "not started"
    except PermissionError:
        return "no permission"
    return (str(error).splitlines() or [type(error).__name__])[0]
