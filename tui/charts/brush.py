"""Brushes: what passes them, where the first one lies, and what they say about the space."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis import front
from hpo_tui.engine.arrays import Mask
from hpo_tui.engine.spec import Parameter, ParameterKind, Params, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import Value
from hpo_tui.tui.charts import axes
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.tables.trial_data import stored_value
from hpo_tui.tui.watching.snapshot import Brush


def brush_mask(frame: Frame, spec: StudySpec, brushes: Mapping[str, Brush]) -> Mask | None:
    """Return which trials (n,) lie in every brush; None without brushes. Missing values do not.

    ``brushes``: name of an axis, as ``p:lr`` → range, both ends included.

    A range on a categorical axis counts the choices in the order of the space, on ``task`` the
    tasks from cheap to dear: both from 0. An infinite end has no limit: the ends of an axis are
    round numbers around what is known, without far outliers, and better trials are still to come.
    """
    if not brushes:
        return None
    mask = np.ones(len(frame), dtype=np.bool_)
    for name, (low, high) in brushes.items():
        axis = axes.make(name, frame, spec)
        values = axis.values(axis.raw(frame))
        with np.errstate(invalid="ignore"):
            mask &= (values >= low) & (values <= high)
    return mask


def first_brush(axis: Axis, frame: Frame, spec: StudySpec) -> Brush:
    """Return where the first brush on an axis lies.

    The side that reaches the goals; on an objective without a threshold the best tenth; on
    a parameter the span of the best trials, or all of it when there are none.
    """
    low, high = -math.inf, math.inf
    if axis.slots:
        low, high = 0.0, float(len(axis.slots) - 1)
    if axis.goals:
        for limit, above in axis.goals:
            low, high = (max(low, limit), high) if above else (low, min(high, limit))
        return low, high
    values = axis.values(axis.raw(frame))
    objective = next((o for o in spec.objectives if f"m:{o.metric}" == axis.name), None)
    if objective is not None:
        known = values[front.full_mask(frame, spec) & np.isfinite(values)]
        if not len(known):
            return low, high
        if objective.sign > 0:
            return low, float(np.quantile(known, 0.1))
        return float(np.quantile(known, 0.9)), high
    best = values[front.best_rows(frame, spec)]
    best = best[np.isfinite(best)]
    return (float(best.min()), float(best.max())) if len(best) else (low, high)


STEPS = 40
"""Steps of a brush from one end of an axis to the other."""


def moved(axis: Axis, brush: Brush, low_by: int, high_by: int) -> Brush:
    """Return the brush with its ends moved by steps of the axis, kept on it and in order.

    An end that is moved towards the other stops a step before it.
    """
    if axis.slots:
        last = len(axis.slots) - 1
        slots = [
            min(max(round(end) + by, 0), last)
            for end, by in zip(brush, (low_by, high_by), strict=True)
        ]
        return float(min(slots)), float(max(slots))
    was_low, was_high = _units(axis, brush)
    low, high = was_low + low_by / STEPS, was_high + high_by / STEPS
    if low_by == high_by:
        # A brush that meets an end is not squeezed: it stays as wide as it is.
        shift = -low if low < 0 else 1.0 - high if high > 1 else 0.0
        low, high = low + shift, high + shift
    least = min(1 / STEPS, was_high - was_low)
    if high - low < least:
        low, high = (low, low + least) if high_by else (high - least, high)
    return _placed(axis, brush, (low, high))


EDGES = ("both", "top", "bottom")
"""What of a brush the keys move."""


def pushed(axis: Axis, brush: Brush, up: int, edge: str) -> Brush:
    """Return the brush, or one of its ``EDGES`` as drawn, a step up (1) or down (-1)."""
    by = -up if axis.downwards else up
    low_end = "top" if axis.downwards else "bottom"
    low_by = by if edge in ("both", low_end) else 0
    return moved(axis, brush, low_by, by if edge != low_end else 0)


def shrunk(axis: Axis, brush: Brush) -> Brush:
    """Return the brush a step narrower, or by half where it is less than two steps wide.

    What is cut is the worse side of a metric; elsewhere both ends, but for one that has no limit.
    """
    if axis.slots:
        low, high = (float(round(end)) for end in brush)
        return (low + 1, high - 1) if high - low >= 2 else (low, low)
    low, high = _units(axis, brush)
    cut_low, cut_high = (math.isfinite(end) for end in brush)
    if axis.good != (False, False):
        cut_low, cut_high = axis.good[1], axis.good[0]
    elif not (cut_low or cut_high):
        cut_low = cut_high = True
    step = min(1 / STEPS, (high - low) / 2 / (cut_low + cut_high))
    return _placed(axis, brush, (low + step * cut_low, high - step * cut_high))


def _units(axis: Axis, brush: Brush) -> tuple[float, float]:
    low, high = axis.scale.unit(np.array(axis.held(brush), dtype=np.float64)).tolist()
    return low, high


def _placed(axis: Axis, brush: Brush, units: tuple[float, float]) -> Brush:
    """Return the brush with its ends at ``units``; one that has come to an end has no limit."""
    old = _units(axis, brush)
    ends = []
    for unit, was, value in zip(units, old, brush, strict=True):
        if abs(unit - was) < 1e-9:
            ends.append(value)  # unmoved: its very value, a threshold or a bound
        elif 0 < unit < 1:
            ends.append(axis.scale.value(unit))
        else:
            ends.append(-math.inf if unit <= 0 else math.inf)
    return ends[0], ends[1]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A parameter's part of the space that a brush leaves: a range, or choices.

    ``low`` and ``high`` are the same where one value is left.
    """

    name: str
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()


def narrowed(
    frame: Frame, spec: StudySpec, brushes: Mapping[str, Brush], mask: Mask | None = None
) -> tuple[Narrowed, ...]:
    """Return what the space would be narrowed to, parameters that change alone.

    Brushed parameters take their brush, as far as it holds values that they can have. With
    ``mask`` (the trials in all brushes) every other numeric parameter takes the span of those
    trials, for brushes that lie on metrics: not where all have the same value, which nobody chose.
    """
    found = []
    for parameter in spec.free:
        brush = brushes.get(f"p:{parameter.name}")
        if parameter.numeric:
            if brush is None and mask is not None and parameter.name in frame.params:
                values = frame.params[parameter.name][mask]
                values = values[np.isfinite(values)]
                brush = (float(values.min()), float(values.max())) if len(values) > 1 else None
            if brush is None:
                continue
            low, high = _held(parameter, brush)
            one = low == high and f"p:{parameter.name}" in brushes
            if (low < high or one) and (low, high) != (parameter.low, parameter.high):
                found.append(Narrowed(parameter.name, low, high))
        elif brush is not None:
            first, last = round(brush[0]), round(brush[1])
            choices = tuple(c for i, c in enumerate(parameter.choices) if first <= i <= last)
            if choices and choices != parameter.choices:
                found.append(Narrowed(parameter.name, choices=choices))
    return tuple(found)


def _held(parameter: Parameter, brush: Brush) -> Brush:
    """Return the smallest and the largest value of a number in its brush; crossed if none is."""
    low, high = max(brush[0], parameter.low), min(brush[1], parameter.high)
    step = _step(parameter)
    if not step:
        if low < high:
            low, high = _outwards(low, math.floor), _outwards(high, math.ceil)
        return max(low, parameter.low), min(high, parameter.high)
    first = math.ceil((low - parameter.low) / step - 1e-9)
    last = math.floor((high - parameter.low) / step + 1e-9)
    return _at_step(parameter.low, first, step), _at_step(parameter.low, last, step)


def _outwards(end: float, rounded: Callable[[float], int]) -> float:
    """Return an end in four digits, as a person would write it, with all that it held inside."""
    if end == 0:
        return end
    unit = 10.0 ** (math.floor(math.log10(abs(end))) - 3)
    least = float(f"{end / unit:.12g}")  # 3300, not 3300.0000000000005
    return float(f"{rounded(least) * unit:.12g}")


def _step(parameter: Parameter) -> float:
    return parameter.step or (1.0 if parameter.kind is ParameterKind.INT else 0.0)


def _at_step(low: float, count: int, step: float) -> float:
    return float(f"{low + count * step:.12g}")  # 0.15, not 0.15000000000000002


_TRIES = 20
"""Draws for each refinement that is wanted, where some come out the same."""


def refinements(
    frame: Frame, spec: StudySpec, ranges: tuple[Narrowed, ...], count: int, seed: int
) -> list[Params]:
    """Return at most ``count`` new configurations inside ``ranges``, around the best trials.

    Parameters outside the ranges keep the values of one of the best trials (the first choice or
    the middle of the range where there are none); those inside are drawn evenly from theirs. There
    are fewer where the ranges leave so few values that some would be the same.
    """
    rng = np.random.default_rng(seed)
    best = front.best_rows(frame, spec)
    if not len(best):
        best = front.near_misses(frame, spec, 5)
    made: list[Params] = []
    for i in range(_TRIES * count):
        if len(made) == count:
            break
        params = _configuration(frame, spec, int(best[i % len(best)]) if len(best) else None)
        for part in ranges:
            if part.name in params:
                params[part.name] = _drawn(spec, part, rng)
        params = _active(spec, params)
        while awoken := [r for r in ranges if r.name not in params and _acts(spec, r, params)]:
            params |= {part.name: _drawn(spec, part, rng) for part in awoken}
        if params not in made:
            made.append(params)
    return made


def _acts(spec: StudySpec, part: Narrowed, params: Params) -> bool:
    return spec.parameter(part.name).active(params)


def _active(spec: StudySpec, params: Params) -> Params:
    """Return the parameters that are active, all on which they depend among them."""
    left = {k: v for k, v in params.items() if spec.parameter(k).active(params)}
    return left if len(left) == len(params) else _active(spec, left)


def _drawn(spec: StudySpec, part: Narrowed, rng: np.random.Generator) -> Value:
    if part.choices:
        return part.choices[int(rng.integers(len(part.choices)))]
    assert part.low is not None
    assert part.high is not None
    parameter = spec.parameter(part.name)
    if step := _step(parameter):
        count = int(rng.integers(round((part.high - part.low) / step) + 1))
        value = _at_step(part.low, count, step)
        return int(value) if parameter.kind is ParameterKind.INT else value
    if part.low == part.high:
        return part.low
    if parameter.log and part.low > 0:
        return float(np.exp(rng.uniform(np.log(part.low), np.log(part.high))))
    return float(rng.uniform(part.low, part.high))


def _configuration(frame: Frame, spec: StudySpec, row: int | None) -> Params:
    params: Params = {}
    for parameter in spec.space:
        column = frame.params.get(parameter.name)
        stored = float("nan") if row is None or column is None else float(column[row])
        if parameter.kind is ParameterKind.FIXED and parameter.value is not None:
            params[parameter.name] = parameter.value
        elif stored == stored:  # noqa: PLR0124 - false for NaN alone
            value = stored_value(frame, parameter.name, parameter, stored)
            # The space may have been narrowed since: a choice that is gone is left to the search.
            if parameter.numeric:
                held = min(max(value, parameter.low), parameter.high)
                whole = parameter.kind is ParameterKind.INT
                params[parameter.name] = int(held) if whole else held
            elif value in parameter.choices:
                params[parameter.name] = value
        elif row is None and parameter.numeric:
            middle = (
                (parameter.low * parameter.high) ** 0.5
                if parameter.log
                else ((parameter.low + parameter.high) / 2)
            )
            whole = parameter.kind is ParameterKind.INT
            params[parameter.name] = round(middle) if whole else middle
        elif row is None and parameter.choices:
            params[parameter.name] = parameter.choices[0]
    return params
