"""The study file: dataclasses, reading, checking, writing, editing."""

from hpo_tui.engine.spec.errors import Problem, SpecError
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.parts import (
    Budget,
    BudgetUnit,
    Direction,
    EarlyStopping,
    MetricSource,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    Params,
    Prior,
    Resources,
    Summary,
    Task,
    Value,
)

__all__ = [
    "Budget",
    "BudgetUnit",
    "Direction",
    "EarlyStopping",
    "MetricSource",
    "Objective",
    "OutcomeConstraint",
    "Parameter",
    "ParameterKind",
    "Params",
    "Prior",
    "Problem",
    "Resources",
    "SpecError",
    "StudySpec",
    "Summary",
    "Task",
    "Value",
]
