"""The best trials of several studies, each study beside the others."""

from collections.abc import Sequence
from typing import Any

from hpo_tui.engine.analysis.front import best_rows, near_misses
from hpo_tui.engine.spec import Budget, BudgetUnit, Objective, OutcomeConstraint
from hpo_tui.store.models import Trial
from hpo_tui.store.transfer.write_text import json_line
from hpo_tui.tui.cli.best_trials import (
    best_record,
    best_table,
    goal_text,
    results_of,
    show_table,
)
from hpo_tui.tui.cli.summary import amount_of
from hpo_tui.tui.cli.text import say
from hpo_tui.tui.cli.written_tables import latex, markdown
from hpo_tui.tui.tables.trial_order import result_counts, result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.goals import goals_of
from hpo_tui.tui.words.plain import plain

_LEAD = ["study", "spent", "trials", "#"]


def best_trials(picture: Snapshot, most: int | None, *, near: bool) -> list[Trial]:
    """Return the best trials, then where asked for the near misses; ``most`` of them at the most.

    Each has the mean over its repeats as its result.
    """
    frame, spec = picture.frame, picture.spec
    numbers: list[int] = frame.number[best_rows(frame, spec)].tolist()
    if near:
        numbers += frame.number[near_misses(frame, spec, len(frame))].tolist()
    return results_of(picture, numbers[:most])


def best_records(picture: Snapshot, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return trials as ``best --json`` prints them."""
    several = result_counts(picture)
    spreads = result_spreads(picture) if several else {}
    return [
        best_record(t, picture.spec, several.get(t.number, 1), spreads.get(t.number))
        for t in trials
    ]


def say_several(pictures: Sequence[Snapshot], form: str, most: int, *, near: bool) -> None:
    """Print the best trials of several studies, ``most`` of each: as a table, or in ``form``.

    ``near``: in JSON also those that miss a goal. Tables have the nearest of a study that has none
    better, and mark it.
    """
    if form == "json":
        records = [
            {"study": picture.folder.name} | entry
            for picture in pictures
            for entry in best_records(picture, best_trials(picture, most, near=near))
        ]
        say("[" + ",\n ".join(map(json_line, records)) + "]")
        return
    head, rows = several_table(pictures, most, near=near)
    if form:
        say_as(form, head, rows)
        return
    show_table(head, rows, keep=len(_LEAD) + 1, left=(0,))
    if any(cell.endswith("!") for row in rows for cell in row):
        say("! the goal is missed")


def several_table(
    pictures: Sequence[Snapshot], most: int, *, near: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: metrics, then parameters, of any of the studies; - where not of it.

    A metric has its goal in the heading where it is the same in all studies that have it.
    """
    goals = _headings([g for p in pictures for g in goals_of(p.spec)])
    params = list(dict.fromkeys(plain(q.name) for p in pictures for q in p.spec.free))
    rows = []
    for picture in pictures:
        lead = [plain(picture.folder.name), _spent(picture), str(len(picture.frame))]
        for cells in _cells(picture, most, near=near) or [{}]:
            named = [cells.get(("metric", name), "-") for name in goals]
            named += [cells.get(("param", name), "-") for name in params]
            rows.append([*lead, cells.get(("", "#"), "-"), *named])
    return [*_LEAD, *goals.values(), *params], rows


def _spent(picture: Snapshot) -> str:
    """Return what a study has spent, in the unit of its budget."""
    unit = picture.spec.budget.unit
    amount = picture.spent if unit is BudgetUnit.WALL else round(picture.spent, 2)
    return amount_of(Budget(amount, unit))


def _headings(goals: Sequence[Objective | OutcomeConstraint]) -> dict[str, str]:
    """Return metric → heading."""
    texts: dict[str, set[str]] = {}
    for goal in goals:
        texts.setdefault(plain(goal.metric), set()).add(goal_text(goal))
    return {name: said.pop() if len(said) == 1 else name for name, said in texts.items()}


def _cells(picture: Snapshot, most: int, *, near: bool) -> list[dict[tuple[str, str], str]]:
    """Return the cells of a study's best trials, else of its nearest, by kind and name."""
    trials = best_trials(picture, most, near=near) or best_trials(picture, most, near=True)
    spec = picture.spec
    several = result_counts(picture)
    spreads = result_spreads(picture) if several else {}
    _, rows, before = best_table(trials, spec, several, spreads)
    names = [("metric", plain(g.metric)) for g in goals_of(spec)]
    names += [("param", plain(p.name)) for p in spec.free]
    first = before - len(goals_of(spec))
    return [{("", "#"): row[0], **dict(zip(names, row[first:], strict=True))} for row in rows]


def say_as(form: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as ``markdown`` or ``latex``."""
    rows = [[cell.rstrip() for cell in row] for row in rows]
    say("\n".join((markdown if form == "markdown" else latex)(head, rows)))
