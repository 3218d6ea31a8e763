"""What has changed in one part of a study, in words: a goal, a limit, a task and the like."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec.names import show
from hpo_tui.engine.spec.parts import (
    MetricSource,
    Objective,
    OutcomeConstraint,
    Prior,
    Summary,
    Task,
    Value,
)

Configuration = Mapping[str, Value]

_ARROW = "→"


def word(value: object) -> str:
    """Return a value as the study file says it, ``none`` where it says none."""
    if isinstance(value, Prior):
        return f"{value.kind} ({brief(value.a)}, {brief(value.b)})"
    if isinstance(value, Mapping):
        return mapping(value)
    return "none" if value is None else show(list(value) if isinstance(value, tuple) else value)


def mapping(values: Mapping[str, Any]) -> str:
    """Return a table on one line, ``none`` for an empty one."""
    return ", ".join(f"{key} = {word(value)}" for key, value in values.items()) or "none"


def goal(objective: Objective) -> str:
    """Return what an objective asks for."""
    parts = [str(objective.direction)]
    if objective.threshold is not None:
        most = "at least" if objective.sign < 0 else "at most"
        parts.append(f"{most} {brief(objective.threshold)}")
    if objective.log:
        parts.append("log")
    return ", ".join([*parts, *_summary(objective.summary)])


def limits(constraint: OutcomeConstraint | None) -> str:
    """Return within which limits a metric must stay."""
    if constraint is None:
        return "no limit"
    ends = (("least", constraint.min), ("most", constraint.max))
    said = " and ".join(f"at {end} {brief(value)}" for end, value in ends if value is not None)
    return ", ".join([said, *_summary(constraint.summary)])


def _summary(summary: Summary) -> list[str]:
    return [] if summary is Summary.LAST else [f"by its {summary} report"]


def sources(
    before: Sequence[MetricSource], after: Sequence[MetricSource]
) -> Iterator[tuple[int, str]]:
    """Yield (place, what has changed) of the sources of metrics, which are told by their order."""
    for n in range(max(len(before), len(after))):
        if n >= len(before):
            yield n, f"{_source(after[n])} is added"
        elif n >= len(after):
            yield n, f"{_source(before[n])} is taken out"
        else:
            found = _changed(before[n], after[n], MetricSource.__slots__)
            if found:
                yield n, found


def _source(source: MetricSource) -> str:
    return f"{source.kind} {show(source.place)}" if source.place else source.kind


def task(before: Task, after: Task) -> str:
    """Return what has changed of a task."""
    parts = [_changed(before, after, ("cost",))]
    names = dict.fromkeys([*before.fidelity, *after.fidelity])
    was, now = before.fidelity, after.fidelity
    parts += [
        f"{name} {word(was.get(name))} {_ARROW} {word(now.get(name))}"
        for name in names
        if was.get(name) != now.get(name)
    ]
    return ", ".join(part for part in parts if part)


def starts(before: Sequence[Configuration], after: Sequence[Configuration]) -> str:
    """Return what has changed of the configurations that are run first."""
    added = sum(one not in before for one in after)
    gone = sum(one not in after for one in before)
    counts = ((added, "added"), (gone, "taken out"))
    said = [f"{n} {'is' if n == 1 else 'are'} {what}" for n, what in counts if n]
    return ", ".join(said) or "are in another order"


def _changed(before: object, after: object, keys: Sequence[str]) -> str:
    """Return the fields of two of a kind that differ, from what to what."""
    pairs = [(key, getattr(before, key), getattr(after, key)) for key in keys]
    said = [f"{key} {word(was)} {_ARROW} {word(now)}" for key, was, now in pairs if was != now]
    return ", ".join(said)
