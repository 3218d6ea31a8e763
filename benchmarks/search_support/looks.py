"""A search that is looked at on its way: the optimizer at certain costs, and what it has run."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.spec import StudySpec
from search_support.plan import Catalogue
from search_support.problem import Params, Problem, find_bench

Found = TypeVar("Found")

COSTS = (10.0, 20.0, 29.0)
"""Units at which it is looked at; at 30 little is ever left to pay."""


def looks(problem: Problem, seed: int) -> Iterator[tuple[Optimizer, dict[int, Params]]]:
    """Search a problem, with promotions that pay the difference; yield it at each cost.

    The configurations are by the numbers of their trials.
    """
    optimizer = Optimizer(StudySpec.from_dict(problem.study(resume=True)), seed=seed)
    ran: dict[int, Params] = {}
    for cost in COSTS:
        while optimizer.spent < cost:
            asked = optimizer.ask()
            ran[asked.number] = asked.params
            optimizer.tell(asked.number, problem.evaluate(asked.params, asked.task))
        yield optimizer, ran


def searches(
    about: str, searched: Callable[[int, Path | None, str], Found], argv: Sequence[str]
) -> list[Found]:
    """Return what ``searched`` makes of every problem that the command line means.

    It gets the seed, the folder of given problems and a problem's name, in a process of its own.
    """
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--problems", nargs="+", default=["development"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--bench", help="folder of given problems; without one, analytic ones")
    asked = parser.parse_args(argv)
    bench = find_bench(asked.bench)
    names = Catalogue(bench).expand(asked.problems)
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(searched, asked.seed, bench), names))
    print(f"{len(names)} problems, seed {asked.seed}")
    return found
