"""Taking in what trials report: into the store, once and in order, before anything is concluded."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.reports import Batch
from hpo_tui.engine.runner.attempt_keys import AttemptKeys
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.runner.printed import Printed
from hpo_tui.engine.summaries import divergence, summaries, summarize
from hpo_tui.store.models import Report

log = logging.getLogger("runner.intake")

_MOST_METRICS = 200
"""Metrics that a study takes in; each is a column of its table."""
_PASSED_ON = 64
"""Reports of one trial that the optimizer is given at a time: the last ones."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What is new of a trial: in its report file, or in what it has ``printed``."""

    live: Live
    batch: Batch
    printed: Printed | None = None


class Intake:
    """Reads the report files of running trials, and what else they print or write."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._names: set[str] = set()
        for trial in desk.trials.values():
            self._names |= trial.metrics.keys()

    def poll(self, lives: Collection[Live]) -> bool:
        """Take in what is new, one slice of each file; return whether there is more at once."""
        found = [one for one in map(_look, lives) if one is not None]
        if found:
            with self.desk.writer.transaction(durable=False):
                stored = [self._store(one) for one in found]
            for one, reports in zip(found, stored, strict=True):
                self._conclude(one, reports)
        return any(one.batch.more for one in found) or any(map(_may_print_more, lives))

    def _store(self, found: _Found) -> list[Report]:
        """Store what is new of a trial, and how far it is read; return its reports as stored."""
        desk, live, batch = self.desk, found.live, found.batch
        number, reports = live.number, [self._known(report) for report in batch.reports]
        if found.printed is not None:
            desk.writer.put(AttemptKeys(number).collector, found.printed.collector.state())
        elif live.printed is not None:
            _join(live.printed.last, reports)
        desk.writer.add_reports(reports, {number: (batch.offset, batch.seq)})
        if batch.strange and not live.tail.offset:
            text = f"trial {number} wrote lines to its report file that are no JSON objects"
            desk.event("strange", text, number)
        if batch.restarted and not live.tail.restarted:
            text = (
                f"trial {number} wrote its report file anew instead of appending to it: it is read"
                " from the start each time"
            )
            desk.event("strange", text, number)
        return reports

    def _conclude(self, found: _Found, reports: list[Report]) -> None:
        """Go on behind what is stored, as another attempt of the trial would."""
        live, tail = found.live, found.live.tail
        tail.commit(found.batch)
        trial = self.desk.trials[live.number]
        self.desk.trials[live.number] = replace(
            trial, report_offset=tail.offset, report_seq=tail.seq
        )
        if found.printed is not None:
            found.printed.last = reports[-1] if reports else found.printed.last
            live.printed = None if found.printed.drained else found.printed
        elif live.printed is not None:
            live.printed.last = None
        self._digest(live, reports)

    def _known(self, report: Report) -> Report:
        """Leave out metrics beyond the most that a study can have, the last of those named."""
        fresh = [name for name in report.metrics if name not in self._names]
        if not fresh:
            return report
        room = _MOST_METRICS - len(self._names)
        wanted = set(self.desk.spec.metric_names)
        kept = set(sorted(fresh, key=lambda n: n not in wanted)[: max(0, room)])
        kept |= wanted.intersection(fresh)
        if len(kept) < len(fresh) and len(self._names) <= _MOST_METRICS:
            text = f"more than {_MOST_METRICS} different metrics: further ones are left out"
            self.desk.event("strange", text, report.trial)
            self._names.add("")
        self._names |= kept
        metrics = {k: v for k, v in report.metrics.items() if k in self._names}
        return Report(report.trial, report.seq, report.step, metrics)

    def _digest(self, live: Live, reports: list[Report]) -> None:
        """Draw the conclusions from reports that are stored."""
        if not reports:
            return
        live.heard = processes.awake()
        spec = self.desk.spec
        trial = self.desk.trials[live.number]
        steps = [r.step for r in reports if r.step is not None]
        metrics = dict(trial.metrics)
        rules = summaries(spec)
        for report in reports:
            metrics.update(report.metrics)
            summarize(rules, live.result, report.metrics)
        self.desk.trials[live.number] = replace(
            trial, metrics=metrics, step=steps[-1] if steps else trial.step
        )
        self._pass_on(live, reports)
        self._check_finite(live, reports)

    def _pass_on(self, live: Live, reports: list[Report]) -> None:
        names = self.desk.spec.metric_names
        lines = [
            (r.step, {n: r.metrics[n] for n in names if n in r.metrics})
            for r in reports[-_PASSED_ON:]
            if r.step is not None
        ]
        lines = [(step, metrics) for step, metrics in lines if metrics]
        judge = self.desk.spec.stopping.enabled and live.stop is None and live.ended is None
        if lines:
            self.desk.proposals.report(live.number, lines, judge=judge)

    def _check_finite(self, live: Live, reports: list[Report]) -> None:
        names = self.desk.spec.metric_names
        found = next(filter(None, (divergence(names, report) for report in reports)), "")
        live.diverged = live.diverged or found
        if found and live.stop is None and live.ended is None:
            self.desk.end(live, Stop("nan", found))


def _look(live: Live) -> _Found | None:
    """Return what is new of a trial: what it reports by itself goes before what it prints."""
    tail, ended = live.tail, live.ended is not None
    batch = tail.read(final=ended)
    if batch.offset != tail.offset or batch.restarted:
        return _Found(live, batch)
    if live.printed is not None and tail.offset > 0:
        live.printed = None  # it reports by itself: what it prints is for people
    if live.printed is None:
        return None
    entries = live.printed.read(ended=ended)
    if not entries and not live.printed.drained:
        return None
    reports = [
        Report(live.number, tail.seq + n, step, dict(metrics))
        for n, (step, metrics) in enumerate(entries)
    ]
    return _Found(live, Batch(reports, tail.offset, tail.seq + len(reports)), live.printed)


def _join(printed: Report | None, reports: list[Report]) -> None:
    """Give the first report the place of what was ``printed`` last, where it says that again.

    What is stored in a place stays, so the step is there once, with what only the report has.
    """
    first = reports[0] if reports else None
    if first is None or printed is None or first.step != printed.step:
        return
    if printed.metrics.items() <= first.metrics.items():
        reports[0] = replace(first, seq=printed.seq)


def _may_print_more(live: Live) -> bool:
    """Whether an ended trial may have printed more than was read."""
    return live.ended is not None and live.printed is not None
