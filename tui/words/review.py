"""What came of a study, in sentences: what happened, what was found, why, what to do next. Pure.

The numbers are those of the screens; what is here says which of them matter for this study, and the
command that acts on each. Nothing is said of what is too little known.
"""

import math
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import BudgetUnit
from hpo_tui.engine.spec.startable import no_command
from hpo_tui.store.models import TrialState
from hpo_tui.tui.tables.trial_order import result_counts, result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt, present
from hpo_tui.tui.words.goals import fair_number, full_results, goal_text, goals_of, is_goal, reached
from hpo_tui.tui.words.parameter_values import value_text
from hpo_tui.tui.words.paused import in_few_words
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.review_remarks import (
    Curves,
    Remark,
    best_command,
    going_on,
    remarks_on,
)
from hpo_tui.tui.words.two_studies import Best

if TYPE_CHECKING:
    from hpo_tui.engine.analysis.gains import LastGain

_KINDS = 3
"""Kinds of failures that are told, most frequent first."""
_LEVEL = 0.4
"""Part of what was spent without any gain from which a larger budget promises little."""
_LEVEL_RESULTS = 5
"""And full-task results without any gain."""
_ALL = 0.995
"""Part of all gains that is written as all of them."""
_WORTH = 0.05
"""Part of all gains that has to come with the last fifth of what was spent, to spend on."""


@dataclass(frozen=True, slots=True)
class Review:
    """What is said of a study, section by section, each in the order of its weight."""

    happened: tuple[str, ...]
    found: tuple[str, ...]
    remarks: tuple[Remark, ...]
    following: tuple[Remark, ...]

    def lines(self) -> list[str]:
        """Return all of it as text."""
        said: list[str] = []
        for title, texts in (("what happened", self.happened), ("what was found", self.found)):
            said += [title, *(f"  {text}" for text in texts), ""]
        for title, remarks in (("what to know", self.remarks), ("what next", self.following)):
            if remarks:
                said += [title]
            for remark in remarks:
                said += [f"  {remark.text}", *([f"    → {remark.do}"] if remark.do else [])]
            said += [""] if remarks else []
        return said[:-1]


def review(
    snapshot: Snapshot,
    reasons: Sequence[str],
    curves: Curves,
) -> Review:
    """Return what is to be said of a study.

    ``reasons``: how the failed trials ended. ``curves``: objective → (steps, values), each (k,), of
    the best trials (:class:`~hpo_tui.tui.words.two_studies.Best`) from their first step on.
    """
    from hpo_tui.engine.analysis.gains import last_gain

    gain = last_gain(snapshot.frame, snapshot.spec)
    best = Best(snapshot)
    return Review(
        tuple(_happened(snapshot, reasons)),
        tuple(_found(snapshot, best, gain)),
        tuple(remarks_on(snapshot, curves, reasons)),
        tuple(_following(snapshot, best, gain)),
    )


def _of_many(reason: str) -> str:
    """Return why some trials failed, as it follows their number: ``ran out of GPU memory``."""
    first = reason.partition(" ")[0]
    if re.fullmatch("[A-Z][a-z]*", first):  # a sentence's word; names of errors have more capitals
        reason = reason[:1].lower() + reason[1:]
    return reason or "no reason is known"


def _happened(snapshot: Snapshot, reasons: Sequence[str]) -> Iterator[str]:
    import numpy as np

    frame, spec = snapshot.frame, snapshot.spec
    if len(frame) and np.isfinite(frame.started).any():
        begun = float(np.nanmin(frame.started))
        ended = (
            snapshot.time if snapshot.runner_pid else float(np.nanmax(np.r_[begun, frame.ended]))
        )
        took = present.duration(ended - begun)
        since = fmt.clock(begun, snapshot.time)
        yield f"{took} since {since}" if snapshot.runner_pid else f"{took}, begun {since}"
    tasks = [
        f"{int(frame.at_task(t.name).sum())} at {plain(t.name)}"
        for t in spec.tasks_by_cost
        if frame.at_task(t.name).any()
    ]
    if tasks:
        yield f"{present.plural(len(frame), 'trial')}: {', '.join(tasks)}"
    if reasons:
        kinds = Counter(_of_many(in_few_words(r)) for r in reasons)
        told = [f"{n} {plain(kind)}" for kind, n in kinds.most_common(_KINDS)]
        more = len(reasons) - sum(n for _, n in kinds.most_common(_KINDS))
        yield f"{len(reasons)} failed: {', '.join(told)}" + (f", {more} otherwise" if more else "")


def _found(snapshot: Snapshot, best: Best, gain: "LastGain | None") -> Iterator[str]:
    from hpo_tui.engine.analysis.front import tally

    frame, spec = snapshot.frame, snapshot.spec
    met, full = tally(frame, spec)
    if best.first is None:
        yield "no trial of the full task has completed"
        return
    counted = full_results(frame, spec, full)
    if spec.has_goals:
        yield f"{met or 'none'} of {counted} {'meet' if met > 1 else 'meets'} all goals"
    word = "best" if best.met else "nearest"
    yield f"{word}: #{frame.number[best.first]}  {_metrics(snapshot, best.first)}"
    parameters = ", ".join(
        f"{plain(p.name)}={text}"
        for p in spec.free
        if (text := plain(value_text(snapshot, p.name, best.first)))
    )
    yield f"with {parameters}"
    word, begun = _begun_with(snapshot)
    if begun is not None and begun != best.first:
        yield f"{word}: #{frame.number[begun]}  {_metrics(snapshot, begun)}"
    if gain is not None:
        yield gain_text(gain)


def gain_text(gain: "LastGain") -> str:
    """Return when a study last gained something, and of what."""
    spent, total = present.number(gain.spent, 3), present.number(gain.total, 3)
    since = f"{present.plural(gain.since, 'full result')} since brought none"
    at = f"with trial {gain.trial}, when {spent} of {total} full-task units were spent"
    of = " in hypervolume" if gain.volume else ""
    said = f"the {'only' if gain.first else 'last'} gain{of} came"
    if gain.values is not None:
        before, after = fmt.apart(gain.values)
        said = f"the last gain, {before} → {after}, came"
    return f"{said} {at}" + (f"; {since}" if gain.since else "")


def _metrics(snapshot: Snapshot, row: int) -> str:
    """Return the goals' metrics of a configuration's result, with their noise where it is known."""
    from hpo_tui.engine.analysis.front import results

    means = results(snapshot.frame, snapshot.spec)[1]
    spreads = result_spreads(snapshot).get(int(snapshot.frame.number[row]), {})
    texts = []
    for goal in goals_of(snapshot.spec):
        values = means.metrics.get(goal.metric)
        value = math.nan if values is None else float(values[row])
        noise = spreads.get(goal.metric, 0.0)
        around = f" ±{fmt.number(noise, 2)}" if noise else ""
        missed = "" if reached(value, goal) else " missed"
        aim = f" ({goal_text(goal)}{missed})" if is_goal(goal) else ""
        texts.append(f"{plain(goal.metric)} {fair_number(value, goal)}{around}{aim}")
    return ", ".join(texts)


def _begun_with(snapshot: Snapshot) -> tuple[str, int | None]:
    """Return what to compare with: the result of the first ``[[start]]``, else the first one."""
    from hpo_tui.engine.analysis.front import finish_order, results

    counted = set(results(snapshot.frame, snapshot.spec)[0].tolist())
    start = next((r for r in _start_rows(snapshot) if r in counted), None)
    if start is not None:
        return "the start", start
    order = finish_order(snapshot.frame).tolist()
    return "the first full result", next((r for r in order if r in counted), None)


def _start_rows(snapshot: Snapshot) -> list[int]:
    """Return the complete trials of the first ``[[start]]``, at whatever task, oldest first."""
    import numpy as np

    frame, spec = snapshot.frame, snapshot.spec
    if not spec.start:
        return []
    same = frame.in_state(TrialState.COMPLETE)
    for name, value in spec.start[0].items():
        column, choices = frame.params.get(name), frame.choices.get(name)
        if column is None or (choices is not None and value not in choices):
            return []
        wanted = float(value) if choices is None else float(choices.index(value))
        same = same & np.isclose(column, wanted, rtol=1e-9, atol=0.0)
    return [int(row) for row in same.nonzero()[0]]


def _start_in_full(snapshot: Snapshot) -> Iterator[Remark]:
    """Tell how to learn what was gained over the start, where that ran at cheap tasks alone."""
    frame, spec = snapshot.frame, snapshot.spec
    full = frame.at_task(spec.full_task.name)
    rows = _start_rows(snapshot)
    if not rows or full[rows].any():
        return
    task, number = spec.full_task.name, int(frame.number[rows[-1]])
    how = f"promote {plain(snapshot.folder.word)} {number} --task {plain(shlex.quote(task))}"
    yield Remark(f"the start, #{number}, has no result at {plain(task)} to compare with",
                 f"hpo-tui {how}")  # fmt: skip


def _following(snapshot: Snapshot, best: Best, gain: "LastGain | None") -> Iterator[Remark]:
    frame = snapshot.frame
    unended = going_on(snapshot)
    if unended is not None:
        yield unended
        if best.first is None or snapshot.runner_pid is not None:
            return
    elif best.first is None:
        yield Remark("there is no full result yet: more budget", _extend(snapshot))
        return
    if unended is None and gain is not None and gain.late >= _WORTH:
        part = f"{gain.late:.0%} of " if gain.late < _ALL else ""
        said = f"{part}all gains came with the last fifth of what was spent"
        yield Remark(f"{said}: more budget may bring more", _extend(snapshot))
    elif gain is not None and gain.share_since >= _LEVEL and gain.since >= _LEVEL_RESULTS:
        part = f"{gain.share_since:.0%} of what was spent"
        yield Remark(f"nothing was gained in the last {part}: more of the same promises little",
                     "change the ranges, the full task or the script instead")  # fmt: skip
    yield from _with_the_best(snapshot, int(frame.number[best.first]))


def _with_the_best(snapshot: Snapshot, number: int) -> Iterator[Remark]:
    """Tell what can be done with the best trial: repeat it, compare it, run it, print it."""
    if no_command(snapshot.spec):
        said = "it was imported without a command that trains: with one and more budget it goes on"
        yield Remark(said, f"write both into {plain(str(snapshot.folder.file))}")
    else:
        if number not in result_counts(snapshot):
            again = f"hpo-tui confirm {plain(snapshot.folder.word)} {number}"
            yield Remark(f"#{number} ran once: how much is luck?", again)
        yield from _start_in_full(snapshot)
        yield Remark("run it again by hand", f"{best_command(snapshot)} --command")
    yield Remark("a table for the paper", f"{best_command(snapshot)} --latex")


def _extend(snapshot: Snapshot) -> str:
    """Return the command that adds half of the budget."""
    budget = snapshot.spec.budget
    half = budget.amount / 2
    amount = f"{math.ceil(half)}" if half >= 1 else f"{half:.2g}"
    if budget.unit is BudgetUnit.WALL:
        amount = f"{math.ceil(half / 60)}min" if half >= 60 else f"{math.ceil(half)}s"
    elif budget.unit is BudgetUnit.TRIALS:
        amount = f"{math.ceil(half)}"
    return f"hpo-tui extend {amount} -s {plain(snapshot.folder.word)}"
