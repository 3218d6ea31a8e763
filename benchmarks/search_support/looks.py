"""A search that is looked at on its way: the optimizer at certain costs, and what it has run."""

from collections.abc import Iterator

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.spec import StudySpec
from search_support.problem import Params, Problem

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
