"""The cost bar: its segments, and what is said of them where there is little room."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.spec import Budget, BudgetUnit, StudySpec
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import cost
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.cost_bar import CostBar
from tests.tui.charts.showing import shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


async def test_the_cost_bar_adds_up(make_frame: Frames, snapshot_of: Snapshots) -> None:
    frame = make_frame(100)
    widget = CostBar()
    async with shown(widget, snapshot_of(frame, eta=840.0), size=(160, 2)) as (pilot, _):
        bar, legend = text(pilot)
        assert {"░", "█", "!", "·"} <= set(bar)
        parts = re.findall(r"(?:short|half|full|lost) ([\d.]+)|([\d.]+) left", legend)
        assert len(parts) == 5
        assert sum(round(100 * float(a or b)) for a, b in parts) == 100 * 100
        assert "about 14m" in legend
        widget.action_count()
        await pilot.pause()
        full = int((frame.at_task("full") & (frame.state == frame.state[0])).sum())
        assert f"full {full}" in text(pilot)[1] or frame.state[0] != 2


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.25, 12.5, 27.25], ["0.25", "12.5", "27.25"]),
        ([1 / 3, 1 / 3, 1 / 3], ["0.34", "0.33", "0.33"]),
        ([10.005, 10.005, 19.99], ["10.01", "10.0", "19.99"]),
        ([0.0, 3.0, 0.004], ["0.0", "3.0", "0.0"]),
        ([1000.26, 0.26, 0.26], ["1000.3", "0.3", "0.2"]),
        ([0.1] * 30, ["0.1"] * 30),
    ],
)
def test_amounts_side_by_side_add_up(values: list[float], texts: list[str]) -> None:
    assert cost.amounts(values) == texts


@pytest.mark.parametrize(("tasks", "width"), [(3, 100), (6, 100), (12, 120), (12, 100), (30, 100)])
async def test_many_tasks_leave_room_for_what_is_lost_and_left(
    make_frame: Frames, snapshot_of: Snapshots, tasks: int, width: int
) -> None:
    frame = make_frame(100)
    names = tuple(f"task with a long name {n} of many" for n in range(tasks))
    frame = replace(frame, tasks=names, task=(np.arange(100) % tasks).astype(frame.task.dtype))
    async with shown(CostBar(), snapshot_of(frame, eta=840.0), size=(width, 2)) as (pilot, _):
        legend = text(pilot)[1]
        assert re.search(r"!! (lost )?\d", legend), legend
        assert "left, about 14m" in legend
        assert legend.startswith(" ░░ ")


async def test_the_cost_bar_names_its_key_while_it_acts(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    widget = CostBar()
    async with shown(widget, snapshot_of(make_frame(100)), size=(160, 2)) as (pilot, _):
        pilot.app.set_focus(None)
        await pilot.pause()
        assert "left" in text(pilot)[1]
        assert "b: by" not in text(pilot)[1]
        widget.focus()
        await pilot.pause()
        assert "b: by count" in text(pilot)[1]


def _two_running(frame: Frame) -> Frame:
    live = np.arange(len(frame)) >= len(frame) - 2
    state = np.where(live, STATES.index(TrialState.RUNNING), frame.state).astype(np.int8)
    return replace(frame, state=state, charged=np.where(live, 0.0, frame.charged))


async def test_what_is_in_flight_has_a_name_that_fits_in_one_line(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(_two_running(make_frame(30)))
    async with shown(CostBar(), snapshot, size=(96, 1)) as (pilot, _):
        assert " run »" in text(pilot)[0]


@pytest.mark.parametrize("trials", [0, 100])
async def test_where_nothing_is_said_of_what_is_left_no_mark_parts_it_off(
    make_frame: Frames,
    first: Callable[[Frame, int], Frame],
    snapshot_of: Snapshots,
    spec: StudySpec,
    trials: int,
) -> None:
    timed = replace(spec, budget=Budget(600.0, BudgetUnit.WALL))
    frame = first(make_frame(100), trials)
    snapshot = snapshot_of(frame, spec=timed, runner_pid=None)
    async with shown(CostBar(), snapshot, size=(96, 1)) as (pilot, _):
        [line] = text(pilot)
        assert ("lost" in line) is bool(trials)
        assert not line.rstrip().endswith("│")


async def test_names_are_cut_before_they_are_left_out(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(_two_running(make_frame(30)))
    async with shown(CostBar(), snapshot, size=(85, 1)) as (pilot, _):
        line = text(pilot)[0]
    names = [part.split()[0] for part in line.split("│")[:-1]]
    assert names == ["sho…", "half", "full", "lost", "run"]


@pytest.mark.parametrize("timed", [True, False])
async def test_a_time_alone_is_said_to_be_left(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec, timed: bool
) -> None:
    """Of a budget of time the bar names no amount that is left."""
    budget = Budget(600.0, BudgetUnit.WALL) if timed else spec.budget
    snapshot = snapshot_of(make_frame(30), spec=replace(spec, budget=budget), eta=840.0)
    async with shown(CostBar(), snapshot, size=(96, 1)) as (pilot, _):
        said = text(pilot)[0].rstrip()
    assert said.endswith(" about 14m left" if timed else " left, about 14m")
