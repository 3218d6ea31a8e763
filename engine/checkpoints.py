"""Which checkpoints are still needed, and the removal of the others."""

import math
import os
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.spec import Objective, StudySpec
from hpo_tui.engine.summaries import mean
from hpo_tui.store.models import Trial, TrialState

_WORST = sys.float_info.max
"""The loss of a metric that is missing; infinities are no values to ``pareto_mask``."""


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


def size_of(path: Path) -> int:
    """Return the bytes under a checkpoint's folder, with what is left of its removal.

    None if it is a link to elsewhere, which is not removed.
    """
    total = 0
    for folder in (path, _doomed(path)):
        for root, _, names in () if folder.is_symlink() else os.walk(folder):
            for name in names:
                try:
                    total += (Path(root) / name).lstat().st_size
                except OSError:
                    continue
    return total


def remove_files(path: Path) -> bool:
    """Empty a checkpoint's folder; False if nothing is in it, or it is a link to elsewhere.

    In one step: a kill in between must not leave half a checkpoint, which would pass for one. What
    it leaves beside the folder is removed at the next call. Raises OSError if it cannot be emptied.
    """
    doomed = _doomed(path)
    half = doomed.is_dir() and not doomed.is_symlink()
    if half:
        shutil.rmtree(doomed)
    if path.is_symlink() or not path.is_dir() or next(path.iterdir(), None) is None:
        return half
    path.rename(doomed)
    path.mkdir()
    shutil.rmtree(doomed)
    return True


def _doomed(path: Path) -> Path:
    """Return where a checkpoint's folder is while it is removed."""
    return path.with_name(f".{path.name}.removed")
