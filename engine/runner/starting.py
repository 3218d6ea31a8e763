"""Filling free slots: what waits first, then what the optimizer has ready."""

import contextlib
import logging
import math
import time

from hpo_tui.engine.execution.base import Launch, Slot
from hpo_tui.engine.execution.protocol import has_files, prepare
from hpo_tui.engine.execution.transient_errors import is_transient
from hpo_tui.engine.optimizer.api import Suggestion
from hpo_tui.engine.runner.attempt_keys import AttemptKeys
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.watching import told, watch
from hpo_tui.engine.spec import BudgetUnit
from hpo_tui.engine.spec.space import coerce
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.models import StudyState, Trial, TrialState

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
    desk.add(trial)
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
        found = self._placed()
        if found is None:
            return False
        what, slot = found
        try:
            running = self._running(what, slot)
        except BaseException:
            slot.release()
            raise
        self._start(running, slot)
        return True

    def _placed(self) -> tuple[Trial | Suggestion, Slot] | None:
        """Return what is to be started and its place; None if there is none to start, or no room.

        A trial for which a device is run empty does not keep the other devices waiting; it goes
        before those that came to the head of the queue since, as they cannot have that device.
        """
        desk = self.desk
        waiting = sorted(
            desk.queue.in_turn(), key=lambda trial: not desk.executor.keeps_room(trial.number)
        )
        for trial in waiting:
            if not desk.queue.may_start(trial.number):
                return None
            slot = self._room(trial)
            if slot is not None:
                return trial, slot
            if not desk.executor.keeps_room(trial.number):
                return None
        if self.over_budget or self.counted_out() or desk.enough():
            return None
        suggestion = self._suggestion()
        slot = None if suggestion is None else self._room(suggestion)
        return None if suggestion is None or slot is None else (suggestion, slot)

    def _suggestion(self) -> Suggestion | None:
        """Return what the optimizer would start; None if that is not known or worth a wait."""
        proposals = self.desk.proposals
        former = proposals.former
        if proposals.current is not None or former is None:
            return proposals.current
        meter = self.desk.meter
        expected = former.cost * meter.rate(former.task) if meter.known else _UNKNOWN
        left = proposals.shelf.since + _WORTH * expected - time.monotonic()
        if left <= 0:
            return former
        self.waits = left
        return None

    def counted_out(self) -> bool:
        """Whether a budget of so many trials has been given out; asked before every start."""
        budget = self.desk.spec.budget
        return budget.unit is BudgetUnit.TRIALS and len(self.desk.trials) >= budget.amount

    def _room(self, what: Trial | Suggestion) -> Slot | None:
        desk = self.desk
        return desk.executor.reserve(
            what.number, what.task, params=what.params, alone=what.number in desk.queue.alone,
            devices=desk.spec.resources.gpus_per_trial,
        )  # fmt: skip

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
                desk.writer.drop(AttemptKeys(waiting.number).stop)
            if waiting.attempt and not has_files(desk.folder.trial(waiting.number).checkpoint):
                running = self._anew(running)
        if isinstance(what, Suggestion):
            desk.proposals.begun(what)
            desk.queue.add(running.number, first=True)
        return running

    def _anew(self, trial: Trial) -> Trial:
        """Have an attempt begin without anything of those before: what they reported is not its."""
        desk, number = self.desk, trial.number
        begins = 0
        with contextlib.suppress(OSError):  # it is not there, or closed to us, which is told later
            begins = desk.folder.trial(number).log.stat().st_size
        keys = AttemptKeys(number)
        desk.writer.put(keys.begun, {"seq": trial.report_seq, "log": begins})
        desk.writer.drop(keys.collector)
        return desk.update(number, step=None)

    def _start(self, trial: Trial, slot: Slot) -> None:
        desk, number = self.desk, trial.number
        try:
            launch = prepare(desk.folder, desk.spec, trial, alone=number in desk.queue.alone)
            known = told(desk, number)
            process = desk.executor.start(launch, slot)
        except (OSError, KeyError, ValueError) as error:
            slot.release()
            self._cannot(trial, error)
            return
        except BaseException:
            slot.release()
            raise
        self._refused = 0
        desk.queue.begun(number)
        # Watched before it is written down: a full disk must not make us forget a process.
        watch(desk, launch, process, known)
        with desk.transaction(durable=False):
            desk.update(number, durable=False, pid=process.pid, pid_started=process.started)
            what = "starts" if trial.attempt == 1 else f"starts again (attempt {trial.attempt})"
            kind = "promoted" if trial.resumed_from is not None else "started"
            where = desk.executor.called(process.device)
            begins = _begins(trial, launch) if desk.spec.resume else ""
            desk.event(kind, f"trial {number} {what} at {trial.task}{begins} on {where}", number)
            if trial.resumed_from is not None and not launch.environment["HPO_RESUME"]:
                self._begins_anew(trial)

    def _begins_anew(self, trial: Trial) -> None:
        """Charge the whole task, at the first attempt: no checkpoint spares a part of it."""
        desk, number, before = self.desk, trial.number, trial.resumed_from
        text = f"trial {number} starts from the beginning: trial {before} left no checkpoint"
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

    def _cannot(self, trial: Trial, error: Exception) -> None:
        """Pause: a trial could not even be started, which is the machine's fault.

        What may pass is tried again first.
        """
        desk = self.desk
        log.exception("trial %d cannot be started", trial.number)
        desk.update(trial.number, state=TrialState.WAITING, attempt=trial.attempt - 1)
        if isinstance(error, OSError) and is_transient(error) and self._refused < _MOST_REFUSED:
            self._refused += 1
            self._not_before = time.monotonic() + 0.1 * 2**self._refused
            return
        self._refused = 0
        text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        if isinstance(error, OSError):
            text = in_words(error)
        desk.pause("paused", f"trial {trial.number} cannot be started: {text}", trial.number)


def _begins(trial: Trial, launch: Launch) -> str:
    """Return from where an attempt goes on, to follow its task; empty for one that is all new."""
    resume = launch.environment["HPO_RESUME"]
    if not resume:
        return " from the beginning" if trial.attempt > 1 else ""
    if resume != str(launch.folder.checkpoint):
        return f" from the checkpoint of trial {trial.resumed_from}"
    step = "" if trial.step is None else f" (it had reported step {trial.step})"
    return f" from its own checkpoint{step}"
