"""How much GPU memory a configuration will need: a regression on the peaks measured so far.

Memory goes by products, as a batch size times a width: the logarithm of the peak is regressed on
the parameters by ridge regression (Hoerl and Kennard, 1970). How strongly it is held, and whether
it knows more than the largest peak does, is judged by what it says of each trial without that one
(Allen's PRESS, 1974), which a linear model has in closed form. Pure logic.
"""

import itertools
import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo_tui.engine.spec.parts import Parameter, ParameterKind, Value
from hpo_tui.engine.threads import with_one_thread

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

LEAST = 8
"""Peaks from which on they are compared; three of them of the task that is asked for."""
_OF_TASK = 3
_KEPT = 128
"""Peaks that are kept: the last ones."""
_PAIRED = 6
"""Numeric parameters up to which their products are looked at, two by two."""
_STRENGTHS = (0.1, 1.0, 10.0, 100.0)
_WORTH = 0.8
"""Share of the largest peak that a trial is said to need on average, at most, for it to be used."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """``weights`` of the features (f,), after ``center`` and ``scale`` (f,) were taken off them.

    ``slack``: by how much the logarithm of a peak has exceeded what was said of it without it, at
    most. ``typical``: bytes that half of the trials are said to need.
    """

    weights: "NDArray[float64]"
    center: "NDArray[float64]"
    scale: "NDArray[float64]"
    mean: float
    slack: float
    typical: int


class MemoryModel:
    """Learns from the peak of each trial that ended well. ``space``: the study's parameters."""

    def __init__(self, space: Sequence[Parameter] = ()) -> None:
        self._space = [p for p in space if p.kind is not ParameterKind.FIXED]
        self._peaks: deque[tuple[str, Mapping[str, Value], int]] = deque(maxlen=_KEPT)
        self._tasks: list[str] = []
        self._fit: _Fit | None = None
        self._fitted = True

    def add(self, task: str, params: Mapping[str, Value], peak: int) -> None:
        """Take in the peak (bytes) of a trial that ended well."""
        if peak > 0 and self._space:
            self._peaks.append((task, params, peak))
            self._fitted = False

    def expected(self, task: str, params: Mapping[str, Value]) -> int | None:
        """Return the bytes that a configuration will hardly exceed.

        None where the largest peak so far says as much.
        """
        fit = self._current()
        if fit is None or sum(t == task for t, _, _ in self._peaks) < _OF_TASK:
            return None
        np = _numpy()
        row = (np.array(self._features(task, params)) - fit.center) / fit.scale
        # Beyond what was measured it may say anything: no more than can be counted, and no less
        # than the smallest, as a good part of that is what any trial takes.
        said = math.exp(min(60.0, fit.mean + float(row @ fit.weights) + fit.slack))
        return max(int(said), min(peak for _, _, peak in self._peaks))

    def typical(self) -> int | None:
        """Return the bytes that half of the trials are expected to need; None as above."""
        fit = self._current()
        return None if fit is None else fit.typical

    def _current(self) -> _Fit | None:
        if not self._fitted:
            self._fit, self._fitted = self._made(), True
        return self._fit

    def _made(self) -> _Fit | None:
        """Fit all peaks; None where that says no more than the largest one."""
        if len(self._peaks) < LEAST or len({peak for _, _, peak in self._peaks}) < 2:
            return None
        np = _numpy()
        self._tasks = sorted({task for task, _, _ in self._peaks})
        rows = np.array([self._features(task, params) for task, params, _ in self._peaks])
        logs = np.log([float(peak) for _, _, peak in self._peaks])
        center, scale = rows.mean(0), rows.std(0)
        scale[scale < 1e-9] = np.inf  # the same in all of them: it tells nothing
        u, s, vt = np.linalg.svd((rows - center) / scale, full_matrices=False)
        mean = float(logs.mean())
        found = []
        for strength in _STRENGTHS:
            kept = s**2 / (s**2 + strength)
            fitted = u @ (kept * (u.T @ (logs - mean)))
            leverage = np.minimum((u**2) @ kept + 1 / len(logs), 0.99)
            found.append(((logs - mean - fitted) / (1 - leverage), strength))
        left_out, strength = min(found, key=lambda pair: float((pair[0] ** 2).mean()))
        slack = max(0.0, float(left_out.max()))
        said = np.exp(logs - left_out + slack)
        if said.mean() > _WORTH * math.exp(logs.max()):
            return None
        weights = vt.T @ (s / (s**2 + strength) * (u.T @ (logs - mean)))
        return _Fit(weights, center, scale, mean, slack, int(statistics.median(said)))

    def _features(self, task: str, params: Mapping[str, Value]) -> list[float]:
        """Return numbers from -1 to 1, their squares and products; choices and tasks as 0 or 1."""
        numbers: list[float] = []
        flags = [float(task == known) for known in self._tasks]
        for parameter in self._space:
            value = params.get(parameter.name)
            if parameter.numeric:
                numbers.append(_place(parameter, value))
            else:
                flags += [float(value == choice) for choice in parameter.choices]
        pairs = itertools.combinations(numbers, 2) if len(numbers) <= _PAIRED else ()
        return [*numbers, *(z * z for z in numbers), *(a * b for a, b in pairs), *flags]


def _numpy() -> Any:
    """Return numpy, which a runner needs for nothing else: it is imported when that is so."""
    return with_one_thread("numpy")


def _place(parameter: Parameter, value: Value | None) -> float:
    """Return where a value lies in its range, from -1 to 1; the middle where there is none."""
    if value is None or isinstance(value, str) or parameter.high <= parameter.low:
        return 0.0
    low, high, at = parameter.low, parameter.high, float(value)
    if parameter.log and at > 0:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return max(-1.5, min(1.5, 2 * (at - low) / (high - low) - 1))
