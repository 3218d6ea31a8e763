"""What the optimizer expects along an axis: a line in a shaded band, or one of both a choice."""

from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.spec import Parameter
from hpo_tui.store.models import Value
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot

HALF_SLOT = 0.3
"""Half the width that is drawn of a choice, whose slot has the width 1."""


@dataclass(frozen=True, slots=True)
class Band:
    """What is expected at ``places`` (n,) of an axis: the ``mean``, between ``low`` and ``high``.

    ``apart``: the places are choices, and there is nothing between them.
    """

    places: Array
    low: Array
    mean: Array
    high: Array
    apart: bool

    @staticmethod
    def of(axis: Axis, parameter: Parameter, told: Slice) -> "Band | None":
        """Return the band of a slice; None if it was told before the parameter was another."""
        at = places(axis, parameter, told.values)
        known = np.isfinite(at)
        if not known.any():
            return None
        low, mean, high = (np.array(v)[known] for v in (told.low, told.expected, told.high))
        return Band(at[known], low, mean, high, bool(axis.slots))

    def shade(self, plot: Plot) -> None:
        """Fill it."""
        if not self.apart:
            plot.band(self.places, (self.low, self.high), Ink.PARTIAL)
            return
        for at, low, high in zip(self.places, self.low, self.high, strict=True):
            plot.shade((at - HALF_SLOT, at + HALF_SLOT), (low, high), Ink.PARTIAL)

    @property
    def lines(self) -> list[tuple[Array, Array]]:
        """The line of the mean, in one piece or in as many as there are choices."""
        if not self.apart:
            return [(self.places, self.mean)]
        half = np.array([-HALF_SLOT, HALF_SLOT])
        return [
            (at + half, value.repeat(2)) for at, value in zip(self.places, self.mean, strict=True)
        ]


def places(axis: Axis, parameter: Parameter, values: tuple[Value, ...]) -> Array:
    """Return where values lie on a parameter's axis, (n,); NaN for a choice that is no more."""
    if not axis.slots:
        # Told before an edit of the study, they can be of another kind.
        return np.array([np.nan if isinstance(v, str) else float(v) for v in values])
    known = {(type(c), c): float(i) for i, c in enumerate(parameter.choices)}
    return np.array([known.get((type(v), v), np.nan) for v in values])
