"""What is to be run next, found or asked for, as a suggestion and a running trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.api import Suggestion, Trial
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.open_tasks import OpenTasks
from hpo_tui.engine.optimizer.wishes import Wish, exact
from hpo_tui.engine.spec import Params, Value


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration (d,), its id if it is known, the task, and why (JSON-able).

    ``given``: values to take exactly as the user wrote them.
    """

    x: Array
    configuration: int | None
    task: int
    why: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Value] = field(default_factory=dict)


class Suggestions:
    """Makes the suggestion and the running trial of what was found or asked for."""

    def __init__(self, history: TrialHistory, space: Space) -> None:
        self.history, self.space = history, space

    def of_proposal(self, proposal: Proposal, open_tasks: OpenTasks, number: int) -> Suggestion:
        """Enter a proposal into the history as running."""
        params = exact(self.history.spec, self.space.decode(proposal.x[None])[0], proposal.given)
        configuration = proposal.configuration
        if configuration is None:
            configuration = self.history.configuration(params)
        else:
            params = dict(self.history.of_configuration[configuration][0].params)
        return self._record(
            params, configuration, proposal.task, open_tasks, number, why=proposal.why
        )

    def of_wish(self, wish: Wish, open_tasks: OpenTasks, number: int) -> Suggestion | None:
        """Run what was asked for; None where it cannot be paid."""
        known = self.history.known(wish.params)
        task, repeat = wish.place(self.history, known)
        if open_tasks.price(None if repeat else known, task) > open_tasks.room:
            return None
        why: dict[str, Any] = {"kind": wish.kind, "text": wish.text}
        if wish.source is not None:
            why["from"] = wish.source
        configuration = self.history.configuration(wish.params)
        return self._record(
            wish.params, configuration, task, open_tasks, number, why=why, repeat=repeat
        )

    def _record(
        self,
        params: Params,
        configuration: int,
        task: int,
        open_tasks: OpenTasks,
        number: int,
        *,
        why: Mapping[str, Any],
        repeat: int = 0,
    ) -> Suggestion:
        """Make the suggestion and the running trial."""
        carried = None if repeat else configuration
        before = self.history.checkpoint(carried, task)
        cost = open_tasks.charge(carried, task, self.space.encode(params))
        if open_tasks.measured is not None and not open_tasks.by_count:
            cost = min(cost, open_tasks.room)
        resume_from = None if before is None else before.number
        trial = Trial(
            number, configuration, params, task, "running", cost, resume_from=resume_from,
            repeat=repeat, kind=str(why.get("kind", "")),
        )  # fmt: skip
        self.history.add(trial)
        name = self.history.task_names[task]
        return Suggestion(
            number, configuration, dict(params), name, cost, resume_from, dict(why), repeat
        )
