"""Early stopping on the optimizer's word, with its savings and its mistakes kept account of."""

import random
from collections.abc import Sequence

from hpo_tui.engine.runner.desk import Desk, Live, Stop
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader

_SPARED = 0.1
"""Share of the stops that are not carried out, to see what would have become of the trial."""
_FIRST = 5
"""Stops that are always carried out before any is spared."""


class Audit:
    """Carries out stops, spares a few, and says afterwards what the stopping was worth."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        with StudyReader(desk.folder.db) as reader:
            kept = reader.get("stopping") or {}
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
        everything = list(trials.values())
        self.desk.writer.put("stopping", {
            "stopped": len(pruned),
            "saved": sum(max(0.0, t.cost + t.wasted - t.charged) for t in pruned),
            "spared": sorted(self.spared),
            "checked": len(ended),
            "mistakes": [t.number for t in ended if among_best(self.desk.spec, t, everything)],
        })  # fmt: skip


def among_best(spec: StudySpec, trial: Trial, trials: Sequence[Trial]) -> bool:
    """Whether no complete trial of the same task is better in every objective."""
    losses = _losses(spec, trial)
    others = (
        _losses(spec, t) for t in trials
        if t.state is TrialState.COMPLETE and t.task == trial.task and t.number != trial.number
    )  # fmt: skip
    return not any(
        all(a <= b for a, b in zip(other, losses, strict=True)) and other != losses
        for other in others
    )


def _losses(spec: StudySpec, trial: Trial) -> list[float]:
    return [o.sign * trial.metrics.get(o.metric, float("inf")) for o in spec.objectives]
