"""Why nothing more is proposed."""

from hpo_tui.engine.answers import SPENT
from hpo_tui.engine.optimizer.acquisition.scan import MOST
from hpo_tui.engine.optimizer.api import BudgetSpent, SpaceExhausted
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.options import Options

_NAUGHT = 5e-4
"""A rest that is not worth a word: budgets that trials are added to are rounded, to a millionth."""


def end(options: Options, space: Space, room: float | None, *, clocked: bool) -> BudgetSpent:
    """Return what is to be raised where the search proposes nothing.

    ``room``: what is left, None where nobody knows; ``clocked``: that only a clock knows.
    """
    if not options.new_tasks and room is not None:
        if room < _NAUGHT:
            return BudgetSpent(SPENT)
        rest = f"{room:.4g}, which pays for no further full-task result"
        short = "a time that is too short for a further full-task result"
        return BudgetSpent(f"{SPENT} but for {short if clocked else rest}")
    if space.size <= MOST:
        return SpaceExhausted("every configuration of the space has been run")
    return SpaceExhausted("no further configuration that keeps the constraints was found")
