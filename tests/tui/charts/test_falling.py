"""Metrics below 0, such as the negative of a loss, by the logarithm of their distance from 0."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.spec import Direction, Objective, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import axes, brush
from hpo_tui.tui.charts.comparison import comparisons
from hpo_tui.tui.charts.layout import zoomed
from hpo_tui.tui.charts.scale import fitted, one_sided
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.widgets.history import History
from hpo_tui.tui.widgets.parallel import ParallelCoordinates
from hpo_tui.tui.widgets.pareto import Pareto
from tests.tui.charts.showing import shown, text

LOSSES = st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=20).map(np.array)


@pytest.fixture
def spec(spec: StudySpec) -> StudySpec:
    score = Objective("neg_mse", Direction.MAXIMIZE, log=True)
    return replace(spec, objectives=(score, spec.objectives[1]))


@pytest.fixture
def frame(make_frame: Callable[..., Frame]) -> Frame:
    """Trials of which some come a thousand times nearer to 0 than others."""
    found = make_frame(60)
    known = np.isfinite(found.metrics["size"])
    loss = np.geomspace(1e-4, 10.0, len(known))
    found.metrics["neg_mse"] = np.where(known, -loss, np.nan)
    return found


@given(LOSSES, st.booleans(), st.lists(st.floats(1e-3, 1e3), max_size=2).map(tuple))
def test_a_loss_and_its_negative_are_drawn_as_mirror_images(
    losses: np.ndarray, good_low: bool, limits: tuple[float, ...]
) -> None:
    up = fitted(losses, True, limits, (good_low, False))
    down = fitted(-losses, True, tuple(-a for a in limits), (False, good_low))
    assert (down.low, down.high, down.log) == (-up.high, -up.low, True)
    assert (down.below, down.above) == (up.above, up.below)
    np.testing.assert_allclose(down.unit(-losses), 1 - up.unit(losses), atol=1e-12)
    assert down.ticks(5) == [-t for t in reversed(up.ticks(5))]
    for unit in (0.0, 0.25, 1.0):
        assert down.value(unit) == pytest.approx(-up.value(1 - unit))
    np.testing.assert_allclose(
        down.widths(-2 * losses, -losses), up.widths(losses, 2 * losses), atol=1e-12
    )


def test_which_side_of_zero_is_told_by_the_values_and_without_any_by_the_goals() -> None:
    assert fitted(np.array([-1.0, -100.0, 0.0]), True).high == -1.0
    assert fitted(np.array([-1.0, -100.0, 0.0]), True).above == 1
    assert fitted(np.array([-1.0, 5.0, 100.0]), True).low == 5.0
    assert fitted(np.zeros(0), True, (-0.01, -1.0)).falling
    assert not fitted(np.zeros(0), True).falling
    assert not fitted(np.zeros(3), True).log
    assert one_sided(np.array([-1.0, np.nan]))
    assert not any(map(one_sided, (np.array([-1.0, 1.0]), np.array([-1.0, 0.0]), np.zeros(0))))


def test_an_axis_has_the_metrics_own_values_by_their_logarithm(
    frame: Frame, spec: StudySpec
) -> None:
    axis = axes.make("m:neg_mse", frame, spec)
    assert axis.ends == ("-10", "-1e-4")
    assert {"-0.001", "-0.01", "-0.1", "-1"} <= {said for _, said in axis.ticks(6)}
    units = axis.unit(axis.values(axis.raw(frame)))
    assert np.nanmedian(units) == pytest.approx(0.5, abs=0.1)
    narrower, _ = brush.shrunk(axis, (-0.1, np.inf))
    assert narrower == pytest.approx(-0.1 * 10 ** (-5 / brush.STEPS))
    near = zoomed(axis, (-0.1, -0.001))
    assert near.unit(np.array([-0.01]))[0] == pytest.approx(0.5)


@pytest.mark.parametrize("chart", [ParallelCoordinates, History, Pareto])
async def test_charts_draw_it_so_where_the_study_asks_for_it(
    chart: type[Chart], frame: Frame, snapshot_of: Callable[..., Snapshot], spec: StudySpec
) -> None:
    for log in (True, False):
        score = replace(spec.objectives[0], log=log)
        asked = replace(spec, objectives=(score, spec.objectives[1]))
        async with shown(chart(), snapshot_of(frame, spec=asked)) as (pilot, _):
            assert ("-0.01" in "\n".join(text(pilot))) == log


def test_two_studies_are_compared_by_it(
    frame: Frame, snapshot_of: Callable[..., Snapshot], spec: StudySpec
) -> None:
    frame.metrics["ms"][:] = 1.0
    both = snapshot_of(frame, spec=spec), snapshot_of(frame, spec=spec)
    found = comparisons(both)[0]
    assert (found.name, found.up, found.log) == ("neg_mse", True, True)


async def test_a_key_switches_to_it(
    frame: Frame, snapshot_of: Callable[..., Snapshot], spec: StudySpec
) -> None:
    score = replace(spec.objectives[0], log=False)
    asked = replace(spec, objectives=(score, spec.objectives[1]))
    widget = History()
    async with shown(widget, snapshot_of(frame, spec=asked)) as (pilot, _):
        assert not widget.idle("log")
        widget.action_log()
        await pilot.pause()
        assert "-0.01" in "\n".join(text(pilot))
