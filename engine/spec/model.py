"""The study as frozen dataclasses: what every other part of the program agrees on.

Nothing here reads files or checks values; :mod:`hpo_tui.engine.spec.load` does. All of it is
importable in a few milliseconds: no numpy, no torch, no Optuna.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from hpo_tui.engine.spec.means import EarlyStopping, MetricSource, Resources

Value = float | int | str | bool
"""A value that a parameter or a fidelity can take."""

Params = dict[str, Value]
"""One configuration: the active parameters and their values, in the order of the space."""


class ParameterKind(StrEnum):
    """What sort of values a parameter takes."""

    FLOAT = "float"
    INT = "int"
    CATEGORICAL = "categorical"
    ORDINAL = "ordinal"
    FIXED = "fixed"


class Direction(StrEnum):
    """Which way an objective is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Summary(StrEnum):
    """Which of a trial's reports counts as its result."""

    LAST = "last"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Prior:
    """Where good values are believed to be: ``normal`` (mean, sd) or ``beta`` (a, b on the range).

    A normal prior's mean and sd are in the parameter's own unit, or in log10 units when it is log.
    """

    kind: Literal["normal", "beta"]
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """One dimension of the space.

    ``low``/``high`` (inclusive) belong to float and int, ``choices`` to categorical and ordinal
    (in order), ``value`` to fixed. ``when`` maps each parent to the values that make this
    parameter active; all parents must agree. ``default`` is the value that earlier trials are
    taken to have had when the parameter was added to a study that ran.
    """

    name: str
    kind: ParameterKind
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    step: float | None = None
    choices: tuple[Value, ...] = ()
    value: Value | None = None
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    prior: Prior | None = None
    default: Value | None = None

    @property
    def numeric(self) -> bool:
        """Whether values lie on a range (float or int)."""
        return self.kind in (ParameterKind.FLOAT, ParameterKind.INT)

    def active(self, params: Mapping[str, Value]) -> bool:
        """Whether this parameter has a value beside those of its parents in ``params``."""
        return all(p in params and params[p] in values for p, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric that is optimized. ``log``: differences count on a log scale (must be positive)."""

    metric: str
    direction: Direction
    threshold: float | None = None
    log: bool = False
    summary: Summary = Summary.LAST

    @property
    def sign(self) -> float:
        """Factor that turns the metric into a loss: -1 when it is maximized."""
        return -1.0 if self.direction is Direction.MAXIMIZE else 1.0

    def met(self, value: float) -> bool:
        """Whether ``value`` reaches the threshold (always, when there is none; never for NaN)."""
        if self.threshold is None:
            return value == value  # noqa: PLR0124 - false for NaN alone
        return self.sign * value <= self.sign * self.threshold


@dataclass(frozen=True, slots=True)
class OutcomeConstraint:
    """A metric that must hold (``min`` <= value <= ``max``) and is not optimized."""

    metric: str
    min: float | None = None
    max: float | None = None
    summary: Summary = Summary.LAST

    def met(self, value: float) -> bool:
        """Whether ``value`` lies within the limits (never for NaN)."""
        above = self.min is None or value >= self.min
        below = self.max is None or value <= self.max
        return above and below and value == value  # noqa: PLR0124 - false for NaN alone


@dataclass(frozen=True, slots=True)
class Task:
    """A fidelity at which a configuration can be run. The full task has cost 1."""

    name: str
    cost: float
    fidelity: Mapping[str, Value] = field(default_factory=dict)


class BudgetUnit(StrEnum):
    """In what a budget is counted."""

    FULL = "full"
    """Full-task units: the sum of what trials are charged."""
    GPU_HOURS = "gpu_hours"
    WALL = "wall"
    """Seconds of wall time since the study started."""
    TRIALS = "trials"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a study may spend."""

    amount: float
    unit: BudgetUnit = BudgetUnit.FULL


@dataclass(frozen=True)
class StudySpec:
    """One study: space, metrics with goals, tasks with costs, command, budget.

    ``command`` is the argv template as a list of words; no shell ever sees it. ``constraints`` are
    expressions over parameters, such as ``warmup_end > warmup_start``. ``start`` are configurations
    (possibly partial) to run first. ``cost_measured``: tasks' costs are learned from durations.
    ``repeats``: seeds a full-task result is averaged over where the engine confirms finalists.
    ``template``: (file in the study's folder, file written into each trial's folder).
    ``source``: the file that was loaded; ``text``: its text.
    """

    name: str
    command: tuple[str, ...]
    budget: Budget
    space: tuple[Parameter, ...]
    objectives: tuple[Objective, ...]
    tasks: tuple[Task, ...]
    outcome_constraints: tuple[OutcomeConstraint, ...] = ()
    constraints: tuple[str, ...] = ()
    start: tuple[Mapping[str, Value], ...] = ()
    resume: bool = False
    seed: int = 0
    repeats: int = 1
    cost_measured: bool = False
    noisy: bool | None = None
    """Whether a repeat gives another result; None: found out from repeats."""
    stop_when: int = 0
    """Full trials that meet all goals after which the study ends; 0: the budget alone ends it."""
    notify: tuple[str, ...] = ()
    """The command that is run when the study ends, pauses itself or breaks."""
    warm: tuple[str, ...] = ()
    learn_from: tuple[str, ...] = ()
    """Earlier studies whose results are guesses at this one's, by name or by folder."""
    env: Mapping[str, str] = field(default_factory=dict)
    template: tuple[str, str] | None = None
    metrics: tuple[MetricSource, ...] = (MetricSource(),)
    stopping: EarlyStopping = field(default_factory=EarlyStopping)
    resources: Resources = field(default_factory=Resources)
    source: Path | None = field(default=None, compare=False)
    text: str = field(default="", compare=False, repr=False)

    @cached_property
    def tasks_by_cost(self) -> tuple[Task, ...]:
        """The tasks, cheapest first; the last is the full task."""
        return tuple(sorted(self.tasks, key=lambda t: t.cost))

    @property
    def full_task(self) -> Task:
        """The task that counts."""
        return self.tasks_by_cost[-1]

    @cached_property
    def metric_names(self) -> tuple[str, ...]:
        """Metrics of objectives, then of constraints, each once."""
        names = [o.metric for o in self.objectives] + [c.metric for c in self.outcome_constraints]
        return tuple(dict.fromkeys(names))

    @cached_property
    def free(self) -> tuple[Parameter, ...]:
        """The parameters that are searched: all but the fixed ones."""
        return tuple(p for p in self.space if p.kind is not ParameterKind.FIXED)

    def task(self, name: str) -> Task:
        """Return the task called ``name``; KeyError if there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called ``name``; KeyError if there is none."""
        for parameter in self.space:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    @property
    def has_goals(self) -> bool:
        """Whether there is anything to reach: a threshold or an outcome constraint."""
        return bool(self.outcome_constraints) or any(
            o.threshold is not None for o in self.objectives
        )

    def meets(self, metrics: Mapping[str, float]) -> bool:
        """Whether ``metrics`` reach every threshold and every outcome constraint."""
        nan = float("nan")
        return all(o.met(metrics.get(o.metric, nan)) for o in self.objectives) and all(
            c.met(metrics.get(c.metric, nan)) for c in self.outcome_constraints
        )

    def marginal_cost(self, task: Task, paid: float = 0.0) -> float:
        """Return what ``task`` is charged when a checkpoint worth ``paid`` is carried on."""
        return task.cost - paid if self.resume else task.cost

    @classmethod
    def load(cls, path: str | Path) -> "StudySpec":
        """Read a study file. Raises :class:`SpecError` naming every error with its line and key."""
        from hpo_tui.engine.spec.load import load_file

        return load_file(Path(path))

    @classmethod
    def from_text(cls, text: str, source: Path | None = None) -> "StudySpec":
        """Read the text of a study file. Raises :class:`SpecError`."""
        from hpo_tui.engine.spec.load import load_text

        return load_text(text, source)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "StudySpec":
        """Read a study given as the mapping that its TOML would parse to. Raises SpecError."""
        from hpo_tui.engine.spec.load import load_dict

        return load_dict(data)
