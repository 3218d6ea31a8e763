"""Periodic work of the runner, each piece at its own pace; charges, budget and savings are here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hpo_tui.engine import waiting
from hpo_tui.engine.costs import used
from hpo_tui.engine.runner.checkpoints import Checkpoints
from hpo_tui.engine.runner.code_watch import CodeWatch
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.lending import drain
from hpo_tui.engine.runner.misnamed import MisnamedMetrics
from hpo_tui.engine.runner.overdue import LingeringTrials, OverdueTrials
from hpo_tui.engine.runner.quiet import QuietTrials
from hpo_tui.engine.runner.stalled import StalledTrials
from hpo_tui.engine.runner.starting import Starter
from hpo_tui.engine.runner.stopping import Audit
from hpo_tui.engine.runner.suspended import PAUSE, SuspendedProcesses
from hpo_tui.engine.runner.usage import Usage
from hpo_tui.engine.runner.warming import Warming
from hpo_tui.engine.spec import BudgetUnit
from hpo_tui.store.models import StudyState

_NOTICEABLE = 0.002
"""Change of a running trial's charge, in full-task units, that is worth writing down."""
_A_SECOND = 5_000
"""Trials for each second between two sums over them: over 100 000 a sum is no small matter."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is due every ``pause`` seconds.

    ``sums``: it goes through all trials; the more there are, the less often it is done.
    """

    pause: float
    do: Callable[[], object]
    sums: bool = False


class Chores:
    """Does what is due."""

    def __init__(self, desk: Desk, starter: Starter, audit: Audit) -> None:
        self.desk, self.starter, self.audit = desk, starter, audit
        self.checkpoints = Checkpoints(desk)
        self.warming = Warming(desk)
        self.code = CodeWatch(desk)
        self._due: dict[Job, float] = {}
        self._ended = -1
        """Trials that had ended when the savings were stored last."""
        self._waits: str | None = None
        """What the store says that the study waits for, None while that is not known."""
        stalled = StalledTrials(desk)
        self.jobs = [
            Job(1.0, self.note_waiting),
            Job(1.0, self.charge_running),
            Job(1.0, self.check_budget, sums=True),
            Job(2.0, Usage(desk).look),
            Job(1.0, stalled.tell_unreadable),
            Job(1.0, stalled.stop_stalled),
            Job(5.0, OverdueTrials(desk).look, sums=True),
            Job(0.05, self.warming.look, sums=True),
            Job(1.0, partial(drain, desk)),
            Job(1.0, LingeringTrials(desk).look),
            Job(5.0, self.store_savings, sums=True),
            Job(30.0, self.checkpoints.collect, sums=True),
            Job(10.0, desk.writer.fold),
            Job(30.0, MisnamedMetrics(desk).look, sums=True),
            Job(5.0, QuietTrials(desk).look),
            Job(PAUSE, SuspendedProcesses(desk).look),
            Job(1.0, self.code.look),
        ]

    def run(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        long = len(self.desk.trials) / _A_SECOND
        for job in self.jobs:
            if now >= self._due.get(job, 0.0):
                self._due[job] = now + (max(job.pause, long) if job.sums else job.pause)
                job.do()

    def last(self) -> None:
        """Do what belongs to the end of a study."""
        self.checkpoints.collect()
        self.audit.put()

    def note_waiting(self) -> None:
        """Write down what keeps every trial from starting: by itself the study just seems idle."""
        desk = self.desk
        idle = desk.state is StudyState.RUNNING and not desk.live
        waits = desk.executor.waiting_for() if idle else ""
        if waits != self._waits:
            with desk.transaction(durable=False):
                desk.writer.put(waiting.KEY, waits)
            self._waits = waits

    def charge_running(self) -> None:
        """Write down what running trials have cost so far."""
        desk = self.desk
        with desk.transaction(durable=False):
            for live in desk.live.values():
                charged = desk.charge(live, desk.elapsed(live))
                if abs(charged - desk.trials[live.number].charged) > _NOTICEABLE:
                    desk.update(live.number, durable=False, charged=charged)

    def check_budget(self) -> None:
        """See whether the budget is used up in its own unit."""
        desk = self.desk
        budget = desk.spec.budget
        if budget.unit is BudgetUnit.TRIALS:
            self.starter.over_budget = self.starter.counted_out()
            return
        wall = time.time() - desk.started
        amount = used(budget, desk.trials.values(), wall=wall, gpu=desk.gpu_time())
        rounding = 1e-6 if budget.unit is BudgetUnit.FULL else 0.0
        self.starter.over_budget = amount >= budget.amount + rounding

    def store_savings(self) -> None:
        """Store what early stopping has saved, and what it has cost."""
        ended = sum(1 for t in self.desk.trials.values() if t.state.ended)
        if ended != self._ended:
            self._ended = ended
            self.audit.put()
