"""What follows from a trial's end: its last reports, its state, its charge, and who is told."""

import logging
import time
from pathlib import Path

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Exit, Outcome
from hpo_tui.engine.execution.breaker import Breaker, Failure
from hpo_tui.engine.execution.failures import EndKind
from hpo_tui.engine.execution.metrics.source_files import absent
from hpo_tui.engine.execution.proposals.past import bare
from hpo_tui.engine.execution.protocol import has_files, last_words, log_start, tail
from hpo_tui.engine.execution.transient_errors import PATIENCE, why_unread
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.runner.attempt_keys import AttemptKeys
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.intake import Intake
from hpo_tui.engine.runner.live import Live
from hpo_tui.engine.runner.verdict import Case, Verdict, judge
from hpo_tui.engine.spec.names import plural
from hpo_tui.engine.stop_when import why
from hpo_tui.store.models import StudyState, Trial, TrialState

log = logging.getLogger("runner.ending")

_SOUND: tuple[EndKind, ...] = ("ok", "pruned", "killed")
"""Ends that say nothing against the machine or the script."""
_OUT_OF_MEMORY: tuple[EndKind, ...] = ("oom", "host_oom")
_MAY_PASS: tuple[EndKind, ...] = ("lost", *_OUT_OF_MEMORY)
"""Ends that say something only once the trial is given up, after another attempt or several."""
_TURN = 0.1
"""Seconds of one turn that may go into what one ended trial has left to be read."""
_OUTCOMES: dict[EndKind, Outcome] = {
    "ok": "ok", "oom": "oom", "crash": "failed", "missing": "failed", "device": "failed",
    "stall": "failed",
}  # fmt: skip


class Endings:
    """Ends trials: one durable transaction each, then the optimizer learns of it."""

    def __init__(self, desk: Desk, intake: Intake, breaker: Breaker) -> None:
        self.desk, self.intake, self.breaker = desk, intake, breaker
        self.backlog = False
        """Whether an ended trial has left more than was read in this turn."""

    def check(self) -> bool:
        """Finish the trials whose process has ended; return whether any slot came free."""
        freed, self.backlog = False, False
        for live in self.desk.live.values():
            if live.ended is None:
                live.ended = live.process.poll()
        over = [(live.ended.ended, live.number) for live in self.desk.live.values() if live.ended]
        # In the order in which they ended: that is how they are read back from the store.
        for _, number in sorted(over):
            live = self.desk.live[number]
            assert live.ended is not None
            if not self._drained(live):
                live.process.release()  # the next trial need not wait for what is left to be read
                continue
            self.finish(live, live.ended)
            freed = True
        return freed

    def _drained(self, live: Live) -> bool:
        """Take in what an ended trial has left; False if that takes another turn."""
        if not self._legible(live):
            return False
        deadline = time.monotonic() + _TURN
        while self.intake.poll([live]):
            self.backlog = time.monotonic() > deadline
            if self.backlog:
                return False
        return self._legible(live)

    def _legible(self, live: Live) -> bool:
        """Whether an ended trial's files can be read, or could not for so long that they are lost.

        Else a network file system that does not answer for a moment would cost a result.
        """
        folder, now = live.launch.folder, processes.awake()
        fault = why_unread(folder.reports) or why_unread(folder.log)
        if not fault:
            return True
        live.unread = live.unread or now
        given_up = now - live.unread > PATIENCE
        live.fault = fault if given_up else ""
        return given_up

    def finish(self, live: Live, end: Exit) -> None:
        """Conclude one trial whose reports have all been taken in."""
        desk = self.desk
        trial = desk.trials[live.number]
        case = self._case(live, end)
        verdict = judge(case)
        failure = Failure(
            trial.number, verdict.kind, end.code, trial.params, case.lines, verdict.reason,
            desk.unreported() if verdict.kind == "missing" else (),
        )  # fmt: skip
        # Under way when the breaker tripped, and one more of the same: it teaches as little.
        late = desk.state is StudyState.PAUSED and failure.signature == self.breaker.tripped
        enough = desk.enough()
        keys = AttemptKeys(live.number)
        with desk.transaction():
            trial = self._record(live, end, verdict, late=late)
            if trial.state is TrialState.COMPLETE:  # all others may get another attempt
                desk.writer.drop(keys.collector, keys.begun)
            if live.stop is not None:
                desk.writer.drop(keys.stop)
            self._tell_people(trial, verdict)
            if desk.enough() and not enough:
                self._tell_enough()
        desk.executor.learn(live.process, _OUTCOMES.get(verdict.kind, "neutral"), end.duration)
        live.process.release()
        del desk.live[live.number]
        desk.meter.learn(trial)
        if trial.state is TrialState.WAITING:
            desk.queue.add(live.number, first=True)
            if verdict.alone:
                desk.queue.alone.add(live.number)
            if trial.wasted:
                desk.proposals.tell("price", number=trial.number, cost=trial.wasted + trial.cost)
        else:
            tell_optimizer(desk, trial, verdict.kind)
        if not late:
            self._break(failure)

    def _case(self, live: Live, end: Exit) -> Case:
        desk, launch = self.desk, live.launch
        log_text = tail(launch.folder.log, log_start(launch))
        return Case(
            exit=end,
            stop=live.stop,
            metrics=live.result,
            expected=desk.spec.metric_names,
            log=log_text,
            lines=last_words(log_text) or _instead(launch.folder.log),
            attempt=desk.trials[live.number].attempt,
            alone=launch.alone,
            had_all=desk.executor.had_all(live.process),
            carried_on=_carried_on(live),
            reported=live.tail.offset > 0,
            unread=live.fault,
            away=live.away,
            others=desk.executor.others(live.process),
            absent=absent(launch.folder.path, desk.spec.metrics),
            diverged=live.diverged,
        )

    def _record(self, live: Live, end: Exit, verdict: Verdict, *, late: bool) -> Trial:
        desk, old = self.desk, self.desk.trials[live.number]
        charged, wasted = self._cost(live, end, verdict, old)
        again = verdict.state is TrialState.WAITING
        return desk.update(
            live.number,
            state=verdict.state,
            reason=verdict.reason,
            teaches=(verdict.teaches or verdict.kind == "crash") and not late,
            metrics=live.result,
            charged=charged,
            wasted=wasted,
            ended=None if again else end.ended,
            duration=(old.duration or 0.0) + end.duration,
            exit_code=None if end.lost else end.code,
            attempt=old.attempt if end.begun else old.attempt - 1,
            pid=None,
            pid_started=None,
        )

    def _cost(self, live: Live, end: Exit, verdict: Verdict, old: Trial) -> tuple[float, float]:
        """Return (charged, wasted): what ran to its end costs its price, else what it has used."""
        if verdict.state is TrialState.COMPLETE:
            return old.wasted + old.cost, old.wasted
        ran_out = end.code == 0 and not end.stopped and not end.lost
        charged = old.wasted + old.cost if ran_out else self.desk.charge(live, end.duration)
        if verdict.state is TrialState.WAITING and not has_files(live.launch.folder.checkpoint):
            return charged, charged  # nothing to carry on: all of it is to be done again
        return charged, old.wasted

    def _tell_people(self, trial: Trial, verdict: Verdict) -> None:
        if trial.state is TrialState.COMPLETE:
            self._tell_complete(trial)
            return
        again, text = trial.state is TrialState.WAITING, f"trial {trial.number}: {verdict.reason}"
        if again and "tried again" not in text:  # else the reason has said it itself
            text = f"{text.removesuffix('.')}; it runs again"
        kind = "requeued" if again else str(trial.state)
        kind = "oom" if verdict.kind in _OUT_OF_MEMORY else kind
        data = {} if again else {"cause": verdict.kind, "exit_code": trial.exit_code}
        self.desk.event(kind, text, trial.number, **data)

    def _tell_complete(self, trial: Trial) -> None:
        desk, number, metrics = self.desk, trial.number, trial.metrics
        values = ", ".join(f"{n} = {brief(metrics[n])}" for n in desk.spec.metric_names)
        desk.event("complete", f"trial {number} is complete: {values}", number)
        if self._meets_goals(trial) and not any(
            self._meets_goals(other) for other in desk.trials.values() if other.number != number
        ):
            desk.event("threshold", f"trial {number} is the first to meet every goal", number)

    def _meets_goals(self, trial: Trial) -> bool:
        """Whether there are goals, and a full-task trial has met all of them."""
        spec = self.desk.spec
        full = trial.state is TrialState.COMPLETE and trial.task == spec.full_task.name
        return spec.has_goals and full and spec.meets(trial.metrics)

    def _tell_enough(self) -> None:
        """Say, once the goals are met, that nothing new starts and which trials are waited for."""
        others = len(self.desk.live) - 1
        if others:  # else it is finished, which is an event by itself
            goes = f"{plural(others, 'running trial')} {'goes' if others == 1 else 'go'} on"
            text = f"{why(self.desk.enough())}: nothing new starts, {goes}"
            self.desk.event("threshold", text)

    def _break(self, failure: Failure) -> None:
        if failure.kind in _SOUND:
            self.breaker.succeeded()
            return
        again = self.desk.trials[failure.trial].state is TrialState.WAITING
        if again and failure.kind in _MAY_PASS:
            return  # given up it counts: each trial may end so, for next to nothing
        if self.breaker.failed(failure):
            why = self.breaker.message(self.desk.folder.name_word)
            with self.desk.transaction():
                for one in self.breaker.run:  # so many alike are no fault of the parameters
                    self.desk.update(one.trial, teaches=False)
                self.desk.pause("breaker", why, failure.trial)
            self.breaker.run.clear()
            self.desk.proposals.stale = True


def _instead(path: Path) -> list[str]:
    """Return what stands for the last lines of a log that says nothing: that it was removed."""
    try:
        path.stat()
    except FileNotFoundError:
        return [f"(its {path.name} was removed while it ran, and with it what it had printed)"]
    except OSError:
        pass  # it may be there
    return []


def _carried_on(live: Live) -> Path | None:
    """Return a trial's own checkpoint if its attempt began from it and has reported nothing yet."""
    own = live.launch.folder.checkpoint
    began = live.launch.attempt > 1 and live.launch.environment["HPO_RESUME"] == str(own)
    return own if began and live.tail.seq == live.seq else None


def tell_optimizer(desk: Desk, trial: Trial, kind: EndKind) -> None:
    """Pass a trial's end on to the optimizer, in the terms that it learns from."""
    number, charged = trial.number, trial.charged
    proposals = desk.proposals
    if trial.state is TrialState.COMPLETE:
        metrics = {n: trial.metrics[n] for n in desk.spec.metric_names}
        if bare(desk.folder, desk.spec, trial):
            proposals.tell("bare", numbers=[number])
        proposals.tell("tell", number=number, metrics=metrics, duration=trial.duration)
    elif trial.state is TrialState.PRUNED:
        metrics = {n: trial.metrics[n] for n in desk.spec.metric_names if n in trial.metrics}
        proposals.tell("prune", number=number, metrics=metrics, charged=charged)
    elif trial.state is TrialState.FAILED and trial.teaches:
        proposals.tell("fail", number=number, reason=kind, charged=charged)
    else:
        proposals.tell("drop", number=number, charged=charged)
