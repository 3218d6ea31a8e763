"""From a script that uses Optuna to a study that runs its objective, unchanged, as its trials.

The source says most (``source.py``); one run of the objective says the rest
(``run.py``): parameters whose names or ranges are computed, the directions, and how many
steps a trial reports, by which tasks are made of the script's own pruning.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.define.adapted import start_of, with_budget
from hpo_tui.engine.define.compose import BUDGET, EXAMPLE, as_name, study_name
from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.fidelity import tasks_for
from hpo_tui.engine.define.first_run import timed
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.optuna.remarks import advice_of, of_budget, remarks_of
from hpo_tui.engine.define.optuna.run import FULL, Seen, run_objective
from hpo_tui.engine.define.optuna.source import Suggested, suggested
from hpo_tui.engine.define.script import Script, adapted
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import (
    Budget,
    BudgetUnit,
    Direction,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    StudySpec,
    Task,
)
from hpo_tui.engine.spec.names import parameter_fault
from hpo_tui.engine.spec.placeholders import braced
from hpo_tui.store.transfer.arrivals import value_names

_FEWEST_STEPS = 4
"""Reports of a trial from which on it can be cut into tasks."""
_STEPS = "steps"


def optuna_draft(script: Script, timeout: float | None) -> Draft:
    """Return a study for a command whose script has an Optuna objective.

    ``timeout``: seconds that the first run may take; None: the script is not run.
    """
    source, seen = suggested(script.texts), Seen()
    tried: Tried | None = None
    advice: list[str] = []
    spec = _spec(source, seen, script)
    if timeout is not None:
        tried, seen, advice = run_objective(spec, source, script.folder, timeout)
        source = suggested(script.texts, seen.space)
        spec = _spec(source, seen, script)
        tried = dataclasses.replace(tried, task=spec.full_task)
    notes = remarks_of(source, seen, spec, tried, script.path)
    if tried is not None and tried.code == 0:
        spec = timed(spec, tried, notes)
    if said := of_budget(source, seen, spec):
        with_budget(notes, said)
    advice += advice_of(source, seen, spec, tried)
    how = f"what its objective suggests{', seen in a run' if seen.space else ''}"
    return Draft.of(spec, notes, how, advice=tuple(advice), tried=tried)


def _spec(source: Suggested, seen: Seen, script: Script) -> StudySpec:
    space = _space(source, seen)
    directions = seen.directions or source.directions or ("minimize",)
    names = value_names(seen.metrics or source.metrics, len(directions))
    return StudySpec(
        name=as_name(seen.name or source.name)
        or study_name(script.words, script.folder, script.path),
        command=tuple(map(braced, adapted(script.words, script.folder))),
        budget=_budget(source, seen),
        space=tuple(space.values()) or (EXAMPLE,),
        objectives=tuple(
            Objective(name, Direction(direction))
            for name, direction in zip(names, directions, strict=True)
        ),
        outcome_constraints=tuple(OutcomeConstraint(name, max=0.0) for name in seen.constraints),
        tasks=_tasks(source, seen),
        start=tuple(filter(None, (start_of(p, space) for p in seen.start or source.start))),
    )


def _budget(source: Suggested, seen: Seen) -> Budget:
    """Return as many full trials as the script wants, or the time that it takes.

    One that runs a single trial does so in a loop, whose length is not known.
    """
    trials, timeout = seen.trials or source.trials, seen.timeout or source.timeout
    if trials is None and timeout:
        return Budget(float(timeout), BudgetUnit.WALL)
    return Budget(float(trials if trials and trials > 1 else BUDGET))


def _space(source: Suggested, seen: Seen) -> dict[str, Parameter]:
    """Return what the source says, with the ranges of the run, and what only the run has shown.

    A parameter with a single value is none: Optuna does not ask a sampler for it. Neither is one
    whose name a study cannot have, of which :func:`advice_of` tells.
    """
    space = dict(source.space)
    for name, ran in seen.space.items():
        known = space.get(name)
        # A range that the source knows may be that of two places, of which the run has seen one.
        space[name] = known if known is not None and known.kind is ran.kind else ran
    unlike = {name.casefold(): name for name in reversed(space)}.values()
    varied = {
        n: p
        for n, p in space.items()
        if p.kind is not ParameterKind.FIXED and n in unlike and not parameter_fault(n)
    }
    return {n: dataclasses.replace(p, when=_when(p, varied)) for n, p in varied.items()}


def _when(parameter: Parameter, space: Mapping[str, Parameter]) -> Mapping[str, Any]:
    """Return the conditions of a parameter that a study can have: a value of each is possible."""
    return {
        parent: values
        for parent, values in parameter.when.items()
        if parent in space and values and space[parent].kind is not ParameterKind.FLOAT
    }


def _tasks(source: Suggested, seen: Seen) -> tuple[Task, ...]:
    """Return tasks that end a trial early, where a trial that is pruned has a whole result."""
    steps = seen.steps or source.steps
    if steps < _FEWEST_STEPS or seen.late or not (seen.prunes or source.steps):
        return (FULL,)
    return tasks_for(Option(_STEPS, _STEPS, "int", steps))
