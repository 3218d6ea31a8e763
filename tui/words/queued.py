"""What waits for the next run: what it costs, what the budget lacks for it, how it is said. Pure.

Where a study is finished, whoever asks for trials is told at once what they cost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo_tui.engine.answers import wish_text
from hpo_tui.engine.spec import Budget, BudgetUnit, StudySpec
from hpo_tui.engine.spec.units import show_budget
from hpo_tui.engine.wish_costs import Wish, lacking, show_cost, wish_cost
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Command, Trial
from hpo_tui.tui.words import present
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot


def short_of(
    spec: StudySpec, frame: Frame, queued: Sequence[Command], spent: float
) -> float | None:
    """Return how much budget is to be added for all that is queued, in its unit.

    None where nothing is queued, or where nobody knows: how long it takes in a budget of time.
    """
    wishes = [(c.action, c.args) for c in queued]
    return lacking(spec, _trials(frame, wishes), wishes, spent) if wishes else None


@dataclass(frozen=True, slots=True)
class Bill:
    """What asking for trials of a finished study comes to.

    ``short``: the budget to add for them and for what is queued already; None: nobody knows.
    """

    what: str
    short: float | None
    add: str
    """``short`` with its unit."""
    more: bool
    """Whether it is for something else too that is queued."""

    @classmethod
    def of(cls, snapshot: "Snapshot", wishes: Sequence[Wish]) -> "Bill":
        """Return the bill for ``wishes``, which are about trials of the snapshot."""
        spec, budget = snapshot.spec, snapshot.spec.budget
        queued = [(c.action, c.args) for c in snapshot.queued]
        trials = _trials(snapshot.frame, [*queued, *wishes])
        short = lacking(spec, trials, [*queued, *wishes], snapshot.spent)
        what = wishes_text(wishes)
        if budget.unit in (BudgetUnit.FULL, BudgetUnit.TRIALS):
            cost = sum(wish_cost(spec, trials, action, args) for action, args in wishes)
            what += f" ({show_cost(cost, budget)})"
        add = show_budget(Budget(short, budget.unit)) if short else ""
        return cls(what, short, add, bool(queued))

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Return what can be done with what is asked for, each with its key."""
        reason = ", for all that is queued," if self.more else ""
        first = "run", f"add {self.add} to the budget{reason} and run it"
        if self.short is None:
            first = "ask", "choose how much to add to the budget, and run it"
        elif not self.short:
            first = "run", "run it: what is left of the budget pays for it"
        return [first, ("queue", "leave it to the next run: + adds budget, R starts it")]


def wishes_text(wishes: Sequence[Wish]) -> str:
    """Return what is asked for, in a few words."""
    if len(wishes) == 1:
        return plain(wish_text(*wishes[0]))
    return present.plural(len(wishes), "trial")


def _trials(frame: Frame, wishes: Iterable[Wish]) -> dict[int, Trial]:
    """Return the trials that are spoken of, as far as their costs go."""
    found = {}
    for number in {int(args["trial"]) for _, args in wishes if "trial" in args}:
        row = frame.index(number)
        if row is not None:
            found[number] = Trial(
                number, int(frame.configuration[row]), frame.tasks[frame.task[row]],
                STATES[frame.state[row]], float(frame.cost[row]), {},
                resumed_from=int(frame.resumed_from[row]) or None,
            )  # fmt: skip
    return found
