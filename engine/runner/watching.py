"""The attempts that the runner watches, its own and adopted ones, and what they have reported."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Launch, Running
from hpo_tui.engine.execution.metrics.collector import Collector
from hpo_tui.engine.execution.protocol import launch_of
from hpo_tui.engine.execution.reports import ReportTail
from hpo_tui.engine.runner.attempt_keys import AttemptKeys
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.ending import tell_optimizer
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.runner.printed import Printed
from hpo_tui.engine.summaries import divergence, summaries, summarize
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader


@dataclass(frozen=True, slots=True)
class Told:
    """What the study's file holds of what a trial has told so far."""

    result: dict[str, float]
    """Its metrics, summarized as the study says, as far as this attempt carries them on."""
    diverged: str
    """Which of them was no number once, in words."""
    log_start: int
    """Byte of its output at which this attempt, or the one that it carries on, began."""
    collected: Any
    """How far its output has been searched, None if it has not."""


def told(desk: Desk, number: int) -> Told:
    """Read it before a process runs: what cannot be read would leave one that nobody watches."""
    trial, rules, keys = desk.trials[number], summaries(desk.spec), AttemptKeys(number)
    result, diverged = dict[str, float](), ""
    with StudyReader(desk.folder.db) as reader:
        begun = reader.get(keys.begun) or {}
        for report in reader.reports(number) if trial.report_seq else ():
            if report.seq >= begun.get("seq", 0):
                summarize(rules, result, report.metrics)
                diverged = diverged or divergence(desk.spec.metric_names, report)
        return Told(result, diverged, begun.get("log", 0), reader.get(keys.collector))


def watch(desk: Desk, launch: Launch, process: Running, known: Told) -> Live:
    """Take a started or adopted process among those that are read and waited for."""
    number = launch.number
    trial = desk.trials[number]
    tail = ReportTail(launch.folder.reports, number, trial.report_offset, trial.report_seq)
    live = Live(number, launch, process, tail, heard=processes.awake(), seq=tail.seq)
    live.result.update(known.result)
    live.diverged = known.diverged
    if desk.spec.metrics:
        collector = collector_of(desk, live, known)
        live.printed = Printed(collector, fresh=known.collected is None)
    if launch.environment["HPO_RESUME"] and trial.resumed_from in desk.trials:
        live.before = desk.trials[trial.resumed_from].step
    by_steps = desk.meter.share_of_steps(trial.task, trial.step, live.before) is not None
    live.paid = trial.charged if by_steps else trial.wasted  # a guess by the time does not bind
    desk.live[number] = live
    return live


def adopt(desk: Desk, trial: Trial) -> bool:
    """Take over a trial that an earlier runner started; return whether it still runs.

    One that has ended is taken over as well, with its recorded end: its reports are read first.
    """
    try:
        launch = launch_of(desk.folder, desk.spec, trial)
    except KeyError:
        desk.update(trial.number, state=TrialState.FAILED, reason="its task is no longer there")
        tell_optimizer(desk, desk.trials[trial.number], "lost")
        return False
    known = told(desk, trial.number)
    process = desk.executor.adopt(launch, trial.device)
    live = watch(desk, launch, process, known)
    live.stop = _stop_of(desk, trial.number)
    if live.stop is not None:
        live.kill_at = processes.awake() + live.launch.grace  # at the latest
    live.ended = process.poll()
    if live.ended is None:
        desk.update(trial.number, pid=process.pid, pid_started=process.started)
    return live.ended is None


def _stop_of(desk: Desk, number: int) -> Stop | None:
    """Return why an earlier runner has asked a trial to end, None if it has not.

    That of a stopped study ends the trial's attempt alone: this run takes it up again.
    """
    kept = desk.kept(AttemptKeys(number).stop)
    if kept is None:
        return None
    stop = Stop(*kept)
    return Stop("again", stop.text) if stop.kind == "study" else stop


def collector_of(desk: Desk, live: Live, known: Told) -> Collector:
    """Return the reader of what a trial prints and writes, where an earlier one left off."""
    collector = _collector(desk, live, desk.spec.kept_metrics)
    if known.collected is not None:
        collector.restore(known.collected)
    else:
        collector.begin_at(known.log_start)
    return collector


def collect_anew(desk: Desk, added: Collection[str]) -> None:
    """Have running trials' output searched for the metrics of an edited study too.

    ``added`` are looked for in what was read already: a trial may print them but once.
    """
    for live in desk.live.values():
        if live.printed is not None:
            wanted = _collector(desk, live, desk.spec.kept_metrics)
            live.printed.search_for(wanted, _collector(desk, live, added) if added else None)


def _collector(desk: Desk, live: Live, names: Collection[str]) -> Collector:
    return Collector(desk.spec.metrics, live.launch.folder, set(names))
