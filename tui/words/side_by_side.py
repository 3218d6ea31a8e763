"""What is said of trials side by side: one against the best, or two. Pure."""

import math
from collections.abc import Callable, Container, Iterator, Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Event, Trial, TrialState
from hpo_tui.tui.tables.rows import Cell
from hpo_tui.tui.tables.trial_order import result_counts
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt, present
from hpo_tui.tui.words.entries import Entry
from hpo_tui.tui.words.goals import fair_number, goal_text, goals_of, is_goal, judged, reached
from hpo_tui.tui.words.parameter_values import value_texts
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.progress import Progress, progress_of
from hpo_tui.tui.words.running import durations
from hpo_tui.tui.words.why_run import why_lines

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Mask


def metric_cell(snapshot: Snapshot, frame: Frame, name: str, row: int | None) -> Cell:
    """Return a metric's value at ``row`` of ``frame``, marked as met or missed by its goal."""
    values = frame.metrics.get(name)
    value = math.nan if values is None or row is None else float(values[row])
    text = present.number(value, 6)
    goal = next((g for g in goals_of(snapshot.spec) if g.metric == name), None)
    if goal is None or not text or not is_goal(goal):
        return text or "–", ""
    return judged(value, goal, 6), "good" if reached(value, goal) else "warn"


def trial_entries(
    snapshot: Snapshot, rows: Sequence[int | None], *, means: Container[int | None] = ()
) -> list[Entry]:
    """Return state, metrics and parameters of the trials at ``rows``, a column each.

    Those of ``rows`` that are in ``means`` have the mean of their configuration's results.
    """
    return [
        Entry("metrics"),
        *_metric_entries(snapshot, rows, means),
        Entry("parameters"),
        *_parameter_entries(snapshot, rows),
        Entry("run"),
        *_run_entries(snapshot, rows),
    ]


def _metric_entries(
    snapshot: Snapshot, rows: Sequence[int | None], means: Container[int | None]
) -> Iterator[Entry]:
    from hpo_tui.engine.analysis.front import results

    frame, spec = snapshot.frame, snapshot.spec
    averaged = results(frame, spec)[1]
    for name in dict.fromkeys([*spec.metric_names, *frame.metrics]):
        goal = next((g for g in goals_of(spec) if g.metric == name), None)
        cells = [metric_cell(snapshot, averaged if r in means else frame, name, r) for r in rows]
        yield Entry(plain(name), tuple(cells), goal=goal_text(goal) if goal else "")


def _parameter_entries(snapshot: Snapshot, rows: Sequence[int | None]) -> Iterator[Entry]:
    frame, spec = snapshot.frame, snapshot.spec
    for name in dict.fromkeys([*(p.name for p in spec.space), *frame.params]):
        said, values = value_texts(snapshot, name, 6), frame.params.get(name)
        known = () if values is None else [None if r is None else float(values[r]) for r in rows]
        other = len(set(map(str, known))) > 1  # NaN is no other than NaN
        yield _line(name, rows, said, "accent" if other else "")


def _run_entries(snapshot: Snapshot, rows: Sequence[int | None]) -> list[Entry]:
    frame = snapshot.frame
    return [
        _line("state", rows, lambda r: str(STATES[frame.state[r]])),
        _line("task", rows, lambda r: frame.tasks[frame.task[r]]),
        _line("charged", rows, lambda r: present.number(float(frame.charged[r]))),
        Entry("took", tuple(_took(snapshot, r) for r in rows)),
        *_progress_entries(snapshot, rows),
        _line("peak memory", rows, lambda r: present.size(float(frame.peak_memory[r]))),
        _line("device", rows, lambda r: str(frame.device[r])),
    ]


def _progress_entries(snapshot: Snapshot, rows: Sequence[int | None]) -> list[Entry]:
    """Return how far the trials are that run; nothing where none does, or nothing is known."""
    found = progress_of(snapshot)
    of = [Progress() if r is None else found.get(r, Progress()) for r in rows]
    lines = {"progress": [p.so_far for p in of], "left": [p.about or p.quiet for p in of]}
    return [
        Entry(name, tuple((text or "–", "") for text in texts))
        for name, texts in lines.items()
        if any(texts)
    ]


def _line(
    name: str, rows: Sequence[int | None], text: Callable[[int], str], tone: str = ""
) -> Entry:
    """Return a line with a text for each row; a dash where that is empty, or there is no row."""
    texts = ("" if r is None else plain(text(r)) for r in rows)
    return Entry(plain(name), tuple((t or "–", tone) for t in texts))


def best_title(snapshot: Snapshot, row: int, *, after: bool = False) -> str:
    """Return the heading over the best trial, which says of how many runs it has the mean.

    ``after``: it is the best but for the trial that it stands beside.
    """
    number = int(snapshot.frame.number[row])
    n = result_counts(snapshot).get(number, 1)
    return f"{'next best' if after else 'best'}: #{number}" + (f", mean of {n}" if n > 1 else "")


def of_several(snapshot: Snapshot, row: int) -> str:
    """Return that the trial at ``row`` is one of several full runs, of which the mean counts."""
    from hpo_tui.engine.analysis.front import full_mask

    frame = snapshot.frame
    same = full_mask(frame, snapshot.spec) & (frame.configuration == frame.configuration[row])
    n = int(same.sum())
    if n < 2 or not same[row]:
        return ""
    return f"one of {n} runs; their mean counts{_mean_of(snapshot, same)}"


def _mean_of(snapshot: Snapshot, same: "Mask") -> str:
    """Return the mean of the first objective over some trials, and its standard deviation."""
    goals = snapshot.spec.objectives
    found = snapshot.frame.metrics.get(goals[0].metric) if goals else None
    values = [] if found is None else found[same].tolist()
    if not values or not all(map(math.isfinite, values)):
        return ""
    mean, spread = fair_number(fmean(values), goals[0]), fmt.number(stdev(values), 2)
    return f": {plain(goals[0].metric)} {mean} ±{spread}"


def _took(snapshot: Snapshot, row: int | None) -> Cell:
    """Return how long a trial took, or has so far, and whether that is far too long."""
    if row is None:
        return "–", ""
    said = present.took(float(durations(snapshot)[row])) or "–"
    if STATES[snapshot.frame.state[row]] is not TrialState.RUNNING:
        return said, ""
    late = int(snapshot.frame.number[row]) in snapshot.overdue
    return f"{said} so far" + (", overdue" if late else ""), "warn" if late else ""


_WITHOUT_RESULT = (TrialState.KILLED, TrialState.PRUNED)
"""Ends after which what was reported is shown, and could be taken for a result."""


def record_entries(
    trial: Trial, events: Sequence[Event], now: float, went_on: str = ""
) -> list[Entry]:
    """Return what only the trial's own record knows: how it ended, why it was run, notes.

    ``went_on``: the trials that carry it on.
    """
    entries: list[Entry] = []

    def add(name: str, text: str, tone: str = "", *, wrap: bool = False) -> None:
        if text:
            entries.append(Entry(name, ((plain(text), tone),), text, wrap=wrap))

    add("ended", trial.reason, "bad" if trial.state == "failed" else "")
    if trial.step is not None and trial.state in _WITHOUT_RESULT:
        add("reported", f"until step {trial.step}: kept, but no result")
    if trial.exit_code is not None:
        add("exit code", str(trial.exit_code), "bad" if trial.exit_code else "")
    add("continues", f"#{trial.resumed_from}" if trial.resumed_from else "")
    add("went on as", went_on)
    add("attempt", str(trial.attempt) if trial.attempt > 1 else "")
    add("repeat", str(trial.repeat) if trial.repeat else "")
    add("process", str(trial.pid) if trial.pid and trial.state == "running" else "")
    add("tags", ", ".join(trial.tags), "accent")
    add("note", trial.note, "accent", wrap=True)
    if trial.why:
        entries.append(Entry("why it was run"))
        said = str(trial.why.get("text") or trial.why.get("kind", ""))
        add("in words", said, wrap=True)
        for key, text in why_lines(trial.why):
            add(plain(key), text)
    if events:
        entries.append(Entry("events"))
        for event in events:
            # On the trial's own screen its number need not be said again.
            text = event.text.removeprefix(f"trial {trial.number} ")
            add(fmt.clock(event.time, now), text.removeprefix(f"trial {trial.number}: "))
    return entries
