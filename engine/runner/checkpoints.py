"""Which checkpoints are still needed, and the removal of the others."""

import logging
import math
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.execution.proposals.past import bare
from hpo_tui.engine.execution.protocol import has_files
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.stopping import front
from hpo_tui.engine.spec import Objective, StudySpec
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.models import Trial, TrialState

log = logging.getLogger("runner.checkpoints")

_Attempt = tuple[int, float | None]
"""A trial and when it ended: one that is tried again has another checkpoint."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Trials by what becomes of their checkpoints.

    ``keep``: never removed. ``maybe``: may still be promoted, so only a quota removes them, the
    worst first. ``drop``: nobody can need them.
    """

    keep: frozenset[int]
    maybe: tuple[int, ...]
    drop: frozenset[int]


def needs(spec: StudySpec, trials: Mapping[int, Trial]) -> Needs:
    """Return what becomes of each trial's checkpoint."""
    keep, maybe, drop = set[int](), list[int](), set[int]()
    under_way = {t.resumed_from for t in trials.values() if not t.state.ended}
    full = spec.full_task.name
    best = front(spec, trials.values(), full)
    for number, trial in trials.items():
        complete = trial.state is TrialState.COMPLETE
        hopeless = trial.state is TrialState.FAILED and trial.teaches
        if trial.starred or not trial.state.ended or number in under_way or number in best:
            keep.add(number)
        elif hopeless or (complete and (trial.task == full or not spec.resume)):
            drop.add(number)
        else:
            maybe.append(number)
    return Needs(frozenset(keep), tuple(_worst_first(spec, maybe, trials)), frozenset(drop))


def _worst_first(
    spec: StudySpec, numbers: Collection[int], trials: Mapping[int, Trial]
) -> list[int]:
    """Order by what is least missed: carried on already, failed, last by the sum of ranks."""
    total = dict.fromkeys(numbers, 0.0)
    for objective in spec.objectives:
        values = {n: _loss(trials[n], objective) for n in numbers}
        for rank, number in enumerate(sorted(numbers, key=lambda n: values[n])):
            total[number] += rank
    carried = {
        t.resumed_from for t in trials.values() if t.state is TrialState.COMPLETE and t.repeat == 0
    }
    failed = (TrialState.FAILED, TrialState.KILLED)

    def order(number: int) -> tuple[bool, bool, float, int]:
        return number in carried, trials[number].state in failed, total[number], -number

    return sorted(numbers, key=order, reverse=True)


def _loss(trial: Trial, objective: Objective) -> float:
    """Return how bad a trial is; one that diverged, or has no value, is the worst."""
    value = trial.metrics.get(objective.metric, math.nan)
    return math.inf if math.isnan(value) else objective.sign * value


class Checkpoints:
    """Removes checkpoints that nobody can need.

    What a folder of an ended trial holds is remembered: to look into ten thousand of them takes
    long, on a network file system above all.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._sizes: dict[_Attempt, int] = {}
        """Bytes in the checkpoint of an attempt that has ended."""

    def collect(self) -> int:
        """Remove what nobody can need, and what is over the quota; return of how many trials."""
        found = needs(self.desk.spec, self.desk.trials)
        removed = [n for n in sorted(found.drop) if self._remove(n)]
        quota = self.desk.spec.resources.checkpoint_quota
        if quota is not None:
            total = sum(map(self._size, found.maybe))
            for number in found.maybe:
                if total <= quota:
                    break
                size = self._size(number)
                if size and self._remove(number):
                    total -= size
                    removed.append(number)
        gone = [n for n in removed if bare(self.desk.folder, self.desk.spec, self.desk.trials[n])]
        if gone:
            self.desk.proposals.tell("bare", numbers=gone)
        if removed:
            text = f"removed the checkpoint of {numbered(removed)}"
            if len(removed) > 1:
                which = ", ".join(map(str, removed[:20])) + (" …" if len(removed) > 20 else "")
                text = f"removed the checkpoints of {len(removed)} trials: {which}"
            self.desk.event("checkpoints", text)
        return len(removed)

    def _attempt(self, number: int) -> _Attempt:
        return number, self.desk.trials[number].ended

    def _size(self, number: int) -> int:
        attempt = self._attempt(number)
        if attempt not in self._sizes:
            self._sizes[attempt] = _size(self.desk.folder.trial(number).checkpoint)
        return self._sizes[attempt]

    def _remove(self, number: int) -> bool:
        """Remove a trial's checkpoint; False if there was none, or it could not be removed."""
        attempt = self._attempt(number)
        if self._sizes.get(attempt) == 0:
            return False
        path = self.desk.folder.trial(number).checkpoint
        there = not path.is_symlink() and has_files(path)
        if there:
            try:
                shutil.rmtree(path)
                path.mkdir()
            except OSError as error:
                log.warning("checkpoint of trial %d: %s", number, error)
                return False
        self._sizes[attempt] = 0
        return there


def _size(path: Path) -> int:
    """Return the bytes under a folder."""
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:
                continue
    return total
