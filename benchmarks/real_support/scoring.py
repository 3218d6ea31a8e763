"""What a run is worth: what it would recommend, trained anew and judged on the test part."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from search_support.problem import Metrics, Reference, from_unit
from search_support.score import axis, hypervolume, scaled

from real_support.problems import Real
from real_support.runs import Run, Trial, entries, trained, training_seed

AGAIN = 5
"""Trainings, each with a seed of its own, that a recommendation is judged by."""
DRAWN = 48
"""Random configurations that the scale is taken from."""


class Retrained:
    """Metrics on the test part by configuration, task and seed, kept in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = {(e["key"], e["seed"]): e for e in entries(path)}
        self.made = 0

    def get(self, problem: Real, params: Mapping[str, Any], seed: int, task: str) -> list[Metrics]:
        """Return the metrics on the validation and the test part, training where it has to."""
        key = json.dumps([problem.name, task, sorted(params.items())])
        if (key, seed) not in self._known:
            model = trained(problem, params, seed, task)
            parts = [model.score(p) for p in (model.data.valid, model.data.test)]
            entry = {"key": key, "seed": seed, "metrics": parts}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            self._known[key, seed] = entry
            self.made += 1
        found: list[Metrics] = self._known[key, seed]["metrics"]
        return found

    def tests(self, problem: Real, params: Mapping[str, Any]) -> list[Metrics]:
        """Return the metrics on the test part for seeds that no search has used."""
        return [
            self.get(problem, params, training_seed("again", i), problem.full.name)[1]
            for i in range(AGAIN)
        ]

    def mean(self, problem: Real, params: Mapping[str, Any]) -> Metrics:
        """Return the mean of these."""
        made = self.tests(problem, params)
        return {g.metric: float(np.mean([m[g.metric] for m in made])) for g in problem.goals}


def recommended(problem: Real, trials: Iterable[Trial]) -> list[Trial]:
    """Return the full-task trials that are best by validation: one, or those on the front."""
    found = [(problem.losses(t.metrics), t) for t in trials]
    if problem.single:
        return [min(found, key=lambda f: f[0])[1]] if found else []
    return [
        t for losses, t in found
        if not any(other != losses and all(a <= b for a, b in zip(other, losses, strict=True))
                   for other, _ in found)
    ]  # fmt: skip


def score(problem: Real, run: Run, cost: float, retrained: Retrained) -> float:
    """Return the test loss of the recommendation at a cost, or the hypervolume of the front.

    Before the first full result it is what a random configuration has: the median, or nothing. A
    configuration that diverges when it is trained again counts as much.
    """
    chosen = recommended(problem, run.full(problem, cost))
    means = [retrained.mean(problem, t.params) for t in chosen]
    return worth(problem, means)


def worth(problem: Real, means: Sequence[Metrics]) -> float:
    """Return what the mean test metrics of what is recommended are worth."""
    sound = [m for m in means if all(math.isfinite(v) for v in m.values())]
    if not problem.single:
        return hypervolume([scaled(problem, m) for m in sound])
    return problem.losses(sound[0])[0] if sound else problem.reference.median[0]


def with_reference(problem: Real, retrained: Retrained) -> tuple[Real, list[dict[str, Any]]]:
    """Return the problem with its scale, and random configurations with their tests by task.

    The median of random configurations is the reference point, their best in each objective the
    other corner of the unit box.
    """
    rng = np.random.default_rng([20261, training_seed(problem.name)])
    drawn: list[dict[str, Any]] = []
    for i in range(DRAWN):
        params = from_unit(problem.space, rng.random(len(problem.space)))
        seeds = {level.name: training_seed("drawn", i, level.name) for level in problem.levels}
        found = {t: retrained.get(problem, params, s, t) for t, s in seeds.items()}
        drawn.append({"params": params, "by_task": found})
    tests = [problem.losses(d["by_task"][problem.full.name][1]) for d in drawn]
    columns = [[v for v in column if math.isfinite(v)] for column in zip(*tests, strict=True)]
    best = tuple(min(c) for c in columns)
    # A training that diverges is worse than any other: it counts in the median.
    median = tuple(
        float(np.median([v if math.isfinite(v) else math.inf for v in column]))
        for column in zip(*tests, strict=True)
    )
    assert all(axis(g, b) < axis(g, m)
               for g, b, m in zip(problem.goals, best, median, strict=True))  # fmt: skip
    return replace(problem, reference=Reference(best, median)), drawn
