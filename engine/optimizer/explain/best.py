"""Which trials are best: full task only, all goals met, the Pareto front of them."""

import numpy as np

from hpo_tui.engine.analysis.front import pareto_mask
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.search import Search


def best_trials(history: TrialHistory, search: Search) -> list[int]:
    """Numbers of the best trials, by the first objective, then by number.

    Repeats of a configuration are averaged; where results are noisy and were not repeated the
    model's mean decides.
    """
    spec = history.spec
    groups: dict[int, list[int]] = {}
    for trial in history.trials.values():
        if trial.task == history.full and trial.state == "complete":
            groups.setdefault(trial.configuration, []).append(trial.number)
    names = spec.metric_names
    kept: list[int] = []
    values: list[list[float]] = []
    for numbers in groups.values():
        rows = np.array(
            [[history.trials[n].metrics.get(m, np.nan) for m in names] for n in numbers]
        )
        with np.errstate(over="ignore", invalid="ignore"):
            # So the mean of equal values is that value, and meets the threshold that it meets.
            mean = rows[0] + np.mean(rows - rows[0], axis=0)
        if np.all(np.isfinite(mean)) and spec.meets(dict(zip(names, mean.tolist(), strict=True))):
            kept.append(min(numbers))
            values.append(mean.tolist())
    if not kept:
        return []
    if not spec.objectives:
        return sorted(kept)
    losses = np.array(
        [[v[names.index(o.metric)] * o.sign for o in spec.objectives] for v in values]
    )
    if spec.noisy or (spec.noisy is None and any(len(g) > 1 for g in groups.values())):
        losses = _modelled(history, search, kept, losses)
    order = [int(i) for i in np.lexsort((np.array(kept), losses[:, 0]))]
    first = pareto_mask(losses)
    return [kept[i] for i in order if first[i]]


def _modelled(history: TrialHistory, search: Search, kept: list[int], losses: Array) -> Array:
    """Losses as the model sees them where it can, in model units."""
    models = search.models(history)
    rows = [search.builder.encoded(history.trials[n]) for n in kept]
    if models is None or not models.noisy or any(r is None for r in rows):
        return losses
    names = history.spec.metric_names
    columns = [names.index(o.metric) for o in history.spec.objectives]
    return np.asarray(models.mean(np.array(rows))[:, columns])
