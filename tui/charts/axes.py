"""The axes of the parallel coordinates: what lies where, with which ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import Value
from hpo_tui.tui.charts.scale import Scale, fitted
from hpo_tui.tui.watching.snapshot import Brush
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.goals import limits_of
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.present import plural

TASK = "task"
_AT_FIRST = 8
"""Axes that are shown until others are chosen."""
_PARAMETERS = 3
"""How many of them are parameters at the least, where there are as many."""


@dataclass(frozen=True)
class Axis:
    """One axis. ``name``: ``m:accuracy``, ``p:lr`` or ``task``.

    ``slots``: the labels of a categorical axis, bottom to top; its scale counts them from 0.
    ``choices``: what they are labels of. ``codes``: frame value → slot, for slots.
    ``best_up``: lower is better, so low is drawn on top.
    ``goals``: (limit, whether values above it are good). ``good``: as :func:`good_ends` says.
    """

    name: str
    scale: Scale
    slots: tuple[str, ...] = ()
    codes: tuple[float, ...] = ()
    best_up: bool = False
    flipped: bool = False
    goals: tuple[tuple[float, bool], ...] = ()
    good: tuple[bool, bool] = (False, False)
    mark: str = ""
    """``max``, ``min`` or empty: which way is better."""
    whole: bool = False
    extendable: bool = False
    """Whether the scale follows the data (metrics), so that it may have to grow."""
    choices: tuple[Value, ...] = ()
    unknown: bool = False
    """Whether no trial has a value: then the ends of the scale are made up, and none is told."""

    @property
    def label(self) -> str:
        """The bare name."""
        return bare(self.name)

    @property
    def counted(self) -> str:
        """How many slots there are, in words."""
        noun = "task" if self.name == TASK else "choice"
        return plural(len(self.slots), noun)

    @property
    def downwards(self) -> bool:
        """Whether values grow from top to bottom."""
        return self.best_up != self.flipped

    def raw(self, frame: Frame) -> Array:
        """Return the frame's own column, (n,)."""
        kind, _, key = self.name.partition(":")
        if self.name == TASK:
            return frame.task.astype(np.float64)
        column = (frame.metrics if kind == "m" else frame.params).get(key)
        return np.full(len(frame), np.nan) if column is None else column

    def values(self, raw: Array) -> Array:
        """Return what brushes and scales count in: the raw values, or slots."""
        if not self.slots:
            return np.where(np.isfinite(raw), raw, np.nan)
        known = np.array(self.codes)
        order = np.argsort(known)
        at = np.clip(np.searchsorted(known[order], raw), 0, len(known) - 1)
        found = order[at].astype(np.float64)
        found[~np.isclose(known[order[at]], raw)] = np.nan
        return found

    def unit(self, values: Array) -> Array:
        """Return heights from 0 (bottom) to 1 (top); NaN where missing."""
        unit = self.scale.unit(values)
        return 1.0 - unit if self.downwards else unit

    def held(self, brush: Brush) -> Brush:
        """Return the part of a brush that can be drawn: its ends, no farther than the axis's."""
        low, high = self.scale.low, self.scale.high
        return min(max(brush[0], low), high), min(max(brush[1], low), high)

    def ends_of(self, brush: Brush, digits: int = 4) -> tuple[str, str]:
        """Return the ends of a brush as they are read out, empty for one without a limit.

        Of whole numbers they are the first and the last inside; where none is, the very ends.
        """
        if not self.whole:
            ends = [self.text(v, digits) if math.isfinite(v) else "" for v in brush]
            return ends[0], ends[1]
        inner = [
            rounded(v) if math.isfinite(v) else v
            for v, rounded in zip(brush, (math.ceil, math.floor), strict=True)
        ]
        inner = inner if inner[0] <= inner[1] else list(brush)
        ends = [fmt.number(v, digits) if math.isfinite(v) else "" for v in inner]
        return ends[0], ends[1]

    def text(self, value: float, digits: int = 4) -> str:
        """Return a value as it is read out."""
        if np.isnan(value):
            return "none"
        if self.slots:
            return self.slots[min(max(round(value), 0), len(self.slots) - 1)]
        return fmt.number(round(value) if self.whole else value, digits)

    def text_in(self, text: str, value: float, room: int, ellipsis: str) -> str:
        """Return a label in ``room`` cells: numbers in fewer digits, of texts what differs."""
        if fmt.width_of(text) <= room:
            return text
        if not self.slots and not np.isnan(value):
            return fmt.fitted(round(value) if self.whole else value, room, 8, ellipsis)
        short = [
            label if isinstance(choice, bool | str) else fmt.fitted(choice, room, 8, ellipsis)
            for label, choice in zip(self.slots, self.choices, strict=False)
        ]
        at = self.slots.index(text) if text in self.slots else len(short)
        if at < len(short) and not isinstance(self.choices[at], str) and short.count(short[at]) < 2:
            return short[at]
        return fmt.clip_among(text, room, self.slots, ellipsis)

    @property
    def ends(self) -> tuple[str, str]:
        """Return the ends of the scale as they are read out, low first."""
        ends = self.scale.low, self.scale.high
        low, high = fmt.apart([round(v) for v in ends] if self.whole else ends)
        return low, high

    def ticks(self, count: int) -> list[tuple[float, str]]:
        """Return (value, label) of the ends and about ``count`` marks between; of every slot.

        None where no value is known.
        """
        if self.slots:
            return [(float(i), label) for i, label in enumerate(self.slots)]
        if self.unknown:
            return []
        inner = self.scale.ticks(count)
        if self.whole:
            inner = [v for v in inner if float(v).is_integer()]
        values = [self.scale.low, self.scale.high, *inner]
        said = [round(v) for v in values] if self.whole else values
        return list(zip(values, fmt.apart(said, 3), strict=True))


def good_ends(metric: str, spec: StudySpec) -> tuple[bool, bool]:
    """Return whether low, and whether high, values of a metric are what the study looks for."""
    for objective in spec.objectives:
        if objective.metric == metric:
            return objective.sign > 0, objective.sign < 0
    limits = [c for c in spec.outcome_constraints if c.metric == metric]
    above, below = any(c.min is not None for c in limits), any(c.max is not None for c in limits)
    return below and not above, above and not below


def bare(name: str) -> str:
    """Return the name of an axis without what it is of: ``lr`` of ``p:lr``."""
    return name.split(":", 1)[-1]


def names(frame: Frame, spec: StudySpec) -> list[str]:
    """Return every axis there can be: metrics with goals, other metrics, parameters, task."""
    metrics = list(dict.fromkeys((*spec.metric_names, *frame.metrics)))
    params = list(dict.fromkeys((*(p.name for p in spec.free), *frame.params)))
    fixed = {p.name for p in spec.space if p.kind is ParameterKind.FIXED}
    found = [f"m:{m}" for m in metrics] + [f"p:{p}" for p in params if p not in fixed]
    return [*found, TASK]


def default_names(frame: Frame, spec: StudySpec, importance: Sequence[str]) -> list[str]:
    """Return the first axes to show: metrics with goals, then parameters by ``importance``.

    Of many metrics the objectives come first, and leave room for what they depend on.
    """
    known = [n for n in names(frame, spec) if n.startswith("p:")]
    ranked = [f"p:{p}" for p in importance if f"p:{p}" in known]
    metrics = [f"m:{m}" for m in spec.metric_names]
    chosen = metrics[: _AT_FIRST - min(len(known), _PARAMETERS)]
    chosen += [*ranked, *(p for p in known if p not in ranked)]
    if len(chosen) < 2:
        chosen += [n for n in names(frame, spec) if n not in chosen]
    return chosen[:_AT_FIRST]


def make(
    name: str, frame: Frame, spec: StudySpec, *, flipped: bool = False, ascii_only: bool = False
) -> Axis:
    """Return the axis called ``name`` for what the frame holds."""
    if name == TASK:
        return _task_axis(frame, spec, flipped, ascii_only)
    kind, _, key = name.partition(":")
    if kind == "m":
        return _metric_axis(name, key, frame, spec, flipped)
    parameter = next((p for p in spec.space if p.name == key), None)
    if parameter is not None and parameter.numeric and key not in frame.choices:
        return _numeric_axis(name, parameter, frame, flipped)
    if parameter is not None or key in frame.choices:
        return _slot_axis(name, parameter, frame, flipped, ascii_only)
    column = frame.params.get(key, np.zeros(0))
    return Axis(name, fitted(column, log=False), flipped=flipped, extendable=True)


def _task_axis(frame: Frame, spec: StudySpec, flipped: bool, ascii_only: bool) -> Axis:
    labels = [t.name for t in spec.tasks_by_cost]
    labels += [t for t in frame.tasks if t not in labels]
    codes = tuple(float(frame.tasks.index(t)) if t in frame.tasks else -1.0 for t in labels)
    shown = tuple(plain(t, ascii_only) for t in labels)
    return Axis(TASK, _slot_scale(len(labels)), shown, codes, flipped=flipped)


def _slot_scale(count: int) -> Scale:
    # Half a slot of room at both ends: slots are points of an interval, not its ends.
    return Scale(-0.5, max(count, 1) - 0.5)


def _metric_axis(name: str, key: str, frame: Frame, spec: StudySpec, flipped: bool) -> Axis:
    objective = next((o for o in spec.objectives if o.metric == key), None)
    best_up = objective is not None and objective.sign > 0
    log = objective is not None and objective.log
    mark = "" if objective is None else "min" if best_up else "max"
    goals = limits_of(spec).get(key, ())
    column = frame.metrics.get(key, np.zeros(0))
    good = good_ends(key, spec)
    scale = fitted(column, log, tuple(limit for limit, _ in goals), good)
    return Axis(
        name, scale, best_up=best_up, flipped=flipped, goals=goals, good=good, mark=mark,
        extendable=True, unknown=not np.isfinite(column).any(),
    )  # fmt: skip


def _numeric_axis(name: str, parameter: Parameter, frame: Frame, flipped: bool) -> Axis:
    column = frame.params.get(parameter.name, np.zeros(0))
    known = column[np.isfinite(column)]
    # Trials from before the range was narrowed stay on the axis.
    low = min([parameter.low, *([float(known.min())] if len(known) else [])])
    high = max([parameter.high, *([float(known.max())] if len(known) else [])])
    log = parameter.log and low > 0
    whole = parameter.kind is ParameterKind.INT
    return Axis(name, Scale(low, high, log), flipped=flipped, whole=whole, extendable=True)


def _slot_axis(
    name: str, parameter: Parameter | None, frame: Frame, flipped: bool, ascii_only: bool
) -> Axis:
    key = name.partition(":")[2]
    seen = frame.choices.get(key)
    choices: list[Value] = list(parameter.choices) if parameter is not None else []
    if seen is not None:
        choices += [c for c in seen if c not in choices]
        codes = [float(seen.index(c)) if c in seen else -1.0 for c in choices]
    else:
        # Numbers and truth values lie in the frame as themselves; it has no text to be a code of.
        column = frame.params.get(key, np.zeros(0))
        known = [float(c) for c in choices if not isinstance(c, str)]
        extra = [v for v in np.unique(column[np.isfinite(column)]) if v not in known]
        choices += [float(v) for v in extra]
        codes = [math.nan if isinstance(c, str) else float(c) for c in choices]
    labels = tuple(plain(text, ascii_only) for text in fmt.values(choices))
    if not labels:
        return Axis(name, Scale(0.0, 1.0), flipped=flipped, extendable=True)
    return Axis(
        name, _slot_scale(len(labels)), labels, tuple(codes), flipped=flipped,
        choices=tuple(choices),
    )  # fmt: skip
