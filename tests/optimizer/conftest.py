"""Studies and toy problems that the tests of the search share."""

import math
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, Suggestion
from hpo_tui.engine.optimizer.models.scaling import Column
from hpo_tui.engine.optimizer.models.transform import RowLabels, Warp, warp
from hpo_tui.engine.spec import StudySpec

TASKS = [
    {"name": "cheap", "cost": 0.25, "epochs": 15},
    {"name": "middle", "cost": 0.5, "epochs": 30},
    {"name": "full", "cost": 1.0, "epochs": 60},
]
Function = Callable[[Mapping[str, Any], str], dict[str, float]]


def study(**changes: Any) -> dict[str, Any]:
    """A study of two floats, two objectives, three tasks; keys replaced or (None) removed."""
    base: dict[str, Any] = {
        "study": {"name": "toy", "command": "python t.py", "budget": 10.0, "resume": True},
        "space": {
            "x": {"type": "float", "low": 0.0, "high": 1.0},
            "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        },
        "objective": [
            {"metric": "a", "direction": "minimize"},
            {"metric": "b", "direction": "maximize"},
        ],
        "task": TASKS,
    }
    base |= changes
    return {k: v for k, v in base.items() if v is not None}


def spec(**changes: Any) -> StudySpec:
    """The study as the dataclass."""
    return StudySpec.from_dict(study(**changes))


def bowl(params: Mapping[str, Any], task: str) -> dict[str, float]:
    """Two objectives that conflict in x and agree in y; cheap tasks are slightly off."""
    x, y = float(params["x"]), math.log10(float(params["y"])) / 4 + 1
    off = {"cheap": 0.1, "middle": 0.05, "full": 0.0}.get(task, 0.0)
    return {"a": (x - 0.2) ** 2 + (y - 0.7) ** 2 + off, "b": -((x - 0.8) ** 2) - (y - 0.7) ** 2}


def play(opt: Optimizer, function: Function, most: int = 400) -> list[Suggestion]:
    """Spend the whole budget one trial at a time."""
    out = []
    for _ in range(most):
        try:
            asked = opt.ask()
        except BudgetSpent:
            break
        opt.tell(asked.number, function(asked.params, asked.task))
        out.append(asked)
    return out


@cache
def spent(seed: int) -> tuple[Optimizer, list[Suggestion]]:
    """The toy study whose budget is spent on the bowl, and what was asked: not to be changed."""
    opt = Optimizer(spec(), seed)
    return opt, play(opt, bowl)


class Lab:
    """The helpers above as a fixture: test modules cannot import one another."""

    tasks = TASKS
    spec = staticmethod(spec)
    bowl = staticmethod(bowl)
    play = staticmethod(play)
    spent = staticmethod(spent)


@pytest.fixture(scope="session")
def lab() -> type[Lab]:
    """Studies, a toy function, and playing a study to its end."""
    return Lab


@pytest.fixture
def toy() -> StudySpec:
    """The plain two-objective study."""
    return spec()


def warped(
    values: list[float],
    *,
    sign: float = 1.0,
    log: bool = False,
    limit: float | None = None,
    tasks: list[int] | None = None,
    configs: list[int] | None = None,
    traded: bool = False,
    start: Collection[int] = (),
    front: Collection[int] = (),
) -> tuple[np.ndarray, Warp]:
    n = len(values)
    task = np.array(tasks or [1] * n, dtype=np.intp)
    config = np.array(configs or range(n), dtype=np.intp)
    first, best = (np.isin(np.arange(n), list(rows)) for rows in (start, front))
    return warp(
        Column(np.array(values), sign, log, limit, 2 if traded else 0),
        RowLabels(config, task, 1, first, best, np.array([0.25, 1.0])),
    )
