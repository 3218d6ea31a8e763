"""Between Optuna's words and ours: distributions, constraints, trials."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine.optimizer.api import PastTrial, State
from hpo_tui.engine.spec import (
    Budget,
    Direction,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    Params,
    StudySpec,
    Task,
)
from hpo_tui.engine.spec.values import in_order

_STATES: Mapping[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.RUNNING: "running",
    TrialState.FAIL: "failed",
}


TASK, RESUME, COST, WHY = "hpo:task", "hpo:resume_from", "hpo:cost", "hpo:why"
"""User attributes that a trial gets where the sampler has a study file."""
PARAMS = "hpo:params"
"""Another one: the values it is to have. Without a study file a system attribute, as `our_params`.

Others that begin while it runs know of them before it has asked for them.
"""


def our_number(number: int) -> int:
    """Return our number of Optuna's trial ``number``: Optuna counts from 0, we from 1."""
    return number + 1


def optuna_number(number: int) -> int:
    """Return Optuna's number of our trial ``number``."""
    return number - 1


def parameter(name: str, distribution: BaseDistribution) -> Parameter:
    """Return the parameter that a distribution describes. Raises TypeError for an unknown kind.

    A category's choices are their places, see :func:`our_params`. If they are numbers in order,
    they have neighbours, which Optuna's categories cannot say.
    """
    if isinstance(distribution, FloatDistribution):
        return Parameter(
            name, ParameterKind.FLOAT, distribution.low, distribution.high, distribution.log,
            distribution.step,
        )  # fmt: skip
    if isinstance(distribution, IntDistribution):
        return Parameter(
            name, ParameterKind.INT, distribution.low, distribution.high, distribution.log,
            distribution.step,
        )  # fmt: skip
    if isinstance(distribution, CategoricalDistribution):
        # Optuna's choices can be anything, and equal ones (1 and true) are the first of them.
        numbers = {int(distribution.to_internal_repr(c)) for c in distribution.choices}
        ordered = in_order(distribution.choices)
        kind = ParameterKind.ORDINAL if ordered else ParameterKind.CATEGORICAL
        return Parameter(name, kind, choices=tuple(sorted(numbers)))
    raise TypeError(f"no sampler for {type(distribution).__name__}")


def our_params(trial: FrozenTrial) -> Params:
    """Return a trial's values as :func:`parameter` has them: of a category the choice's number.

    While it runs, those that it has not asked for yet too.
    """
    running = trial.state is TrialState.RUNNING
    planned = trial.system_attrs.get(PARAMS, {}) if running else {}
    return planned | {
        name: int(kind.to_internal_repr(trial.params[name]))
        if isinstance(kind, CategoricalDistribution)
        else trial.params[name]
        for name, kind in trial.distributions.items()
    }


def optuna_value(distribution: BaseDistribution, value: Any) -> Any:
    """Return the reverse of :func:`our_params`, of one value."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.to_external_repr(value)
    return value


def distribution(parameter: Parameter) -> BaseDistribution:
    """Return the Optuna distribution of a parameter; an ordinal's is categorical."""
    if parameter.kind is ParameterKind.FLOAT:
        step = None if parameter.log else parameter.step
        return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=step)
    if parameter.kind is ParameterKind.INT:
        step_size = 1 if parameter.log else int(parameter.step or 1)
        low, high = int(parameter.low), int(parameter.high)
        return IntDistribution(low, high, log=parameter.log, step=step_size)
    return CategoricalDistribution(parameter.choices)


def stored(parameter: Parameter, value: Any) -> Any:
    """Return ``value`` as Optuna will have it in the trial: an integer 1 of a float is 1.0."""
    kind = distribution(parameter)
    return kind.to_external_repr(kind.to_internal_repr(value))


def check_directions(spec: StudySpec, directions: Sequence[StudyDirection]) -> None:
    """Raise ValueError where a study does not optimize what the study file says."""
    wanted = [o.direction.value for o in spec.objectives]
    found = [d.name.lower() for d in directions]
    if wanted and wanted != found:
        raise ValueError(
            f"the study's directions are {found}, those of the study file's objectives {wanted}:"
            " create the study with directions=[…] in this order"
        )


def constraint_names(trials: Sequence[FrozenTrial]) -> tuple[str, ...]:
    """Names of the constraints that trials have set, in order of appearance."""
    return tuple(dict.fromkeys(name for t in trials for name in constraints_of(t)))


def constraints_of(trial: FrozenTrial) -> Mapping[str, float]:
    """Return the constraint values of a trial, at most 0 where they hold."""
    return dict(trial.constraints or {})


def inferred_spec(
    space: Mapping[str, BaseDistribution],
    directions: Sequence[StudyDirection],
    limits: Sequence[str],
    seed: int,
) -> StudySpec:
    """Return a specification with one task and no budget, from what an Optuna study knows."""
    objectives = tuple(
        Objective(
            f"value{i}", Direction.MAXIMIZE if d is StudyDirection.MAXIMIZE else Direction.MINIMIZE
        )
        for i, d in enumerate(directions)
    )
    return StudySpec(
        name="optuna",
        command=(),
        budget=Budget(math.inf),
        space=tuple(parameter(name, d) for name, d in space.items()),
        objectives=objectives,
        tasks=(Task("full", 1.0),),
        outcome_constraints=tuple(OutcomeConstraint(f"constraint:{n}", max=0.0) for n in limits),
        seed=seed,
    )


def past_trial(
    trial: FrozenTrial,
    spec: StudySpec,
    params: Params,
    configuration: int,
    failures_teach: bool,
) -> PastTrial | None:
    """Return an Optuna trial in our words, run with ``params``; None for one that waits."""
    state = _STATES.get(trial.state)
    if state is None:
        return None
    task = str(trial.user_attrs.get(TASK, spec.full_task.name))
    cost = float(trial.user_attrs.get(COST, spec.full_task.cost))
    before = trial.user_attrs.get(RESUME)
    return PastTrial(
        number=our_number(trial.number),
        configuration=configuration,
        params=params,
        task=task,
        state=state,
        metrics=_metrics(trial, spec) if state in ("complete", "pruned") else {},
        charged=cost,
        resume_from=None if before is None else our_number(int(before)),
        teaches=state == "failed" and failures_teach,
        reports=_reports(trial, spec),
        ended=None if trial.datetime_complete is None else trial.datetime_complete.timestamp(),
    )


def _metrics(trial: FrozenTrial, spec: StudySpec) -> dict[str, float]:
    """Objectives from the trial's values, constraint metrics from its attributes or constraints."""
    out: dict[str, float] = {}
    values = trial.values if trial.values is not None else _last(trial)
    if len(values) == len(spec.objectives):
        out = {o.metric: float(v) for o, v in zip(spec.objectives, values, strict=True)}
    for limit in spec.outcome_constraints:
        found = _limited(trial, limit)
        if found is not None:
            out[limit.metric] = found
        elif limit.metric.startswith("constraint:"):
            out[limit.metric] = 0.0
    return out


def _limited(trial: FrozenTrial, limit: OutcomeConstraint) -> float | None:
    """Return the metric of a constraint, from a trial's attributes or constraints, or None."""
    found = trial.user_attrs.get(limit.metric)
    if found is not None:
        try:
            return float(found)
        except (TypeError, ValueError):
            return None
    over = constraints_of(trial).get(limit.metric.removeprefix("constraint:"))
    if over is None:
        return None
    return limit.max + float(over) if limit.max is not None else (limit.min or 0) - float(over)


def untold_constraints(trial: FrozenTrial, spec: StudySpec) -> list[str]:
    """Return the metrics of constraints that a trial with values has told no number of."""
    values = {o.metric for o in spec.objectives}
    limits = (c for c in spec.outcome_constraints if c.metric not in values)
    return [c.metric for c in limits if _limited(trial, c) is None]


def _reports(trial: FrozenTrial, spec: StudySpec) -> tuple[tuple[int, Mapping[str, float]], ...]:
    """Return a trial's curve, to foretell a pruned one's end by; of one objective alone."""
    if len(spec.objectives) != 1:
        return ()
    name = spec.objectives[0].metric
    return tuple((step, {name: value}) for step, value in sorted(trial.intermediate_values.items()))


def _last(trial: FrozenTrial) -> list[float]:
    """Return a pruned trial's last report, as Optuna counts it."""
    if not trial.intermediate_values:
        return []
    return [trial.intermediate_values[max(trial.intermediate_values)]]
