"""What every part of the runner works on: the study, its trials, and the store behind them."""

import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

from hpo_tui.engine.costs import Meter
from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Executor
from hpo_tui.engine.execution.proposals.client import Proposals
from hpo_tui.engine.execution.protocol import has_files
from hpo_tui.engine.occupancy import GpuTime, Occupancy
from hpo_tui.engine.runner.attempt_keys import AttemptKeys
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.runner.notices import Notices
from hpo_tui.engine.runner.queue import Queue
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.stop_when import reached
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

log = logging.getLogger("runner")


class Desk:
    """The study as the runner holds it. All writing goes through here or ``writer``."""

    def __init__(  # noqa: PLR0917 - its six parts are of six types: none can be taken for another
        self, folder: StudyFolder, spec: StudySpec, writer: StudyWriter, executor: Executor,
        proposals: Proposals, trials: Mapping[int, Trial],
    ) -> None:  # fmt: skip
        self.folder, self.spec, self.writer = folder, spec, writer
        self.executor, self.proposals = executor, proposals
        self.notices = Notices(folder, writer)
        self.trials: dict[int, Trial] = dict(trials)
        self.live: dict[int, Live] = {}
        self.queue = Queue(self.trials)
        self.queued: set[int] = set()
        """The commands that were asked for before this run: nobody waits for their answers."""
        self.state = StudyState.RUNNING
        self.reason = ""
        self.started = time.time()
        self.past_goals: object = None
        """The goals that are met and end it no more: it was extended since."""
        self._completed = 0
        """Counts the trials that became complete, for :meth:`enough`."""
        self._enough: list[int] = []
        self._enough_of: tuple[object, ...] = ()
        self._journal: dict[int, Trial | None] | None = None
        """Trials that the present transaction has changed → as they were before, None for new."""
        self._around = ExitStack()
        """What ends when the present transaction has been committed, or rolled back."""
        self.meter = Meter(spec)
        for trial in self.trials.values():
            self.meter.learn(trial)
        self.occupancy = Occupancy(self.trials.values())

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """One transaction of the store; if it fails, what is held in memory is restored as well."""
        if self._journal is not None:
            yield
            return
        self._journal = {}
        state = self.state, self.reason
        try:
            with ExitStack() as self._around, self.writer.transaction(durable=durable):
                yield
            for number, old in self._journal.items():
                if old is not None:
                    self._occupy(old, self.trials[number])
        except BaseException:
            for number, old in self._journal.items():
                if old is None:
                    del self.trials[number]
                else:
                    self.trials[number] = old
            self.state, self.reason = state
            self._completed += 1  # and some that did not, in the end
            raise
        finally:
            self._journal = None

    def around(self, context: AbstractContextManager[None]) -> None:
        """Enter a context that the present transaction ends: it is told whether that failed."""
        self._around.enter_context(context)

    def add(self, trial: Trial) -> None:
        """Write a new trial, here and in the store."""
        self.writer.add_trial(trial)
        self.trials[trial.number] = trial
        if self._journal is not None:
            self._journal.setdefault(trial.number, None)

    def update(self, number: int, *, durable: bool = True, **values: Any) -> Trial:
        """Write fields of a trial, here and in the store; return it."""
        self.writer.update_trial(number, durable=durable, **values)
        self._completed += values.get("state") is TrialState.COMPLETE
        old = self.trials[number]
        if "metrics" in values:
            values["metrics"] = {**old.metrics, **values["metrics"]}
        self.trials[number] = replace(old, **values)
        if self._journal is not None:
            self._journal.setdefault(number, old)
        else:
            self._occupy(old, self.trials[number])
        return self.trials[number]

    def _occupy(self, old: Trial, new: Trial) -> None:
        """Count the GPU time of an attempt that has ended."""
        if new.duration != old.duration:
            self.occupancy.learn(new, old)

    def enough(self) -> list[int]:
        """Return the trials on which the study ends before its budget; none where it goes on.

        Asked all the time, it is worked out anew only when a trial has completed, or at an edit.
        """
        known = self.spec, self._completed, self.past_goals
        if self._enough_of != known:
            self._enough_of = known
            self._enough = reached(self.spec, self.trials.values(), self.past_goals)
        return self._enough

    def event(self, kind: str, text: str, trial: int | None = None, **data: Any) -> None:
        """Record something that people should know."""
        log.info("%s: %s", kind, text)
        self.writer.add_event(kind, text, trial, data)

    def announce(self, kind: str, text: str, trial: int) -> None:
        """Record something of a trial that people are notified of too, where there is ``notify``.

        In the transaction that it belongs to.
        """
        self.event(kind, text, trial)
        if self.spec.notify:
            self.notices.add(kind, text)

    def kept(self, key: str) -> Any:
        """Return what the store keeps under a key, None if it keeps nothing."""
        with StudyReader(self.folder.db) as reader:
            return reader.get(key)

    def set_state(self, state: StudyState, reason: str = "") -> None:
        """Change where the study stands."""
        ended = time.time() if state in (StudyState.STOPPED, StudyState.FINISHED) else None
        self.writer.update_study(state=str(state), reason=reason, ended=ended)
        if self.spec.notify and (state, reason) != (self.state, self.reason):
            attempts = sum(t.attempt for t in self.trials.values())
            self.notices.note(state, reason, [len(self.trials), attempts])
        self.state, self.reason = state, reason

    def reword(self, reason: str) -> None:
        """Say anew why the study stands as it does: nobody is notified once more."""
        self.writer.update_study(reason=reason)
        self.reason = reason

    def pause(self, kind: str, reason: str, trial: int | None = None, **data: Any) -> None:
        """Start nothing more until somebody resumes, and say why."""
        with self.transaction():
            self.event(kind, reason, trial, **data)
            if self.state is StudyState.RUNNING:
                self.set_state(StudyState.PAUSED, reason)

    def end(self, live: Live, stop: Stop, *, at_once: bool = False) -> None:
        """Have a running trial ended. ``stop``: why, by which its end is judged.

        The first reason counts. But one after which the trial would run again (as of a lent device)
        gives way to any other.
        """
        if live.stop is None or live.stop.goes_on:
            live.stop = stop
            # Before it is asked: the next runner has to know as well why it ended. A full disk
            # must not keep it from being asked, since nobody would ask once more.
            with suppress(sqlite3.Error):
                self.writer.put(AttemptKeys(live.number).stop, [stop.kind, stop.text])
        at = processes.awake() + (0.0 if at_once else live.launch.grace)
        live.kill_at = at if live.kill_at is None else min(live.kill_at, at)
        if at_once:
            live.process.kill()
        else:
            live.process.stop()

    def elapsed(self, live: Live) -> float:
        """Return for how many seconds an attempt has run, whatever the clock was set to meanwhile.

        The machine's sleep is left out, but not what it slept before the trial was adopted.
        """
        if live.process.started <= 0:  # on another machine, whose boot means nothing here
            return max(0.0, time.time() - (self.trials[live.number].started or time.time()))
        slept = processes.slept() - live.slept
        return max(0.0, processes.uptime() - live.process.started - slept)

    def gpu_time(self) -> GpuTime:
        """Return the GPU time till now, running attempts included."""
        under_way = [(live.process.device, self.elapsed(live)) for live in self.live.values()]
        return self.occupancy.total(self.spec.resources.gpus_per_trial, under_way)

    def charge(self, live: Live, elapsed: float) -> float:
        """Return what a running trial has cost by now.

        It never falls, except when steps first tell how far it is: what was guessed by the time
        until then is too high where a trial takes long to begin.
        """
        trial = self.trials[live.number]
        share = self.meter.share_of_steps(trial.task, trial.step, live.before)
        if share is None:
            share = self.meter.share_of_time(trial, elapsed)
            return max(trial.charged, trial.wasted + trial.cost * share)
        live.paid = max(live.paid, trial.wasted + trial.cost * share)
        return live.paid

    def run_again(self, trial: Trial) -> None:
        """Have an ended trial wait for another attempt, which carries on from its own checkpoint.

        Without one all that it was charged has paid for what is to be done again.
        """
        own = has_files(self.folder.trial(trial.number).checkpoint)
        self.update(
            trial.number, state=TrialState.WAITING, reason="", ended=None, teaches=False,
            wasted=trial.wasted if own else trial.charged,
        )  # fmt: skip

    def unreported(self) -> list[str]:
        """Return the metrics of a result that no trial has reported so far."""
        heard = {name for trial in self.trials.values() for name in trial.metrics}
        return [name for name in self.spec.metric_names if name not in heard]
