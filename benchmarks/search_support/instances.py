"""Held-out problems from the same surrogates: other data sets than the given problems'.

Their references are estimates made here (best of a few thousand configurations and of refinements
around the best), so a score says how engines compare, not how far the true optimum is.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from hpo_tui.engine.analysis.front import pareto_mask
from search_support.problem import Goal, Problem, Reference, given_problem
from search_support.problem import from_unit as decode
from search_support.score import Point, hypervolume, scaled
from search_support.surrogate import surrogate_rows

Objective = tuple[str, str, bool]
"""An output of the surrogate, its direction, and whether it counts by its logarithm."""

INSTANCES: dict[str, tuple[str, str]] = {
    "lc3945-acc": ("lc167168-acc", "3945"),
    "lc189906-acc": ("lc167168-acc", "189906"),
    "xgb40984-acc": ("xgb16-acc", "40984"),
    "xgb1489-acc": ("xgb16-acc", "1489"),
    "lc126029-acc_time": ("lc168908-acc_time", "126029"),
    "lc7593-acc_time": ("lc168908-acc_time", "7593"),
    "lc189862-acc_xent": ("lc167185-acc_xent", "189862"),
    "xgb40981-auc_time": ("xgb1487-auc_time", "40981"),
    "xgb54-auc_time": ("xgb1487-auc_time", "54"),
    "rpart46-acc_mem": ("rpart14-acc_mem", "46"),
    "rpart40701-acc_mem": ("rpart14-acc_mem", "40701"),
    "glmnet1067-mmce_nf": ("glmnet1489-mmce_nf", "1067"),
}
"""Name → the given problem it is like, and its data set."""

_ACC, _BAC = ("val_accuracy", "maximize", False), ("val_balanced_accuracy", "maximize", False)
_AUC, _LOSS = ("auc", "maximize", False), ("logloss", "minimize", True)
_ENTROPY, _EPOCHS = ("val_cross_entropy", "minimize", True), ("time", "minimize", True)
_SECONDS, _MEMORY = ("timetrain", "minimize", True), ("memory", "minimize", False)

SEVERAL: dict[str, tuple[str, str, tuple[Objective, ...]]] = {
    "lc3945-acc_xent_time": ("lc168908-acc_time", "3945", (_ACC, _ENTROPY, _EPOCHS)),
    "lc7593-acc_xent_time": ("lc168908-acc_time", "7593", (_ACC, _ENTROPY, _EPOCHS)),
    "xgb40981-auc_loss_time": ("xgb1487-auc_time", "40981", (_AUC, _LOSS, _SECONDS)),
    "xgb54-auc_time_mem": ("xgb1487-auc_time", "54", (_AUC, _SECONDS, _MEMORY)),
    "rpart46-auc_mem_time": ("rpart14-acc_mem", "46", (_AUC, _MEMORY, _SECONDS)),
    "rpart40701-auc_loss_mem": ("rpart14-acc_mem", "40701", (_AUC, _LOSS, _MEMORY)),
    "glmnet1067-auc_loss_time": ("glmnet1489-mmce_nf", "1067", (_AUC, _LOSS, _SECONDS)),
    "lc189906-acc_xent_bac_time": (
        "lc168908-acc_time", "189906", (_ACC, _ENTROPY, _BAC, _EPOCHS)
    ),
    "xgb1489-auc_loss_time_mem": (
        "xgb1487-auc_time", "1489", (_AUC, _LOSS, _SECONDS, _MEMORY)
    ),
}  # fmt: skip
"""The same with three or four objectives, which the given problems do not have."""

_MEASURED = {3: 250, 4: 80}
"""Points of the reference front that its volume is taken from, by objectives; all with two."""

Losses = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Points of the unit cube (n, d) → the objectives at the full task as losses, (n, m)."""


@cache
def instance(
    bench: Path, name: str, like: str, data: str, objectives: tuple[Objective, ...] = ()
) -> Problem:
    """Return the problem like a given one on another data set, with other objectives if said."""
    entry = json.loads((bench / "problems.json").read_text(encoding="utf-8"))[like]
    key = next(k for k in entry["fixed"] if k.endswith("task_id"))
    entry["fixed"][key] = data
    entry["source"] = entry["source"].rpartition(" ")[0] + f" {data}"
    if objectives:
        entry["objectives"] = [
            {"metric": m, "direction": way, "log": log} for m, way, log in objectives
        ]
    problem = given_problem(name, entry, bench)
    rows = surrogate_rows(bench / "yahpo" / entry["scenario"], entry)
    signs = np.array([goal.loss(1.0) for goal in problem.goals])

    def losses(units: NDArray[np.float64]) -> NDArray[np.float64]:
        many = [decode(problem.space, u) for u in units]
        return np.asarray(rows(many, problem.full.fidelity) * signs)

    return estimated(problem, losses)


def estimated(problem: Problem, losses: Losses) -> Problem:
    """Return ``problem`` with the reference that a search of some 16 000 points finds."""
    rng = np.random.default_rng(5)
    d = len(problem.space)
    units = np.asarray(qmc.Sobol(d, seed=5).random_base2(12), dtype=np.float64)
    values = losses(units)
    median = np.median(values, axis=0)
    for scale in (0.3, 0.1, 0.1, 0.03, 0.03, 0.01):
        parents = units[_elite(problem.goals, values, median)]
        children = parents[rng.integers(len(parents), size=2000)]
        moved = rng.random(children.shape) < 0.4
        children = np.clip(children + moved * scale * rng.standard_normal(children.shape), 0, 1)
        edge = rng.random(children.shape) < 0.05
        children = np.where(edge, np.round(children), children)
        units, values = np.vstack([units, children]), np.vstack([values, losses(children)])
    best = values.min(axis=0)
    found = Reference(tuple(best.tolist()), tuple(median.tolist()))
    if problem.single:
        return replace(problem, reference=found)
    elite = values[_elite(problem.goals, values, median)]
    elite = elite[rng.permutation(len(elite))[: _MEASURED.get(len(median))]]
    names = [goal.metric for goal in problem.goals]
    inside: list[Point] = [
        scaled(replace(problem, reference=found), dict(zip(names, row.tolist(), strict=True)))
        for row in elite * np.array([goal.loss(1.0) for goal in problem.goals])
    ]
    return replace(problem, reference=replace(found, volume=hypervolume(inside)))


def _elite(
    goals: tuple[Goal, ...], values: NDArray[np.float64], median: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Rows on the front below the median; the best sixteen with one objective."""
    if len(goals) == 1:
        best: NDArray[np.intp] = np.argsort(values[:, 0])[:16]
        return best
    if len(goals) > 2:
        return _several_elite(values, median)
    order = np.lexsort((values[:, 1], values[:, 0]))
    lowest = np.minimum.accumulate(values[order, 1])
    front: NDArray[np.intp] = order[np.concatenate([[True], values[order[1:], 1] < lowest[:-1]])]
    below: NDArray[np.intp] = front[np.all(values[front] < median, axis=1)]
    return below if len(below) else front


def _several_elite(values: NDArray[np.float64], median: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows on the front below the median; where none is, those of the best worst rank."""
    below = np.flatnonzero(np.all(values < median, axis=1))
    if len(below) == 0:
        ranks = np.argsort(np.argsort(values, axis=0), axis=0)
        worst: NDArray[np.intp] = np.argsort(ranks.max(axis=1))[:32]
        return worst
    return below[pareto_mask(values[below])]
