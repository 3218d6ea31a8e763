"""What goes in and out of the optimizer as frozen records; and the history's own of a trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hpo_tui.engine.spec import Params

State = Literal["running", "complete", "pruned", "failed", "killed", "waiting"]
"""What has become of a trial, in the words of the store."""


class BudgetSpent(Exception):  # noqa: N818 - the end of a study, not an error
    """Nothing that could still become a result can be paid from what is left of the budget.

    While trials run this is for the moment: a look that ends may be carried on with what is left.
    """

    space = False
    """Whether it is for want of configurations, not of money."""


class SpaceExhausted(BudgetSpent):
    """Something is left of the budget, but no configuration that could be run."""

    space = True


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to run next.

    ``params``: active parameters and fixed ones, native values, in the order of the space.
    ``cost``: the marginal cost that is charged, in full-task units. ``resume_from``: the trial
    whose checkpoint is carried on. ``why``: a JSON-able explanation, ``kind`` and ``text`` always.
    """

    number: int
    configuration: int
    params: Params = field(hash=False)  # so that a suggestion can be a key of what runs it
    task: str
    cost: float
    resume_from: int | None
    why: Mapping[str, Any] = field(hash=False)
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class StopDecision:
    """Whether a running trial should go on. ``chance``: that it ends among the best."""

    stop: bool
    text: str
    chance: float


@dataclass(frozen=True, slots=True)
class PastTrial:
    """One trial out of the store, in whatever state it was left.

    ``teaches``: it failed by its parameters (out of memory, diverged), which is knowledge.
    ``reports``: (step, metrics) in the order they came. ``ended``: when it ended, in any unit that
    orders results as they came; None where nobody knows, or while it runs. ``bare``: it left no
    checkpoint, so its configuration begins anew at a dearer task.
    """

    number: int
    configuration: int
    params: Params
    task: str
    state: State
    metrics: Mapping[str, float]
    charged: float
    resume_from: int | None = None
    duration: float | None = None
    teaches: bool = False
    repeat: int = 0
    reports: tuple[tuple[int, Mapping[str, float]], ...] = ()
    ended: float | None = None
    bare: bool = False


@dataclass(frozen=True, slots=True)
class TaskInsight:
    """What a cheap task tells about one metric of the full one.

    ``correlation`` is the model's (between the two tasks' functions), ``low`` and ``high`` its
    95 % interval; ``rank_correlation`` is Spearman's over the ``pairs`` configurations run at both.
    """

    task: str
    metric: str
    correlation: float
    low: float
    high: float
    rank_correlation: float | None
    pairs: int
    verdict: str


@dataclass(frozen=True, slots=True)
class EarlierInsight:
    """How far an earlier study's guess at one metric holds here.

    ``results``: of the earlier study that have a place in this one's space. ``rank_correlation``
    is Spearman's between guess and result over the ``pairs`` configurations run at the task that
    most were run at; None with fewer than three, or where the study knows nothing of the metric.
    """

    study: str
    metric: str
    results: int
    rank_correlation: float | None
    low: float
    high: float
    pairs: int
    verdict: str


@dataclass(slots=True)
class Trial:
    """One trial as the history keeps it; ``task`` counts from the cheapest, 0."""

    number: int
    configuration: int
    params: Params
    task: int
    state: State
    cost: float
    metrics: dict[str, float] = field(default_factory=dict)
    charged: float = 0.0
    resume_from: int | None = None
    duration: float | None = None
    teaches: bool = False
    repeat: int = 0
    reports: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    kind: str = ""
