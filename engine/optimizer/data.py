"""From the ledger to matrices: what the models are fitted on.

A row is a result of a configuration at a task. Where tasks are steps of one run, reports inside a
stopped trial are rows at the cheaper tasks whose step they have passed, so that it teaches too
(Swersky et al. 2014 keep such partial curves in one model in the same spirit).
Shapes: n rows, d coordinates, k metrics.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.axes import Array, as_number
from hpo_tui.engine.optimizer.kernel import Index
from hpo_tui.engine.optimizer.ledger import Ledger
from hpo_tui.engine.optimizer.space import Space
from hpo_tui.engine.spec.model import Direction, StudySpec, Summary

_HUGE = 1e100


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order the results came: (n, d), (n,), (n,), (n, k); values NaN where failed.

    ``trial`` numbers the trial; ``final`` marks results, not reports; ``failed`` failures.
    """

    x: Array
    task: Index
    config: Index
    trial: Index
    values: Array
    final: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    failed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    def first(self, n: int) -> "Table":
        """Return the first ``n`` rows."""
        return self.rows(np.arange(min(n, len(self.x))))

    def rows(self, i: Index) -> "Table":
        """Return some of the rows."""
        return Table(self.x[i], self.task[i], self.config[i], self.trial[i],
                     self.values[i], self.final[i], self.failed[i])  # fmt: skip


def bounded(values: Array) -> Array:
    """Return values that can be squared: NaN where not finite, at most 1e100 in size."""
    return np.where(np.isfinite(values), np.clip(values, -_HUGE, _HUGE), np.nan)


def step_key(spec: StudySpec) -> list[float] | None:
    """Return the step at which each task ends, cheapest first, where tasks are lengths of one run.

    So if all tasks differ in one number only, that grows with the cost, and the run resumes.
    """
    tasks = spec.tasks_by_cost
    if len(tasks) < 2 or not spec.resume:
        return None
    for key in tasks[-1].fidelity:
        steps = [as_number(t.fidelity.get(key, "")) for t in tasks]
        if any(s is None for s in steps):
            continue
        numbers = [float(s) for s in steps if s is not None]
        rising = all(a < b for a, b in pairwise(numbers))
        same = all(
            {k: v for k, v in t.fidelity.items() if k != key}
            == {k: v for k, v in tasks[-1].fidelity.items() if k != key}
            for t in tasks
        )
        if rising and same:
            return numbers
    return None


def summarised(spec: StudySpec, reports: list[tuple[int, dict[str, float]]]) -> dict[str, float]:
    """Metrics of a trial from its reports: last, smallest or largest, as the study file says."""
    out: dict[str, float] = {}
    how = {o.metric: o.summary for o in spec.objectives}
    how |= {c.metric: c.summary for c in spec.outcome_constraints}
    for _, metrics in reports:
        for name, value in metrics.items():
            kept = out.get(name)
            if kept is None or how.get(name, Summary.LAST) is Summary.LAST:
                out[name] = value
            else:
                out[name] = (min if how[name] is Summary.MIN else max)(kept, value)
    return out


class Builder:
    """Builds the table, keeping what has been encoded."""

    def __init__(self, spec: StudySpec, space: Space) -> None:
        self.spec, self.space = spec, space
        self.steps = step_key(spec)
        self._encoded: dict[int, Array | None] = {}

    def encoded(self, trial: Trial) -> Array | None:
        """Coordinates of a trial's configuration; None if it is not in the space."""
        if trial.number not in self._encoded:
            self._encoded[trial.number] = self.space.encode(trial.params)
        return self._encoded[trial.number]

    def table(self, ledger: Ledger) -> Table:
        """All rows, in the order in which the trials ended.

        What a run of 60 epochs reports at the 15th is no result of 15 epochs: a learning rate
        schedule that follows the task's length is in its middle there. Only of a stopped trial
        is it used, of which nothing else is known.
        """
        rows: list[tuple[Array, Trial, int, Mapping[str, float], bool]] = []
        for number in ledger.told:
            trial = ledger.trials[number]
            x = self.encoded(trial)
            if x is None:
                continue
            if trial.state == "pruned":
                rows += [(x, trial, t, m, False) for t, m in self._partial(ledger, trial)]
            else:
                rows.append((x, trial, trial.task, trial.metrics, True))
        return self._stacked(rows)

    def _partial(self, ledger: Ledger, trial: Trial) -> list[tuple[int, dict[str, float]]]:
        """Rows at cheaper tasks that a stopped trial's reports stand for."""
        done = {
            t.task for t in ledger.of_configuration[trial.configuration] if t.state == "complete"
        }
        out: list[tuple[int, dict[str, float]]] = []
        last = trial.reports[-1][0] if trial.reports else None
        if self.steps is not None and last is not None:
            for t in range(trial.task):
                if t not in done and last >= self.steps[t]:
                    upto = [r for r in trial.reports if r[0] <= self.steps[t]]
                    if upto:
                        out.append((t, summarised(self.spec, upto)))
        if trial.state == "pruned" and not out and 0 not in done:
            metrics = trial.metrics or summarised(self.spec, trial.reports)
            if metrics:
                out.append((0, metrics))
        return out

    def _stacked(self, rows: list[tuple[Array, Trial, int, Mapping[str, float], bool]]) -> Table:
        """Return the table of collected rows."""
        names = self.spec.metric_names
        n = len(rows)
        values = np.full((n, len(names)), np.nan)
        for i, (_, trial, _, metrics, _) in enumerate(rows):
            if trial.state != "failed":
                values[i] = [metrics.get(name, np.nan) for name in names]
        values = bounded(values)
        return Table(
            np.array([r[0] for r in rows]).reshape(n, self.space.d),
            np.array([r[2] for r in rows], dtype=np.intp),
            np.array([r[1].configuration for r in rows], dtype=np.intp),
            np.array([r[1].number for r in rows], dtype=np.intp),
            values,
            np.array([r[4] for r in rows], dtype=bool),
            np.array([r[1].state == "failed" for r in rows], dtype=bool),
        )


def signs(spec: StudySpec) -> list[float]:
    """Return what turns each metric into a loss: an objective's sign, a constraint's side."""
    out = []
    objectives = {o.metric: o for o in spec.objectives}
    constraints = {c.metric: c for c in spec.outcome_constraints}
    for name in spec.metric_names:
        if name in objectives:
            out.append(-1.0 if objectives[name].direction is Direction.MAXIMIZE else 1.0)
        else:
            out.append(1.0 if constraints[name].max is not None else -1.0)
    return out
