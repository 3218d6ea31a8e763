"""The cost bar where it has one line."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.snapshot import Snapshot
from hpo_tui.tui.widgets.cost_bar import CostBar
from tests.tui.charts.showing import shown, text


async def test_what_is_in_flight_has_a_name_that_fits(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    frame = make_frame(30)
    live = np.arange(30) >= 28
    state = np.where(live, STATES.index(TrialState.RUNNING), frame.state).astype(np.int8)
    charged = np.where(live, 0.0, frame.charged)
    snapshot = snapshot_of(replace(frame, state=state, charged=charged))
    async with shown(CostBar(), snapshot, size=(96, 1)) as (pilot, _):
        assert " run »" in text(pilot)[0]
