"""Filling free slots: what waits first, then what the optimizer has ready."""

import logging
import math
import time
from collections.abc import Collection

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Launch, Running, Slot
from hpo_tui.engine.execution.hiccups import passes, refusal
from hpo_tui.engine.execution.metrics import Collector
from hpo_tui.engine.execution.protocol import has_files, launch_of, prepare
from hpo_tui.engine.execution.reports import ReportTail
from hpo_tui.engine.optimizer.api import Suggestion
from hpo_tui.engine.runner.desk import Desk, Live, Stop
from hpo_tui.engine.runner.ending import tell_optimizer
from hpo_tui.engine.spec.model import BudgetUnit
from hpo_tui.engine.spec.space import coerce
from hpo_tui.engine.summaries import summaries, summarize
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader

log = logging.getLogger("runner.starting")

_UNKNOWN = 20.0
"""Seconds that a trial is taken for as long as none has been complete."""
_MOST_REFUSED = 9
"""Starts in a row that the machine may refuse for what may pass: that takes 100 seconds."""
_WORTH = 0.1
"""Part of a trial's time that its slot may wait for a suggestion that knows the last results.

What does not know them costs the search more than that: see `docs/experiments.md`.
"""


def record(desk: Desk, suggestion: Suggestion) -> Trial:
    """Write a suggestion down as a waiting trial, with the defaults of what was added since."""
    params = coerce(desk.spec, suggestion.params) | dict(suggestion.params)
    trial = Trial(
        suggestion.number,
        suggestion.configuration,
        suggestion.task,
        TrialState.WAITING,
        suggestion.cost,
        params,
        resumed_from=suggestion.resume_from,
        repeat=suggestion.repeat,
        why=dict(suggestion.why),
        created=time.time(),
        attempt=0,
    )
    desk.writer.add_trial(trial)
    desk.trials[trial.number] = trial
    return trial


class Starter:
    """Starts trials as long as there is room."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.over_budget = False
        """Whether nothing new of the optimizer's may start; what waits already may."""
        self.waits = math.inf
        """Seconds that a free slot still gives the optimizer to take the last results in."""
        self._refused = 0
        """Starts in a row that the machine has refused for what may pass."""
        self._not_before = -math.inf

    def fill(self) -> None:
        """Start what can be started."""
        self.waits = math.inf
        more = time.monotonic() >= self._not_before
        while more and self.desk.state is StudyState.RUNNING:
            more = self._next() and time.monotonic() >= self._not_before

    def _next(self) -> bool:
        """Start one trial; False if there is none to start, or no room."""
        desk = self.desk
        what: Trial | Suggestion | None = None
        while desk.queue and desk.trials[desk.queue[0]].state is not TrialState.WAITING:
            desk.queue.popleft()
        if desk.queue:
            what = desk.trials[desk.queue[0]]
        elif not (self.over_budget or self._counted_out() or desk.enough()):
            what = self._suggestion()
        if what is None:
            return False
        slot = self._room(what.number, what.task)
        if slot is None:
            return False
        try:
            running = self._running(what, slot)
        except BaseException:
            slot.release()
            raise
        self._start(running, slot)
        return True

    def _suggestion(self) -> Suggestion | None:
        """Return what the optimizer would start; None if that is not known or worth a wait."""
        proposals = self.desk.proposals
        former = proposals.former
        if proposals.current is not None or former is None:
            return proposals.current
        meter = self.desk.meter
        expected = former.cost * meter.rate(former.task) if meter.known else _UNKNOWN
        left = proposals.since + _WORTH * expected - time.monotonic()
        if left <= 0:
            return former
        self.waits = left
        return None

    def _counted_out(self) -> bool:
        """Whether a budget of so many trials has been given out; asked before every start."""
        budget = self.desk.spec.budget
        return budget.unit is BudgetUnit.TRIALS and len(self.desk.trials) >= budget.amount

    def _room(self, number: int, task: str) -> Slot | None:
        desk = self.desk
        devices = desk.spec.resources.gpus_per_trial
        return desk.executor.reserve(number, task, devices=devices, alone=number in desk.alone)

    def _running(self, what: Trial | Suggestion, slot: Slot) -> Trial:
        """Write down that a waiting trial, or a suggestion, runs: before it does."""
        desk = self.desk
        with desk.transaction():
            waiting = what if isinstance(what, Trial) else record(desk, what)
            running = desk.update(
                waiting.number, state=TrialState.RUNNING, started=waiting.started or time.time(),
                attempt=waiting.attempt + 1, reason="", ended=None, device=slot.device,
            )  # fmt: skip
            if waiting.attempt:
                desk.writer.drop(f"stop:{waiting.number}")
            if waiting.attempt and not has_files(desk.folder.trial(waiting.number).checkpoint):
                running = self._anew(running)
        if isinstance(what, Suggestion):
            desk.proposals.begun(what)
            desk.queue.appendleft(running.number)
        return running

    def _anew(self, trial: Trial) -> Trial:
        """Have an attempt begin without anything of those before: what they reported is not its."""
        desk, number = self.desk, trial.number
        log_file = desk.folder.trial(number).log
        begins = log_file.stat().st_size if log_file.exists() else 0
        desk.writer.put(f"begun:{number}", {"seq": trial.report_seq, "log": begins})
        desk.writer.drop(f"collector:{number}")
        return desk.update(number, step=None)

    def _start(self, trial: Trial, slot: Slot) -> None:
        desk, number = self.desk, trial.number
        try:
            launch = prepare(desk.folder, desk.spec, trial, alone=number in desk.alone)
            process = desk.executor.start(launch, slot)
        except (OSError, KeyError, ValueError) as error:
            slot.release()
            self._cannot(trial, error)
            return
        except BaseException:
            slot.release()
            raise
        self._refused = 0
        desk.queue.popleft()
        desk.alone.discard(number)
        # Watched before it is written down: a full disk must not make us forget a process.
        self.watch(launch, process)
        with desk.transaction(durable=False):
            desk.update(number, durable=False, pid=process.pid, pid_started=process.started)
            what = "starts" if trial.attempt == 1 else f"starts again (attempt {trial.attempt})"
            kind = "promoted" if trial.resumed_from is not None else "started"
            where = desk.executor.called(process.device)
            desk.event(kind, f"trial {number} {what} at {trial.task} on {where}", number)
            if trial.resumed_from is not None and not launch.environment["HPO_RESUME"]:
                self._begins_anew(trial)

    def _begins_anew(self, trial: Trial) -> None:
        """Charge the whole task, at the first attempt: no checkpoint spares a part of it."""
        desk, number, before = self.desk, trial.number, trial.resumed_from
        text = f"trial {number} begins anew: trial {before} left no checkpoint"
        desk.event("strange", text, number)
        if trial.attempt > 1:
            return
        costs = {t.name: t.cost for t in desk.spec.tasks}
        source = None if before is None else desk.trials.get(before)
        spared = 0.0 if source is None else costs.get(source.task, 0.0)
        # Whatever the configuration makes of the declared price, it makes of the whole.
        cost = trial.cost * costs[trial.task] / (costs[trial.task] - spared)
        desk.update(number, durable=False, cost=cost)
        desk.proposals.tell("price", number=number, cost=trial.wasted + cost)

    def watch(self, launch: Launch, process: Running) -> Live:
        """Take a started or adopted process among those that are read and waited for."""
        desk, number = self.desk, launch.number
        trial = desk.trials[number]
        tail = ReportTail(launch.folder.reports, number, trial.report_offset, trial.report_seq)
        live = Live(number, launch, process, tail, heard=processes.awake(), seq=tail.seq)
        restore_result(desk, live)
        if desk.spec.metrics:
            live.collector = collector_of(desk, live)
        if launch.environment["HPO_RESUME"] and trial.resumed_from in desk.trials:
            live.before = desk.trials[trial.resumed_from].step
        desk.live[number] = live
        return live

    def _cannot(self, trial: Trial, error: Exception) -> None:
        """Pause: a trial could not even be started, which is the machine's fault.

        What may pass is tried again first.
        """
        desk = self.desk
        log.exception("trial %d cannot be started", trial.number)
        desk.update(trial.number, state=TrialState.WAITING, attempt=trial.attempt - 1)
        if isinstance(error, OSError) and passes(error) and self._refused < _MOST_REFUSED:
            self._refused += 1
            self._not_before = time.monotonic() + 0.1 * 2**self._refused
            return
        self._refused = 0
        text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        if isinstance(error, OSError):
            text = refusal(error)
        desk.pause("paused", f"trial {trial.number} cannot be started: {text}", trial.number)


def stop_of(desk: Desk, number: int) -> Stop | None:
    """Return why an earlier runner has asked a trial to end, None if it has not.

    That of a stopped study ends the trial's attempt alone: this run takes it up again.
    """
    with StudyReader(desk.folder.db) as reader:
        kept = reader.get(f"stop:{number}")
    if kept is None:
        return None
    stop = Stop(*kept)
    return Stop("again", stop.text) if stop.kind == "study" else stop


def restore_result(desk: Desk, live: Live) -> None:
    """Summarise what is stored of a trial's reports, as far as this attempt carries them on."""
    trial = desk.trials[live.number]
    if trial.report_seq == 0:
        return
    rules = summaries(desk.spec)
    with StudyReader(desk.folder.db) as reader:
        begun = reader.get(f"begun:{live.number}") or {}
        for report in reader.reports(live.number):
            if report.seq >= begun.get("seq", 0):
                summarize(rules, live.result, report.metrics)


def collector_of(desk: Desk, live: Live) -> Collector:
    """Return the reader of what a trial prints and writes, where an earlier one left off."""
    collector = _collector(desk, live, desk.spec.metric_names)
    with StudyReader(desk.folder.db) as reader:
        state = reader.get(f"collector:{live.number}")
        begun = reader.get(f"begun:{live.number}") or {}
    if state is not None:
        collector.restore(state)
    else:
        collector.begin_at(begun.get("log", 0))
    return collector


def collect_anew(desk: Desk, added: Collection[str]) -> None:
    """Have running trials' output searched for the metrics of an edited study too.

    ``added`` are looked for in what was read already: a trial may print them but once.
    """
    for live in desk.live.values():
        if live.collector is not None:
            state = live.collector.state()
            live.collector = _collector(desk, live, desk.spec.metric_names)
            live.collector.restore(state)
            live.behind = _collector(desk, live, added) if added else live.behind


def _collector(desk: Desk, live: Live, names: Collection[str]) -> Collector:
    return Collector(desk.spec.metrics, live.launch.folder, set(names))


def adopt(desk: Desk, starter: Starter, trial: Trial) -> bool:
    """Take over a trial that an earlier runner started; return whether it still runs.

    One that has ended is taken over as well, with its recorded end: its reports are read first.
    """
    try:
        launch = launch_of(desk.folder, desk.spec, trial)
    except KeyError:
        desk.update(trial.number, state=TrialState.FAILED, reason="its task is no longer there")
        tell_optimizer(desk, desk.trials[trial.number], "lost")
        return False
    process = desk.executor.adopt(launch, trial.device)
    live = starter.watch(launch, process)
    live.stop = stop_of(desk, trial.number)
    live.ended = process.poll()
    if live.ended is None:
        desk.update(trial.number, pid=process.pid, pid_started=process.started)
    return live.ended is None
