"""The parts of a study as frozen dataclasses: what is searched, what for, and by which means.

These are what a :class:`StudySpec` consists of. Nothing here reads files or checks values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Value = float | int | str | bool
"""A value that a parameter or a fidelity can take."""

Params = dict[str, Value]
"""One configuration: the active parameters and their values, in the order of the space."""
SourceKind = Literal["stdout", "csv", "jsonl", "tensorboard", "wandb"]
"""What metrics are read from."""


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


@dataclass(frozen=True, slots=True)
class Resources:
    """Where and how many trials run at once.

    ``gpus``: ``"all"``, ``"none"`` or indices / UUIDs. ``trials_per_gpu``: 0 means ``auto``
    (packed by measured memory). ``slots``: trials at once where there is no GPU. Times in seconds.
    """

    gpus: Literal["all", "none"] | tuple[int | str, ...] = "all"
    gpus_per_trial: int = 1
    trials_per_gpu: int = 0
    busy_gpus: Literal["wait", "use"] = "wait"
    """What is done with GPUs that others use: they are waited for, or used beside the others."""
    slots: int = 1
    threads: int | None = None
    nice: int = 0
    """How much trials give way to other processes, from 0 to 19 (nice(1))."""
    timeout: float | None = None
    stall: float | None = None
    """A trial that reports nothing for this long is taken to hang and is stopped."""
    grace: float = 30.0
    """Between SIGTERM and SIGKILL."""
    checkpoint_quota: int | None = None
    """Bytes that checkpoints of configurations that may still be promoted can take."""
    failures: int = 5
    """Alike failures in a row after which the study pauses itself."""


@dataclass(frozen=True, slots=True)
class MetricSource:
    """Where metrics of an unmodified script are found, beside the report file.

    ``kind`` ``stdout``: ``key=value``, ``key: value`` and JSON lines are understood; ``pattern``
    is a regular expression with named groups instead. The others read the file ``path``, relative
    to the trial's folder.
    """

    kind: SourceKind = "stdout"
    path: str | None = None
    pattern: str | None = None
    step: str | None = None
    """The key that counts steps (epoch, step, iteration when not said)."""
    rename: Mapping[str, str] = field(default_factory=dict)
    """Name in the output → name of the metric."""

    @property
    def place(self) -> str:
        """The path, or what it is where W&B's usual folder does without."""
        return self.path or ("wandb" if self.kind == "wandb" else "")


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """When the engine may stop a running trial on its reports."""

    enabled: bool = True
    min_step: int = 3
    patience: float = 0.05
    """The chance of ending among the best below which a trial is stopped."""
