"""What the importance pane says of what its shares are from."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.importance import Importance
from tests.tui.charts.showing import known, shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


async def said(snapshot: Snapshot, width: int = 90) -> str:
    async with shown(Importance(), snapshot, size=(width, 20)) as (pilot, _):
        return "\n".join(text(pilot))


async def test_how_many_results_and_failures_there_are(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(300)
    full = frame.task == 2
    complete = full & (frame.state == STATES.index(TrialState.COMPLETE))
    failed = full & (frame.state == STATES.index(TrialState.FAILED))
    assert failed.any()
    wanted = f"from {complete.sum()} results, {failed.sum()} failed left out"
    assert wanted in await said(snapshot_of(frame))


async def test_of_a_metric_that_is_noise_it_is_said_that_nothing_explains_it(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(300)
    acc = np.random.default_rng(0).normal(size=300)
    metrics = {**frame.metrics, "acc": acc, "size": frame.params["lr"]}
    shown_lines = await said(snapshot_of(replace(frame, metrics=metrics)))
    (line,) = [n for n in shown_lines.splitlines() if "explained no better than by chance" in n]
    assert "acc" in line.split(":")[0].split(", ")


async def test_parameters_that_went_together_are_named(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(300)
    params = {**frame.params, "depth": np.round(3 * np.log10(frame.params["lr"]) + 13)}
    lines = await said(snapshot_of(replace(frame, params=params)))
    assert "lr and depth changed together" in lines
    assert "changed together" not in await said(snapshot_of(frame))


async def test_a_task_that_explains_something_goes_before_a_full_one_that_does_not(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(300)
    noise = np.random.default_rng(0).normal(size=300)
    told = np.where(frame.task == 2, noise, np.log(frame.params["lr"]))
    nothing = replace(frame, metrics=dict.fromkeys(frame.metrics, np.ones(300)))
    telling = replace(frame, metrics=dict.fromkeys(frame.metrics, told))
    chart = Importance()
    async with shown(chart, snapshot_of(telling), size=(90, 20)) as (pilot, _):
        first = "\n".join(text(pilot))
        assert "of full nothing is explained yet: this is half (v: next task)" in first
        assert "from half, not the full task" in first
        assert re.search(r"lr +█+\S? \d+%", first)
        for wanted in (
            "from short",
            "acc, size, ms: explained no better",
        ):  # asked for, it is what is shown
            chart.action_task()
            await known(pilot)
            assert wanted in "\n".join(text(pilot))
        assert "explained yet" not in "\n".join(text(pilot))
    # Where no task explains anything, it is the full task as ever.
    assert "not the full task" not in await said(snapshot_of(nothing))


async def test_it_is_asked_whether_a_range_should_be_wider(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(300)
    lr = np.where(np.arange(300) % 4, frame.params["lr"], 0.1)
    metrics = {**frame.metrics, "acc": 0.9 + lr, "size": np.ones(300), "ms": np.ones(300)}
    lines = await said(
        snapshot_of(replace(frame, metrics=metrics, params={**frame.params, "lr": lr}))
    )
    assert re.search(r"lr: the \d+ best trials lie at the upper end \(0\.1\): widen", lines)
    assert "widen" not in await said(snapshot_of(frame))
