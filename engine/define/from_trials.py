"""A study file for trials that another program ran: its tasks are what these trials tell."""

import math
from collections.abc import Sequence
from statistics import median_low
from typing import Any

import tomlkit

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.startable import NO_COMMAND
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.transfer.arrivals import Arrival


def study_text(arrival: Arrival, called: str) -> str:
    """Return a study file for trials that another program ran: complete, but for the command."""
    document = tomlkit.document()
    document.add(tomlkit.comment(f"From {plain(arrival.source)}."))
    document.add(tomlkit.comment("It can only be looked at; add a command to run more trials."))
    study: dict[str, Any] = {
        "name": called,
        "command": list(NO_COMMAND),
        "budget": f"{max(1, len(arrival.trials))} trials",
    }
    document["study"] = study
    document["space"] = {n: d.table() for n, d in arrival.space.items()}
    document["objective"] = [
        {"metric": metric, "direction": direction}
        for metric, direction in arrival.directions.items()
    ]
    tasks = _tasks(arrival)
    if len(tasks) > 1:
        document["task"] = [{"name": n, "cost": c, "share": c} for n, c in tasks.items()]
    elif "full" not in tasks:
        document["task"] = [{"name": n, "cost": 1.0} for n in tasks]
    return tomlkit.dumps(document)


def _tasks(arrival: Arrival) -> dict[str, float]:
    """Return task → cost: what the source says, else what its trials cost from the beginning on.

    Where the source does not say which is the full task, it is the dearest.
    """
    names = dict.fromkeys(t.task for t in arrival.trials)
    said = {n: c for n, c in arrival.costs.items() if n in names}
    if said.keys() == names.keys() and said and max(said.values()) <= 1.0:
        if 1.0 not in said.values():
            # Nothing has run there yet: a cheap result must not pass for a full one.
            said[next(n for n in ("full", "full task", "the full task") if n not in said)] = 1.0
        costs = said
    else:
        costs = {n: _from_scratch(n, arrival.trials) for n in names}
    if not costs:
        return {"full": 1.0}
    most = max(costs.values()) or 1.0
    if len(set(costs.values())) < len(costs) or min(costs.values()) <= 0:
        order = sorted(costs, key=lambda n: costs[n])
        return {n: (i + 1) / len(order) for i, n in enumerate(order)}
    return {n: round(c / most, 6) for n, c in costs.items()}


def _from_scratch(task: str, trials: Sequence[Trial]) -> float:
    """Return what a trial at a task costs with all that it was resumed from.

    Of the complete ones the median, as an attempt that was begun again adds to the cost; without
    any the dearest. A promotion was charged its margin alone.
    """
    by_number = {t.number: t for t in trials}
    totals: list[float] = []
    for trial in trials:
        if trial.task != task or trial.state is not TrialState.COMPLETE:
            continue
        total, seen, at = trial.cost, {trial.number}, trial.resumed_from
        while at is not None and at in by_number and at not in seen:
            seen.add(at)
            total += by_number[at].cost
            at = by_number[at].resumed_from
        if at is None:
            totals.append(total)
    known = [c for c in totals if math.isfinite(c)]
    if known:
        return median_low(known)
    costs = [t.cost for t in trials if t.task == task and math.isfinite(t.cost)]
    return max(costs, default=0.0)


def renamed(text: str, called: str) -> str:
    """Return a study's text with its name put right. Raises SpecError where it is no study's."""
    if StudySpec.from_text(text).name == called:
        return text
    document: Any = tomlkit.parse(text)
    document["study"]["name"] = called
    text = tomlkit.dumps(document)
    StudySpec.from_text(text)
    return text
