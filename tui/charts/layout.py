"""Where the axes of the parallel coordinates stand, and how much of the height is theirs."""

from dataclasses import replace

import numpy as np

from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.charts.layers import Plan
from hpo_tui.tui.charts.options import Options
from hpo_tui.tui.charts.scale import Scale
from hpo_tui.tui.watching.snapshot import Brush

NARROWEST_GAP = 7
"""Cells between two axes at the least; with less room, fewer axes are shown at once."""


def window(options: Options, width: int) -> tuple[int, tuple[str, ...]]:
    """Return (index of the first, names) of the axes that have room, the focused among them."""
    fitting = max((width - 8) // NARROWEST_GAP + 1, 2)
    count = len(options.names)
    if count <= fitting:
        return 0, options.names
    first = min(max(options.focus - fitting // 2, 0), count - fitting)
    return first, options.names[first : first + fitting]


def cells(count: int, width: int) -> tuple[int, ...]:
    """Return the columns that ``count`` axes stand in, in cells."""
    # Labels stand on the right of their axis, the last one's too.
    margin = min(9, max(width // 6, 1))
    if count < 2:
        return (0,) * count
    return tuple(round(i * (width - 1 - margin) / (count - 1)) for i in range(count))


def plan(
    made: tuple[Axis, ...], frame: Frame, columns: tuple[int, ...], size: tuple[int, int],
    *, runs: bool,
) -> Plan:  # fmt: skip
    """Return the layout in dots, in ``size`` (width, height) cells.

    With room, there is a rail for missing values where there are any, and as long as the study
    runs: each trial that starts has none, and the axes would be shortened for a moment.
    """
    width, room = size
    missing = runs or any(bool(np.isnan(a.values(a.raw(frame))).any()) for a in made)
    rail = missing and room >= 6
    plot = room - 2 if rail else room
    return Plan(
        axes=made,
        columns=tuple(2 * x for x in columns),
        top=1,
        bottom=4 * plot - 2,
        rail=4 * room - 2 if rail else None,
        width=2 * width,
        height=4 * room,
    )


def zoomed(axis: Axis, brush: Brush | None) -> Axis:
    """Return the axis stretched to its brush; as it is without one, and where it has choices."""
    if brush is None or axis.slots:
        return axis
    low, high = axis.held(brush)
    if low >= high:
        return axis
    return replace(axis, scale=Scale(low, high, axis.scale.log), extendable=False)
