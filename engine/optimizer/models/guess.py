"""What earlier studies say of this one's metrics.

A model of an earlier study's results, its mean at that study's full task, is a guess at what this
study's metrics do. How much of it holds here nobody knows, so it enters the models as one more
column of the trend, whose slope is found out: metric = ... + slope * guess(x) + ..., the
autoregression of Kennedy & O'Hagan (2000) with a normal prior on its coefficient. A slope is one
number, which a handful of looks tells: a guess that holds speaks from the first looks on, one that
does not, or only the other way round, is soon known for it. (Golovin et al. 2017, section 3.3, add
residuals to such a mean, its slope being 1; Feurer et al. 2018 weigh the models by their ranking.)

A guess knows the parameters that the earlier study had; along others it does not vary.
Shapes: n configurations, d coordinates of this study's space, s earlier studies.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.optimizer.acquisition.pareto import front
from hpo_tui.engine.optimizer.earlier import Earlier, Finding
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models.gp import Guesses
from hpo_tui.engine.optimizer.models.surrogate import FIT_ROWS, Models, Surrogate
from hpo_tui.engine.optimizer.table import Table
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec, Task
from hpo_tui.engine.spec.names import show

FEWEST = 3
"""Results of a metric from which on they say something of it."""
_AT_ONCE = 4096
"""Configurations that are looked at together."""


class Guess:
    """What one earlier study says; :attr:`metrics` are those that it knows of.

    It has ``found`` so many results, ``rows`` of them with a place in this study's space; of this
    study's metrics ``spoken`` counts the numbers among these. It knows ``other_metrics`` as well.
    ``misfit``: the fixed parameter because of which none has a place, if it is that.
    """

    def __init__(self, earlier: Earlier, spec: StudySpec, space: Space, seed: int) -> None:
        self.name = earlier.name
        self._d = space.d
        had = {name for f in earlier.findings for name in f.params}
        parameters = known(spec.space, had)
        self.other_metrics = {m for f in earlier.findings for m in f.metrics}
        self.other_metrics.difference_update(spec.metric_names)
        bare = replace(spec, space=parameters, constraints=())
        self._space = Space(bare)
        placed = self._placed(earlier.findings)
        self.found, self.rows = len(earlier.findings), len(placed)
        self.misfit = "" if placed else _misfit(earlier.findings, spec)
        self.spoken = {m: _spoken(placed, m) for m in spec.metric_names}
        told = [m for m in spec.metric_names if self.spoken[m] >= FEWEST]
        self._spec = replace(
            bare,
            tasks=tuple(Task(str(i), cost) for i, cost in enumerate(earlier.costs)),
            objectives=tuple(o for o in spec.objectives if o.metric in told),
            outcome_constraints=tuple(c for c in spec.outcome_constraints if c.metric in told),
        )
        names = set(self._space.names)
        self._columns = np.array(
            [j for j, n in enumerate(space.names) if n in names], dtype=np.intp
        )
        self._models: Models | None = None
        if self._space.d and told:
            surrogate = Surrogate(self._spec, self._space, seed, keep=FIT_ROWS)
            self._models = surrogate.models(self._table(placed), None)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of this study that the earlier one says something of."""
        return () if self._models is None else self._spec.metric_names

    def _placed(self, findings: Sequence[Finding]) -> list[tuple[Array, Finding]]:
        """Return the earlier results that have a place in this study's space, and the place."""
        places = (self._space.encode(f.params, outside=True) for f in findings)
        return [(x, f) for x, f in zip(places, findings, strict=True) if x is not None]

    def _table(self, kept: list[tuple[Array, Finding]]) -> Table:
        """Return results with their places as rows."""
        n, names = len(kept), self._spec.metric_names
        values = [[f.metrics.get(name, np.nan) for name in names] for _, f in kept]
        return Table(
            x=np.array([x for x, _ in kept]).reshape(n, self._space.d),
            task=np.array([f.task for _, f in kept], dtype=np.intp),
            config=np.array([f.configuration for _, f in kept], dtype=np.intp),
            trial=np.arange(n),
            values=np.array(values, dtype=float).reshape(n, len(names)),
            final=np.ones(n, dtype=bool),
            failed=np.array([f.failed for _, f in kept], dtype=bool),
        )

    def says(self, metric: str, x: Array) -> Array:
        """Return its guess at one of its ``metrics``, (n,), in units of its own; less is better."""
        assert self._models is not None
        posterior = self._models.posteriors[self._spec.metric_names.index(metric)]
        return posterior.mean(x[:, self._columns])

    def best(self, n: int, fits: Callable[[Array], Mask] | None = None) -> Array:
        """Return up to ``n`` of the best configurations that it has results of, (n, d), best first.

        Along the front where there are several objectives. NaN where it knows no value. ``fits``
        tells of such rows, (r, d), which come into question, (r,); all do without it.
        """
        if self._models is None:
            return np.empty((0, self._d))
        table = self._models.table
        # Failures that are taken for chance are not in the models: these may think well of one.
        x = np.unique(table.x[np.isfinite(table.values).any(axis=1)], axis=0)
        inside = self._space.snap(x)
        x = x[np.all(np.isclose(inside, x), axis=1)]
        if fits is not None:
            x = x[fits(self._whole(x))]
        # Part by part: the covariances of very many rows with all others fill the memory.
        parts = np.array_split(x, len(x) // _AT_ONCE + 1)
        mean = np.vstack([self._models.mean(part) for part in parts])
        names = self._spec.metric_names
        columns = [names.index(o.metric) for o in self._spec.objectives]
        unmet = np.zeros(len(x))
        for k, low, high in self._models.limits(self._spec):
            unmet += (mean[:, k] < low) | (mean[:, k] > high)
        picked = _spread(mean[:, columns], unmet, n)
        return self._whole(x[picked])

    def _whole(self, x: Array) -> Array:
        """Return rows of its own space in this study's, (n, d), NaN along what it does not know."""
        out = np.full((len(x), self._d), np.nan)
        out[:, self._columns] = x
        return out


def _misfit(findings: Sequence[Finding], spec: StudySpec) -> str:
    """Return which fixed parameter had another value in all earlier trials, empty if none."""
    for parameter in spec.space:
        if parameter.kind is ParameterKind.FIXED:
            had = [f.params.get(parameter.name, parameter.value) for f in findings]
            if parameter.value not in had:
                return (
                    f"{show(parameter.name)} is {show(parameter.value)} here, and never was there"
                )
    return ""


def _spoken(placed: Sequence[tuple[Array, Finding]], metric: str) -> int:
    return sum(math.isfinite(f.metrics.get(metric, math.nan)) for _, f in placed)


def known(space: Sequence[Parameter], had: set[str]) -> tuple[Parameter, ...]:
    """Return the parameters that an earlier study ``had``, or was run with the default of.

    What depends on one that it did not have has no meaning there either.
    """
    kept: list[Parameter] = []
    names = {p.name for p in space if p.name in had or p.default is not None}
    while True:
        kept = [p for p in space if p.name in names and all(w in names for w in p.when)]
        if len(kept) == len(names):
            return tuple(kept)
        names = {p.name for p in kept}


def _spread(mean: Array, unmet: Array, n: int) -> Index:
    """Return up to ``n`` of the best rows of ``mean`` (r, m), spread along their front."""
    if mean.shape[1] < 2:
        loss = mean[:, 0] if mean.shape[1] else np.zeros(len(mean))
        return np.lexsort((loss, unmet))[:n]
    pool = _front_first(mean, unmet, n)
    if len(pool) == 0:
        return pool
    picked = [0]
    while len(picked) < min(n, len(pool)):
        gaps = np.linalg.norm(mean[pool][:, None] - mean[pool][picked][None], axis=2).min(axis=1)
        gaps[picked] = -1.0
        picked.append(int(np.argmax(gaps)))
    return pool[picked]


def _front_first(mean: Array, unmet: Array, n: int) -> Index:
    """Return the front of those rows that fail the fewest limits, each part by rising sum.

    Where it has fewer than ``n`` rows, those of the next fronts up to ``n``.
    """
    # Front by front: the ranks of all rows need a matrix of all pairs, which many trials do not
    # leave the memory for.
    fronts: list[Index] = []
    left = np.arange(len(mean))
    while len(left) and sum(map(len, fronts)) < n:
        least = left[unmet[left] == unmet[left].min()]
        found = least[front(mean[least])]
        fronts.append(found[np.argsort(mean[found].sum(axis=1), kind="stable")])
        left = np.setdiff1d(left, found)
    return np.concatenate(fronts)[: max(n, len(fronts[0]))] if fronts else left


def guesses_at(metric: str, guesses: Sequence[Guess]) -> Guesses | None:
    """Return what all say of a metric, as a function from (n, d) to (n, s); None if none does."""
    those = [g for g in guesses if metric in g.metrics]
    if not those:
        return None
    return partial(_said, those, metric)


def _said(guesses: Sequence[Guess], metric: str, x: Array) -> Array:
    return np.stack([g.says(metric, x) for g in guesses], axis=1)
