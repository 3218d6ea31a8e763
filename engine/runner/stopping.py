"""Early stopping as the optimizer advises it, with a record of its savings and its mistakes."""

import math
import random
import sys
from collections.abc import Iterable

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.summaries import mean
from hpo_tui.store.models import Trial, TrialState

_SPARED = 0.1
"""Share of the stops that are not carried out, to see what would have become of the trial."""
_FIRST = 5
"""Stops that are always carried out before any is spared."""
_WORST = sys.float_info.max
"""The loss of a metric that is missing; infinities are no values to ``pareto_mask``."""


class Audit:
    """Carries out stops, spares a few, and says afterwards what the stopping was worth."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        kept = desk.kept("stopping") or {}
        self.spared: set[int] = set(kept.get("spared", ()))

    def decide(self, live: Live, text: str, chance: float) -> None:
        """Stop a trial, or spare it as one of the sample."""
        desk, number = self.desk, live.number
        if number in self.spared:
            return
        stopped = sum(1 for t in desk.trials.values() if t.state is TrialState.PRUNED)
        draw = random.Random(f"{desk.spec.seed}:{number}").random()
        if stopped >= _FIRST and draw < _SPARED:
            self.spared.add(number)
            desk.event(
                "spared", f"trial {number} would be stopped ({text}), and goes on as a check of the"
                " early stopping", number, chance=chance,
            )  # fmt: skip
            self.put()
            return
        desk.end(live, Stop("prune", text))

    def put(self) -> None:
        """Write the account: trials stopped, units saved, trials spared, mistakes among them."""
        trials = self.desk.trials
        pruned = [t for t in trials.values() if t.state is TrialState.PRUNED]
        ended = [
            trials[n] for n in sorted(self.spared)
            if n in trials and trials[n].state is TrialState.COMPLETE
        ]  # fmt: skip
        tasks = {t.task for t in ended}
        best = set[int]().union(*(front(self.desk.spec, trials.values(), t) for t in tasks))
        self.desk.writer.put("stopping", {
            "stopped": len(pruned),
            "saved": sum(max(0.0, t.cost + t.wasted - t.charged) for t in pruned),
            "spared": sorted(self.spared),
            "checked": len(ended),
            "mistakes": [t.number for t in ended if t.number in best],
        })  # fmt: skip


def front(spec: StudySpec, trials: Iterable[Trial], task: str) -> set[int]:
    """Return the complete trials of a task than which none is better in every objective.

    Trials of one configuration stand and fall together, by the mean of their results. Equal ones
    are all returned; a metric that is missing counts as the worst.
    """
    groups: dict[int, list[Trial]] = {}
    for trial in trials:
        if trial.state is TrialState.COMPLETE and trial.task == task:
            groups.setdefault(trial.configuration, []).append(trial)
    losses = [
        [
            min(o.sign * mean([t.metrics.get(o.metric, o.sign * math.inf) for t in group]), _WORST)
            for o in spec.objectives
        ]
        for group in groups.values()
    ]
    best = zip(groups.values(), _undominated(losses), strict=True)
    return {trial.number for group, kept in best if kept for trial in group}


def _undominated(losses: list[list[float]]) -> list[bool]:
    """Return which of the points no other one dominates."""
    if not losses or not losses[0]:
        return [True] * len(losses)
    if len(losses[0]) == 1:  # without numpy, of which runners of such studies have no other need
        least = min(losses)
        return [loss == least for loss in losses]
    import numpy as np

    from hpo_tui.engine.analysis.front import pareto_mask

    return [bool(kept) for kept in pareto_mask(np.array(losses))]
