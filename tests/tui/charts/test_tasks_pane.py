"""The Tasks pane: what it says where pairs are few or lie close together."""

from collections.abc import Callable

import numpy as np
import pytest

from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.tasks import Tasks
from tests.tui.charts.showing import shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


async def test_tasks_without_pairs_say_so_once_each(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    async with shown(Tasks(), snapshot_of(make_frame(30))) as (pilot, _):
        drawn = "\n".join(text(pilot))
        assert drawn.count("too few pairs") == 2


@pytest.mark.parametrize(("gone", "told"), [(slice(-12, None), 1), (slice(None, None, 3), 0)])
async def test_tasks_say_where_pairs_of_the_best_alone_show_little(
    make_frame: Frames, snapshot_of: Snapshots, gone: slice, told: int
) -> None:
    frame, rng = make_frame(40), np.random.default_rng(0)
    quality, short = np.sort(rng.random(40)), frame.tasks.index("short")
    chosen = np.arange(40)[gone]
    both = make_frame(40 + len(chosen))
    source = np.r_[np.arange(40), chosen]
    full = np.arange(len(source)) >= 40
    both.state[:] = STATES.index(TrialState.COMPLETE)
    both.task[:] = np.where(full, frame.tasks.index("full"), short)
    both.configuration[:] = source + 1
    both.metrics["acc"][:] = quality[source] + full * rng.normal(0, 0.15, len(source))
    both.metrics["size"][:] = both.metrics["ms"][:] = quality[source]
    async with shown(Tasks(), snapshot_of(both), size=(78, 20)) as (pilot, _):
        lines = text(pilot)
    said = [line for line in lines if "the pairs lie close together" in line]
    assert len(said) == told  # the other metrics are in perfect order
    assert all(line.rstrip().endswith("probably higher") for line in said), "in one line"
