"""The line through the best trials of two metrics: only where it is a front, and only as one."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.analysis.front import pareto_mask
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.pareto import Pareto, _edge
from tests.tui.charts.showing import shown, text

POINTS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=12)


@given(POINTS, st.sampled_from([-1.0, 1.0]), st.sampled_from([-1.0, 1.0]))
def test_the_edge_promises_nothing_that_no_trial_has_reached(
    points: list[tuple[int, int]], x_sign: float, y_sign: float
) -> None:
    values = np.array(points, dtype=np.float64)
    signs = np.array([x_sign, y_sign])
    front = values[pareto_mask(values * signs)]
    x, y = _edge(front[:, 0], front[:, 1], x_sign)
    for point in np.stack([x, y], axis=1):
        assert (front * signs <= point * signs).all(axis=1).any()
    assert np.all((np.diff(x) == 0) | (np.diff(y) == 0)), "a slope between two trials"
    assert {tuple(p) for p in front} <= {tuple(p) for p in np.stack([x, y], axis=1)}


async def test_no_line_joins_the_best_where_a_metric_is_no_objective(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    frame = make_frame(4)
    frame.task[:] = frame.tasks.index("full")
    frame.state[:] = STATES.index(TrialState.COMPLETE)
    frame.metrics["acc"][:] = [0.92, 0.94, 0.96, 0.98]
    frame.metrics["size"][:] = [100.0, 300.0, 500.0, 900.0]
    frame.metrics["ms"][:] = [7.0, 2.0, 6.0, 1.0]
    widget, snapshot = Pareto(), snapshot_of(frame)

    def bright() -> int:
        canvas = widget.paint(snapshot, 100, 30)
        return int((canvas.styles[1:] == Ink.BEST).sum())

    async with shown(widget, snapshot) as _:
        assert bright() > 20, "the front of the two objectives"
        widget.action_pair()
        assert bright() == 4, "four trials and no line"


async def test_full_trials_without_values_are_not_said_to_be_missing(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    frame = make_frame(4)
    frame.task[:] = frame.tasks.index("full")
    frame.state[:] = STATES.index(TrialState.COMPLETE)
    frame.metrics["size"][:] = np.nan
    async with shown(Pareto(), snapshot_of(frame)) as (pilot, _):
        assert "No full trial has a value for both acc and size." in "\n".join(text(pilot))
