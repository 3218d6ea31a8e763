"""CPU time of ``ask``: ten parameters, two objectives, three tasks, after n results."""

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search_support.problem import Goal, Level, Metrics, Params, Problem, Reference, from_unit

if TYPE_CHECKING:
    from hpo_tui.engine.optimizer import Optimizer

ROWS = (200, 1000, 5000)
ASKS = 12
"""Asks timed after loading; each is told a result, so that refits are among them."""


@dataclass(frozen=True)
class Timing:
    """CPU seconds of ``ask`` after ``rows`` results: the first after loading, then the others."""

    rows: int
    first: float
    median: float
    largest: float
    tell: float


def measure(path: Path, *, fresh: bool, rows: Sequence[int] = ROWS) -> list[Timing]:
    """Return the timings kept in ``path``, measured anew (and kept) when ``fresh``."""
    if fresh:
        found = [time_ask(n) for n in rows]
        path.write_text(json.dumps([asdict(t) for t in found]), encoding="utf-8")
        return found
    if path.is_file():
        return [Timing(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    return []


def _function(params: Params, fidelity: float) -> Metrics:
    x = np.array([params[f"x{j}"] for j in range(10)])
    off = 0.3 * (1.0 - fidelity)
    return {
        "loss": float(np.sum((x - 0.3) ** 2)) + off * float(np.sin(5.0 * x[0])),
        "size": float(np.sum((x - 0.8) ** 2)) + off * float(x[1]),
    }


def timing_problem() -> Problem:
    """Return the problem that ``ask`` is timed on."""
    space = tuple({"name": f"x{j}", "type": "float", "low": 0.0, "high": 1.0} for j in range(10))
    levels = (Level("s25", 0.25, 0.25), Level("s50", 0.5, 0.5), Level("s100", 1.0, 1.0))
    goals = (Goal("loss"), Goal("size"))
    reference = Reference((0.0, 0.0), (1.5, 3.5))
    return Problem("timing", "two paraboloids", space, goals, levels, reference, _function)


def time_ask(rows: int, seed: int = 0) -> Timing:
    """Load ``rows`` results (two thirds cheap), then time asks."""
    optimizer = _loaded(rows, seed)
    problem, asks, tells = timing_problem(), [], []
    for _ in range(ASKS):
        started = time.process_time()
        s = optimizer.ask()
        asked = time.process_time()
        optimizer.tell(s.number, problem.evaluate(s.params, s.task))
        tells.append(time.process_time() - asked)
        asks.append(asked - started)
    later = asks[1:]
    return Timing(rows, asks[0], statistics.median(later), max(later), statistics.median(tells))


def _loaded(rows: int, seed: int) -> "Optimizer":
    from hpo_tui.engine.optimizer import Optimizer, PastTrial
    from hpo_tui.engine.spec import StudySpec

    problem = timing_problem()
    study = problem.study(resume=False)
    study["study"]["budget"] = 10.0 * rows
    rng = np.random.default_rng(seed)
    past = []
    for number in range(1, rows + 1):
        params = from_unit(problem.space, rng.random(10))
        level = problem.levels[(0, 1, 2)[number % 3]]
        metrics = problem.evaluate(params, level.name)
        past.append(
            PastTrial(number, number, params, level.name, "complete", metrics, charged=level.cost)
        )
    optimizer = Optimizer(StudySpec.from_dict(study), seed)
    optimizer.restore(past)
    return optimizer
