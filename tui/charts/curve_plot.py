"""The plot that learning curves of one metric are drawn in: its axes, and lines at its limits."""

from collections.abc import Sequence

import numpy as np

from hpo_tui.engine.spec import StudySpec
from hpo_tui.tui.charts.axes import good_ends
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.reports import Series
from hpo_tui.tui.charts.scale import Scale, fitted
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.words.goals import limits_of


def curve_plot(
    canvas: Canvas, curves: Sequence[Series], metric: str, spec: StudySpec, glyphs: Glyphs,
    *, log: bool,
) -> Plot:  # fmt: skip
    """Return a plot over steps that has room for all ``curves`` and for the metric's limits.

    ``log``: whether its values stand on a logarithmic axis.
    """
    steps, values = (np.concatenate([series[at] for series in curves]) for at in (0, 1))
    limits = tuple(limit for limit, _ in limits_of(spec).get(metric, ()))
    first, last = float(steps.min()), float(steps.max())
    across = Scale(first, max(last, first + 1), whole=True)
    up = fitted(values, log, limits, good_ends(metric, spec))
    plot = Plot.framed(canvas, across, up, glyphs, ("step", metric))
    for limit in limits:
        plot.level(limit, Ink.GOAL)
    return plot
