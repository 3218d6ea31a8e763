"""The parts of a study as frozen dataclasses: parameters, metrics with goals, tasks, the budget.

With :mod:`hpo_tui.engine.spec.means` these are what a :class:`StudySpec` consists of. Nothing here
reads files or checks values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

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
