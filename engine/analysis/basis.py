"""The results that importance is computed from, and what could mislead a reader of it.

Trials that failed have no metric and are left out, so a parameter that only decides whether a trial
fails looks unimportant. If two parameters were always changed together, no result can tell which of
them acts. Shapes: n results, k columns.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hpo_tui.engine.analysis.repeats import averaged
from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.spec import Parameter, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

TOGETHER = 0.95
"""Correlation from which on two parameters' parts cannot be told apart."""
_FEWEST = 10
"""Results that have both parameters below which nothing is said of the two."""
_SHARE = 4
"""Results there are at least for each choice of a parameter that is looked at."""


@dataclass(frozen=True, slots=True)
class Basis:
    """``results``: configurations complete at the task; ``failed``: trials that failed there.

    ``together``: pairs of parameters that went with one another, those that did most first.
    """

    results: int
    failed: int
    together: tuple[tuple[str, str], ...]


def basis(frame: Frame, spec: StudySpec, task: str) -> Basis:
    """Return what the importance at a task is worked out from."""
    there = frame.at_task(task)
    rows = averaged(frame, there & frame.in_state(TrialState.COMPLETE))[0]
    failed = int((there & frame.in_state(TrialState.FAILED)).sum())
    columns = {p.name: _column(p, frame, rows) for p in spec.free if p.name in frame.params}
    found = {
        (a, b): _correlation(columns[a], columns[b]) for a, b in combinations(columns, 2)
    }  # fmt: skip
    pairs = [pair for pair, r in found.items() if r >= TOGETHER]
    return Basis(len(rows), failed, tuple(sorted(pairs, key=lambda pair: -found[pair])))


@dataclass(frozen=True, slots=True)
class _Column:
    values: Array
    kinds: Array
    """The choices that occur; empty of a number."""


def _column(parameter: Parameter, frame: Frame, rows: Index) -> _Column:
    values = frame.params[parameter.name][rows]
    if parameter.log and parameter.numeric and parameter.name not in frame.choices:
        values = np.log(np.where(values > 0, values, np.nan))
    chosen = parameter.name in frame.choices or not parameter.numeric
    kinds = np.unique(values[np.isfinite(values)]) if chosen else np.zeros(0)
    return _Column(values, kinds)


def _correlation(a: _Column, b: _Column) -> float:
    """Return how far two parameters go together, 0 to 1.

    The first canonical correlation of their columns: a number and its rank, or one for each choice.
    """
    both = np.isfinite(a.values) & np.isfinite(b.values)
    count = int(both.sum())
    if count < max(_FEWEST, _SHARE * max(len(a.kinds), len(b.kinds))):
        return 0.0
    first, second = _orthonormal(a, both), _orthonormal(b, both)
    if not (first.shape[1] and second.shape[1]):
        return 0.0
    return float(np.linalg.norm(first.T @ second, 2))


def _orthonormal(column: _Column, rows: Mask) -> Array:
    """Return a basis (n, k) of what a parameter's values say, without their mean."""
    values = column.values[rows]
    if len(column.kinds):
        raw = (values[:, None] == column.kinds[None, :]).astype(np.float64)
    else:
        kinds, at, counts = np.unique(values, return_inverse=True, return_counts=True)
        del kinds
        # With the ranks alone no choice would tell a number's place among its neighbours.
        raw = np.stack([(np.cumsum(counts) - counts / 2)[at], values], axis=1)
        raw = (raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), 1e-300)
    raw = raw - raw.mean(axis=0)
    left, size, _ = np.linalg.svd(raw, full_matrices=False)
    kept = size > 1e-9 * max(float(size.max(initial=0.0)), 1.0)
    return np.asarray(left[:, kept], dtype=np.float64)
