"""What can be paid, and what a look must leave in the budget."""

from types import SimpleNamespace
from typing import Any

import numpy as np

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
