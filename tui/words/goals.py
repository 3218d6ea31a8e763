"""Goals in words: what is to be reached, whether a value reaches it, how many trials do. Pure."""

import math
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import Direction, Objective, OutcomeConstraint, StudySpec
from hpo_tui.store.models import StudyState
from hpo_tui.tui.words import fmt, present

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Mask
    from hpo_tui.store.frame import Frame
    from hpo_tui.tui.glyphs import Glyphs
    from hpo_tui.tui.watching.snapshot import Snapshot


def goals_of(spec: StudySpec) -> tuple[Objective | OutcomeConstraint, ...]:
    """Return what each metric has to reach: of the objectives, then of the other constraints.

    Of an objective that is constrained too it is what lies within both.
    """
    limits = {c.metric: c for c in spec.outcome_constraints}
    first = [_within(o, limits.pop(o.metric, None)) for o in spec.objectives]
    return (*first, *limits.values())


def _within(goal: Objective, limits: OutcomeConstraint | None) -> Objective | OutcomeConstraint:
    if limits is None:
        return goal
    own = goal.threshold
    low = [v for v in (limits.min, own if goal.sign < 0 else None) if v is not None]
    high = [v for v in (limits.max, own if goal.sign > 0 else None) if v is not None]
    return OutcomeConstraint(goal.metric, max(low, default=None), min(high, default=None))


def is_goal(goal: Objective | OutcomeConstraint) -> bool:
    """Whether there is something to reach: a threshold, or limits."""
    return isinstance(goal, OutcomeConstraint) or goal.threshold is not None


Limits = dict[str, tuple[tuple[float, bool], ...]]
"""Metric to (limit, whether values above it are good)."""


def limits_of(spec: StudySpec) -> Limits:
    """Return the limits of each metric that has any, as charts draw them."""
    found: dict[str, list[tuple[float, bool]]] = {}
    for objective in spec.objectives:
        if objective.threshold is not None:
            found.setdefault(objective.metric, []).append((objective.threshold, objective.sign < 0))
    for constraint in spec.outcome_constraints:
        if constraint.min is not None:
            found.setdefault(constraint.metric, []).append((constraint.min, True))
        if constraint.max is not None:
            found.setdefault(constraint.metric, []).append((constraint.max, False))
    return {k: tuple(v) for k, v in found.items()}


def way(metric: str, spec: StudySpec, glyphs: "Glyphs") -> str:
    """Return an arrow, behind a blank, for the way in which a metric is better; or nothing."""
    goal = next((o for o in spec.objectives if o.metric == metric), None)
    return "" if goal is None else f" {glyphs.down if goal.sign > 0 else glyphs.up}"


def goal_text(goal: Objective | OutcomeConstraint) -> str:
    """Return a goal as a heading shows it: ``≥.965``, ``≤20k``, ``↑`` where none is set."""
    if isinstance(goal, OutcomeConstraint):
        low = f"≥{short_goal(goal.min)}" if goal.min is not None else ""
        high = f"≤{short_goal(goal.max)}" if goal.max is not None else ""
        return low + high
    if goal.threshold is None:
        return "↑" if goal.direction is Direction.MAXIMIZE else "↓"
    mark = "≥" if goal.direction is Direction.MAXIMIZE else "≤"
    return mark + short_goal(goal.threshold)


def short_goal(value: float) -> str:
    """Return a goal's number as short as it goes without being rounded: ``.965``, ``20k``."""
    text = fmt.limit(value, 1000)
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def judged(value: float, goal: Objective | OutcomeConstraint, digits: int = 4) -> str:
    """Return a value with the mark of its goal, never rounded over the limit to the other side."""
    return f"{fair_number(value, goal, digits)} {'✓' if reached(value, goal) else '✗'}"


def reached(value: float, goal: Objective | OutcomeConstraint) -> bool:
    """Whether a value reaches its goal, as trials are judged by: an infinite one is no result."""
    return math.isfinite(value) and goal.met(value)


def fair_number(value: float, goal: Objective | OutcomeConstraint, digits: int = 4) -> str:
    """Return a value as screens show it, never rounded over its goal to the other side.

    Where that takes more digits than there is room for, it is said to lie beyond the limit.
    """
    for more in (digits, digits + 1):
        text = fmt.number(value, more)
        if not is_goal(goal) or goal.met(fmt.read(text)) == goal.met(value):
            return text
    limit = min(_limits(goal), key=lambda end: abs(end - value))
    return f"{'<' if value < limit else '>'}{short_goal(limit)}"


def _limits(goal: Objective | OutcomeConstraint) -> list[float]:
    ends = (goal.min, goal.max) if isinstance(goal, OutcomeConstraint) else (goal.threshold,)
    return [end for end in ends if end is not None]


def goals_sentence(snapshot: "Snapshot", mask: "Mask | None" = None) -> str:
    """Return how many full trials meet all goals, in words; of those in ``mask``, if there is one.

    Where configurations were repeated it is they that are counted, each by its mean. What is
    counted is said: those in ``mask`` are the ones that filter and brushes let be shown.
    """
    from hpo_tui.engine.analysis.front import tally

    met, n = tally(snapshot.frame, snapshot.spec, mask)
    which = "" if mask is None else " shown"
    if not n:
        return f"no full trial{which or ' yet'}"
    counted = full_results(snapshot.frame, snapshot.spec, n, mask) + which
    if not snapshot.spec.has_goals:
        return counted
    if not met:
        over = which or snapshot.study.state is StudyState.FINISHED
        return f"none of {counted} meets all goals{'' if over else ' yet'}"
    verb = "meets" if met == 1 else "meet"
    return f"{present.grouped(met)} of {counted} {verb} all goals"


def full_results(frame: "Frame", spec: StudySpec, n: int, mask: "Mask | None" = None) -> str:
    """Return ``3 full trials``, or how many configurations those are where some were repeated."""
    from hpo_tui.engine.analysis.front import full_mask

    full = full_mask(frame, spec)
    if n == int((full if mask is None else full & mask).sum()):
        return present.plural(n, "full trial")
    return f"{present.plural(n, 'configuration')} run in full"
