"""What changes in a running study when its file is edited, and what cannot.

Trials that ran stay valid data: an edit may move the borders of the search, the goals and the
means, and may not change what the numbers of earlier trials mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hpo_tui.engine.spec.compare import Change, ChangeKind, Comparison
from hpo_tui.engine.spec.errors import Problem
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.parts import Parameter, Value
from hpo_tui.engine.spec.reading.locate import locate
from hpo_tui.engine.spec.reading.table import Problems
from hpo_tui.engine.spec.space import compiled_constraints
from hpo_tui.engine.spec.values import value_fault

__all__ = ["Change", "ChangeKind", "EditPlan", "RanTrial", "plan_edit"]


class RanTrial(Protocol):
    """What is asked of a trial: its configuration and the name of its task."""

    @property
    def params(self) -> Mapping[str, Value]:
        """The configuration."""

    @property
    def task(self) -> str:
        """The task's name."""


@dataclass(frozen=True, slots=True)
class EditPlan:
    """What an edit would do; it can be made when nothing is ``refused``.

    ``outside``: earlier trials whose configuration the new space does not hold. They stay, and
    still teach the model.
    """

    changes: tuple[Change, ...]
    refused: tuple[Problem, ...]
    outside: int

    @property
    def allowed(self) -> bool:
        """Whether the edit can be made."""
        return not self.refused


def plan_edit(old: StudySpec, new: StudySpec, trials: Sequence[RanTrial]) -> EditPlan:
    """Compare a study with its edited version, given the trials that it has run."""
    found = Comparison(old, new, bool(trials), {t.task for t in trials})
    placed = Problems(locate(new.text))
    for problem in found.refused:
        placed.add(problem.path, problem.message)
    return EditPlan(tuple(found.changes), tuple(placed.sorted()), _outside(new, trials))


def _outside(spec: StudySpec, trials: Sequence[RanTrial]) -> int:
    """Count the trials whose configuration the space, or a relation, does not hold."""
    relations = compiled_constraints(spec)
    defaults = {p.name: p.default for p in spec.space if p.default is not None}
    count = 0
    for trial in trials:
        params = {**defaults, **trial.params}
        held = all(_holds(p, params) for p in spec.space)
        count += not held or not all(c.holds(params) for c in relations)
    return count


def _holds(parameter: Parameter, params: Mapping[str, Value]) -> bool:
    """Whether a parameter has its value in ``params``, or none there, or is inactive."""
    value = params.get(parameter.name)
    if value is None or (parameter.when and not parameter.active(params)):
        return True
    if parameter.numeric and not parameter.step and isinstance(value, float | int):
        inside = parameter.low <= value <= parameter.high
        return inside or value_fault(parameter, value) is None
    return value_fault(parameter, value) is None
