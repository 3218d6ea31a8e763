"""Configurations that ran several times at the full task count once, by the mean of their results.

So `best`, the front and the counts say of repeats what the optimizer says of them
(`engine/optimizer/explain/best.py`). Pure numpy, linear in the number of trials: every screen asks
several times a second. Shapes: n trials, r rows, g configurations.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.store.frame import Frame


def averaged(frame: Frame, full: Mask) -> tuple[Index, Frame]:
    """Return the first trial of each configuration, and ``frame`` with the means.

    ``full``: which trials (n,) count. Those of one configuration all hold the mean of each metric
    over them, NaN where one of them lacks it; the others keep what they reported. The frame is the
    same object where nothing was repeated.
    """
    rows = np.flatnonzero(full)
    label, counts = _labels(frame.configuration[rows])
    if not len(rows) or counts.max() <= 1:
        return rows, frame
    first = np.zeros(len(counts), dtype=np.intp)
    first[label[::-1]] = rows[::-1]
    again = counts[label] > 1
    metrics = {}
    for name, values in frame.metrics.items():
        metrics[name] = values.copy()
        means = _means(values[rows], label, counts, values[first])
        metrics[name][rows[again]] = means[label[again]]
    return np.sort(first[counts > 0]), replace(frame, metrics=metrics)


def runs(frame: Frame, full: Mask) -> dict[int, int]:
    """Return the number of the first trial → how many were averaged, where they were several."""
    rows = np.flatnonzero(full)
    label, counts = _labels(frame.configuration[rows])
    found: dict[int, int] = {}
    seen: dict[int, int] = {}
    for row, at in zip(rows[counts[label] > 1], label[counts[label] > 1].tolist(), strict=True):
        found[seen.setdefault(at, int(frame.number[row]))] = int(counts[at])
    return found


def spreads(frame: Frame, full: Mask) -> dict[int, dict[str, float]]:
    """Return the number of the first trial → metric → standard deviation over its repeats.

    Of the configurations of which several trials in ``full`` (n,) count, and of the metrics that
    all of these have. It estimates what seeds do, so n - 1 is its denominator.
    """
    rows = np.flatnonzero(full)
    label, counts = _labels(frame.configuration[rows])
    rows, label = rows[counts[label] > 1], label[counts[label] > 1]
    if not len(rows):
        return {}
    rows, label = rows[np.argsort(label, kind="stable")], np.sort(label)
    groups = np.split(rows, np.flatnonzero(np.diff(label)) + 1)
    return {
        int(frame.number[own[0]]): {
            name: float(np.std(values[own], ddof=1))
            for name, values in frame.metrics.items()
            if np.isfinite(values[own]).all()
        }
        for own in groups
    }


def _labels(configuration: NDArray[np.int64]) -> tuple[Index, Index]:
    """Return each row's group (r,) and the groups' sizes (g,), of which some may be 0."""
    label = configuration.astype(np.intp)
    # Ours count from 1; of a study from elsewhere the numbers can be anything.
    if len(label) and not 0 <= label.min() <= label.max() <= 8 * len(label) + 1000:
        label = np.unique(label, return_inverse=True)[1].astype(np.intp)
    return label, np.bincount(label)


def _means(values: Array, label: Index, counts: Index, first: Array) -> Array:
    """Return the means of groups, (g,); ``first``: the first value of each, (g,).

    What is averaged is the distance from the first value, so that the mean of equal values is that
    value to the last digit, and meets the threshold that it meets.
    """
    with np.errstate(all="ignore"):
        apart = np.bincount(label, values - first[label], len(counts))
        return np.asarray(first + apart / counts, dtype=np.float64)
