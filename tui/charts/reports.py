"""Which learning curves to draw, and reading them from the study's file."""

import math
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.arrays import Array, Mask
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt

Series = tuple[Array, Array]

OTHERS = 60
"""Curves of other trials that are drawn behind, spread over the study."""
BEST = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Trials whose curves are asked for. ``chain``: the selected one after what it goes on from."""

    chain: tuple[int, ...]
    best: tuple[int, ...]
    running: tuple[int, ...]
    others: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Every trial, once."""
        return tuple(dict.fromkeys((*self.chain, *self.best, *self.running, *self.others)))


def wanted(frame: Frame, spec: StudySpec, selected: int | None, mask: Mask | None) -> Wanted:
    """Return the trials to draw: the selected against the best, the running and some others."""
    rows = np.arange(len(frame)) if mask is None else np.flatnonzero(mask)
    waiting = frame.in_state(TrialState.WAITING)
    rows = rows[~waiting[rows]]
    if len(rows) > OTHERS:
        rows = rows[np.linspace(0, len(rows) - 1, OTHERS).astype(np.intp)]
    running = np.flatnonzero(frame.in_state(TrialState.RUNNING))[-16:]
    best = front.best_rows(frame, spec)[:BEST]
    return Wanted(
        chain=chain(frame, selected),
        best=tuple(frame.number[best].tolist()),
        running=tuple(frame.number[running].tolist()),
        others=tuple(frame.number[rows].tolist()),
    )


def chain(frame: Frame, number: int | None) -> tuple[int, ...]:
    """Return a trial after those that it was resumed from, oldest first; empty without one."""
    found: list[int] = []
    while number and number not in found:
        row = frame.index(number)
        if row is None:
            break
        found.append(number)
        number = int(frame.resumed_from[row])
    return tuple(reversed(found))


def result_of(frame: Frame, number: int, metric: str) -> float:
    """Return a trial's value of a metric as tables have it; NaN where it has none."""
    row, values = frame.index(number), frame.metrics.get(metric)
    return math.nan if row is None or values is None else float(values[row])


def reached(series: Series, counts: float, good: tuple[bool, bool]) -> tuple[str, str]:
    """Return what a trial has come to, and the best that it reported where that is another value.

    ``0.951`` and ``max 0.963 at 31``. ``counts``: its result, as tables have it; NaN for that of a
    metric that is none, then its last report stands for it. ``good``: as of :func:`good_ends`.
    """
    steps, values = series
    last = fmt.number(float(values[-1]))
    shown = last if math.isnan(counts) else fmt.number(counts)
    more = [f"last {last}"] if last != shown else []
    finite = np.where(np.isfinite(values), values, np.nan)
    if any(good) and not np.isnan(finite).all():
        low, _ = good
        at = int(np.nanargmin(finite) if low else np.nanargmax(finite))
        best = fmt.number(float(values[at]))
        if best != last:
            word = f"{'min' if low else 'max'} "
            place = f" at {fmt.number(float(steps[at]), 6)}"
            if best == shown:  # the rule of the study is that the best counts
                return f"{word}{shown}{place}", ", ".join(more)
            more.insert(0, f"{word}{best}{place}")
    return shown, ", ".join(more)


class CurveReader:
    """Reads learning curves, of those that it has read before what is new alone.

    Reports are only ever added. Several threads may read at a time: each leaves what it has read,
    the last to come prevails.
    """

    def __init__(self) -> None:
        self._kept: tuple[tuple[object, ...], dict[int, tuple[int, Array, Array]]] = ((), {})

    def read(self, path: Path, trials: tuple[int, ...], metric: str) -> dict[int, Series]:
        """Return trial → (steps, values) from the study's file; empty when it cannot be read."""
        try:
            of = (path, path.stat().st_ino, metric)
            kept_of, kept = self._kept  # at once: another thread may leave another metric there
            before = kept if of == kept_of else {}
            known = {n: before[n][0] if n in before else -1 for n in trials}
            with StudyReader(path) as reader:
                fresh = reader.curves_after(known, metric)
        except (OSError, sqlite3.Error):
            return {}
        curves = {n: before[n] for n in trials if n in before}
        for number, (last, steps, values) in fresh.items():
            if number in curves:
                _, old_steps, old_values = curves[number]
                steps, values = np.r_[old_steps, steps], np.r_[old_values, values]  # noqa: PLW2901
            curves[number] = last, steps, values
        self._kept = of, curves
        return {n: (steps, values) for n, (_, steps, values) in curves.items()}


def metrics_of(snapshot: Snapshot) -> list[str]:
    """Return the metrics that can be shown: those of the goals, then what else was reported."""
    return list(dict.fromkeys((*snapshot.spec.metric_names, *snapshot.frame.metrics)))
