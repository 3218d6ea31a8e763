"""Which of the candidates, and at which task: the index, and the guard of the full task.

index(x, t) = gain(x, t) * mean over metrics of rho_j^2(x, t) / price(x, t): the augmented expected
improvement of Huang et al. (2006) for several objectives and tasks. The gain of the full task is
measured against its results, that of a cheaper one against what is in hand as well (scoring.py).
rho^2 is posterior, so a task that has spoken about x has nothing more to say. Metrics count by
their relevance (relevance.py). Shapes: c candidates, T tasks, k metrics.
"""

from dataclasses import dataclass, replace

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.acquisition.scoring import Acquisition
from hpo_tui.engine.optimizer.history import EPS, TrialHistory
from hpo_tui.engine.optimizer.models.surrogate import Models
from hpo_tui.engine.optimizer.open_tasks import OpenTasks

FULL_SHARE = 0.15
"""Share of what was spent that full-task results get at least, where cheap tasks are trusted."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The winner: its row and task, and the numbers that made it win.

    ``bound_for``: the dearer task that it won at, where it takes a look on the way there.
    """

    row: int
    task: int
    gain: float
    price: float
    index: float
    runner_up: float
    correlation: float
    bound_for: int | None = None

    def by_the_look(self, prices: Array, squared: Array) -> "Choice":
        """Return the same new configuration at the cheapest task open to it; (T,) each.

        Where a promotion pays the difference alone, the way to a dearer task through the cheapest
        costs nothing more, and what the look shows can save the rest.
        """
        task = int(np.flatnonzero(np.isfinite(prices))[0])
        if task == self.task:
            return self
        price, rho = float(prices[task]), float(np.sqrt(squared[task]))
        return replace(self, task=task, price=price, correlation=rho, bound_for=self.task)


def choose(
    x: Array, prices: Array, acquisition: Acquisition, models: Models, *, new: int, forced: bool
) -> Choice | None:
    """Return the highest index among finite ``prices`` (c, T); ``forced``: full task only.

    The first ``new`` are new configurations. None where nothing is payable.
    """
    full = prices.shape[1] - 1
    full_gain, look_gain = acquisition.score(x, new)
    gain = np.repeat(look_gain[:, None], full + 1, axis=1)
    gain[:, full] = full_gain
    usable = np.isfinite(prices)
    if forced and usable[:, full].any():
        usable = usable & (np.arange(full + 1) == full)
    if not usable.any():
        return None
    index = np.where(usable, gain / np.maximum(prices, 1e-9), -np.inf)
    squared = np.ones_like(prices)
    # rho^2 is at most 1, so a row whose best undiscounted index is below the best of the full
    # task cannot win: only the others need the posterior covariances.
    rows = np.flatnonzero(
        usable[:, :full].any(axis=1) & (index.max(axis=1) >= index[:, full].max())
    )
    if len(rows):
        squared[rows] = rho_squared(x[rows], models)
        index[rows] *= squared[rows]
    skipped = np.setdiff1d(np.arange(len(x)), rows)
    index[skipped, :full] = -np.inf
    flat = int(np.argmax(index))
    row, task = divmod(flat, full + 1)
    others = np.delete(index.ravel(), flat)
    runner_up = float(others.max()) if len(others) and np.isfinite(others.max()) else 0.0
    return Choice(
        row=row,
        task=task,
        gain=float(gain[row, task]),
        price=float(prices[row, task]),
        index=float(index[row, task]),
        runner_up=runner_up,
        correlation=float(np.sqrt(squared[row, task])),
    )


def rho_squared(x: Array, models: Models) -> Array:
    """Return the share that each task tells of the full one at (c, d): rho^2 by trust, (c, T).

    Looks that are not believed count as well: another one beside them would tell what they have
    told. Without them, one place would be looked at over and over.
    """
    each = np.array([p.informs(x) for p in models.joint])
    each[:, :, :-1] *= np.array(models.trust)[:, None, None]
    return np.asarray(np.average(each, axis=0, weights=models.relevance))


def explained_share(models: Models) -> float:
    """Share of the full task's variance that the best cheap task explains, mean over metrics.

    1 where there is no cheap task.
    """
    full = models.posteriors[0].full
    if full == 0:
        return 1.0
    both = list(zip(models.posteriors, models.trust, strict=True))
    each = np.array([[p.explained_share(t) * w for t in range(full)] for p, w in both])
    return float(np.max(np.average(each, axis=0, weights=models.relevance)))


def fed(
    history: TrialHistory, explained: float, patience: float = 0.0, *, failed: bool = False
) -> bool:
    """Whether the full task has had its share of the cost: 0.15, more where looks tell little.

    It may lag behind by the part ``patience`` of one run. A run that was stopped, its end being
    clear, has told as much as another; one that ``failed`` counts if asked.
    """
    share = FULL_SHARE + (1.0 - FULL_SHARE) * (1.0 - explained)
    runs = history.full_runs(stopped=True, failed=failed) + patience
    return runs * history.costs[history.full] >= share * history.spent


def owed(history: TrialHistory) -> bool:
    """Whether trials worth a full run have been begun since the last one at the full task.

    Till then a look on the way to the full task may stand in for one that the guard asks for; if
    none is carried on, looks could do so for ever.
    """
    return history.since_full() >= history.costs[history.full] - EPS


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps the full task fed, whatever the index says.

    ``explained``: the share that cheap tasks explain of the full one. ``forced``: the full task is
    behind its share of the cost, and next. ``owed``: it is, and looks have stood in for it for as
    long as they may.
    """

    explained: float
    forced: bool
    owed: bool

    @staticmethod
    def of(open_tasks: OpenTasks, models: Models) -> "Guard":
        """Return how the full task stands."""
        history = open_tasks.history
        explained = explained_share(models)
        # One objective has one best place, and a few looks more say better where it is; a front
        # gains nothing by full runs that wait.
        patience = explained if len(history.spec.objectives) == 1 else 0.0
        forced = not fed(history, explained, patience)
        return Guard(explained, forced, open_tasks.resume and forced and owed(history))

    def takes_the_look(self, open_tasks: OpenTasks, models: Models) -> bool:
        """Whether a new configuration bound for a dearer task takes the look on the way there."""
        # Where trials are what is counted, a look on the way costs as much as the whole way.
        if not open_tasks.resume or open_tasks.by_count:
            return False
        return not self.forced or (not self.owed and models.trusted)
