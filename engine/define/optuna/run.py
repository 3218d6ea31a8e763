"""A run of an Optuna objective, once and in full, and what it has asked for."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.adapted import look_at
from hpo_tui.engine.define.optuna.source import Suggested
from hpo_tui.engine.define.optuna.values import of_choices, of_range
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import Parameter, ParameterKind, Params, StudySpec, Task, Value
from hpo_tui.engine.spec.space import from_unit

FULL = Task("full", 1.0)


@dataclass(slots=True)
class Seen:
    """What a run of the objective has asked for, and its script has said of the study.

    ``steps`` are those of a trial that has returned, ``early`` the constraints that it told of
    before it last asked whether it is pruned. See :mod:`hpo_tui.engine.objective.stand_ins`.
    """

    space: dict[str, Parameter] = field(default_factory=dict)
    name: str = ""
    metrics: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    trials: int | None = None
    timeout: float | None = None
    steps: int = 0
    prunes: bool = False
    early: tuple[str, ...] = ()
    start: list[dict[str, Value]] = field(default_factory=list)

    @property
    def late(self) -> list[str]:
        """Constraints that a pruned trial does not tell of."""
        return [name for name in self.constraints if self.prunes and name not in self.early]

    def take(self, said: Mapping[str, Any]) -> None:
        """Take a line of the record in."""
        if name := said.get("parameter"):
            self.space[name] = _parameter(name, said)
        if start := said.get("start"):
            self.start.append(start)
        self.name = said.get("name", self.name)
        self.metrics = tuple(said.get("metrics", self.metrics))
        self.directions = tuple(said.get("directions", self.directions))
        self.constraints = tuple(said.get("constraints", self.constraints))
        self.trials = said.get("trials") or self.trials
        self.timeout = said.get("timeout") or self.timeout
        self.steps = said.get("steps", self.steps)
        self.prunes = said.get("prunes", self.prunes)
        self.early = tuple(said.get("early", self.early))


def _parameter(name: str, said: Mapping[str, Any]) -> Parameter:
    if said["type"] == "categorical":
        return of_choices(name, said["choices"])
    whole, log = said["type"] == "int", bool(said.get("log"))
    return of_range(name, whole, (said["low"], said["high"]), step=said.get("step"), log=log)


def run_objective(
    spec: StudySpec, source: Suggested, folder: Path, timeout: float
) -> tuple[Tried, Seen, list[str]]:
    """Run the objective once, at the full task: only then all is seen that it may ask for.

    Returns also what its user should know, each a sentence.
    """
    looking, seen = dataclasses.replace(spec, tasks=(FULL,)), Seen()
    tried, told = look_at(looking, folder, timeout, _telling(source), seen)
    return tried, seen, told


def _telling(source: Suggested) -> Params:
    """Return the middle of the space, which shows what a usual trial takes.

    Whole numbers may count what is unread, layers for example: those are left to the run.
    """
    known = source.space.items()
    whole = [n for n, p in known if source.unread and p.kind is ParameterKind.INT]
    return {name: from_unit(p, 0.5) for name, p in known if name not in whole}
