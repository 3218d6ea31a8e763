"""Pictures of a study: everything that the screens show of it, as its file is at one moment."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hpo_tui.engine.analysis.maps import LastMaps
from hpo_tui.engine.analysis.slices import slices
from hpo_tui.engine.answers import WISHES
from hpo_tui.engine.code_versions import KEY as CODE
from hpo_tui.engine.code_versions import versions
from hpo_tui.engine.kept_keys import ETA
from hpo_tui.engine.learning import holds
from hpo_tui.engine.misnamed import misnamed
from hpo_tui.engine.overdue import overdue
from hpo_tui.engine.quiet import quiet
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.text.files import edited_by_hand
from hpo_tui.engine.stop_when import KEY as PAST_GOALS
from hpo_tui.engine.waiting import waiting
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Event, Study, StudyState
from hpo_tui.tui.watching.device_names import NamedFrames, labels, named
from hpo_tui.tui.watching.outlook import GOALS_MET, eta_of, known_until, spent_of, why_closing
from hpo_tui.tui.watching.silence import heard
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.queued import short_of

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

EVENTS_KEPT = 500
_LOOKS = 3
"""How often a picture is taken anew as long as runners come and go meanwhile."""


class Pictures:
    """Takes pictures of one study, each with the very objects of the last for what is the same."""

    def __init__(self, folder: StudyFolder, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._spec: tuple[str, StudySpec] | None = None
        self._named = NamedFrames()
        self._maps = LastMaps()
        self.begin()

    def begin(self) -> None:
        """Take the next picture of a file that was opened anew: it may be another one."""
        self._edits, self._starts = _Edits(), _Starts()

    def runner(self) -> tuple[int | None, bool]:
        """Return the runner's PID, and whether it stands still."""
        pid = self.folder.runner_pid()
        return pid, self.folder.is_suspended(pid)

    def take(self, reader: "StudyReader") -> Snapshot:
        """Return the study as it is. Raises some of :data:`FAULTS`."""
        runner = self.runner()
        for _ in range(_LOOKS):
            picture = self._picture(reader, *runner)
            before, runner = runner, self.runner()
            # Else the study would be said to run without a runner that has just come, or gone.
            if runner == before:
                break
        return picture

    def _picture(self, reader: "StudyReader", pid: int | None, suspended: bool) -> Snapshot:
        """Return the study as its file is at one moment. ``pid``: its runner's."""
        with reader.one_moment():
            study, devices, whole = reader.study(), reader.devices(), reader.frame()
            past, told = reader.get(PAST_GOALS), reader.dated(ETA)
            queued = tuple(reader.open_commands(WISHES)) if pid is None else ()
            events = tuple(reader.events(limit=EVENTS_KEPT))
            edits = self._edits.of(reader, events)
            late, waits = () if pid is None else overdue(reader), waiting(reader)
            hushed = {} if pid is None else quiet(reader)
            expected, maps = slices(reader), self._maps.of(reader)
            spec = self._parse(study)
            code = versions(reader.get(CODE))
            starts = self._starts.of(reader, events) if code else {}
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
            code=code,
            starts=starts,
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


class _Starts:
    """When the last attempt of each trial began, looked for among the events that are new alone."""

    def __init__(self) -> None:
        self._found: dict[int, float] = {}
        self._seen = 0

    def of(self, reader: "StudyReader", events: Sequence[Event]) -> dict[int, float]:
        """Return trial → Unix time; ``events``: the last ones."""
        newest = events[-1].id if events else 0
        if newest > self._seen:
            self._found = self._found | reader.starts(self._seen)
            self._seen = newest
        return self._found
