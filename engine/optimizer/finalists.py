"""Finalists: the best compromises, which are repeated with other seeds at the end of a budget."""

from collections.abc import Sequence

import numpy as np

from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.open_tasks import OpenTasks
from hpo_tui.engine.optimizer.wishes import Wish, repeat_of

_FINALISTS, _SHARE = 3, 0.25
"""Configurations that are repeated at the end, and the share of the budget kept for it at most."""


def finalist_repeat(
    history: TrialHistory, open_tasks: OpenTasks, best: Sequence[int], repeats: int, budget: float
) -> Wish | None:
    """Return a repeat of the finalist with the fewest, if what is left is for repeats.

    Kept for them: what three finalists take, at most a quarter of the ``budget``. Finalists are
    those of the ``best`` that are least bad in anything: the ends of a front, good in one objective
    alone, need no confirming.
    """
    price = open_tasks.price(None, history.full)
    reserve = min((repeats - 1) * _FINALISTS * price, _SHARE * budget)
    if open_tasks.room > reserve + price:
        return None
    runs = {n: _runs(history, n) for n in compromises(history, best)[:_FINALISTS]}
    number = min(runs, key=lambda n: runs[n], default=None)
    if number is None or runs[number] >= repeats:
        return None
    text = f"Repeat of trial {number}, one of the best, with another seed."
    return repeat_of(history.trials[number], text)


def compromises(history: TrialHistory, best: Sequence[int]) -> list[int]:
    """Order trials by their worst rank in any objective; ties stay as they are."""
    goals = history.spec.objectives
    losses = [[history.trials[n].metrics[o.metric] * o.sign for o in goals] for n in best]
    if len(goals) < 2 or len(best) < 2:
        return list(best)
    worst = np.argsort(np.argsort(losses, axis=0, kind="stable"), axis=0).max(axis=1)
    return [best[i] for i in np.argsort(worst, kind="stable")]


def _runs(history: TrialHistory, number: int) -> int:
    """How often a trial's configuration has been or is being run at the full task."""
    trials = history.of_configuration[history.trials[number].configuration]
    return sum(t.task == history.full and t.state in ("running", "complete") for t in trials)
