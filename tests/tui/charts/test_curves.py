"""The learning curves: the limits of a metric can be read where the curves begin."""

from collections.abc import Callable

import numpy as np
import pytest

from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts.reports import Wanted
from hpo_tui.tui.snapshot import Snapshot
from hpo_tui.tui.widgets.curves import Curves, CurvesRead
from tests.tui.charts.showing import shown, text


@pytest.mark.parametrize(("metric", "said"), [("acc", "≥0.9"), ("ms", "≤8")])
async def test_the_limit_of_a_metric_stands_over_the_curves(
    make_frame: Callable[..., Frame],
    snapshot_of: Callable[..., Snapshot],
    metric: str,
    said: str,
) -> None:
    limit = float(said[1:])
    curve = (np.arange(1.0, 6.0), np.full(5, limit))
    async with shown(Curves(), snapshot_of(make_frame(4)), size=(60, 12)) as (pilot, _):
        wanted = Wanted(chain=(1,), best=(), running=(), others=())
        pilot.app.widget.on_curves_read(CurvesRead(metric, wanted, {1: curve}))
        await pilot.pause()
        assert any(f"│{said}" in line for line in text(pilot)), text(pilot)


async def test_a_long_name_of_a_metric_leaves_room_for_the_value_of_the_trial(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    curve = (np.arange(1.0, 6.0), np.full(5, 0.75))
    async with shown(Curves(), snapshot_of(make_frame(4)), size=(40, 12)) as (pilot, _):
        wanted = Wanted(chain=(1,), best=(), running=(), others=())
        name = "validation/top1_accuracy_of_the_average"
        pilot.app.widget.on_curves_read(CurvesRead(name, wanted, {1: curve}))
        await pilot.pause()
        assert text(pilot)[0].startswith("validation")
        assert "#1 0.75" in text(pilot)[0]
