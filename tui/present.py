"""From a snapshot to words, lines and segments. Pure: no widget, no file, no clock."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import (
    Budget,
    BudgetUnit,
    Direction,
    Objective,
    OutcomeConstraint,
    StudySpec,
)
from hpo_tui.store.models import DeviceSample, Study, StudyState, TrialState
from hpo_tui.tui import fmt
from hpo_tui.tui.plain import fit, plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpo_tui.store.frame import Frame
    from hpo_tui.tui.snapshot import Snapshot, View

Piece = tuple[str, str]
"""Text, and the name of its tone (``good``, ``bad``, ``warn``, ``dim``, ``accent``, or empty)."""


def number(value: float, digits: int = 4) -> str:
    """Return a number in a few characters, nothing for NaN."""
    return "" if math.isnan(value) else fmt.number(value, digits)


def grouped(value: int) -> str:
    """Return an integer with its thousands apart: ``100 000``."""
    return f"{value:,}".replace(",", " ") if abs(value) >= 10_000 else str(value)


def units(value: float) -> str:
    """Return an amount of budget with one decimal below a thousand."""
    return grouped(round(value)) if abs(value) >= 1000 else f"{value:.1f}"


def duration(seconds: float) -> str:
    """Return a time span in two units at most, nothing for NaN."""
    return "" if math.isnan(seconds) else fmt.duration(seconds)


def size(count: float) -> str:
    """Return a number of bytes, nothing for NaN."""
    return "" if math.isnan(count) else fmt.size(count)


def judged(value: float, goal: Objective | OutcomeConstraint, digits: int = 4) -> str:
    """Return a value with the mark of its goal, never rounded over the limit to the other side."""
    return f"{beside(value, goal, digits)} {'✓' if goal.met(value) else '✗'}"


def beside(value: float, goal: Objective | OutcomeConstraint, digits: int = 4) -> str:
    """Return a value, never rounded over the limit of its goal to the other side.

    Where that takes more digits than there is room for, it is said to lie beyond the limit.
    """
    for more in (digits, digits + 1):
        text = fmt.number(value, more)
        if not is_goal(goal) or goal.met(fmt.read(text)) == goal.met(value):
            return text
    limit = min(_limits(goal), key=lambda end: abs(end - value))
    return f"{'<' if value < limit else '>'}{short_goal(limit)}"


def _limits(goal: Objective | OutcomeConstraint) -> list[float]:
    ends = (goal.min, goal.max) if isinstance(goal, OutcomeConstraint) else (goal.threshold,)
    return [end for end in ends if end is not None]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a study stands, in a mark, a word and a tone; ``detail`` says why where that helps."""

    mark: str
    word: str
    tone: str
    detail: str = ""


def standing(study: Study, runner: int | None) -> Standing:
    """Return how a study stands, from what is stored and whether a runner lives."""
    state, reason = study.state, plain(study.reason)
    if state is StudyState.RUNNING and runner is None:
        return Standing("†", "runner died", "bad", "R starts it again; trials that live go on")
    if state is StudyState.PAUSED:
        word = "paused" if runner is not None else "paused, no runner"
        return Standing("‖", word, "warn", reason)
    return {
        StudyState.NEW: Standing("○", "not started", "dim", reason or "R starts it"),
        StudyState.RUNNING: Standing("●", "running", "good", reason),
        StudyState.STOPPED: Standing("■", "stopped", "dim", reason),
        StudyState.FINISHED: Standing("✓", "finished", "accent", reason),
    }[state]


def goal_text(goal: Objective | OutcomeConstraint) -> str:
    """Return a goal as a heading shows it: ``≥.965``, ``≤20k``, ``↑`` where none is set."""
    if isinstance(goal, OutcomeConstraint):
        low = f"≥{short_goal(goal.min)}" if goal.min is not None else ""
        high = f"≤{short_goal(goal.max)}" if goal.max is not None else ""
        return low + high
    if goal.threshold is None:
        return "↑" if goal.direction is Direction.MAXIMIZE else "↓"
    mark = "≥" if goal.direction is Direction.MAXIMIZE else "≤"
    return mark + short_goal(goal.threshold)


def short_goal(value: float) -> str:
    """Return a goal's number as short as it goes: ``.965``, ``20k``, ``1e-05``."""
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:.4g}{letter}"
    text = f"{value:.4g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def goals_of(spec: StudySpec) -> tuple[Objective | OutcomeConstraint, ...]:
    """Return the objectives, then the constraints on metrics that are no objective."""
    known = {o.metric for o in spec.objectives}
    return (*spec.objectives, *(c for c in spec.outcome_constraints if c.metric not in known))


def is_goal(goal: Objective | OutcomeConstraint) -> bool:
    """Whether there is something to reach: a threshold, or limits."""
    return isinstance(goal, OutcomeConstraint) or goal.threshold is not None


def has_goals(spec: StudySpec) -> bool:
    """Whether there is anything to reach."""
    return any(o.threshold is not None for o in spec.objectives) or bool(spec.outcome_constraints)


def goals_sentence(snapshot: "Snapshot", mask: "NDArray[np.bool_] | None" = None) -> str:
    """Return how many full trials meet all goals, in words; of those in ``mask``, if there is one.

    Where configurations were repeated it is they that are counted, each by its mean. What is
    counted is said: those in ``mask`` are the ones that filter and brushes let be shown.
    """
    from hpo_tui.engine.analysis.front import tally

    met, n = tally(snapshot.frame, snapshot.spec, mask)
    which = "" if mask is None else " shown"
    if not n:
        return f"no full trial{which or ' yet'}"
    counted = full_results(snapshot.frame, snapshot.spec, n, mask) + which
    if not has_goals(snapshot.spec):
        return counted
    if not met:
        return f"none of {counted} meets all goals{'' if which else ' yet'}"
    verb = "meets" if met == 1 else "meet"
    return f"{grouped(met)} of {counted} {verb} all goals"


def full_results(
    frame: "Frame", spec: StudySpec, n: int, mask: "NDArray[np.bool_] | None" = None
) -> str:
    """Return ``3 full trials``, or how many configurations those are where some were repeated."""
    from hpo_tui.engine.analysis.front import full_mask

    full = full_mask(frame, spec)
    if n == int((full if mask is None else full & mask).sum()):
        return plural(n, "full trial")
    return f"{plural(n, 'configuration')} run in full"


def view_words(view: "View") -> str:
    """Return what keeps trials from being shown, to follow a heading; empty when nothing does."""
    parts = [f"filter: {view.filter}"] if view.filter else []
    if view.brushes:
        parts.append("1 brush" if len(view.brushes) == 1 else f"{len(view.brushes)} brushes")
    return "   " + ", ".join(parts) if parts else ""


def plural(n: int, noun: str) -> str:
    """Return ``1 trial``, ``2 trials``."""
    return f"{grouped(n)} {noun}" + ("" if n == 1 else "s")


def budget_text(snapshot: "Snapshot") -> str:
    """Return ``12.3 of 40.0 spent`` in the budget's own unit."""
    budget = snapshot.spec.budget
    if budget.unit is BudgetUnit.WALL:
        return f"{duration(snapshot.spent)} of {duration(budget.amount)} gone"
    if budget.unit is BudgetUnit.GPU_HOURS:
        return f"{units(snapshot.spent)} of {units(budget.amount)} GPU-hours spent"
    if budget.unit is BudgetUnit.TRIALS:
        return f"{grouped(round(snapshot.spent))} of {plural(round(budget.amount), 'trial')} run"
    return f"{units(snapshot.spent)} of {units(budget.amount)} spent"


def spent_short(spent: float, budget: Budget) -> str:
    """Return ``12.3/40.0`` with the unit where it is not the full task, as short as it goes."""
    if budget.unit is BudgetUnit.WALL:
        return f"{duration(spent)}/{duration(budget.amount)}"
    if budget.unit is BudgetUnit.GPU_HOURS:
        return f"{units(spent)}/{units(budget.amount)} GPUh"
    if budget.unit is BudgetUnit.TRIALS:
        return f"{round(spent)}/{plural(round(budget.amount), 'trial')}"
    return f"{units(spent)}/{units(budget.amount)}"


def device_text(sample: DeviceSample) -> str:
    """Return a device in few characters: ``GPU0 83% 11/24G``."""
    busy = "" if sample.utilization is None else f" {sample.utilization:.0%}"
    used, total = sample.memory_used / 2**30, sample.memory_total / 2**30
    memory = f" {used:.0f}/{total:.0f}G" if sample.memory_total else ""
    return f"{plain(sample.device)}{busy}{memory}"


def header_pieces(snapshot: "Snapshot", width: int) -> tuple[list[Piece], list[Piece]]:
    """Return the header's left and right pieces; what does not fit is left out, last first."""
    stand = standing(snapshot.study, snapshot.runner_pid)
    name = plain(snapshot.study.name)
    name = fit(name, min(fmt.width_of(name), max(8, width // 3)))
    left: list[Piece] = [(name, "bold"), (f"{stand.mark} {stand.word}", stand.tone)]
    running = int(snapshot.frame.in_state(TrialState.RUNNING).sum())
    facts = plural(len(snapshot.frame), "trial")
    if running and width >= 100:
        facts += f", {running} running"
    optional: list[Piece] = [(facts, ""), (budget_text(snapshot), "")]
    if snapshot.study.state is StudyState.PAUSED:
        optional[:0] = _why_paused(snapshot, width - sum(fmt.width_of(t) + 3 for t, _ in left))
    elif snapshot.eta is not None:
        optional.append((f"about {duration(snapshot.eta)} left", "dim"))
    elif stand.detail:
        optional.append((stand.detail, "dim"))
    right = [(device_text(d), "dim") for d in snapshot.measured]
    used = sum(fmt.width_of(t) + 2 for t, _ in left) + 1
    for piece in optional:
        if used + fmt.width_of(piece[0]) + 3 > width:
            break
        left.append(piece)
        used += fmt.width_of(piece[0]) + 3
    kept: list[Piece] = []
    for piece in right:
        if used + fmt.width_of(piece[0]) + 3 > width:
            break
        kept.append(piece)
        used += fmt.width_of(piece[0]) + 2
    return left, kept


def _why_paused(snapshot: "Snapshot", room: int) -> list[Piece]:
    """Return the first clause of why the study is paused, cut to ``room``."""
    first = plain((snapshot.study.reason.splitlines() or [""])[0]).partition(", so nothing")[0]
    text = first if fmt.width_of(first) <= room else fit(first, room).rstrip()
    return [(text, "warn")] if text and room >= 12 else []


def status_lines(snapshot: "Snapshot", width: int = 80) -> list[str]:
    """Return the study as a few lines of text, for ``--once`` and the smallest windows."""
    stand = standing(snapshot.study, snapshot.runner_pid)
    lines = [f"{plain(snapshot.study.name)}  {stand.mark} {stand.word}"]
    if stand.detail:
        lines.append(stand.detail)
    lines.append(f"{plural(len(snapshot.frame), 'trial')}, {budget_text(snapshot)}")
    if snapshot.lost > 0:
        lines[-1] += f", {units(snapshot.lost)} lost"
    if snapshot.eta is not None:
        lines.append(f"about {duration(snapshot.eta)} left")
    lines.append(goals_sentence(snapshot))
    lines += best_lines(snapshot, 5)
    return [fit(line, width).rstrip() for line in lines]


def best_lines(snapshot: "Snapshot", k: int) -> list[str]:
    """Return the ``k`` best trials, a line each: number, metrics, parameters."""
    from hpo_tui.engine.analysis.front import best_rows, results

    spec = snapshot.spec
    frame = results(snapshot.frame, spec)[1]
    lines = []
    for row in best_rows(frame, spec)[:k]:
        metrics = "  ".join(
            f"{plain(g.metric)} {number(float(frame.metrics[g.metric][row]))}"
            for g in goals_of(spec)
            if g.metric in frame.metrics
        )
        params = " ".join(
            f"{plain(p.name)}={value_text(snapshot, p.name, row)}"
            for p in spec.free
            if p.name in frame.params and not math.isnan(frame.params[p.name][row])
        )
        lines.append(f"#{frame.number[row]}  {metrics}  {params}")
    return lines


def value_text(snapshot: "Snapshot", name: str, row: int) -> str:
    """Return a parameter's value at ``row`` as text, empty where it is inactive."""
    frame = snapshot.frame
    values = frame.params.get(name)
    if values is None or math.isnan(values[row]):
        return ""
    choices = frame.choices.get(name)
    if choices is not None:
        return fmt.value(choices[int(values[row])])
    return number(float(values[row]))


def first_result_text(snapshot: "Snapshot") -> str:
    """Return what the engine is doing while there is no full trial, and when one is expected."""
    frame, spec = snapshot.frame, snapshot.spec
    if snapshot.study.state is StudyState.PAUSED and snapshot.study.reason:
        way = "p goes on" if snapshot.runner_pid is not None else "R starts it again"
        return f"Paused, without a full trial yet; {way}.\n{snapshot.study.reason}"
    if snapshot.runner_pid is None:
        why = "No trial has finished at the full task, and no runner lives: R starts it."
        return "\n".join([why, *_failures(snapshot)])
    running = frame.in_state(TrialState.RUNNING)
    full = running & frame.at_task(spec.full_task.name)
    lines = ["No full trial yet: the best stand here once one has finished."]
    lines += _failures(snapshot)
    if not running.any():
        return "\n".join([*lines, "The engine is preparing its first suggestions."])
    tasks = [plain(frame.tasks[t]) for t in sorted(set(frame.task[running].tolist()))]
    where = ", ".join(tasks)
    lines.append(f"{plural(int(running.sum()), 'trial')} running at {where}.")
    expected = _expected_full(snapshot, bool(full.any()))
    if expected:
        lines.append(expected)
    return "\n".join(lines)


def _failures(snapshot: "Snapshot") -> list[str]:
    """Return a line that says how many trials have failed, where there are any."""
    failed = int(snapshot.frame.in_state(TrialState.FAILED).sum())
    if not failed:
        return []
    verb = "has" if failed == 1 else "have"
    where = "the log (6) and the events (7) say why"
    return [f"{plural(failed, 'trial')} of {len(snapshot.frame)} {verb} failed: {where}."]


def _expected_full(snapshot: "Snapshot", running: bool) -> str:
    frame, spec = snapshot.frame, snapshot.spec
    done = frame.in_state(TrialState.COMPLETE)
    costs = [spec.task(t).cost if _has_task(spec, t) else math.nan for t in frame.tasks]
    paces = [
        float(frame.duration[i]) / costs[int(frame.task[i])] for i in range(len(frame)) if done[i]
    ]
    known = sorted(p for p in paces if not math.isnan(p))
    if not known:
        return "When the first is expected is known after the first trial of any task."
    full = known[len(known) // 2]
    verb = "is running and takes" if running else "will take"
    return f"A full trial {verb} about {duration(full)}."


def _has_task(spec: StudySpec, name: str) -> bool:
    return any(t.name == name for t in spec.tasks)
