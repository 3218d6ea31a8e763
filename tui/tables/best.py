"""The best trials of a study, as texts in a table. Pure, but for reading them."""

import math
from collections.abc import Mapping
from dataclasses import replace

from hpo_tui.engine.analysis.front import best_rows, near_misses, results
from hpo_tui.engine.spec import Objective, OutcomeConstraint, StudySpec
from hpo_tui.store.models import Trial
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.tables.trial_order import result_counts
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.unreadable import FAULTS, UnreadableError, why_unreadable
from hpo_tui.tui.words.figures import exact, number, shown
from hpo_tui.tui.words.goals import goals_of
from hpo_tui.tui.words.plain import plain


def best_trials(picture: Snapshot, most: int | None, *, near: bool) -> list[Trial]:
    """Return the best trials, then where asked for the near misses; ``most`` of them at the most.

    Each has the mean over its repeats as its result.
    """
    frame, spec = picture.frame, picture.spec
    numbers: list[int] = frame.number[best_rows(frame, spec)].tolist()
    if near:
        numbers += frame.number[near_misses(frame, spec, len(frame))].tolist()
    return results_of(picture, numbers[:most])


def results_of(picture: Snapshot, numbers: list[int]) -> list[Trial]:
    """Return the trials ``numbers`` in that order, each with the mean over its repeats.

    Raises :class:`UnreadableError` where the study has gone since the picture was taken.
    """
    try:
        with StudyReader(picture.folder.db) as reader:
            found = {t.number: t for t in reader.trials(numbers=numbers)}
    except FAULTS as error:
        raise UnreadableError(why_unreadable(picture.folder, error)) from error
    frame, several = results(picture.frame, picture.spec)[1], result_counts(picture)
    for n in several.keys() & found.keys():
        row = frame.index(n)
        means = {m: float(v[row]) for m, v in frame.metrics.items() if m in found[n].metrics}
        found[n] = replace(found[n], metrics=means)
    return [found[n] for n in numbers if n in found]


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
    head = [*lead, *(metric_heading(g) for g in goals), *(plain(p) for p in params)]
    missed = any_missed(trials, spec)
    body = []
    for trial in trials:
        metrics = []
        for goal in goals:
            value = trial.metrics.get(goal.metric, math.nan)
            mark = "" if not missed else "  " if goal.met(value) else " !"
            spread = spreads.get(trial.number, {}).get(goal.metric, 0.0)
            noise = f" ±{number(spread, 2)}" if spread else ""
            metrics.append(fair_figure(value, goal) + noise + mark)
        values = [shown(trial.params[p]) if p in trial.params else "-" for p in params]
        counts = [str(several.get(trial.number, 1))] if repeated else []
        body.append([str(trial.number), *counts, *metrics, *values])
    return head, body, len(lead) + len(goals)


def metric_heading(goal: Objective | OutcomeConstraint) -> str:
    """Return a metric's name with its goal as it was set: ``accuracy ≥0.96``."""
    name = plain(goal.metric)
    if isinstance(goal, Objective):
        sign = "≥" if goal.sign < 0 else "≤"
        return name if goal.threshold is None else f"{name} {sign}{exact(goal.threshold)}"
    low = "" if goal.min is None else f" ≥{exact(goal.min)}"
    high = "" if goal.max is None else f" ≤{exact(goal.max)}"
    return name + low + high


def fair_figure(value: float, goal: Objective | OutcomeConstraint) -> str:
    """Return a result as commands print it: in as few digits as do not take it over its goal."""
    texts = (number(value, digits) for digits in range(4, 17))
    fair = (t for t in texts if t == "-" or goal.met(float(t)) == goal.met(value))
    return next(fair, exact(value))


def any_missed(trials: list[Trial], spec: StudySpec) -> bool:
    """Whether one of these trials misses a goal."""
    goals = goals_of(spec)
    return any(not g.met(t.metrics.get(g.metric, math.nan)) for t in trials for g in goals)
