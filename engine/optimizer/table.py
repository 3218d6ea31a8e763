"""From the history to matrices: what the models are fitted on.

A row is a result of a configuration at a task. A trial that was stopped early is a row at its own
task too, of what its curve foretells: what it had reached is less than any result of that task, and
as one it would warn of a region for being unfinished. Too early in a study to foretell anything,
its reports are rows at the cheaper tasks whose step they have passed, where tasks are steps of one
run (Swersky et al. 2014 keep such partial curves in one model in the same spirit).
Shapes: n rows, d coordinates, k metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.encoding.axes import as_number
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.curves import bounded, comparable, ends, outlook, values_at
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.summaries import summarized


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order the results came: (n, d), (n,), (n,), (n, k); values NaN where failed.

    ``trial`` numbers the trial; ``final`` marks results, not what stopped trials stand for;
    ``failed`` failures.
    """

    x: Array
    task: Index
    config: Index
    trial: Index
    values: Array
    final: Mask
    failed: Mask

    def alike(self) -> bool:
        """Whether no result differs from another of its task: all are equal, or all have failed.

        Where some have failed, it takes two that are equal: a single result says where more are.
        """
        known = np.isfinite(self.values)
        most = 0
        for t in np.unique(self.task):
            here = self.task == t
            for at, there in zip(self.values[here].T, known[here].T, strict=True):
                if np.any(at[there] != at[there][:1]):
                    return False
                most = max(most, int(there.sum()))
        return bool(known.all()) or most != 1

    def first(self, n: int) -> "Table":
        """Return the first ``n`` rows."""
        return self.rows(np.arange(min(n, len(self.x))))

    def rows(self, i: Index) -> "Table":
        """Return some of the rows."""
        return Table(
            x=self.x[i],
            task=self.task[i],
            config=self.config[i],
            trial=self.trial[i],
            values=self.values[i],
            final=self.final[i],
            failed=self.failed[i],
        )


def task_steps(spec: StudySpec) -> list[float] | None:
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


@dataclass(frozen=True, slots=True)
class _Row:
    """One row before it is stacked; ``task`` may be a cheaper one than the trial's."""

    x: Array
    trial: Trial
    task: int
    metrics: Mapping[str, float]
    final: bool


class TableBuilder:
    """Builds the table, keeping what has been encoded."""

    def __init__(self, spec: StudySpec, space: Space) -> None:
        self.spec, self.space = spec, space
        self.steps = task_steps(spec)
        self._encoded: dict[int, Array | None] = {}
        self._outside: dict[int, Array | None] = {}
        self._foretold: dict[int, dict[str, float] | None] = {}

    def encoded(self, trial: Trial) -> Array | None:
        """Coordinates of a trial's configuration; None if it is not in the space."""
        if trial.number not in self._encoded:
            x = self.space.encode(trial.params)
            # A trial of Optuna's gets its values one by one while it runs, and a suggestion can be
            # taken back, its number becoming another's.
            if trial.state == "running":
                return x
            self._encoded[trial.number] = x
        return self._encoded[trial.number]

    def _placed(self, trial: Trial) -> Array | None:
        """Return the same, also of a trial that an edit of the space has left outside."""
        x = self.encoded(trial)
        if x is None and trial.number not in self._outside:
            self._outside[trial.number] = self.space.encode(trial.params, outside=True)
        return self._outside[trial.number] if x is None else x

    def table(self, history: TrialHistory) -> Table:
        """All rows, in the order in which the trials ended.

        What a run of 60 epochs reports at the 15th is no result of 15 epochs: a learning rate
        schedule that follows the task's length is in its middle there. Only of a stopped trial
        is it used, of which nothing else is known, and where its end cannot be foretold.
        """
        rows: list[_Row] = []
        for place, number in enumerate(history.told):
            trial = history.trials[number]
            x = self._placed(trial)
            if x is None:
                continue
            if trial.state != "pruned":
                rows.append(_Row(x, trial, trial.task, trial.metrics, final=True))
                continue
            end = self._end(history, trial, place)
            if end is not None:
                rows.append(_Row(x, trial, trial.task, end, final=False))
            else:
                partial = self._partial(history, trial)
                rows += [_Row(x, trial, t, m, final=False) for t, m in partial]
        return self._stacked(rows)

    def _end(self, history: TrialHistory, trial: Trial, place: int) -> dict[str, float] | None:
        """Return what a stopped trial was to end at, told by the trials that ended before it."""
        if trial.number not in self._foretold:
            names, found = self.spec.metric_names, None
            if trial.reports:
                earlier = comparable((history.trials[n] for n in history.told[:place]), trial)
                now, *then = values_at(self.spec, [trial, *earlier], trial.reports[-1][0], names)
                found = outlook(now, np.array(then).reshape(-1, len(names)), ends(earlier, names))
            end = None if found is None else dict(zip(names, found[0].tolist(), strict=True))
            self._foretold[trial.number] = end
        return self._foretold[trial.number]

    def _partial(self, history: TrialHistory, trial: Trial) -> list[tuple[int, dict[str, float]]]:
        """Rows at cheaper tasks that a stopped trial's reports stand for."""
        done = {
            t.task for t in history.of_configuration[trial.configuration] if t.state == "complete"
        }
        out: list[tuple[int, dict[str, float]]] = []
        last = trial.reports[-1][0] if trial.reports else None
        if self.steps is not None and last is not None:
            for t in range(trial.task):
                if t not in done and last >= self.steps[t]:
                    upto = [m for at, m in trial.reports if at <= self.steps[t]]
                    if upto:
                        out.append((t, summarized(self.spec, upto)))
        if not out and 0 not in done:
            metrics = trial.metrics or summarized(self.spec, (m for _, m in trial.reports))
            if metrics:
                out.append((0, metrics))
        return out

    def _stacked(self, rows: Sequence[_Row]) -> Table:
        """Return the table of collected rows."""
        names = self.spec.metric_names
        n = len(rows)
        values = np.full((n, len(names)), np.nan)
        for i, row in enumerate(rows):
            if row.trial.state != "failed":
                values[i] = [row.metrics.get(name, np.nan) for name in names]
        return Table(
            x=np.array([r.x for r in rows]).reshape(n, self.space.d),
            task=np.array([r.task for r in rows], dtype=np.intp),
            config=np.array([r.trial.configuration for r in rows], dtype=np.intp),
            trial=np.array([r.trial.number for r in rows], dtype=np.intp),
            values=bounded(values),
            final=np.array([r.final for r in rows], dtype=bool),
            failed=np.array([r.trial.state == "failed" for r in rows], dtype=bool),
        )


def signs(spec: StudySpec) -> list[float]:
    """Return what turns each metric into a loss: an objective's sign, a constraint's side."""
    sign = {c.metric: -1.0 if c.max is None else 1.0 for c in spec.outcome_constraints}
    sign |= {o.metric: o.sign for o in spec.objectives}
    return [sign[name] for name in spec.metric_names]
