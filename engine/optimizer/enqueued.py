"""What an Optuna trial with a study file is run as: its values, and the task that goes with them.

What somebody enqueued (Optuna's ``fixed_params``) is run whatever the search would rather have, so
the task, its price and the checkpoint are looked up for those very values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpo_tui.engine.optimizer import bridge
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.options import Options
from hpo_tui.engine.optimizer.proposal import Proposal
from hpo_tui.engine.optimizer.space import Space
from hpo_tui.engine.spec.model import Params


@dataclass(frozen=True, slots=True)
class Plan:
    """Values of the searched parameters, the configuration's id if it is known, the task, why."""

    params: Params
    configuration: int | None
    task: int
    why: Mapping[str, Any] = field(default_factory=dict)


def proposed(proposal: Proposal, space: Space, history: TrialHistory) -> Plan:
    """Return the plan of a proposal of the search; what is carried on keeps its very digits."""
    if proposal.configuration is None:
        params = space.decode(proposal.x[None])[0]
    else:
        params = dict(history.of_configuration[proposal.configuration][0].params)
    return Plan(params, proposal.configuration, proposal.task, proposal.why)


def enqueued(
    fixed: Mapping[str, Any],
    proposal: Proposal | None,
    space: Space,
    options: Options,
    rng: np.random.Generator,
) -> Plan | None:
    """Return the plan of a trial with fixed values, None where it cannot be paid.

    The values that were left open are the proposal's. It begins at the cheapest task, and goes on
    where the configuration stands if it is known.
    """
    history = options.history
    given, wrong = {}, set[str]()
    for parameter in space.free:
        if parameter.name in fixed:
            try:
                given[parameter.name] = bridge.stored(parameter, fixed[parameter.name])
            except ValueError:  # Optuna says so when the trial asks for it
                wrong.add(parameter.name)
    base = space.uniform(1, rng) if proposal is None else proposal.x[None]
    row = space.filled(base, rng)  # a fixed choice may call for parameters that had no value
    for j, (name, axis) in enumerate(zip(space.names, space.axes, strict=True)):
        place = axis.coordinate(given[name]) if name in given else None
        if place is not None:
            row[0, j] = place
    decoded = space.decode(space.snap(row))[0]
    # Optuna takes values outside the space, too; what is inactive nobody will ask for.
    whole: Params = {n: given.get(n, decoded[n]) for n in space.names if n in {*decoded} - wrong}
    configuration = history.known(whole)
    reached = -1 if configuration is None else history.reached(configuration)
    task = min(reached + 1, history.full)
    if options.price(configuration, task) > options.room:
        return None
    return Plan(whole, configuration, task, {"kind": "enqueued", "text": "Asked for."})
