"""Whether a running trial should go on, for any number of objectives.

Its end is foretold from earlier trials' curves (curves.py). A trial at the full task is stopped
where it will hardly end on the front: where some earlier result that meets the outcome constraints
is at least as good in everything.
A cheaper one is an early stop already, and need not be among the best: looks are there to tell good
regions from bad ones. It is stopped only where an objective is not a number, and was one then in
earlier trials.

A stopped trial adds no curve to foretell others by. So that a wrong forecast does not stop all that
could correct it, a trial runs to its end after stopped ones that have cost two full ones.
"""

from collections.abc import Iterable

import numpy as np

from hpo_tui.engine.arrays import Array, Mask
from hpo_tui.engine.optimizer.api import StopDecision, Trial
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.curves import ENOUGH, comparable, ends, outlook, values_at
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import plural

_DRAWS = 256
"""Ends drawn from what is predicted, by which the chance of a good one is estimated."""
_REST = 0.1
"""Share of a trial's steps that is run to the end, whatever the chance of a good result."""
_UNCHECKED = 2.0
"""Cost of trials stopped since the last one that ended, in trials, after which one is to end."""


def decide(history: TrialHistory, trial: Trial) -> StopDecision:
    """Stop or let run. Only where four trials of its task have ended to compare with."""
    spec = history.spec
    if not spec.stopping.enabled:
        return StopDecision(False, "Early stopping is switched off.", 1.0)
    if trial.repeat or not trial.reports:
        return StopDecision(False, "Nothing to judge by.", 1.0)
    step = trial.reports[-1][0]
    if step < spec.stopping.min_step or not spec.objectives:
        return StopDecision(False, f"Too early to judge at step {step}.", 1.0)
    names = [o.metric for o in spec.objectives]
    reported = {name for _, metrics in trial.reports for name in metrics}
    if not set(names) <= reported:
        return StopDecision(False, "Not every objective has been reported yet.", 1.0)
    earlier = comparable(history.trials.values(), trial)
    then = values_at(spec, earlier, step, names)
    sound = int(np.all(np.isfinite(then), axis=1).sum())
    if sound < ENOUGH:
        return StopDecision(False, f"Only {plural(sound, 'trial')} to compare with.", 1.0)
    now = values_at(spec, [trial], step, names)[0]
    if not np.all(np.isfinite(now)):
        return StopDecision(True, f"stopped: an objective is not a number at step {step}.", 0.0)
    if to_its_end := _to_its_end(history, trial, earlier):
        return StopDecision(False, to_its_end, 1.0)
    sign = np.array([o.sign for o in spec.objectives])
    rng = np.random.default_rng([trial.number, step])
    rivals = np.array([_meets(spec, t) for t in earlier])
    chance = _chance(now * sign, then * sign, ends(earlier, names) * sign, rivals, rng)
    stop = chance < spec.stopping.patience
    what = "stopped: it has" if stop else "goes on: it has"
    return StopDecision(stop, f"{what} a chance of {chance:.0%} to end among the best.", chance)


def _to_its_end(history: TrialHistory, trial: Trial, earlier: list[Trial]) -> str:
    """Return why a trial is not stopped, whatever is foretold; empty if it may be."""
    if trial.task < history.full or _nearly_over(trial.reports[-1][0], earlier):
        return "It runs to its end."
    if _unchecked(history, trial, earlier):
        return "It runs to its end, to see whether trials still end as is foretold."
    return ""


def _nearly_over(step: int, earlier: Iterable[Trial]) -> bool:
    """Whether little is left to run: at most the last tenth of the longest of earlier trials.

    To stop there saves next to nothing, and loses a result that is nearly paid for. The longest
    counts, because where lengths differ, the end of a short trial may be the middle of this one.
    """
    end = max(t.reports[-1][0] for t in earlier)
    return 0 <= end - step <= _REST * end


def _unchecked(history: TrialHistory, trial: Trial, earlier: Iterable[Trial]) -> bool:
    """Whether it is time for a trial to end, and this one is the first of those that run."""
    last = max(t.number for t in earlier)
    same = [t for t in history.trials.values() if t.task == trial.task and t.repeat == 0]
    if any(t.state == "running" and t.number < trial.number for t in same):
        return False
    stopped = sum(t.charged for t in same if t.state == "pruned" and t.number > last)
    return stopped >= _UNCHECKED * history.costs[trial.task]


def _meets(spec: StudySpec, trial: Trial) -> bool:
    """Whether a result meets the outcome constraints: others are no rivals, however good."""
    return all(c.met(trial.metrics.get(c.metric, np.nan)) for c in spec.outcome_constraints)


def _chance(now: Array, then: Array, end: Array, rivals: Mask, rng: np.random.Generator) -> float:
    """Probability that none of the ``rivals`` in ``end`` (n, m) is as good in everything; losses.

    Ends are drawn around the outlook, each objective by itself. 1 where nothing can be foretold.
    """
    found = outlook(now, then, end)
    if found is None:
        return 1.0
    drawn = found[0] + found[1] * rng.standard_normal((_DRAWS, len(now)))
    # A result that lacks an objective is as good as nothing: no comparison with NaN holds.
    as_good = np.all(end[rivals][None] <= drawn[:, None], axis=2)
    return float(np.mean(~as_good.any(axis=1)))
