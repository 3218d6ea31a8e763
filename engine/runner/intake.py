"""Taking in what trials report: into the store, once and in order, before anything is concluded."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.metrics.collector import Entry
from hpo_tui.engine.execution.reports import Batch
from hpo_tui.engine.runner.attempt_keys import AttemptKeys
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.summaries import divergence, summaries, summarize
from hpo_tui.store.models import Report

log = logging.getLogger("runner.intake")

_MOST_METRICS = 200
"""Metrics that a study takes in; each is a column of its table."""
_DOUBT = 0.25
"""Seconds in which one that prints may begin to report by itself."""
_PASSED_ON = 64
"""Reports of one trial that the optimizer is given at a time: the last ones."""


class Intake:
    """Reads the report files of running trials, and what else they print or write."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._names: set[str] = set()
        for trial in desk.trials.values():
            self._names |= trial.metrics.keys()

    def poll(self, lives: Collection[Live]) -> bool:
        """Take in what is new, one slice of each file; return whether there is more at once."""
        found = [(live, live.tail.read(final=live.ended is not None)) for live in lives]
        found = [
            (live, batch) for live, batch in found
            if batch.offset != live.tail.offset or batch.restarted
        ]  # fmt: skip
        reporting = {live.number for live, _ in found}
        collected = self._collect(live for live in lives if live.number not in reporting)
        if not found and not collected:
            return _unread(lives)
        with self.desk.writer.transaction(durable=False):
            stored = self._store(found)
            for live, reports, state in collected:
                offsets = {live.number: (live.tail.offset, live.tail.seq + len(reports))}
                self.desk.writer.add_reports(reports, offsets)
                self.desk.writer.put(AttemptKeys(live.number).collector, state)
        for live, batch in found:
            live.tail.commit(batch)
            self._read_up_to(live)
            self._digest(live, stored[live.number])
        for live, reports, _ in collected:
            live.tail.seq += len(reports)
            live.printed = reports[-1] if reports else live.printed
            self._read_up_to(live)
            live.collector = None if live.drained else live.collector
            self._digest(live, reports)
        return _unread(lives) or any(batch.more for _, batch in found)

    def _read_up_to(self, live: Live) -> None:
        """Keep in mind how far a trial is read: another attempt of it goes on from there."""
        trial, tail = self.desk.trials[live.number], live.tail
        self.desk.trials[live.number] = replace(
            trial, report_offset=tail.offset, report_seq=tail.seq
        )

    def _read(self, live: Live) -> tuple[list[Entry], bool]:
        """Return what a trial has printed or written anew, and whether that is all there will be.

        Output can be gigabytes: it is read in slices, and what is left when a slice is empty is a
        last line without an end.
        """
        assert live.collector is not None
        before = live.collector.state()
        lines = self._read_again(live) + live.collector.poll()
        done = live.behind is None and live.collector.state() == before
        last = live.ended is not None and done
        return (lines + live.collector.finish() if last else lines), last

    def _read_again(self, live: Live) -> list[Entry]:
        """Return what was passed over before an edit asked for it."""
        if live.behind is None:
            return []
        before = live.behind.state()
        lines = live.behind.poll()
        if live.behind.state() == before:
            live.behind = None
        return lines

    def _collect(self, lives: Iterable[Live]) -> list[tuple[Live, list[Report], object]]:
        found: list[tuple[Live, list[Report], object]] = []
        for live in lives:
            if live.collector is None:
                continue
            if live.tail.offset > 0:
                live.collector = None  # it reports by itself: what it prints is for people
                continue
            lines, last = self._read(live)
            lines = _settled(live, lines)
            if lines or last:
                reports = [
                    self._known(Report(live.number, live.tail.seq + n, step, dict(metrics)))
                    for n, (step, metrics) in enumerate(lines)
                ]
                found.append((live, reports, live.collector.state()))
                live.drained = last
        return found

    def _store(self, found: list[tuple[Live, Batch]]) -> dict[int, list[Report]]:
        """Store what was read; return what was stored of each trial."""
        reports = {live.number: [self._known(r) for r in batch.reports] for live, batch in found}
        for live, _ in found:
            _join(live.printed, reports[live.number])
            live.printed = None
        offsets = {live.number: (batch.offset, batch.seq) for live, batch in found}
        self.desk.writer.add_reports([r for mine in reports.values() for r in mine], offsets)
        for live, batch in found:
            if batch.strange and not live.tail.offset:
                text = (
                    f"trial {live.number} wrote lines to its report file that are no JSON objects"
                )
                self.desk.event("strange", text, live.number)
            if batch.restarted and not live.tail.restarted:
                text = (
                    f"trial {live.number} wrote its report file anew instead of appending to it:"
                    " it is read from the start each time"
                )
                self.desk.event("strange", text, live.number)
        return reports

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


def _settled(live: Live, lines: list[Entry]) -> list[Entry]:
    """Return what is taken in of what a trial has printed, first among it what was held back.

    Callbacks print a step a moment before they report it: read at once, the first step would be
    there twice. The place in the output is stored with what is taken in, so nothing is lost by it.
    """
    if live.held is None:
        return lines
    live.held += lines
    now = processes.awake()
    if live.held and live.held_since is None:
        live.held_since = now
    waits = live.held_since is None or now < live.held_since + _DOUBT
    if waits and live.ended is None:
        return []
    lines, live.held = live.held, None
    return lines


def _join(printed: Report | None, reports: list[Report]) -> None:
    """Give the first report the place of what was ``printed`` last, where it says that again.

    What is stored in a place stays, so the step is there once, with what only the report has.
    """
    first = reports[0] if reports else None
    if first is None or printed is None or first.step != printed.step:
        return
    if printed.metrics.items() <= first.metrics.items():
        reports[0] = replace(first, seq=printed.seq)


def _unread(lives: Collection[Live]) -> bool:
    """Whether an ended trial may have printed more than was read."""
    return any(live.ended is not None and live.collector is not None for live in lives)
