"""The first trials of a study: spread configurations at the cheapest task, the best one to full.

With several objectives half of the spread points are corners of the space: on many problems good
compromises sit there and no uniform start ever sees one, on others all eight would be too many
(docs/experiments.md). What a full result says against the looks is for trust.py to judge.

Where the study learns from an earlier one, two of the spread points are the best that it knows (two
of each, four in all): they show at once what these are worth here, and how far its guesses hold.
"""

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from hpo_tui.engine.arrays import Array, Mask
from hpo_tui.engine.optimizer.acquisition.candidates import marks
from hpo_tui.engine.optimizer.acquisition.pareto import ranks
from hpo_tui.engine.optimizer.encoding.completion import as_run, completed
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.guess import Guess
from hpo_tui.engine.optimizer.open_tasks import OpenTasks
from hpo_tui.engine.optimizer.suggestions import Proposal
from hpo_tui.engine.optimizer.table import TableBuilder
from hpo_tui.engine.spec import BudgetUnit, StudySpec, Value

log = logging.getLogger(__name__)

POINTS = 8
"""Spread points of a start at most."""
_EACH, _MOST_KNOWN = 2, 4
"""How many of these are an earlier study's best: of each study, and in all."""
_FEWEST, _SHARE = 4, 0.3
"""Spread points at least, and the part of the budget that they may take beyond that."""
_STOCK, _TRIES = 128, 1024
"""Spread points of a start's stock, and random ones for what the study file leaves open."""
_GIVEN = 3
"""Times that what the study file gives is tried where the machine or the script is at fault."""


class StartPlan:
    """Spread points, then the best of them at the full task."""

    def __init__(
        self, spec: StudySpec, space: Space, seed: int, guesses: Sequence[Guess] = ()
    ) -> None:
        self.spec, self.space = spec, space
        points = self._points(seed)
        self._given = self._from_file(points, seed)
        """Configurations of the study file (d,), completed, and the values that it gives."""
        self._done: set[int] = set()
        """Which of these need not be run any more."""
        self._sources: dict[bytes, str] = {}
        """Marks of points that an earlier study knows as good, and its name."""
        best = self._best_known(guesses, points)
        spread = as_run(self.space, points[self.space.allowed(points)])
        self._stock = np.vstack([best, spread])

    def _count(self, open_tasks: OpenTasks) -> int:
        """How many spread points: 8, fewer where the budget or the space is small."""
        budget, price = self.spec.budget, self.spec.tasks_by_cost[0].cost
        known = budget.unit in (BudgetUnit.FULL, BudgetUnit.TRIALS)
        whole = budget.amount if known else open_tasks.whole
        if budget.unit is BudgetUnit.TRIALS:
            price = 1.0
        count = max(_FEWEST, int(min(POINTS, _SHARE * whole / price)))
        return int(min(count, self.space.size))

    def _points(self, seed: int) -> Array:
        """Return spread points in order, constraints aside, (s, d)."""
        points = self.space.sobol(_STOCK, seed)
        if len(self.spec.objectives) > 1:
            for i in range(POINTS // 2, POINTS):
                points[i] = self._corner(points[i])
        return points

    def _from_file(self, points: Array, seed: int) -> list[tuple[Array, Mapping[str, Value]]]:
        """Return what the study file gives, each completed along one of ``points`` if it can be."""
        found = []
        for i, given in enumerate(self.spec.start):
            rng = np.random.default_rng([seed, i])
            more = self.space.uniform(_TRIES, rng)
            every = self.space.filled(np.vstack([np.roll(points, -i, axis=0), more]), rng)
            x = completed(self.spec, self.space, given, every)
            if x is None:
                log.warning("no configuration with %s keeps the study's constraints", dict(given))
            else:
                found.append((x, given))
        return found

    def _best_known(self, guesses: Sequence[Guess], points: Array) -> Array:
        """Return the best of earlier studies, (s, d), as spread points along what these lack."""
        rows: list[Array] = []
        each = [(guess, x) for guess in guesses for x in guess.best(_EACH, self._fits)]
        for i, (guess, x) in enumerate(each[:_MOST_KNOWN]):
            row = self.space.snap(np.where(np.isnan(x), np.roll(points, -i, axis=0), x))
            row = row[self.space.allowed(row)][:1]
            if len(row):
                row = as_run(self.space, row)
                self._sources.setdefault(marks(row)[0], guess.name)
                rows.append(row[0])
        return np.array(rows).reshape(len(rows), self.space.d)

    def _fits(self, x: Array) -> Mask:
        """Which of the configurations (n, d) keep the study's constraints, or still can, (n,)."""
        lacking = np.isnan(x).any(axis=1)
        out = np.array(lacking)
        out[~lacking] = self.space.allowed(self.space.snap(x[~lacking]))
        return out

    def _corner(self, x: Array) -> Array:
        """Every coordinate at its nearer end; a category at its first or last choice."""
        rough = np.array(x)
        for j, axis in enumerate(self.space.axes):
            top = axis.levels - 1 if axis.categorical else 1.0
            rough[j] = top if x[j] > top / 2 else 0.0
        return np.asarray(self.space.snap(rough[None])[0])

    def _new(self, x: Array, task: int, kind: str, text: str, **more: int) -> Proposal:
        """Return the proposal of a configuration (d,) that was not run yet."""
        mark = marks(x[None])[0]
        given = next((g for row, g in self._given if marks(row[None])[0] == mark), {})
        return Proposal(x, None, task, {"kind": kind, **more, "text": text}, given)

    def _next_given(self, history: TrialHistory) -> Array | None:
        """Return the first configuration of the study file whose values no trial has yet, (d,)."""
        for i, (x, given) in enumerate(self._given):
            if i in self._done:
                continue
            alike = [
                t for t in history.trials.values()
                if all(t.params.get(name) == value for name, value in given.items())
            ]  # fmt: skip
            lost = [t for t in alike if t.state == "failed" and not t.teaches]
            if len(lost) == len(alike) and len(lost) < _GIVEN:
                return x
            if any(t.state != "running" for t in alike):  # one that runs can be taken back
                self._done.add(i)
        return None

    def propose(
        self, builder: TableBuilder, open_tasks: OpenTasks, known: Set[bytes]
    ) -> Proposal | None:
        """Return the next step of the start; None when it is over or cannot be paid.

        What the study file gives goes first, however much it is and whenever it was written.
        """
        history = open_tasks.history
        given = self._next_given(history) if open_tasks.new_tasks else None
        if given is not None:
            return self._new(given, open_tasks.new_tasks[0], "given", "Given in the study file.")
        count = self._count(open_tasks)
        # Where no further look could be carried on, what is left is for the best of those there.
        over = bool(history.of_configuration) and min(open_tasks.new_tasks, default=0) > 0
        if len(history.of_configuration) < count and not over:
            return self._spread(open_tasks, known)
        if history.full == 0 or history.full_runs() > 0:
            return None
        ended = sum(any(t.state != "running" for t in c) for c in history.of_configuration.values())
        ready = [c for c, tasks in open_tasks.promotable.items() if history.full in tasks]
        if (ended < count / 2 and not over) or (not ready and history.running()):
            return self._spread(open_tasks, known) if history.running() else None
        return self._best(history, builder, ready) if ready else None

    def _spread(self, open_tasks: OpenTasks, known: Set[bytes]) -> Proposal | None:
        """Return the next spread point not run yet."""
        if not open_tasks.new_tasks:
            return None
        for i, (x, mark) in enumerate(zip(self._stock, marks(self._stock), strict=True)):
            if mark not in known:
                text = "One of the first spread configurations."
                if mark in self._sources:
                    text = f"Among the best that the study {self._sources[mark]} knows."
                return self._new(x, open_tasks.begins, "start", text, point=i + 1)
        return None

    def even(
        self, open_tasks: OpenTasks, known: Set[bytes], task: int | None, text: str
    ) -> Proposal | None:
        """Return the next spread point not run yet, at ``task`` or where a configuration begins.

        ``text``: why. None where none is left, or nothing new can be paid.
        """
        found = self._spread(open_tasks, known)
        if found is None:
            return None
        where = found.task if task is None else task
        return replace(found, task=where, why={**found.why, "text": text})

    def _best(
        self, history: TrialHistory, builder: TableBuilder, ready: list[int]
    ) -> Proposal | None:
        """Return the best of the start, by non-dominated rank, then mean rank, to the full task."""
        names = [o.metric for o in self.spec.objectives] or list(self.spec.metric_names)
        sign = [o.sign for o in self.spec.objectives] or [1.0] * len(names)
        newest = [max((t for t in history.of_configuration[c] if t.state == "complete"),
                      key=lambda t: t.task) for c in ready]  # fmt: skip
        y = np.array([[t.metrics.get(n, np.inf) * s for n, s in zip(names, sign, strict=True)]
                      for t in newest]).reshape(len(ready), len(names))  # fmt: skip
        y = np.where(np.isfinite(y), y, 1e300)
        unmet = np.array([sum(not c.met(t.metrics.get(c.metric, np.nan))
                              for c in self.spec.outcome_constraints) for t in newest])  # fmt: skip
        mean_rank = np.argsort(np.argsort(y, axis=0), axis=0).mean(axis=1)
        pick = int(np.lexsort((mean_rank, ranks(y), unmet))[0])
        x = builder.encoded(newest[pick])
        if x is None:
            return None
        number, name = newest[pick].number, self.spec.full_task.name
        text = f"Trial {number}, best of the start, to see at {name} what looks tell."
        why = {"kind": "promoted", "from": number, "text": text}
        return Proposal(x, ready[pick], history.full, why)
