"""A study in figures: what ``status``, ``best`` and the end of a headless run tell."""

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len

from hpo_tui.engine.analysis import charges
from hpo_tui.engine.analysis.edges import edges
from hpo_tui.engine.analysis.front import best_rows, near_misses, results, tally
from hpo_tui.engine.answers import wish_text
from hpo_tui.engine.spec import Budget, BudgetUnit, Objective, OutcomeConstraint, StudySpec
from hpo_tui.store.frame import STATES
from hpo_tui.store.models import Trial
from hpo_tui.store.transfer.rows import finite
from hpo_tui.tui.cli.studies import reading
from hpo_tui.tui.cli.text import bar, exact, number, say, shown, table
from hpo_tui.tui.tables.trial_order import result_counts, result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.fmt import duration
from hpo_tui.tui.words.goals import full_results, goals_of
from hpo_tui.tui.words.paused import in_few_words
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.present import plural
from hpo_tui.tui.words.progress import record_of_running
from hpo_tui.tui.words.running import overdue_text, quiet_text
from hpo_tui.tui.words.standing import silent_text, until

UNITS = {BudgetUnit.FULL: "", BudgetUnit.GPU_HOURS: " GPU-hours", BudgetUnit.TRIALS: " trials"}


@dataclass(frozen=True, slots=True)
class TaskShare:
    """A task with what went into it: ``spent`` in full-task units, lost included."""

    name: str
    cost: float
    trials: int
    spent: float


def amount_of(budget: Budget) -> str:
    """Return a budget for people: ``40``, ``1 trial``, ``12 GPU-hours``, ``8h00``."""
    if budget.unit is BudgetUnit.WALL:
        return duration(budget.amount)
    unit = UNITS[budget.unit]
    return number(budget.amount) + (unit.removesuffix("s") if budget.amount == 1 else unit)


def state_of(picture: Snapshot) -> str:
    """Return the state for people: a study that says it runs but has no runner is interrupted.

    One whose runner stands still is suspended, whatever the study says.
    """
    if picture.suspended:
        return "suspended"
    state = str(picture.study.state)
    return "interrupted" if state == "running" and picture.runner_pid is None else state


def counts(picture: Snapshot) -> dict[str, int]:
    """Return how many trials are in each state, all six of them."""
    return {str(s): int((picture.frame.state == i).sum()) for i, s in enumerate(STATES)}


def shares(picture: Snapshot) -> list[TaskShare]:
    """Return what each task has cost, cheapest task first."""
    frame = picture.frame
    found = []
    for task in picture.spec.tasks_by_cost:
        at = frame.at_task(task.name)
        found.append(TaskShare(task.name, task.cost, int(at.sum()), float(frame.charged[at].sum())))
    return found


def status_record(picture: Snapshot) -> dict[str, Any]:
    """Return what ``status --json`` prints."""
    wall = picture.spec.budget.unit is BudgetUnit.WALL
    return {
        "study": picture.study.name,
        "state": state_of(picture),
        "reason": picture.study.reason,
        "spent": round(picture.spent, 9),
        "budget": picture.spec.budget.amount,
        # Wall time goes by for all trials at once: none of it is one trial's.
        "lost": None if wall else round(picture.lost, 9),
        "trials": counts(picture),
        "tasks": [
            {"name": s.name, "cost": s.cost, "trials": s.trials, "spent": round(s.spent, 9)}
            for s in shares(picture)
        ],
        "best": picture.frame.number[best_rows(picture.frame, picture.spec)].tolist(),
        "running": record_of_running(picture),
        "waits": picture.waits,
        "queued": [
            {"action": c.action, "text": wish_text(c.action, c.args), **c.args}
            for c in picture.queued
        ],
    }


def best_record(
    trial: Trial, spec: StudySpec, runs: int, spread: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return one entry of what ``best --json`` prints.

    ``runs``: results that were averaged; ``spread``: metric → standard deviation over them.
    """
    several = {"runs": runs, "std": dict(spread or {})}
    return {
        "trial": trial.number,
        "task": trial.task,
        "params": {k: finite(v) for k, v in trial.params.items()},
        "metrics": {k: finite(v) for k, v in trial.metrics.items()},
        "meets": spec.meets(trial.metrics),
    } | (several if runs > 1 else {})


def results_of(picture: Snapshot, numbers: list[int]) -> list[Trial]:
    """Return the trials ``numbers`` in that order, each with the mean over its repeats."""
    with reading(picture.folder) as reader:
        found = {t.number: t for t in reader.trials(numbers=numbers)}
    frame, several = results(picture.frame, picture.spec)[1], result_counts(picture)
    for n in several.keys() & found.keys():
        row = frame.index(n)
        means = {m: float(v[row]) for m, v in frame.metrics.items() if m in found[n].metrics}
        found[n] = replace(found[n], metrics=means)
    return [found[n] for n in numbers if n in found]


def progress_line(picture: Snapshot, *, why: bool = False) -> str:
    """Return one line: state, spent, trials by state, time left.

    ``why``: behind the state also why the study is paused, in few words.
    """
    budget = picture.spec.budget
    amount = amount_of(budget)
    # Two places, and more where the whole budget is a matter of them.
    places = 2 if budget.amount >= 1 else 2 - math.floor(math.log10(budget.amount))
    spent = f"{number(round(picture.spent, places))} of {amount} spent"
    if budget.unit is BudgetUnit.WALL:
        spent = f"{duration(picture.spent)} of {amount} gone"
    state, reason = state_of(picture), picture.study.reason
    if why and state == "paused" and reason:
        state += f": {in_few_words(reason)}"
    parts = [state, spent]
    if picture.lost:
        parts.append(f"{number(round(picture.lost, places))} lost")
    some = {state: n for state, n in counts(picture).items() if n}
    parts.append(
        plural(len(picture.frame), "trial")
        + (f" ({', '.join(f'{n} {state}' for state, n in some.items())})" if some else "")
    )
    if picture.queued:
        parts.append(f"{len(picture.queued)} queued")
    texts = overdue_text(picture), quiet_text(picture), silent_text(picture)
    parts += [told for told in texts if told]
    return " · ".join([*parts, *until(picture)])


def show_costs(picture: Snapshot) -> None:
    """Print what each task cost in full-task units, as a table with bars."""
    parts = shares(picture)
    total = sum(p.spent for p in parts) or 1.0
    rows = [
        [plain(p.name), number(p.cost), str(p.trials), number(round(p.spent, 2)),
         bar(p.spent / total if round(p.spent, 2) else 0.0, 24)]
        for p in parts
    ]  # fmt: skip
    own = picture.spec.budget.unit is BudgetUnit.FULL
    spent = "spent" if own else "full-task units"
    say(table(["task", "cost", "trials", spent, ""], rows, right=(1, 2, 3)))
    # In the unit of the table, whatever the budget is counted in.
    lost = float(charges.lost(picture.frame).sum())
    if round(lost, 2) and picture.spec.budget.unit is not BudgetUnit.WALL:
        what = "trials that failed, were killed or stopped early, and attempts started again"
        say(f"of that {number(round(lost, 2))} was lost to {what}")


def goal_text(goal: Objective | OutcomeConstraint) -> str:
    """Return a metric's name with its goal as it was set: ``accuracy ≥0.96``."""
    name = plain(goal.metric)
    if isinstance(goal, Objective):
        sign = "≥" if goal.sign < 0 else "≤"
        return name if goal.threshold is None else f"{name} {sign}{exact(goal.threshold)}"
    low = "" if goal.min is None else f" ≥{exact(goal.min)}"
    high = "" if goal.max is None else f" ≤{exact(goal.max)}"
    return name + low + high


def beside(value: float, goal: Objective | OutcomeConstraint) -> str:
    """Return a result in as few digits as do not take it over its goal to the other side."""
    texts = (number(value, digits) for digits in range(4, 17))
    fair = (t for t in texts if t == "-" or goal.met(float(t)) == goal.met(value))
    return next(fair, exact(value))


def show_best(picture: Snapshot, most: int = 10, *, near: bool = False) -> None:
    """Print the best trials with their goals, or in how far the nearest ones miss them.

    ``near``: these too, as far as the best leave room among ``most``.
    """
    frame, spec = picture.frame, picture.spec
    met, full = tally(frame, spec)
    rows = best_rows(frame, spec)
    if not full:
        say("No trial of the full task has completed.")
        return
    goals = spec.has_goals
    counted = full_results(frame, spec, full)
    if goals and not met:
        say(f"None of {counted} meets all goals. The nearest:")
        rows = near_misses(frame, spec, most)
    else:
        what = ("meets" if met == 1 else "meet") + " all goals"
        what = what if goals else ("has" if met == 1 else "have") + " a result"
        front = "" if len(spec.objectives) < 2 else f"; {len(rows)} of them on the Pareto front"
        say(f"{met} of {counted} {what}{front}:")
    numbers = [int(frame.number[r]) for r in rows[:most]]
    several = result_counts(picture)
    spreads = result_spreads(picture) if several else {}
    _show_trials(results_of(picture, numbers), spec, several, spreads)
    if len(rows) > most:
        name = plain(picture.folder.word)
        say(f"and {len(rows) - most} more (hpo-tui best {name} -n {len(rows)})")
    missing = near_misses(frame, spec, most - len(numbers)) if near and met else rows[:0]
    if len(missing):
        say()
        say("The nearest of those that miss a goal:")
        trials = results_of(picture, frame.number[missing].tolist())
        _show_trials(trials, spec, several, spreads)
    for edge in edges(frame, spec):
        say(edge.advice)


def best_table(
    trials: list[Trial],
    spec: StudySpec,
    several: Mapping[int, int],
    spreads: Mapping[int, Mapping[str, float]],
) -> tuple[list[str], list[list[str]], int]:
    """Return (headings, rows, how many columns come before the parameters) of these trials.

    A number that misses its goal has a mark, where any does. ``several``: trial → its runs;
    ``spreads``: trial → metric → standard deviation over them, which stands behind the mean.
    """
    goals = goals_of(spec)
    params = [p.name for p in spec.free]
    repeated = any(t.number in several for t in trials)
    lead = ["#", "runs"] if repeated else ["#"]
    head = [*lead, *(goal_text(g) for g in goals), *(plain(p) for p in params)]
    missed = _missed(trials, spec)
    body = []
    for trial in trials:
        metrics = []
        for goal in goals:
            value = trial.metrics.get(goal.metric, math.nan)
            mark = "" if not missed else "  " if goal.met(value) else " !"
            spread = spreads.get(trial.number, {}).get(goal.metric, 0.0)
            noise = f" ±{number(spread, 2)}" if spread else ""
            metrics.append(beside(value, goal) + noise + mark)
        values = [shown(trial.params[p]) if p in trial.params else "-" for p in params]
        counts = [str(several.get(trial.number, 1))] if repeated else []
        body.append([str(trial.number), *counts, *metrics, *values])
    return head, body, len(lead) + len(goals)


def _missed(trials: list[Trial], spec: StudySpec) -> bool:
    """Whether any of the trials misses a goal."""
    goals = goals_of(spec)
    return any(not g.met(t.metrics.get(g.metric, math.nan)) for t in trials for g in goals)


def _show_trials(
    trials: list[Trial],
    spec: StudySpec,
    several: Mapping[int, int],
    spreads: Mapping[int, Mapping[str, float]],
) -> None:
    head, body, keep = best_table(trials, spec, several, spreads)
    missed, repeated = _missed(trials, spec), any(t.number in several for t in trials)
    show_table(head, body, keep=keep)
    if missed:
        say("! the goal is missed")
    if repeated:
        say("runs: number of full-task results of the configuration; their mean is shown,")
        say("      with ± their standard deviation")


def show_table(head: list[str], body: list[list[str]], keep: int, left: Sequence[int] = ()) -> None:
    """Print the columns that fit the terminal, ``keep`` at least; ``left`` are set flush left."""
    fits = _columns_that_fit(head, body, keep=keep)
    right = [i for i in range(fits) if i not in left]
    say(table(head[:fits], [row[:fits] for row in body], right=right))
    if fits < len(head):
        say(f"not shown for lack of space: {', '.join(head[fits:])} (hpo-tui best --json)")


def _columns_that_fit(head: list[str], body: list[list[str]], keep: int) -> int:
    """Return how many columns fit the terminal, at least ``keep``; all of them into a pipe."""
    if not sys.stdout.isatty():
        return len(head)
    room = shutil.get_terminal_size().columns
    used = 0
    for i in range(len(head)):
        used += max(cell_len(row[i]) for row in [head, *body]) + 2
        if used - 2 > room and i >= keep:
            return i
    return len(head)
