"""One run on a virtual clock: workers that take a task's charge as its duration, and a ledger.

The ledger keeps its own account of what each evaluation costs by the benchmark's rules and stops
when an engine claims another price, so that a score is never bought below cost.
"""

import heapq
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from search_support.engines import Engine, Proposal, Spent
from search_support.problem import BUDGET, Problem
from search_support.score import Scoreboard

Step = tuple[float, str, float | None]
"""Full-task units spent so far, the task that ended, the score then."""

_TOLERANCE = 1e-6


class CheatError(Exception):
    """An engine's price, or its sum of prices, differs from the benchmark's rules."""


@dataclass
class Run:
    """What a run leaves: its steps, the CPU seconds of every ask, the virtual time it took."""

    steps: list[Step] = field(default_factory=list)
    asks: list[float] = field(default_factory=list)
    wall: float = 0.0


class Ledger:
    """What each configuration has been charged for, by the rules of the accounting."""

    def __init__(self, problem: Problem, *, resume: bool) -> None:
        self._problem, self._resume = problem, resume
        self._finished: dict[tuple[tuple[str, Any], ...], float] = {}
        self.charged = 0.0

    def charge(self, proposal: Proposal) -> float:
        """Return the price of a proposal and book it; raises :class:`CheatError`."""
        level = self._problem.level(proposal.task)
        done = self._finished.get(_key(proposal.params), 0.0) if self._resume else 0.0
        least = level.cost - done if done < level.cost else level.cost
        if not least - _TOLERANCE <= proposal.cost <= level.cost + _TOLERANCE:
            raise CheatError(f"{proposal} claims to cost {proposal.cost:g}; it costs {least:g}")
        self.charged += proposal.cost
        if self.charged > BUDGET + _TOLERANCE:
            raise CheatError(f"{proposal} takes the sum to {self.charged:g}, beyond {BUDGET:g}")
        return proposal.cost

    def finish(self, proposal: Proposal) -> None:
        """Note that a proposal has ended, so that a dearer task can go on from it."""
        key, cost = _key(proposal.params), self._problem.level(proposal.task).cost
        self._finished[key] = max(self._finished.get(key, 0.0), cost)


def _key(params: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(params.items()))


def simulate(
    problem: Problem, engine: Engine, *, resume: bool, workers: int = 1, until: float = math.inf
) -> Run:
    """Spend the budget with so many workers at once; results come in as the clock goes on.

    ``until``: full-task units after which nothing more is asked for.
    """
    run, board, ledger = Run(), Scoreboard(problem), Ledger(problem, resume=resume)
    running: list[tuple[float, int, Proposal, float]] = []
    clock = spent = 0.0
    order = 0
    while True:
        while len(running) < workers and ledger.charged < until:
            started = time.process_time()
            try:
                proposal = engine.ask()
            except Spent:
                break
            run.asks.append(time.process_time() - started)
            price = ledger.charge(proposal)
            order += 1
            heapq.heappush(running, (clock + price, order, proposal, price))
        if not running:
            break
        clock, _, proposal, price = heapq.heappop(running)
        metrics = problem.evaluate(proposal.params, proposal.task)
        ledger.finish(proposal)
        engine.tell(proposal.number, metrics)
        if proposal.task == problem.full.name:
            board.add(metrics, problem.true(proposal.params))
        spent += price
        run.steps.append((round(spent, 6), proposal.task, board.score))
    run.wall = clock
    return run
