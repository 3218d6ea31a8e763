"""Benchmark problems: a space, objectives, tasks with costs, a function, and what scores mean.

A problem is read from the ``problems.json`` of a benchmark folder (the given ones) or built in
code (:mod:`search_support.generated`).
"""

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_support.analytic import analytic_function
from search_support.surrogate import surrogate_function

Params = Mapping[str, Any]
Metrics = dict[str, float]
Function = Callable[[Params, float], Metrics]
"""Active parameters and a fidelity → the metrics, in their own direction."""

BUDGET = 30.0
"""Full-task units that every run may spend."""


@dataclass(frozen=True)
class Goal:
    """An objective: its metric, which way is better, its threshold, and whether logs count."""

    metric: str
    direction: str = "minimize"
    threshold: float | None = None
    log: bool = False

    def loss(self, value: float) -> float:
        """Return ``value`` with its sign flipped when it is maximized."""
        return -value if self.direction == "maximize" else value


@dataclass(frozen=True)
class Level:
    """A task: its name, what it costs (full = 1) and the fidelity the function is run at."""

    name: str
    cost: float
    fidelity: float


@dataclass(frozen=True)
class Reference:
    """What scores are normalised by, all as losses.

    One objective: ``best`` and ``median`` hold one number each. Several: ``best`` is the ideal
    point, ``median`` the reference point and ``volume`` the hypervolume of the best known front,
    in units of the box between the two.
    """

    best: tuple[float, ...]
    median: tuple[float, ...]
    volume: float = 1.0


@dataclass(frozen=True)
class Problem:
    """One benchmark problem. ``limits``: metrics that must not exceed a value to count at all."""

    name: str
    source: str
    space: tuple[Mapping[str, Any], ...]
    goals: tuple[Goal, ...]
    levels: tuple[Level, ...]
    reference: Reference
    function: Function
    limits: tuple[tuple[str, float], ...] = ()
    truth: Function | None = None
    """The function without its noise, where results have any."""

    @cached_property
    def full(self) -> Level:
        """The task that counts: the dearest."""
        return max(self.levels, key=lambda level: level.cost)

    @property
    def single(self) -> bool:
        """Whether there is one objective, so that the score is a regret (less is better)."""
        return len(self.goals) == 1

    def level(self, name: str) -> Level:
        """Return the task called ``name``; StopIteration if there is none."""
        return next(level for level in self.levels if level.name == name)

    def evaluate(self, params: Params, task: str) -> Metrics:
        """Return the metrics of one configuration at one task."""
        return self.function(params, self.level(task).fidelity)

    def true(self, params: Params) -> Metrics | None:
        """Return the full result of a configuration without its noise, None where there is none."""
        return None if self.truth is None else self.truth(params, self.full.fidelity)

    def losses(self, metrics: Metrics) -> tuple[float, ...]:
        """Return the objectives as losses, in order."""
        return tuple(goal.loss(metrics[goal.metric]) for goal in self.goals)

    def study(self, *, resume: bool, full_only: bool = False) -> dict[str, Any]:
        """Return the problem as the mapping that a study file would parse to."""
        levels = (self.full,) if full_only else self.levels
        objectives = [
            {"metric": g.metric, "direction": g.direction, "log": g.log}
            | ({} if g.threshold is None else {"threshold": g.threshold})
            for g in self.goals
        ]
        space = {
            p["name"]: {k: v for k, v in p.items() if k not in ("name", "when")}
            | ({"when": {p["when"][0]: list(p["when"][1])}} if "when" in p else {})
            for p in self.space
        }
        study: dict[str, Any] = {
            "study": {"name": self.name, "budget": BUDGET, "resume": resume},
            "space": space,
            "objective": objectives,
            "task": [{"name": v.name, "cost": v.cost, "fidelity": v.fidelity} for v in levels],
        }
        if self.limits:
            study["constraint"] = [{"metric": m, "max": most} for m, most in self.limits]
        return study


def from_unit(space: tuple[Mapping[str, Any], ...], unit: NDArray[np.float64]) -> dict[str, Any]:
    """Return the configuration that a point of the unit cube stands for, active parameters only.

    A number is uniform in its range (in the logarithm where the parameter has ``log``), an
    integer takes equally wide bins, a categorical equally likely choices.
    """
    params: dict[str, Any] = {}
    for p, u in zip(space, unit, strict=True):
        if "when" in p and params.get(p["when"][0]) not in p["when"][1]:
            continue
        if p["type"] == "categorical":
            choices = p["choices"]
            params[p["name"]] = choices[min(int(u * len(choices)), len(choices) - 1)]
            continue
        whole = p["type"] == "int"
        low, high = (p["low"] - 0.5, p["high"] + 0.5) if whole else (p["low"], p["high"])
        if p.get("log"):
            value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
        else:
            value = low + u * (high - low)
        value = min(max(value, p["low"]), p["high"])
        params[p["name"]] = min(max(round(value), p["low"]), p["high"]) if whole else value
    return params


def active(space: tuple[Mapping[str, Any], ...], params: Params) -> dict[str, Any]:
    """Return ``params`` without those that their parents make inactive."""
    out: dict[str, Any] = {}
    for p in space:
        if "when" not in p or out.get(p["when"][0]) in p["when"][1]:
            out[p["name"]] = params[p["name"]]
    return out


def find_bench(folder: str | None) -> Path | None:
    """Return the folder of the given problems, or None when there is none to be found.

    Looked for in ``folder``, in the environment variable HPO_TUI_BENCH, then beside the checkout
    in ``../shared/bench``. Raises SystemExit when a folder that was named holds no problems.
    """
    named = folder or os.environ.get("HPO_TUI_BENCH")
    path = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared/bench"
    if (path / "problems.json").is_file():
        return path
    if named:
        raise SystemExit(f"search.py: no problems.json in {path}; name the folder that has it")
    return None


def load_given(bench: Path) -> dict[str, Problem]:
    """Return the problems of ``bench/problems.json`` by name."""
    table = json.loads((bench / "problems.json").read_text(encoding="utf-8"))
    return {name: given_problem(name, entry, bench) for name, entry in table.items()}


def given_problem(name: str, entry: Mapping[str, Any], bench: Path) -> Problem:
    """Return the problem of one entry of ``problems.json``."""
    goals = tuple(
        Goal(o["metric"], o["direction"], o.get("threshold"), o.get("log", False))
        for o in entry["objectives"]
    )
    if "scenario" in entry:
        function: Function = surrogate_function(bench / "yahpo" / entry["scenario"], entry)
    else:
        function = analytic_function(entry["source"].rpartition(" ")[2])
    return Problem(
        name=name,
        source=entry["source"],
        space=tuple(entry["space"]),
        goals=goals,
        levels=tuple(Level(t["name"], t["cost"], t["fidelity"]) for t in entry["tasks"]),
        reference=_reference(entry["reference"]),
        function=function,
    )


def _reference(entry: Mapping[str, Any]) -> Reference:
    if entry["kind"] == "so":
        return Reference((entry["best"],), (entry["median"],))
    return Reference(tuple(entry["ideal"]), tuple(entry["median"]), entry["hv"])
