"""Periodic work of the runner: charges, budget, telemetry, silent trials, savings, checkpoints."""

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from hpo_tui.engine.costs import used
from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.checkpoints import Checkpoints
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.lateness import Lateness, Lingering
from hpo_tui.engine.runner.live import Look, Stop
from hpo_tui.engine.runner.quietness import Quietness
from hpo_tui.engine.runner.starting import Starter
from hpo_tui.engine.runner.stopping import Audit
from hpo_tui.engine.runner.unheard import Unheard
from hpo_tui.engine.runner.warming import Warming
from hpo_tui.engine.spec import BudgetUnit
from hpo_tui.engine.spec.units import show_duration
from hpo_tui.engine.waiting import KEY
from hpo_tui.store.models import StudyState

log = logging.getLogger("runner.chores")

_NOTICEABLE = 0.002
"""Change of a running trial's charge, in full-task units, that is worth writing down."""
_MUTE = 10.0
"""Seconds that reports may be unreadable before people are told: less is a hiccup."""
_AWAY = 10.0
"""Seconds without a look at the trials from which on theirs of silence are not counted."""
_A_SECOND = 5_000
"""Trials for each second between two sums over them: over 100 000 a sum is no small matter."""


class Chores:
    """Periodic work, each piece at its own pace."""

    def __init__(self, desk: Desk, starter: Starter, audit: Audit) -> None:
        self.desk, self.starter, self.audit = desk, starter, audit
        self.checkpoints = Checkpoints(desk)
        self.lateness = Lateness(desk)
        self.lingering = Lingering(desk)
        self.warming = Warming(desk)
        self.unheard = Unheard(desk)
        self.quietness = Quietness(desk)
        self._due: dict[Callable[[], object], float] = {}
        self._ended = -1
        self._quarantined: set[str] = set()
        self._waits: str | None = None
        """What the store says that the study waits for, None while that is not known."""
        self._watched = processes.awake()
        """When it was last looked whether trials hang, in seconds that the machine was awake."""
        overdue, warm, clean = self.lateness.look, self.warming.look, self.checkpoints.collect
        self.work: list[tuple[float, Callable[[], object]]] = [
            (1.0, self.wait), (1.0, self.charge), (1.0, self.budget), (2.0, self.look),
            (1.0, self.unread), (1.0, self.stalls), (5.0, overdue), (0.05, warm),
            (1.0, self.drain), (1.0, self.lingering.look), (5.0, self.spared), (30.0, clean),
            (10.0, desk.writer.fold), (30.0, self.unheard.look),
            (5.0, self.quietness.look),
        ]  # fmt: skip
        self.sums = (self.budget, self.spared, clean, overdue, warm, self.unheard.look)
        """The work that goes through all trials: the more there are, the less often it is done."""

    def run(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        long = len(self.desk.trials) / _A_SECOND
        for pause, job in self.work:
            if now >= self._due.get(job, 0.0):
                self._due[job] = now + (max(pause, long) if job in self.sums else pause)
                job()

    def last(self) -> None:
        """Do what belongs to the end of a study."""
        self.checkpoints.collect()
        self.audit.put()

    def wait(self) -> None:
        """Write down what keeps every trial from starting: by itself the study just seems idle."""
        desk = self.desk
        idle = desk.state is StudyState.RUNNING and not desk.live
        waits = desk.executor.waiting_for() if idle else ""
        if waits != self._waits:
            with desk.transaction(durable=False):
                desk.writer.put(KEY, waits)
            self._waits = waits

    def charge(self) -> None:
        """Write down what running trials have cost so far."""
        desk = self.desk
        with desk.transaction(durable=False):
            for live in desk.live.values():
                charged = desk.charge(live, desk.elapsed(live))
                if abs(charged - desk.trials[live.number].charged) > _NOTICEABLE:
                    desk.update(live.number, durable=False, charged=charged)

    def budget(self) -> None:
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

    def look(self) -> None:
        """Store what devices and trials use."""
        desk = self.desk
        seen = desk.executor.telemetry({n: live.process for n, live in desk.live.items()})
        with desk.transaction(durable=False):
            desk.writer.add_device_samples(seen.samples)
            for number in desk.live:
                peak, rate = seen.peaks.get(number), seen.utilization.get(number)
                old = desk.trials[number]
                if peak and peak > (old.peak_memory or 0) * 1.01:
                    desk.update(number, durable=False, peak_memory=peak, utilization=rate)
        bad = desk.executor.quarantined()
        for device in sorted(self._quarantined - set(bad)):
            desk.event("device", f"{desk.executor.called(device)} is used again")
        for device, why in bad.items():
            if device not in self._quarantined:
                desk.event("quarantine", f"{why}: nothing more is started there")
        self._quarantined = set(bad)
        for text in desk.executor.notes():
            desk.event("device", text)

    def unread(self) -> None:
        """Tell of trials whose reports cannot be read for long, and when they can be again."""
        desk, now = self.desk, processes.awake()
        for live in desk.live.values():
            why = live.unreadable
            if not why:
                if live.mute_told:
                    desk.event("strange", f"the reports of trial {live.number} can be read again")
                live.mute, live.mute_told = None, False
                continue
            live.mute = live.mute or now
            live.heard = now  # it may have reported: nobody can tell
            if now - live.mute > _MUTE and not live.mute_told:
                live.mute_told = True
                text = f"the reports of trial {live.number} cannot be read: {why}. It runs on"
                desk.event("strange", f"{text}, and reading is tried again", live.number)

    def stalls(self) -> None:
        """Stop trials that have reported nothing for too long."""
        desk, limit, now = self.desk, self.desk.spec.resources.stall, processes.awake()
        away, self._watched = now - self._watched, now
        if limit is None:
            return
        for live in desk.live.values():
            if away > _AWAY:  # this process was suspended, and so they may have been
                live.heard = min(now, live.heard + away)
            if live.stop is None and now - live.heard > limit:
                text = f"stalled: reported nothing for {show_duration(limit)}"
                desk.end(live, Stop("stall", text))

    def drain(self) -> None:
        """Move trials off a lent device, once they have written a checkpoint since it was lent."""
        for live in self.desk.live.values():
            if live.drain is None or live.stop is not None:
                continue
            if look(live.launch.folder.checkpoint) != live.drain:
                where = self.desk.executor.called(live.process.device)
                self.desk.end(live, Stop("lend", f"left {where}, which is lent"))

    def spared(self) -> None:
        """Store what early stopping has saved, and what it has cost."""
        ended = sum(1 for t in self.desk.trials.values() if t.state.ended)
        if ended != self._ended:
            self._ended = ended
            self.audit.put()


def look(folder: Path) -> Look:
    """Return a value that differs once something under a folder has changed, whatever the clock."""
    found = set[tuple[str, int]]()
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            found.add((str(path), path.stat().st_mtime_ns))
    return frozenset(found)
