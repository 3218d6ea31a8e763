"""One parameter as one coordinate of the model's input.

Numbers lie on [0, 1], on a log scale first where flagged; integers, steps and ordinals at the
centre of their bin, so that the model sees the value that is really run. A categorical's
coordinate is the index of its choice; ``levels`` is its own extra category for "not active".
Shapes: coordinates ``u`` and indices of levels are (n,), as are what is returned for them.
"""

import math
import zlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.spec import Parameter, ParameterKind, Value
from hpo_tui.engine.spec.space import logarithmic


class Axis(Protocol):
    """The mapping between a parameter's values and its coordinate."""

    @property
    def levels(self) -> float:
        """Number of distinct values; 0 where there is a continuum."""
        ...

    @property
    def categorical(self) -> bool:
        """Whether the coordinate is the index of a choice."""
        ...

    def snap(self, u: Array) -> Array:
        """Return the coordinates of the values nearest to ``u`` (any real numbers)."""
        ...

    def values(self, u: Array) -> list[Value]:
        """Native values at the coordinates ``u``."""
        ...

    def coordinate(self, value: Value) -> float | None:
        """Return the coordinate of ``value``; None where it is not a value of this parameter."""
        ...

    def beyond(self, value: Value) -> float | None:
        """Return the same, of a value outside too, as far as it can be placed among the others."""
        ...


def _saturated(u: float) -> float:
    """Return ``u``, what lies outside of [0, 1] drawn towards -1 and 2.

    So that a trial from before a range was narrowed says which way things went, and does not
    rule a trend from afar.
    """
    if u < 0.0:
        return math.expm1(u)
    return 1.0 - math.expm1(1.0 - u) if u > 1.0 else u


def _tidy(value: float) -> float:
    """``value`` without the last digits that adding steps leaves (0.30000000000000004)."""
    return float(f"{value:.14g}")


@dataclass(frozen=True, slots=True)
class Continuous:
    """A float on a range, possibly logarithmic."""

    low: float
    high: float
    log: bool
    levels: float = 0.0
    categorical: bool = False

    def snap(self, u: Array) -> Array:
        """Clip to [0, 1]; a range of one value has the coordinate 0.5."""
        return np.full_like(u, 0.5) if self.low == self.high else np.clip(u, 0.0, 1.0)

    def values(self, u: Array) -> list[Value]:
        """Floats inside the range, its ends exactly at 0 and 1, with the 12 digits that count."""
        if self.low == self.high:
            return [self.low] * len(u)
        wide = self.high - self.low > 1e-6 * max(abs(self.low), abs(self.high))
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            raw = np.exp(np.clip(low + u * (high - low), -745.0, 709.7))
        elif wide:
            raw = self.low * (1.0 - u) + self.high * u
        else:  # so that the place of a value has that very value: all its digits count
            raw = self.low + u * (self.high - self.low)
        raw = np.where(u <= 0.0, self.low, np.where(u >= 1.0, self.high, raw))
        raw = np.clip(raw, self.low, self.high)
        if wide:
            short = [float(f"{v:.12g}") for v in raw]
            return [min(max(v, self.low), self.high) for v in short]
        return [float(v) for v in raw]

    def coordinate(self, value: Value) -> float | None:
        """Position on the range; None outside it."""
        number = as_number(value)
        if number is None or not self.low <= number <= self.high:
            return None
        return 0.5 if self.low == self.high else min(max(self._place(number), 0.0), 1.0)

    def beyond(self, value: Value) -> float | None:
        """Position of any number, outside the range too; None where the range has one value."""
        number, inside = as_number(value), self.coordinate(value)
        if inside is not None or number is None or self.low == self.high:
            return inside
        return None if self.log and number <= 0 else _saturated(self._place(number))

    def _place(self, number: float) -> float:
        """Return where a number lies, 0 at the low end and 1 at the high one."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            if low < high:
                return (math.log(number) - low) / (high - low)
        # By halves: the ends may be further apart than the largest float. Or next to one another.
        half = self.high / 2 - self.low / 2
        if half > 0:
            return (number / 2 - self.low / 2) / half
        return (number - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Grid:
    """Integers, floats with a step, and ordinals: ``levels`` values at the centres of their bins.

    ``choices`` are the ordinal's values; without them value k is ``low + k * step``.
    """

    low: float
    step: float
    levels: float
    log: bool
    integer: bool
    choices: tuple[Value, ...] = ()
    categorical: bool = False

    def _log_ends(self) -> tuple[float, float]:
        """Logarithms of the range with half a step more at either end."""
        half = min(0.5 * self.step, 0.5 * self.low)
        return math.log(self.low - half), math.log(self.low + (self.levels - 1) * self.step + half)

    def index(self, u: Array) -> Array:
        """Return the numbers of the levels at ``u``, as floats."""
        u = np.clip(u, 0.0, 1.0)
        if not self.log:
            return np.minimum(np.floor(u * self.levels), self.levels - 1)
        low, high = self._log_ends()
        index = np.round((np.exp(low + u * (high - low)) - self.low) / self.step)
        return np.clip(index, 0.0, self.levels - 1)

    def at(self, index: Array) -> Array:
        """Coordinates of levels."""
        if self.levels == 1:
            return np.full_like(index, 0.5)
        if not self.log:
            return np.asarray((index + 0.5) / self.levels)
        low, high = self._log_ends()
        return np.asarray((np.log(self.low + index * self.step) - low) / (high - low))

    def snap(self, u: Array) -> Array:
        """Return the centres of the bins that ``u`` lies in."""
        return self.at(self.index(u))

    def value(self, k: int) -> Value:
        """Return the value of level ``k``."""
        if self.choices:
            return self.choices[k]
        if self.integer:
            return int(self.low) + k * int(self.step)
        top = self.low + (self.levels - 1) * self.step
        return min(_tidy(self.low + k * self.step), max(_tidy(top), self.low))

    def values(self, u: Array) -> list[Value]:
        """Native values of the bins."""
        return [self.value(int(k)) for k in self.index(u)]

    def coordinate(self, value: Value) -> float | None:
        """Centre of the bin of ``value``; None off the grid."""
        if self.choices:
            k = position(self.choices, value)
        else:
            number = as_number(value)
            if number is None:
                return None
            exact = (number - self.low) / self.step
            k = round(exact) if math.isfinite(exact) and abs(exact - round(exact)) < 1e-6 else None
        if k is None or not 0 <= k < self.levels:
            return None
        return float(self.at(np.array([float(k)]))[0])

    def beyond(self, value: Value) -> float | None:
        """Position of any number, off the grid too; None for an ordinal's lost choice."""
        number, inside = as_number(value), self.coordinate(value)
        if inside is not None or number is None or self.choices or self.levels == 1:
            return inside
        if not self.log:
            return _saturated(((number - self.low) / self.step + 0.5) / self.levels)
        low, high = self._log_ends()
        return None if number <= 0 else _saturated((math.log(number) - low) / (high - low))


@dataclass(frozen=True, slots=True)
class Choice:
    """A categorical: the coordinate is the index of the choice."""

    choices: tuple[Value, ...]
    categorical: bool = True

    @property
    def levels(self) -> float:
        """How many choices there are."""
        return float(len(self.choices))

    def snap(self, u: Array) -> Array:
        """Return the nearest index of a choice."""
        return np.clip(np.round(u), 0.0, self.levels - 1)

    def values(self, u: Array) -> list[Value]:
        """Return the choices."""
        return [self.choices[int(k)] for k in self.snap(u)]

    def coordinate(self, value: Value) -> float | None:
        """Index of ``value``; None if it is no choice."""
        k = position(self.choices, value)
        return None if k is None else float(k)

    def beyond(self, value: Value) -> float | None:
        """Index of ``value``; of what is no choice a negative number of its own."""
        inside = self.coordinate(value)
        return -1.0 - zlib.crc32(repr(value).encode()) if inside is None else inside


def as_number(value: Value) -> float | None:
    """``value`` as a finite float; None for text and the rest."""
    if value is None or isinstance(value, str):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def position(choices: tuple[Value, ...], value: Value) -> int | None:
    """Index of ``value`` in ``choices``: of its own type if possible (True is not 1)."""
    for same_type in (True, False):
        for k, choice in enumerate(choices):
            if choice == value and (not same_type or type(choice) is type(value)):
                return k
    return None


def axis_of(parameter: Parameter) -> Continuous | Grid | Choice:
    """Return the axis of a parameter that is searched."""
    if parameter.kind is ParameterKind.CATEGORICAL:
        return Choice(tuple(parameter.choices))
    if parameter.kind is ParameterKind.ORDINAL:
        return Grid(0.0, 1.0, float(len(parameter.choices)), False, False, tuple(parameter.choices))
    low, high = float(parameter.low), float(parameter.high)
    integer = parameter.kind is ParameterKind.INT
    if not integer and parameter.step is None:
        return Continuous(low, high, logarithmic(parameter))
    step = float(parameter.step or 1.0)
    levels = math.floor((high - low) / step + 1e-9) + 1.0
    return Grid(low, step, levels, low > 0 and logarithmic(parameter), integer)
