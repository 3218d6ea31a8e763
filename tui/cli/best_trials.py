"""The best trials as a table and as records: what ``best`` and others tell of them."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from hpo_tui.engine.analysis.edges import edges
from hpo_tui.engine.analysis.front import best_rows, near_misses, tally
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import Trial
from hpo_tui.store.transfer.rows import finite
from hpo_tui.tui.cli.text import say, table
from hpo_tui.tui.tables.best import any_missed, best_table, results_of
from hpo_tui.tui.tables.trial_order import result_counts, result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.goals import full_results
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
    name = plain(picture.folder.word)
    _show_trials(results_of(picture, numbers), spec, name, several, spreads)
    if len(rows) > most:
        say(f"and {len(rows) - most} more (hpo-tui best {name} -n {len(rows)})")
    missing = near_misses(frame, spec, most - len(numbers)) if near and met else rows[:0]
    if len(missing):
        say()
        say("The nearest of those that miss a goal:")
        trials = results_of(picture, frame.number[missing].tolist())
        _show_trials(trials, spec, name, several, spreads)
    for edge in edges(frame, spec):
        say(edge.advice)


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


def _show_trials(
    trials: list[Trial],
    spec: StudySpec,
    study: str,
    several: Mapping[int, int],
    spreads: Mapping[int, Mapping[str, float]],
) -> None:
    head, body, keep = best_table(trials, spec, several, spreads)
    missed, repeated = any_missed(trials, spec), any(t.number in several for t in trials)
    show_table(head, body, study, keep=keep)
    if missed:
        say("! the goal is missed")
    if repeated:
        say("runs: number of full-task results of the configuration; their mean is shown,")
        say("      with ± their standard deviation")


def show_table(
    head: list[str], body: list[list[str]], studies: str, *, keep: int, left: Sequence[int] = ()
) -> None:
    """Print the columns that fit the terminal, ``keep`` at least; ``left`` are set flush left.

    ``studies``: what names those of the table in a command line.
    """
    fits = _columns_that_fit(head, body, keep=keep)
    right = [i for i in range(fits) if i not in left]
    say(table(head[:fits], [row[:fits] for row in body], right=right))
    if fits < len(head):
        say(
            f"not shown for lack of space: {', '.join(head[fits:])} (hpo-tui best {studies} --json)"
        )


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
