"""A trial's result from what it reports: for each metric the last value, the smallest or largest.

What is not a number is a value, and ends the trial: neither the smallest nor the largest hides one.
And a configuration's result from those of its trials.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from hpo_tui.engine.spec import StudySpec, Summary
from hpo_tui.store.models import Report


def summaries(spec: StudySpec) -> dict[str, Summary]:
    """Return metric → which of its reports counts; the last one where nothing is said."""
    rules = {c.metric: c.summary for c in spec.outcome_constraints}
    return rules | {o.metric: o.summary for o in spec.objectives}


def summarize(
    rules: Mapping[str, Summary], result: dict[str, float], metrics: Mapping[str, float]
) -> None:
    """Fold one report into a trial's result."""
    for name, value in metrics.items():
        rule, kept = rules.get(name, Summary.LAST), result.get(name)
        if kept is None or rule is Summary.LAST or math.isnan(value):
            result[name] = value
        elif not math.isnan(kept):
            result[name] = min(kept, value) if rule is Summary.MIN else max(kept, value)


def summarized(spec: StudySpec, reports: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the result that a trial's reports, in their order, come to."""
    rules, result = summaries(spec), dict[str, float]()
    for metrics in reports:
        summarize(rules, result, metrics)
    return result


def divergence(names: Iterable[str], report: Report) -> str:
    """Return which of the metrics ``names`` is no number in a report, in words; empty if all are.

    Such a report ends a trial, and marks one that has ended before it was read.
    """
    for name in names:
        if not math.isfinite(report.metrics.get(name, 0.0)):
            at = f" at step {report.step}" if report.step is not None else ""
            return f"diverged: {name} is {report.metrics[name]}{at}"
    return ""


def mean(values: Sequence[float]) -> float:
    """Return the mean of results (at least one), of equal ones exactly that value.

    So that it meets the threshold that each of them meets, as in `analysis/repeats.py`: the sum of
    three times 0.7, divided by three, is less.
    """
    first = values[0]
    if not all(map(math.isfinite, values)):
        return sum(values) / len(values)
    return first + sum(value - first for value in values) / len(values)
