"""Ask and tell: the optimizer as the runner, the benchmarks and other programs use it."""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.optimizer import checks, stopping
from hpo_tui.engine.optimizer.api import (
    EarlierInsight,
    PastTrial,
    StopDecision,
    Suggestion,
    TaskInsight,
)
from hpo_tui.engine.optimizer.durations import Durations, Prices
from hpo_tui.engine.optimizer.earlier import Earlier, checked
from hpo_tui.engine.optimizer.explain import insight, slicing
from hpo_tui.engine.optimizer.explain.best import best_trials
from hpo_tui.engine.optimizer.explain.mapping import Mapper
from hpo_tui.engine.optimizer.finalists import finalist_repeat
from hpo_tui.engine.optimizer.history import EPS, TrialHistory
from hpo_tui.engine.optimizer.open_tasks import OpenTasks, nothing_left
from hpo_tui.engine.optimizer.search import Search
from hpo_tui.engine.optimizer.suggestions import Suggestions
from hpo_tui.engine.optimizer.wishes import (
    Wish,
    after_edit,
    carried_on,
    repeat_of,
    wished,
)
from hpo_tui.engine.spec import BudgetUnit, StudySpec, Value


class Optimizer:
    """Spends a study's budget: :meth:`ask` what to run, :meth:`tell` what came of it.

    The same seed and the same history give the same suggestions. ``earlier``: studies of like
    problems to learn from, such as another optimizer's :meth:`found`. Not thread-safe.

    A trial's ``number`` that is none raises KeyError (TypeError for anything but a number); what is
    told or reported of a trial that has ended, ValueError; and what no argument can be, TypeError
    or ValueError. The message is for people, and nothing has changed then.
    """

    def __init__(
        self,
        spec: StudySpec,
        seed: int | None = None,
        *,
        state: Mapping[str, Any] | None = None,
        earlier: Sequence[Earlier] = (),
    ) -> None:
        own = checks.study(spec).seed
        self.seed = checks.seed(own if seed is None else seed)
        self._extra = 0.0
        self._several = 1
        self._earlier = checked(earlier, spec)
        self._begin(spec)
        self._wishes: deque[Wish] = deque()
        self._served: dict[int, Wish] = {}
        if state:
            self._search.surrogate.load(checks.state(state))

    def _begin(self, spec: StudySpec) -> None:
        """Make the parts that a definition shapes, knowing of no trial."""
        self.spec = spec
        self._history = TrialHistory(spec)
        self._search = Search(spec, self.seed, self._earlier)
        self._search.several = self._several
        self._durations = Durations(self._search.space, self._search.builder)
        self._suggestions = Suggestions(self._history, self._search.space)
        self._mapper = Mapper()

    # -- asking ---------------------------------------------------------------------------------

    def ask(self, left: float | None = None) -> Suggestion:
        """Return the next trial to run.

        Raises :class:`BudgetSpent` when nothing that counts can be paid; of its kind,
        :class:`SpaceExhausted` when no other configuration can be run.

        ``left``: what is left of a budget of time, which only the caller can tell, in full-task
        units; of another budget, if it is less than our own count.
        """
        room = self._room(left)
        number = self._history.next_number
        open_tasks = OpenTasks(self._history, room, self._measured())
        while self._wishes:
            wish = self._wishes.popleft()
            asked = self._suggestions.of_wish(wish, open_tasks, number)
            if asked is not None:
                self._served[number] = wish
                return asked
        last = self._finalist(open_tasks)
        asked = None if last is None else self._suggestions.of_wish(last, open_tasks, number)
        if asked is not None:
            return asked
        proposal = self._search.propose(open_tasks, number)
        if proposal is None:
            raise nothing_left(open_tasks, self._search.space, room, clocked=self.left is None)
        return self._suggestions.of_proposal(proposal, open_tasks, number)

    def _finalist(self, open_tasks: OpenTasks) -> Wish | None:
        """Return the repeat that the end of the budget is kept for, None while there is more."""
        if self.spec.repeats < 2:
            return None
        counted = self.spec.budget.amount + self._extra
        whole = open_tasks.whole if self.left is None else counted
        return finalist_repeat(self._history, open_tasks, self.best(), self.spec.repeats, whole)

    def _room(self, left: float | None) -> float | None:
        """Return what is left, the smaller of our own count and the caller's."""
        own = self.left
        if left is None:
            return own
        said = checks.number("what is left", left)
        if math.isnan(said):
            raise ValueError("what is left must be a number, or None where nobody knows, found nan")
        return said if own is None else min(own, said)

    def _measured(self) -> Prices | None:
        """Prices from durations where the study asks for them and they are known."""
        return self._durations.prices(self._history) if self.spec.cost_measured else None

    def share(self, several: int) -> None:
        """Let up to ``several`` suggestions come of one look at the space, from now on.

        For trials that end before the next suggestion is there: all but the first cost little, but
        do not know the results that came in after it. 1, as at the beginning: each has its own.
        Raises ValueError for less.
        """
        count = checks.amount("how many suggestions share a look", several)
        if count < 1:
            raise ValueError(f"at least one suggestion comes of a look, found {several}")
        self._several = self._search.several = int(count)

    @property
    def looked(self) -> bool:
        """Whether the last suggestion came of a look of its own (see :meth:`share`)."""
        return self._search.looked

    def withdraw(self, number: int) -> None:
        """Take back a suggestion that was never started: as if it had not been asked for.

        Raises KeyError where there is no such trial and ValueError where it has ended.
        """
        if self._history.trial(number).state != "running":
            raise ValueError(f"trial {number} has ended: only a suggestion can be withdrawn")
        self._history.remove(number)
        if number in self._served:
            self._wishes.appendleft(self._served.pop(number))

    # -- telling --------------------------------------------------------------------------------

    def tell(
        self, number: int, metrics: Mapping[str, float], *, duration: float | None = None
    ) -> None:
        """Take a trial's result. A missing, NaN or infinite metric teaches as a failure of it."""
        trial = self._history.trial(number)
        result, took = checks.metrics(self.spec, metrics), _positive(duration)
        self._history.close(trial, "complete", trial.cost)
        trial.duration = took
        self._history.finish(trial, result)

    def reprice(self, number: int, cost: float) -> None:
        """Note what a running trial will have cost: attempts begun again, a lost checkpoint.

        Raises ValueError for a cost that is not finite, or below 0.
        """
        trial = self._history.live(number)
        cost = checks.number("a cost", cost)
        if not (math.isfinite(cost) and cost >= 0):
            raise ValueError(f"a cost must be a finite number from 0 on, found {cost}")
        trial.cost = cost

    def no_checkpoint(self, number: int) -> None:
        """Note that a finished trial left no checkpoint, or that it is gone: nothing resumes it."""
        if number in self._history.trials:
            self._history.bare.add(number)

    def report(self, number: int, step: int, metrics: Mapping[str, float]) -> None:
        """Take what a running trial has reached at a step."""
        trial = self._history.live(number)
        checks.amount("a step", step)
        trial.reports.append((int(step), checks.values(metrics)))

    def should_stop(self, number: int) -> StopDecision:
        """Whether a running trial's reports leave it a chance of ending among the best."""
        return stopping.decide(self._history, self._history.trial(number))

    def fail(self, number: int, reason: str = "", *, charged: float | None = None) -> None:
        """Note that a trial failed by its parameters (``oom``, ``diverged``): this teaches.

        ``charged``: what it cost, its price where that is not known.
        """
        trial = self._history.trial(number)
        self._history.close(trial, "failed", trial.cost if charged is None else charged)
        trial.teaches, trial.kind = True, trial.kind or reason
        self._history.finish(trial, {})

    def drop(self, number: int, *, charged: float = 0.0) -> None:
        """Note that the trial was lost to the machine or killed: this teaches nothing.

        ``charged``: what it cost, nothing where that is not said.
        """
        self._history.close(self._history.trial(number), "killed", charged)

    def prune(self, number: int, metrics: Mapping[str, float], *, charged: float) -> None:
        """Note that the trial was stopped early by us; what it reported is knowledge."""
        trial = self._history.trial(number)
        result = checks.values(metrics)
        self._history.close(trial, "pruned", charged)
        self._history.finish(trial, result)

    # -- wishes ---------------------------------------------------------------------------------

    def enqueue(
        self,
        params: Mapping[str, Value],
        task: str | None = None,
        *,
        promote: int | None = None,
        why: str = "",
    ) -> None:
        """Ask for a configuration next, or for trial ``promote`` at a dearer task.

        What of a configuration is not given is filled in, as in the study file's ``[[start]]``.
        Each wish is for one trial, of a configuration that was run before as well. What cannot be
        paid when its turn comes is left out. Raises ValueError where the values do not belong to
        the space or the task is none to go to, KeyError where there is no such trial.
        """
        space, history = self._search.space, self._history
        index = None if task is None else history.task(task)
        params = checks.configuration(params)
        if promote is not None:
            self._wishes.append(carried_on(history, promote, index, why))
        else:
            rng = np.random.default_rng([self.seed, history.next_number, len(self._wishes)])
            self._wishes.append(wished(self.spec, space, params, index, why, rng=rng))

    def confirm(self, number: int, repeats: int) -> None:
        """Queue ``repeats`` more full-task runs of a trial's configuration, each its own seed.

        Raises KeyError where there is no such trial, ValueError for less than one.
        """
        trial = self._history.trial(number)
        text = f"Repeat of trial {number} with another seed, to know how sure its result is."
        for _ in range(checks.repeats(repeats)):
            self._wishes.append(repeat_of(trial, text))

    # -- the past -------------------------------------------------------------------------------

    def trials(self) -> list[PastTrial]:
        """Return all trials so far, in any state, as :meth:`restore` takes them in elsewhere."""
        return self._history.past()

    def restore(self, history: Iterable[PastTrial]) -> None:
        """Take in the trials of a store, in any state, running ones as running.

        Raises TypeError for what is no trial, ValueError where there is one of its number; then
        none is taken in.
        """
        self._history.restore(checks.history(history))

    def state(self) -> dict[str, Any]:
        """Fitted hyperparameters, JSON-able; hand them to the constructor of a resumed study."""
        return self._search.surrogate.state()

    def extend_budget(self, amount: float) -> None:
        """Allow ``amount`` more (less, if negative), in the budget's unit."""
        self._extra += checks.amount("what a budget is extended by", amount)

    def change_spec(self, spec: StudySpec) -> None:
        """Go on with an edited study: trials that fit it still teach, costs stay spent.

        A wish for a configuration or a task that is no more is left out.
        """
        past, before = self.trials(), self._history.task_names
        self._begin(checks.study(spec))
        self._history.restore(past)
        tasks = self._history.task_names
        wishes = (after_edit(w, spec, before, tasks) for w in self._wishes)
        served = {n: after_edit(w, spec, before, tasks) for n, w in self._served.items()}
        self._wishes = deque(w for w in wishes if w is not None)
        self._served = {n: w for n, w in served.items() if w is not None}

    # -- what is known --------------------------------------------------------------------------

    @property
    def spent(self) -> float:
        """All that was charged so far, running trials at their price, in full-task units."""
        return self._history.spent

    @property
    def left(self) -> float | None:
        """What is left in the budget's unit; None where only the clock can tell."""
        left = self._history.left(self.spec.budget.amount + self._extra, self.spec.budget.unit)
        return None if left is None else max(left, 0.0) if left > -EPS else left

    def best(self) -> list[int]:
        """Full-task trials that meet every goal; with several objectives their Pareto front."""
        return best_trials(self._history, self._search)

    def tasks(self) -> list[TaskInsight]:
        """Return what every cheap task tells about every metric of the full one."""
        return insight.insights(self._history, self._search)

    def learned(self) -> list[EarlierInsight]:
        """Return how far every earlier study's guess at every metric holds."""
        return insight.learned(self._history, self._search)

    def slices(self) -> list[Slice]:
        """Return what is expected of every metric along every parameter from one of the best."""
        return slicing.slices(self._history, self._search, self.best())

    def maps(self) -> Iterator[Map]:
        """Return what is expected of every metric over pairs of the parameters that matter most.

        Each is worked out when it is asked for, by what is known now.
        """
        return self._mapper.maps(self._history, self._search, self.best())

    def eta(self, workers: int) -> float | None:
        """Seconds to the end of the budget with so many trials at once; None where unknown."""
        left = self.left
        if left is None:
            return None
        by_count = self.spec.budget.unit is BudgetUnit.TRIALS
        return self._durations.eta(self._history, left, workers, by_count=by_count)

    def found(self, name: str | None = None) -> Earlier:
        """Return what is known so far, for another study to learn from."""
        return Earlier.of(self.spec, self.trials(), name)

    def price(self, params: Mapping[str, Value], task: str) -> float:
        """Marginal cost of a configuration at a task, measured where the study asks for it.

        In full-task units. Raises ValueError where there is no task of this name.
        """
        index = self._history.task(task)
        open_tasks = OpenTasks(self._history, None, self._measured())
        x = self._search.space.encode(params)
        return open_tasks.charge(self._history.known(dict(params)), index, x)


def _positive(value: float | None) -> float | None:
    """Return a positive finite number, else None."""
    took = 0.0 if value is None else checks.number("a duration", value)
    return took if math.isfinite(took) and took > 0 else None
