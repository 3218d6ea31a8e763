"""Early stopping as the optimizer advises it, with a record of its savings and its mistakes."""

import random

from hpo_tui.engine.checkpoints import front
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.store.models import TrialState

_SPARED = 0.1
"""Share of the stops that are not carried out, to see what would have become of the trial."""
_FIRST = 5
"""Stops that are always carried out before any is spared."""
_KEY = "stopping"
"""Under which key the store keeps what the stopping was worth."""


class Audit:
    """Carries out stops, spares a few, and says afterwards what the stopping was worth."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        kept = desk.kept(_KEY) or {}
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
        self.desk.writer.put(_KEY, {
            "stopped": len(pruned),
            "saved": sum(max(0.0, t.cost + t.wasted - t.charged) for t in pruned),
            "spared": sorted(self.spared),
            "checked": len(ended),
            "mistakes": [t.number for t in ended if t.number in best],
        })  # fmt: skip
