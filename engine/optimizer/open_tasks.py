"""What can still be paid, for a new configuration or one that is carried on; if nothing, why."""

from collections.abc import Sequence

import numpy as np

from hpo_tui.engine.answers import SPENT
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.acquisition.scan import MOST
from hpo_tui.engine.optimizer.api import BudgetSpent, SpaceExhausted
from hpo_tui.engine.optimizer.durations import Prices
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import EPS, TrialHistory
from hpo_tui.engine.spec import BudgetUnit

_DEAR = 0.5
"""Share of the full task's cost above which a first look that cannot be resumed is too dear."""
_SLACK = 1.05
"""Times its price that must be left of a budget of time for a look that is to be carried on.

Trials take longer now and then, and something passes between two of them.
"""
_NAUGHT = 5e-4
"""A rest that is not worth a word: budgets that trials are added to are rounded, to a millionth."""


class OpenTasks:
    """The tasks open to a new configuration and to every unfinished one.

    A look at a cheap task is open only while enough would be left to carry its configuration on to
    the full task; so no study ends with cheap results alone, and the end of a budget goes where it
    still can become a result. ``left``: what is left, in trials where trials are counted, else in
    full-task units; None where nobody knows.
    """

    def __init__(
        self,
        history: TrialHistory,
        left: float | None,
        measured: Prices | None = None,
    ) -> None:
        spec = history.spec
        self.history = history
        self.by_count = spec.budget.unit is BudgetUnit.TRIALS
        self.room = np.inf if left is None else left + EPS
        self.measured = measured
        self.costs = measured.costs if measured is not None else history.costs
        self.resume = history.resumes
        timed = spec.budget.unit in (BudgetUnit.WALL, BudgetUnit.GPU_HOURS)
        self.slack = _SLACK if timed else 1.0
        known = spec.budget.unit is BudgetUnit.FULL
        whole = spec.budget.amount if known else np.inf if self.by_count else self.whole
        self.hopeless = whole + EPS < self.costs[history.full]
        self.new_tasks = [t for t in range(history.full + 1) if self.payable(None, t)]
        self.promotable: dict[int, list[int]] = {}
        for configuration in history.of_configuration:
            if history.open_to_promotion(configuration):
                above = range(history.reached(configuration) + 1, history.full + 1)
                tasks = [t for t in above if self.payable(configuration, t)]
                if tasks:
                    self.promotable[configuration] = tasks

    @property
    def begins(self) -> int:
        """Return the task of a configuration that is run to see how things lie: the cheapest one.

        The full one where even that costs more than half of it, and nothing is carried on.
        """
        first, full = self.new_tasks[0], self.history.full
        dear = not (self.resume or self.by_count) and self.costs[first] > _DEAR * self.costs[full]
        return full if dear and full in self.new_tasks else first

    @property
    def whole(self) -> float:
        """The whole budget as it looks by now, what was spent and what is left; or infinite."""
        return self.history.spent + self.room

    def price(self, configuration: int | None, task: int) -> float:
        """Marginal cost in full-task units; 1 a trial where trials are what is counted."""
        return 1.0 if self.by_count else self._marginal(configuration, task)

    def charge(self, configuration: int | None, task: int, x: Array | None) -> float:
        """Marginal cost to be charged, in full-task units whatever the budget counts.

        ``x``: the configuration's row, (d,), where its own measured price counts.
        """
        cost = self._marginal(configuration, task)
        return cost if x is None else cost * float(self.factors(x[None])[0])

    def _marginal(self, configuration: int | None, task: int) -> float:
        """Return what a typical configuration costs beyond the checkpoint that it carries on."""
        before = self.history.checkpoint(configuration, task)
        return self.costs[task] - (0.0 if before is None else self.costs[before.task])

    def _rest(self, task: int) -> float:
        """Return what the full task costs after a look at ``task``."""
        return self.costs[self.history.full] - (self.costs[task] if self.resume else 0.0)

    def factors(self, x: Array) -> Array:
        """How many times the typical price each configuration takes, (c,); 1 if not measured."""
        if self.measured is None or self.by_count:
            return np.ones(len(x))
        return self.measured.factor(x)

    def price_table(self, ids: Sequence[int | None], x: Array) -> Array:
        """Prices of configurations (c, d) at the tasks open to them, infinite elsewhere, (c, T)."""
        full = self.history.full
        prices = np.full((len(x), full + 1), np.inf)
        factor = self.factors(x)
        for i, configuration in enumerate(ids):
            tasks = self.new_tasks if configuration is None else self.promotable[configuration]
            for t in tasks:
                price = self.price(configuration, t) * factor[i]
                alone = t == full or self.by_count
                whole = price if alone else price + self._rest(t) * factor[i]
                if self.hopeless or whole * (1.0 if t == full else self.slack) <= self.room:
                    prices[i, t] = price
        return prices

    def payable(self, configuration: int | None, task: int) -> bool:
        """Whether the task can be paid, and after a look the full task too."""
        full = self.history.full
        price = self.price(configuration, task)
        if task == full or self.hopeless:
            return price <= self.room
        rest = 1.0 if self.by_count else self._rest(task)
        return (price + rest) * self.slack <= self.room


def nothing_left(
    open_tasks: OpenTasks, space: Space, room: float | None, *, clocked: bool
) -> BudgetSpent:
    """Return what is to be raised where the search proposes nothing.

    ``room``: what is left, None where nobody knows; ``clocked``: that only a clock knows.
    """
    if not open_tasks.new_tasks and room is not None:
        if room < _NAUGHT:
            return BudgetSpent(SPENT)
        rest = f"{room:.4g}, which pays for no further full-task result"
        short = "a time that is too short for a further full-task result"
        return BudgetSpent(f"{SPENT} but for {short if clocked else rest}")
    if space.size <= MOST:
        return SpaceExhausted("every configuration of the space has been run")
    return SpaceExhausted("no further configuration that keeps the constraints was found")
