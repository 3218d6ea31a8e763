"""How far a study is, in figures: what ``status`` and the end of a headless run tell."""

import math
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.analysis import charges
from hpo_tui.engine.analysis.front import best_rows
from hpo_tui.engine.answers import wish_text
from hpo_tui.engine.spec import BudgetUnit
from hpo_tui.store.frame import STATES
from hpo_tui.tui.cli.text import bar, say, table
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.budgets import amount_of, gone
from hpo_tui.tui.words.figures import number
from hpo_tui.tui.words.paused import in_few_words
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.present import plural
from hpo_tui.tui.words.progress import record_of_running
from hpo_tui.tui.words.running import overdue_text, quiet_text
from hpo_tui.tui.words.standing import silent_text, until


@dataclass(frozen=True, slots=True)
class TaskShare:
    """A task with what went into it: ``spent`` in full-task units, lost included."""

    name: str
    cost: float
    trials: int
    spent: float


def reason_of(picture: Snapshot) -> str:
    """Return why a study stands as it does; a command in it names the study as it is found here."""
    folder = picture.folder
    return picture.study.reason.replace(f" -s {folder.name_word}`", f" -s {folder.word}`")


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
        spent = f"{gone(picture.spent, budget.amount)} of {amount} gone"
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
