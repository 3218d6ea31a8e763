"""What can be paid, and what a look must leave in the budget."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.ledger import Ledger
from hpo_tui.engine.optimizer.options import Options


def test_a_dear_configuration_is_not_looked_at_where_its_full_run_cannot_be_paid(lab: Any) -> None:
    """By the measured prices: the look itself could be."""
    spec = lab.spec()
    thrice: Any = SimpleNamespace(
        costs=[t.cost for t in spec.tasks_by_cost],
        factor=lambda x: np.where(x[:, 0] > 0.5, 3.0, 1.0),
    )
    options = Options(spec, Ledger(spec), 1.0, thrice)
    prices = options.table([None, None], np.array([[0.2, 0.5], [0.9, 0.5]]))
    np.testing.assert_allclose(prices, [[0.25, 0.5, 1.0], [np.inf] * 3])


def test_a_study_begins_with_looks_where_these_are_cheap_or_carried_on(lab: Any) -> None:
    begun = {}
    for resume in (False, True):
        for cost in (0.4, 0.9):
            study = {"name": "toy", "command": "true", "budget": 12.0, "resume": resume}
            tasks = [{"name": "look", "cost": cost, "n": 1}, {"name": "full", "cost": 1.0, "n": 2}]
            asked = [Optimizer(lab.spec(study=study, task=tasks), 0).ask() for _ in range(3)]
            begun[resume, cost] = {s.task for s in asked}
    assert begun.pop((False, 0.9)) == {"full"}
    assert all(tasks == {"look"} for tasks in begun.values())
