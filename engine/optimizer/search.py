"""One proposal: which configuration to run at which task.

A multi-task model of every metric, expected hypervolume improvement at the full task, weighted by
what a task tells about the full one and divided by its marginal cost (after Huang et al. 2006),
with a guard that keeps the full task fed. Shapes: c candidates, d coordinates, m objectives.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.optimizer.acquisition import candidates
from hpo_tui.engine.optimizer.acquisition.goals import Goals
from hpo_tui.engine.optimizer.acquisition.scan import Scan
from hpo_tui.engine.optimizer.data import Builder
from hpo_tui.engine.optimizer.earlier import Earlier
from hpo_tui.engine.optimizer.encoding.space import Space, feasible_random
from hpo_tui.engine.optimizer.explain.why import alone, explained
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.guess import Guess, guesses_at
from hpo_tui.engine.optimizer.models.surrogate import Models, Surrogate
from hpo_tui.engine.optimizer.models.trust import TRUSTED
from hpo_tui.engine.optimizer.options import Options
from hpo_tui.engine.optimizer.promotion import choose, fed, owed, predictive, tells
from hpo_tui.engine.optimizer.shared_look import Shared
from hpo_tui.engine.optimizer.start import StartPlan
from hpo_tui.engine.optimizer.suggestions import Proposal
from hpo_tui.engine.spec import StudySpec

RANDOM_SHARE = 0.1
"""Share of the suggestions that are random, where the models alone may miss a part of the space."""
_PROMOTABLE = 200
"""Configurations with a cheap result that are considered for a dearer task at most."""
_SPREAD, _NEAR, _SMALL = 512, 256, 256
"""Candidates all over the space and near the front; a space that is looked at whole."""
_ROUNDS, _TOP = 3, 6
"""Rounds of refinement, and from how many of the best each sets out."""
_STEPS = ((96, 0.06), (64, 0.02), (64, 0.007))
"""Steps of one round: how many, and how far in coordinates."""
_KEPT, _KEPT_FULL = 40, 10
"""Candidates that a look returns: the best at the cheapest task, and the best at the full one."""
_SHARED = 200
"""Of the best candidates of a look, how many those that share it choose among."""


class Search:
    """Proposes from a history; holds the models between asks."""

    def __init__(self, spec: StudySpec, seed: int, earlier: Sequence[Earlier] = ()) -> None:
        self.spec, self.seed = spec, seed
        self.space = Space(spec)
        self.builder = Builder(spec, self.space)
        self.guesses = [Guess(e, spec, self.space, seed) for e in earlier]
        said = [guesses_at(metric, self.guesses) for metric in spec.metric_names]
        told = hashlib.blake2b(repr(earlier).encode()).digest() if earlier else b""
        self.surrogate = Surrogate(spec, self.space, seed, guesses=said, told=told)
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
        self._shared: Shared | None = None
        self.looked = True
        """Whether the last proposal came of a look of its own."""

    def propose(self, history: TrialHistory, options: Options, number: int) -> Proposal | None:
        """Return what to run as trial ``number``; None where nothing that counts can be paid."""
        rng = np.random.default_rng([self.seed, number])
        first = self.start.propose(history, self.builder, options, self._known(history))
        if first is not None:
            return first
        shared = self._shared = Shared.of(self._shared, history, self.several)
        self.looked = shared is None
        models = self.models(history) if shared is None else shared.models
        if models is None:
            return self._random(history, options, rng)
        if rng.random() < self.random_share and options.new_tasks:
            found = self._random(history, options, rng)
            if found is not None:
                return found
        return self._modelled(history, options, models, rng) or self._random(history, options, rng)

    def models(self, history: TrialHistory) -> Models | None:
        """Models of what is known, None before anything is."""
        table = self.builder.table(history)
        if len(table.x) == 0 or self.space.d == 0 or not self.spec.metric_names:
            return None
        return self.surrogate.models(table, (tuple(history.told), len(table.x)))

    def _random(
        self, history: TrialHistory, options: Options, rng: np.random.Generator
    ) -> Proposal | None:
        """Return a random configuration, bounds being likelier."""
        if not options.new_tasks:
            return self._only_promotion(history, options)
        known = self._known(history)
        for bound in (0.2, 0.0, None):
            if bound is None:
                x = self.space.everything()
                x = rng.permutation(x[self.space.allowed(x)])
            else:
                x = feasible_random(self.space, 16, rng, bound=bound)
            x = candidates.distinct(x, known)
            if bound is None and len(x) == 0:
                x = self.scan.fresh(known, rng)
            if len(x):
                text = "A random configuration, to explore where the model would not."
                return Proposal(x[0], None, options.begins, {"kind": "random", "text": text})
        return self._only_promotion(history, options)

    def _only_promotion(self, history: TrialHistory, options: Options) -> Proposal | None:
        """Carry on the oldest unfinished configuration where nothing new can be started."""
        told = [(c, history.of_configuration[c][0], t) for c, t in options.promotable.items()]
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
        self, history: TrialHistory, options: Options, models: Models, rng: np.random.Generator
    ) -> Proposal | None:
        """Return the best index over new configurations and those that can be carried on."""
        # What has ended since the models were made is to them as if it still ran.
        since = [] if self._shared is None else self._shared.since(history)
        unknown = history.running() + since
        under_way = [(self.builder.encoded(t), t.task) for t in unknown]
        busy = [(x, t) for x, t in under_way if x is not None]
        plain = models
        if busy:
            models = models.running(
                np.array([x for x, _ in busy]), np.array([t for _, t in busy], dtype=np.intp)
            )
        ids = self._promotable(history, options, models)
        old = np.array([self._row(history, c) for c in ids]).reshape(len(ids), self.space.d)
        looks = [x for x, t in busy if t < history.full]
        prospects = np.vstack([old, *looks])
        goals = Goals(self.spec, self.space, models, busy, prospects, seed=self.seed)
        fresh = self._fresh(history, options, goals, rng, share=plain)
        x = np.vstack([fresh, old])
        if len(x) == 0:
            return None
        known: list[int | None] = [*([None] * len(fresh)), *ids]
        prices = options.table(known, x)
        told = predictive(models)
        # One objective has one best place, and a few looks more say better where it is; a front
        # gains nothing by full runs that wait.
        forced = not fed(history, told, told if len(self.spec.objectives) == 1 else 0.0)
        due = options.resume and forced and owed(history)
        # A new configuration would be one more look: what was looked at goes on.
        if due and np.isfinite(prices[len(fresh) :, history.full]).any():
            prices[: len(fresh)] = np.inf
        pick = choose(x, prices, goals, models, new=len(fresh), forced=forced)
        if pick is None:
            return None
        stands_in = min(models.trust) >= TRUSTED and not due
        # Where trials are what is counted, a look on the way costs as much as the whole way.
        on_the_way = options.resume and not options.by_count
        if on_the_way and known[pick.row] is None and (stands_in or not forced):
            told_at = tells(x[pick.row][None], models)[0]
            pick = pick.by_the_look(prices[pick.row], told_at)
        why = explained(self.spec, history, known[pick.row], pick, told if forced else None)
        if models.reliability is not None:
            why["chance"] = float(models.reliability.chance(x[pick.row][None])[0])
        return Proposal(x[pick.row], known[pick.row], pick.task, why)

    def _promotable(self, history: TrialHistory, options: Options, models: Models) -> list[int]:
        """Return the configurations that could go on, the 200 of best results where more could."""
        ids = [c for c in options.promotable if self._row(history, c) is not None]
        if len(ids) <= _PROMOTABLE:
            return ids
        value = dict(zip(models.table.config.tolist(), models.z.mean(axis=1), strict=True))
        return sorted(sorted(ids, key=lambda c: float(value.get(c, np.inf)))[:_PROMOTABLE])

    def _row(self, history: TrialHistory, configuration: int) -> Array | None:
        return self.builder.encoded(history.of_configuration[configuration][0])

    def _fresh(
        self, history: TrialHistory, options: Options, goals: Goals, rng: np.random.Generator,
        *, share: Models,
    ) -> Array:  # fmt: skip
        """Return new configurations to choose among; ``share``: the models that others may share.

        Those of the last look where it is shared, else of one more.
        """
        if self._shared is not None:
            return self._shared.take(options.new_tasks, self._known(history))
        best, more = self._candidates(history, options, goals, rng)
        if self.several > 1:
            self._shared = Shared.begun(share, more, history, self.several)
        return best

    def _candidates(
        self, history: TrialHistory, options: Options, goals: Goals, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Return the best new configurations, 40 to look at and 10 for the full task.

        Broad ones, some near the front, then three rounds around the best. With them, more of the
        best for the proposals that are to share this look.
        """
        if not options.new_tasks:
            return np.zeros((0, self.space.d)), np.zeros((0, self.space.d))
        near = goals.best_known()
        x = np.vstack(
            [candidates.spread(self.space, _SPREAD, rng),
             candidates.around_front(self.space, near, _NEAR, rng)]
        )  # fmt: skip
        known = self._known(history)
        x = np.vstack([x, self.space.everything(_SMALL)])
        x = candidates.distinct(x[self.space.allowed(x)], known)
        full, look = goals.score(x, len(x))
        for part in range(_ROUNDS):
            if len(x) == 0:
                break
            top = x[_best(look, _TOP)]
            more = [candidates.steps(self.space, top, n, scale, rng) for n, scale in _STEPS]
            more.append(candidates.sweeps(self.space, top[: _ROUNDS - part], rng))
            extra = np.vstack(more)
            taken = known.union(candidates.marks(x))
            extra = candidates.distinct(extra[self.space.allowed(extra)], taken)
            if len(extra):
                x = np.vstack([x, extra])
                at_full, at_look = goals.score(extra, len(extra))
                full = np.concatenate([full, at_full])
                look = np.concatenate([look, at_look])
        best = x[np.union1d(_best(look, _KEPT), _best(full, _KEPT_FULL))]
        return best, x[np.union1d(_best(look, _SHARED), _best(full, _SHARED))]


def _best(score: Array, most: int) -> Index:
    """Return the rows of the highest scores, (most,)."""
    return np.argsort(-score, kind="stable")[:most]
