"""What can still be paid: for a new configuration, and for each that can be carried on."""

from collections.abc import Sequence

import numpy as np

from hpo_tui.engine.optimizer.ledger import EPS, Ledger
from hpo_tui.engine.spec.model import BudgetUnit, StudySpec


class Options:
    """The tasks open to a new configuration and to every unfinished one.

    A look at a cheap task is open only while enough would be left to carry its configuration on to
    the full task; so no study ends with cheap results alone, and the end of a budget goes where it
    still can become a result. ``left`` is in the budget's own unit, None where nobody knows.
    """

    def __init__(
        self,
        spec: StudySpec,
        ledger: Ledger,
        left: float | None,
        measured: Sequence[float] | None = None,
    ) -> None:
        self.ledger = ledger
        self.by_count = spec.budget.unit is BudgetUnit.TRIALS
        self.room = np.inf if left is None else left + EPS
        self.costs = list(measured) if measured is not None else ledger.costs
        self.resume = spec.resume
        whole = spec.budget.amount if spec.budget.unit is BudgetUnit.FULL else np.inf
        self.hopeless = whole + EPS < self.costs[ledger.full]
        self.new_tasks = [t for t in range(ledger.full + 1) if self.payable(None, t)]
        self.promotable: dict[int, list[int]] = {}
        for configuration in ledger.of_configuration:
            if ledger.open_to_promotion(configuration):
                above = range(ledger.reached(configuration) + 1, ledger.full + 1)
                tasks = [t for t in above if self.payable(configuration, t)]
                if tasks:
                    self.promotable[configuration] = tasks

    def price(self, configuration: int | None, task: int) -> float:
        """Marginal cost in full-task units; 1 a trial where trials are what is counted."""
        if self.by_count:
            return 1.0
        before = None
        if configuration is not None:
            before = self.ledger.checkpoint(configuration, task)
        return self.costs[task] - (0.0 if before is None else self.costs[before.task])

    def payable(self, configuration: int | None, task: int) -> bool:
        """Whether the task can be paid, and after a look the full task too."""
        full = self.ledger.full
        price = self.price(configuration, task)
        if task == full or self.hopeless:
            return price <= self.room
        rest = self.costs[full] - (self.costs[task] if self.resume else 0.0)
        return price + (1.0 if self.by_count else rest) <= self.room
