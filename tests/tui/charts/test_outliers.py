"""What lies far from the rest: the best are never left out, and what is left out is told."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.spec import Direction, Objective, StudySpec
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import axes, brush
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.widgets.history import History
from hpo_tui.tui.widgets.parallel import ParallelCoordinates
from hpo_tui.tui.widgets.pareto import Pareto
from tests.tui.charts.showing import shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


@pytest.fixture
def spec(spec: StudySpec) -> StudySpec:
    return replace(spec, objectives=(Objective("acc", Direction.MAXIMIZE, 0.8), spec.objectives[1]))


def few_good(make_frame: Frames) -> Frame:
    """Sixty poor trials close together, six good ones far away, one that went wrong altogether."""
    frame = make_frame(67)
    rng = np.random.default_rng(1)
    frame.task[:] = frame.tasks.index("full")
    frame.state[:] = STATES.index(TrialState.COMPLETE)
    frame.metrics["acc"][:] = rng.normal(0.1, 0.003, 67)
    frame.metrics["acc"][:6] = np.linspace(0.905, 0.93, 6)
    frame.metrics["size"][:] = rng.uniform(500, 7000, 67)
    frame.metrics["size"][9] = 5e12
    return frame


def test_the_best_are_never_trimmed_and_lie_in_the_goals_brush(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = few_good(make_frame)
    axis = axes.make("m:acc", frame, spec)
    assert axis.scale.high >= 0.93
    assert axis.scale.above == 0
    first = brush.first_brush(axis, frame, spec)
    mask = brush.brush_mask(frame, spec, {"m:acc": first})
    assert mask is not None
    assert np.flatnonzero(mask).tolist() == list(range(6))
    frame.metrics["acc"][6] = 1.5  # beyond the axis as it is now: a better trial yet
    mask = brush.brush_mask(frame, spec, {"m:acc": first})
    assert mask is not None
    assert mask[6]


def test_what_a_bad_end_leaves_out_is_counted(make_frame: Frames, spec: StudySpec) -> None:
    size = axes.make("m:size", few_good(make_frame), spec)
    assert size.scale.high < 1e6
    assert (size.scale.below, size.scale.above) == (0, 1)


def test_a_threshold_at_the_end_of_the_axis_is_a_limit_all_the_same(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(60)
    frame.metrics["acc"][:] = np.random.default_rng(2).normal(0.95, 0.003, 60)
    frame.metrics["acc"][:3] = 0.1  # far below, so left out: the axis begins at the threshold
    axis = axes.make("m:acc", frame, spec)
    assert axis.scale.low == 0.8
    mask = brush.brush_mask(frame, spec, {"m:acc": brush.first_brush(axis, frame, spec)})
    assert mask is not None
    assert not mask[:3].any()


@pytest.mark.parametrize("chart", [ParallelCoordinates, History, Pareto])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_charts_mark_the_end_that_leaves_something_out(
    chart: type[Chart],
    ascii_only: bool,
    make_frame: Frames,
    snapshot_of: Snapshots,
    spec: StudySpec,
) -> None:
    only = spec if chart is not History else replace(spec, objectives=spec.objectives[1:])
    mark = ">" if ascii_only else "▸"
    frame = few_good(make_frame)
    async with shown(chart(), snapshot_of(frame, spec=only), ascii_only=ascii_only) as (pilot, _):
        assert f"7000{mark}" in "\n".join(text(pilot))
    frame.metrics["size"][9] = 1000.0
    async with shown(chart(), snapshot_of(frame, spec=only), ascii_only=ascii_only) as (pilot, _):
        assert f"7000{mark}" not in "\n".join(text(pilot))


async def test_a_goal_at_the_end_of_its_axis_does_not_hide_the_mark(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    size = replace(spec.objectives[1], threshold=9000.0)
    spec = replace(spec, objectives=(spec.objectives[0], size))
    frame = few_good(make_frame)
    async with shown(ParallelCoordinates(), snapshot_of(frame, spec=spec)) as (pilot, _):
        assert "≤9000▸" in "\n".join(text(pilot))


@pytest.mark.parametrize("metric", ["acc", "size"])
async def test_the_picture_follows_a_trial_that_was_beyond(
    metric: str, make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    frame = few_good(make_frame)
    widget = ParallelCoordinates()
    async with shown(widget, snapshot_of(frame, spec=spec)) as (pilot, _):
        assert "▸" in "\n".join(text(pilot))
        frame = replace(frame, metrics={k: v.copy() for k, v in frame.metrics.items()})
        frame.metrics["size"][9] = 1000.0
        frame.metrics[metric][10] = 1200.0
        widget.show(snapshot_of(frame, spec=spec), widget.view)
        await pilot.pause()
        assert "▸" not in "\n".join(text(pilot))


async def test_the_goals_brush_at_the_keyboard_holds_the_best(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    widget = ParallelCoordinates()
    async with shown(widget, snapshot_of(few_good(make_frame), spec=spec)) as (pilot, _):
        widget.action_brush()
        await pilot.pause()
        assert "brush from 0.8  6 of 67 inside" in text(pilot)[-1]
        for _ in range(3):
            widget.action_brush_shrink()
        await pilot.pause()
        assert "6 of 67 inside" in text(pilot)[-1]
        assert "brush from 0.86" in text(pilot)[-1]


def test_zero_on_a_log_axis_is_a_value_at_its_end_and_not_a_missing_one(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(20)
    frame.state[:] = STATES.index(TrialState.COMPLETE)
    frame.metrics["size"][:] = np.linspace(100.0, 900.0, 20)
    frame.metrics["size"][3:5] = 0.0, np.nan
    axis = axes.make("m:size", frame, spec)
    assert axis.scale.log
    assert axis.scale.below == 1
    at = axis.unit(axis.values(axis.raw(frame)))
    assert at[3] == 1.0, "the best of what is minimized, at the top"
    assert np.isnan(at).sum() == 1
