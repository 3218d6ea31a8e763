"""The best trials as a table and as records: what ``best`` and others tell of them."""

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich.cells import cell_len

from hpo_tui.engine.analysis.edges import edges
from hpo_tui.engine.analysis.front import best_rows, near_misses, results, tally
from hpo_tui.engine.spec import Objective, OutcomeConstraint, StudySpec
from hpo_tui.store.models import Trial
from hpo_tui.store.transfer.rows import finite
from hpo_tui.tui.cli.studies import reading
from hpo_tui.tui.cli.text import exact, number, say, shown, table
from hpo_tui.tui.tables.trial_order import result_counts, result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.goals import full_results, goals_of
from hpo_tui.tui.words.plain import plain


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


def _missed(trials: list[Trial], spec: StudySpec) -> bool:
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
