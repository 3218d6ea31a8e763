"""Which parameters matter for a metric: functional ANOVA of an additive model.

Hutter, Hoos, Leyton-Brown: An Efficient Approach for Assessing Hyperparameter Importance, ICML
2014: a parameter matters by the variance that its main effect has over its whole range, in a model
of the results (:mod:`~hpo_tui.engine.analysis.additive`).
"""

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.additive import fitted
from hpo_tui.engine.analysis.repeats import averaged
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

LOOKED_AT = 4000
"""Results that are looked at, evenly spread over the study, where there are more."""
FEWEST = 20
"""Results below which nothing is said."""
LEAST = 0.01
"""Share of the variance below which what all parameters explain together is taken for noise."""


def importance(
    frame: Frame, spec: StudySpec, metric: str, task: str | None = None
) -> dict[str, float]:
    """Return parameter → share of the importance for ``metric`` (summing to 1), greatest first.

    Complete trials at ``task`` alone are looked at; the full task when it is not said, because
    results of different tasks are not comparable. Empty when there are too few trials:
    :func:`too_few` says so in words. All are 0 when the parameters explain no more of the metric
    than they would of noise. Repeats of a configuration count once, by their mean.

    A conditional parameter is judged among the trials in which it is active, and counts by their
    share of all; nothing when too few have it.
    """
    rows, results = _results(frame, spec, metric, task)
    if len(rows) < FEWEST:
        return {}
    if len(rows) > LOOKED_AT:
        some = np.linspace(0, len(rows) - 1, LOOKED_AT).astype(np.intp)
        rows, results = rows[some], results[some]
    model = fitted(frame, spec.free, rows, results)
    explained = {} if model is None else model.variances
    total = sum(explained.values())
    if total < LEAST:
        explained, total = {}, 1.0
    shares = {p.name: explained.get(p.name, 0.0) / total for p in spec.free}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def too_few(frame: Frame, spec: StudySpec, metric: str, task: str | None = None) -> str:
    """Return in words why there is no importance yet, empty when there is."""
    count = len(_results(frame, spec, metric, task)[0])
    if count >= FEWEST:
        return ""
    name = task or spec.full_task.name
    return f"{count} of the {FEWEST} results at {name} that it takes to say what matters"


def _results(frame: Frame, spec: StudySpec, metric: str, task: str | None) -> tuple[Index, Array]:
    """Return a row of each configuration that counts, and its metric, the mean of its repeats."""
    values = front.column(frame, metric)
    done = frame.at_task(task or spec.full_task.name) & frame.in_state(TrialState.COMPLETE)
    # Repeats say no more of what the parameters do: they have the same ones.
    rows, frame = averaged(frame, done & ~np.isnan(values))
    return rows, front.column(frame, metric, rows)
