"""Ours against the peers: medians at a cost, who is ahead, how soon a score is reached."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from search_support.problem import BUDGET
from search_support.simulate import Step

COSTS = (10.0, 20.0, 30.0)


class Scored(Protocol):
    """Anything with a trajectory: a record of ours or a peer's run."""

    @property
    def trajectory(self) -> tuple[Step, ...]:
        """The steps of the run."""

    def at(self, cost: float) -> float | None:
        """Return the score when ``cost`` units were spent."""


def median_at(runs: Sequence[Scored], cost: float, *, single: bool) -> float:
    """Return the median score at a cost; a run with no full result yet is as bad as can be."""
    worst = math.inf if single else 0.0
    return statistics.median(worst if (s := run.at(cost)) is None else s for run in runs)


def quartiles(runs: Sequence[Scored], cost: float, *, single: bool) -> tuple[float, float]:
    """Return the lower and upper quartile of the score at a cost (nearest ranks)."""
    worst = math.inf if single else 0.0
    scores = sorted(worst if (s := run.at(cost)) is None else s for run in runs)
    last = len(scores) - 1
    return scores[round(0.25 * last)], scores[round(0.75 * last)]


def better(a: float, b: float, *, single: bool) -> bool:
    """Whether score ``a`` is strictly ahead of ``b``."""
    return a < b if single else a > b


def best_of(peers: dict[str, list[Scored]], cost: float, *, single: bool) -> tuple[str, float]:
    """Return the peer whose median is best at a cost, and that median."""
    medians = {name: median_at(runs, cost, single=single) for name, runs in peers.items()}
    pick = min if single else max
    name = pick(medians, key=lambda n: medians[n])
    return name, medians[name]


def reach(runs: Iterable[Scored], goal: float, *, single: bool) -> float:
    """Return the median over runs of the cost at which a score is reached; inf when it is not."""
    found = []
    for run in runs:
        costs = (
            cost
            for cost, _, score in run.trajectory
            if score is not None
            and cost <= BUDGET + 1e-6
            and (score <= goal if single else score >= goal)
        )
        found.append(next(costs, math.inf))
    return statistics.median(found)


def share(score: float, *, single: bool) -> float:
    """Return a score as a share of what could be gained: 1 - regret, or the hypervolume share."""
    return max(0.0, 1.0 - score) if single else score


@dataclass(frozen=True)
class Row:
    """How we stand on one problem: ours, the best peer and random, at each of the costs."""

    problem: str
    single: bool
    seeds: int
    ours: tuple[float, ...]
    spread: tuple[tuple[float, float], ...]
    best: tuple[tuple[str, float], ...]
    random: float
    goal: float
    reached: float

    @property
    def ahead(self) -> tuple[bool, ...]:
        """Whether our median is ahead of every peer's, at each cost."""
        return tuple(
            better(o, b, single=self.single) for o, (_, b) in zip(self.ours, self.best, strict=True)
        )

    @property
    def above_random(self) -> bool:
        """Whether our median at the end is no worse than random's."""
        return not better(self.random, self.ours[-1], single=self.single)


def stand(
    problem: str, runs: Sequence[Scored], peers: dict[str, list[Scored]], *, single: bool
) -> Row:
    """Compare our runs on a problem with the peers'."""
    name, goal = best_of(peers, COSTS[-1], single=single)
    del name
    return Row(
        problem=problem,
        single=single,
        seeds=len(runs),
        ours=tuple(median_at(runs, c, single=single) for c in COSTS),
        spread=tuple(quartiles(runs, c, single=single) for c in COSTS),
        best=tuple(best_of(peers, c, single=single) for c in COSTS),
        random=median_at(peers["random"], COSTS[-1], single=single)
        if "random" in peers
        else math.nan,
        goal=goal,
        reached=reach(runs, goal, single=single),
    )
