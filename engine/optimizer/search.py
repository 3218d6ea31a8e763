"""One proposal: which configuration to run at which task.

A multi-task model of every metric, expected hypervolume improvement at the full task, weighted by
what a task tells about the full one and divided by its marginal cost (after Huang et al. 2006),
with a guard that keeps the full task fed. Shapes: c candidates, d coordinates, m objectives.
"""

import hashlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.acquisition import candidates
from hpo_tui.engine.optimizer.acquisition.refinement import Candidates, refined
from hpo_tui.engine.optimizer.acquisition.scan import Scan
from hpo_tui.engine.optimizer.acquisition.scoring import Acquisition
from hpo_tui.engine.optimizer.earlier import Earlier
from hpo_tui.engine.optimizer.encoding.space import Space, feasible_random
from hpo_tui.engine.optimizer.explain.why import alone, explained
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.guess import Guess, guesses_at
from hpo_tui.engine.optimizer.models.surrogate import Models, Surrogate
from hpo_tui.engine.optimizer.open_tasks import OpenTasks
from hpo_tui.engine.optimizer.promotion import Guard, choose, explained_share, fed, rho_squared
from hpo_tui.engine.optimizer.shared_look import SharedLook
from hpo_tui.engine.optimizer.start import StartPlan
from hpo_tui.engine.optimizer.suggestions import Proposal
from hpo_tui.engine.optimizer.table import TableBuilder
from hpo_tui.engine.spec import StudySpec

RANDOM_SHARE = 0.1
"""Share of the suggestions that are random, where the models alone may miss a part of the space."""
_LOST = "No result meets the constraints, nor is one expected to: one more spread configuration."
_PROMOTABLE = 200
"""Configurations with a cheap result that are considered for a dearer task at most."""


class Search:
    """Proposes from a history; holds the models between asks."""

    def __init__(self, spec: StudySpec, seed: int, earlier: Sequence[Earlier] = ()) -> None:
        self.spec, self.seed = spec, seed
        self.space = Space(spec)
        self.builder = TableBuilder(spec, self.space)
        self.guesses = [Guess(e, spec, self.space, seed) for e in earlier]
        said = [guesses_at(metric, self.guesses) for metric in spec.metric_names]
        mark = hashlib.blake2b(repr(earlier).encode()).digest() if earlier else b""
        self.surrogate = Surrogate(spec, self.space, seed, guesses=said, earlier=mark)
        self.start = StartPlan(spec, self.space, seed, self.guesses)
        self.scan = Scan(self.space)
        # One objective has one best region, and what the model doubts is expected improvement
        # already; a front has parts that no gain at the known ones points to, and so has a space
        # that branches, where a random look is cheap.
        branches = self.space.branches and len(spec.tasks) > 1
        sure = len(spec.objectives) == 1 and not branches
        self.random_share = 0.0 if sure else RANDOM_SHARE
        self._marks: dict[int, bytes] = {}
        self.several = 1
        """How many proposals may come of one look at the space."""
        self._shared: SharedLook | None = None
        self.looked = True
        """Whether the last proposal came of a look of its own."""

    def propose(self, open_tasks: OpenTasks, number: int) -> Proposal | None:
        """Return what to run as trial ``number``; None where nothing that counts can be paid."""
        history = open_tasks.history
        rng = np.random.default_rng([self.seed, number])
        first = self.start.propose(self.builder, open_tasks, self._known(history))
        if first is not None:
            return first
        shared = self._shared = SharedLook.of(self._shared, history, self.several)
        self.looked = shared is None
        models = self.models(history) if shared is None else shared.models
        if models is None:
            return self._random(open_tasks, rng)
        if models.table.alike() and not self.guesses:
            found = self._evenly(open_tasks, models)
            return found or self._random(open_tasks, rng)
        if rng.random() < self.random_share and open_tasks.new_tasks:
            found = self._random(open_tasks, rng)
            if found is not None:
                return found
        found = self._modelled(open_tasks, models, shared, rng)
        return found or self._random(open_tasks, rng)

    def models(self, history: TrialHistory) -> Models | None:
        """Models of what is known, None before anything is."""
        table = self.builder.table(history)
        if len(table.x) == 0 or self.space.d == 0 or not self.spec.metric_names:
            return None
        return self.surrogate.models(table, (tuple(history.told), len(table.x)))

    def _evenly(self, open_tasks: OpenTasks, models: Models) -> Proposal | None:
        """Return the next step while all results are alike; None when no spread point is left.

        The models have nothing to go by then: they would look at corners alone and carry every look
        on. So the space is filled evenly, and what the guard asks for goes to the full task, in the
        order of the looks.
        """
        history = open_tasks.history
        full = history.full
        forced = full > 0 and not fed(history, explained_share(models), failed=True)
        if forced and any(full in tasks for tasks in open_tasks.promotable.values()):
            text = "All results are alike so far: the oldest look goes on, to see whether it lasts."
            found = self._only_promotion(open_tasks)
            return found and replace(found, why={**found.why, "text": text})
        task = full if forced and full in open_tasks.new_tasks else None
        text = "All results are alike so far: one more of the spread configurations."
        return self.start.even(open_tasks, self._known(history), task, text)

    def _random(self, open_tasks: OpenTasks, rng: np.random.Generator) -> Proposal | None:
        """Return a random configuration, bounds being likelier."""
        if not open_tasks.new_tasks:
            return self._only_promotion(open_tasks)
        for x in self._unknown(self._known(open_tasks.history), rng):
            if len(x):
                text = "A random configuration, to explore where the model would not."
                return Proposal(x[0], None, open_tasks.begins, {"kind": "random", "text": text})
        return self._only_promotion(open_tasks)

    def _unknown(self, known: Set[bytes], rng: np.random.Generator) -> Iterator[Array]:
        """Yield random configurations (c, d) that were never run, each time looking harder.

        Some that lie on bounds, some anywhere, all that a small space has, what a scan finds.
        """
        for bound in (0.2, 0.0):
            yield candidates.distinct(feasible_random(self.space, 16, rng, bound=bound), known)
        every = self.space.everything()
        yield candidates.distinct(rng.permutation(every[self.space.allowed(every)]), known)
        yield self.scan.fresh(known, rng)

    def _only_promotion(self, open_tasks: OpenTasks) -> Proposal | None:
        """Carry on the oldest unfinished configuration where nothing new can be started."""
        history = open_tasks.history
        told = [(c, history.of_configuration[c][0], t) for c, t in open_tasks.promotable.items()]
        open_to = [(c, n, x, t) for c, n, t in told if (x := self.builder.encoded(n)) is not None]
        if not open_to:
            return None
        configuration, trial, x, tasks = open_to[0]
        text = alone(self.spec, tasks[-1], len(open_to))
        why = {"kind": "promoted", "from": trial.number, "text": text}
        return Proposal(x, configuration, tasks[-1], why)

    def _known(self, history: TrialHistory) -> set[bytes]:
        """Return the marks of all configurations that were ever run."""
        known = set[bytes]()
        for first, *_ in history.of_configuration.values():
            mark = self._marks.get(first.number)
            if mark is None:
                x = self.builder.encoded(first)
                mark = b"" if x is None else candidates.marks(x[None])[0]
                if first.state != "running":
                    self._marks[first.number] = mark
            known.add(mark)
        return known

    def _modelled(
        self,
        open_tasks: OpenTasks,
        models: Models,
        shared: SharedLook | None,
        rng: np.random.Generator,
    ) -> Proposal | None:
        """Return the best index over new configurations and those that can be carried on.

        ``shared``: the look at the space that the models are of, None where it is to be made.
        """
        history = open_tasks.history
        # What has ended since the models were made is to them as if it still ran.
        unknown = history.running() + ([] if shared is None else shared.since(history))
        under_way = [(self.builder.encoded(t), t.task) for t in unknown]
        busy = [(x, t) for x, t in under_way if x is not None]
        now = models.running(busy)
        ids = self._promotable(open_tasks, now)
        old = np.array([self._row(history, c) for c in ids]).reshape(len(ids), self.space.d)
        looks = [x for x, t in busy if t < history.full]
        acquisition = Acquisition(
            self.spec, self.space, now, busy, np.vstack([old, *looks]), seed=self.seed
        )
        if shared is None:
            fresh = self._fresh(open_tasks, acquisition, models, rng)
        else:
            fresh = shared.take(open_tasks.new_tasks, self._known(history))
        x = np.vstack([fresh, old])
        if len(x) == 0:
            return None
        new = len(fresh)
        prices = open_tasks.price_table([*([None] * new), *ids], x)
        guard = Guard.of(open_tasks, now)
        # A new configuration would be one more look: what was looked at goes on.
        if guard.owed and np.isfinite(prices[new:, history.full]).any():
            prices[:new] = np.inf
        pick = choose(x, prices, acquisition, now, new=new, forced=guard.forced)
        if pick is None:
            return None
        if acquisition.lost(pick.gain) and not guard.forced:
            spread = self.start.even(open_tasks, self._known(history), None, _LOST)
            if spread is not None:
                return spread
        if pick.row < new and guard.takes_the_look(open_tasks, now):
            pick = pick.by_the_look(prices[pick.row], rho_squared(x[pick.row][None], now)[0])
        configuration = None if pick.row < new else ids[pick.row - new]
        forced = guard.explained if guard.forced else None
        why = explained(history, configuration, pick, forced)
        if now.reliability is not None:
            why["chance"] = float(now.reliability.chance(x[pick.row][None])[0])
        return Proposal(x[pick.row], configuration, pick.task, why)

    def _promotable(self, open_tasks: OpenTasks, models: Models) -> list[int]:
        """Return the configurations that could go on, the 200 of best results where more could."""
        history = open_tasks.history
        ids = [c for c in open_tasks.promotable if self._row(history, c) is not None]
        if len(ids) <= _PROMOTABLE:
            return ids
        value = dict(zip(models.table.config.tolist(), models.z.mean(axis=1), strict=True))
        return sorted(sorted(ids, key=lambda c: float(value.get(c, np.inf)))[:_PROMOTABLE])

    def _row(self, history: TrialHistory, configuration: int) -> Array | None:
        return self.builder.encoded(history.of_configuration[configuration][0])

    def _fresh(
        self,
        open_tasks: OpenTasks,
        acquisition: Acquisition,
        models: Models,
        rng: np.random.Generator,
    ) -> Array:
        """Look at the space: return new configurations to choose among, (c, d).

        ``models``, without what is under way, and more of the best are kept for the proposals that
        are to share the look.
        """
        history = open_tasks.history
        if open_tasks.new_tasks:
            found = refined(acquisition, self._known(history), rng)
        else:
            nothing = np.zeros((0, self.space.d))
            found = Candidates(nothing, nothing)
        if self.several > 1:
            self._shared = SharedLook.begun(models, found.share, history, self.several)
        return found.choose
