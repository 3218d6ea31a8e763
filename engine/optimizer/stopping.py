"""Whether a running trial should go on, for any number of objectives.

The chance that it ends among the best: final points are drawn from what it has reached and what
earlier trials of its task gained from the same step on, and counted where no earlier result is at
least as good in every objective.
"""

import numpy as np

from hpo_tui.engine.optimizer.api import StopDecision, Trial
from hpo_tui.engine.optimizer.data import bounded, summarised
from hpo_tui.engine.optimizer.ledger import Ledger
from hpo_tui.engine.spec.model import StudySpec

_ENOUGH = 4


def decide(spec: StudySpec, ledger: Ledger, number: int) -> StopDecision:
    """Stop or let run. Only where enough trials have ended at the same task to compare with."""
    trial = ledger.trials[number]
    if not spec.stopping.enabled:
        return StopDecision(False, "Early stopping is switched off.", 1.0)
    if trial.repeat or not trial.reports:
        return StopDecision(False, "Nothing to judge by.", 1.0)
    step = trial.reports[-1][0]
    if step < spec.stopping.min_step or not spec.objectives:
        return StopDecision(False, f"Too early to judge at step {step}.", 1.0)
    peers = [
        t
        for t in ledger.trials.values()
        if t.task == trial.task and t.state == "complete" and t.reports and t.repeat == 0
    ]
    if len(peers) < _ENOUGH:
        return StopDecision(False, f"Only {len(peers)} trials to compare with.", 1.0)
    chance = _chance(spec, trial, peers, step)
    stop = chance < spec.stopping.patience
    what = "stopped: it has" if stop else "goes on: it has"
    return StopDecision(stop, f"{what} a chance of {chance:.0%} to end among the best.", chance)


def _chance(spec: StudySpec, trial: Trial, peers: list[Trial], step: int) -> float:
    """Probability of ending on the peers' front.

    Final loss = loss now + what peers gained from this step on (normal, its spread widened for few
    peers); for several objectives a point is drawn from each peer's gain and checked for dominance.
    """
    names = [o.metric for o in spec.objectives]
    sign = np.array([o.sign for o in spec.objectives])
    if not set(names) <= summarised(spec, trial.reports).keys():
        return 1.0
    now = _at(spec, trial, step, names)
    if not np.all(np.isfinite(now)):
        return 0.0
    ends, gains = [], []
    for peer in peers:
        end = bounded(np.array([peer.metrics.get(n, np.nan) for n in names]))
        then = _at(spec, peer, step, names)
        if np.all(np.isfinite(end)):
            ends.append(end * sign)
            if np.all(np.isfinite(then)):
                gains.append((end - then) * sign)
    if len(gains) < _ENOUGH:
        return 1.0
    finals, change = np.array(ends), np.array(gains)
    rng = np.random.default_rng([trial.number, step])
    centre, spread = change.mean(axis=0), change.std(axis=0, ddof=1)
    spread = np.maximum(spread, 1e-9 + 0.02 * np.ptp(finals, axis=0)) * (1 + 2 / len(change))
    drawn = now * sign + centre + spread * rng.standard_normal((256, len(names)))
    beaten = np.all(finals[None] <= drawn[:, None], axis=2).any(axis=1)
    return float(np.mean(~beaten))


def _at(
    spec: StudySpec, trial: Trial, step: int, names: list[str]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Metrics of a trial as they stood at a step, NaN where it had none."""
    upto = [r for r in trial.reports if r[0] <= step]
    metrics = summarised(spec, upto)
    return bounded(np.array([metrics.get(n, np.nan) for n in names]))
