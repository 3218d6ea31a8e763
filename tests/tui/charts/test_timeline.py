"""When trials ran: each is in a lane, no two at once in one, and idle nights are left out."""

import re
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import DeviceSample, TrialState
from hpo_tui.tui.charts.timeline import MOST_TRIALS, Ran, TimeAxis, busy, cells, lanes, marks, ran
from hpo_tui.tui.messages import TrialOpened
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.devices import Devices
from tests.tui.charts.conftest import drawn
from tests.tui.charts.showing import shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]
NOON = time.mktime((2026, 3, 2, 12, 0, 0, 0, 0, -1))
"""Local time, as it is shown."""

SPANS = st.lists(
    st.tuples(
        st.floats(0, 1e6),
        st.floats(0, 1e5),
        st.sampled_from(["GPU0", "GPU1", "GPU0,GPU1", "cpu:0", "cpu:10", ""]),
    ),
    min_size=1,
    max_size=60,
)


def frame_of(spans: list[tuple[float, float, str]]) -> Frame:
    """Trials by (start, seconds, device), all of them complete."""
    frame = drawn(len(spans))
    starts, seconds = np.array([s[0] for s in spans]), np.array([s[1] for s in spans])
    complete = np.full(len(spans), STATES.index(TrialState.COMPLETE), np.int8)
    return replace(
        frame, state=complete, started=starts, ended=starts + seconds, duration=seconds,
        device=np.array([s[2] for s in spans], object),
    )  # fmt: skip


@given(SPANS)
def test_each_trial_is_in_a_lane_of_each_of_its_devices(
    spans: list[tuple[float, float, str]],
) -> None:
    frame = frame_of(spans)
    trials = ran(frame, 2e6)
    found = [int(trials.row[i]) for lane in lanes(frame, trials) for i in lane.at]
    wanted = [row for row, (_, _, device) in enumerate(spans) for _ in device.split(",")]
    assert sorted(found) == sorted(wanted)


@given(SPANS)
def test_no_two_trials_of_a_lane_ran_at_once(spans: list[tuple[float, float, str]]) -> None:
    frame = frame_of(spans)
    trials = ran(frame, 2e6)
    for lane in lanes(frame, trials):
        assert (trials.start[lane.at][1:] >= trials.end[lane.at][:-1]).all()


@given(SPANS, st.integers(1, 200))
def test_time_goes_to_the_right_and_back_again(
    spans: list[tuple[float, float, str]], width: int
) -> None:
    trials = ran(frame_of(spans), 2e6)
    axis = TimeAxis(trials, width)
    moments = np.sort(np.concatenate([trials.start, trials.end]))
    columns = axis.columns(moments)
    assert (np.diff(columns) >= 0).all()
    assert columns[0] >= 0
    assert columns[-1] <= width
    assert axis.cuts == sorted(set(axis.cuts))
    assert all(0 < cut < width - 1 for cut in axis.cuts)
    back = [axis.time(c) for c in range(width)]
    assert back == sorted(back)


@given(SPANS, st.integers(8, 200))
def test_every_lane_shows_a_trial_and_none_where_a_cut_is(
    spans: list[tuple[float, float, str]], width: int
) -> None:
    frame = frame_of(spans)
    trials = ran(frame, 2e6)
    axis = TimeAxis(trials, width)
    for lane in lanes(frame, trials):
        which = cells(axis, trials, lane, width)
        assert set(which.tolist()) - {-1} <= set(lane.at.tolist())
        assert (which >= 0).any()
        assert (which[axis.cuts] == -1).all()
        assert 0 <= busy(axis, trials, lane) <= 1


def test_an_idle_night_takes_one_column_and_counts_for_nothing() -> None:
    evening = [(NOON + 600.0 * i, 600.0, "GPU0") for i in range(6)]
    morning = [(NOON + 60_000 + 600.0 * i, 600.0, "GPU0") for i in range(6)]
    trials = ran(frame_of(evening + morning), 0.0)
    axis = TimeAxis(trials, 61)
    assert axis.cuts == [30]
    assert axis.seconds == pytest.approx(7200)
    lane = lanes(frame_of(evening + morning), trials)[0]
    assert busy(axis, trials, lane) == pytest.approx(1.0)
    which = cells(axis, trials, lane, 61)
    assert which[:30].tolist() == np.repeat(range(6), 5).tolist()
    assert which[31:].tolist() == np.repeat(range(6, 12), 5).tolist()


def test_a_short_wait_between_trials_stays_to_be_seen() -> None:
    trials = ran(frame_of([(0.0, 300.0, "a"), (360.0, 300.0, "a"), (700.0, 300.0, "a")]), 0.0)
    axis = TimeAxis(trials, 100)
    assert axis.cuts == []
    lane = lanes(frame_of([(0.0, 300.0, "a"), (360.0, 300.0, "a"), (700.0, 300.0, "a")]), trials)[0]
    which = cells(axis, trials, lane, 100)
    assert (which == -1).sum() == pytest.approx(10, abs=2)
    assert busy(axis, trials, lane) == pytest.approx(0.9)


def test_moments_are_told_by_the_second_where_all_is_short_and_with_the_day_where_it_changes() -> (
    None
):
    brief = TimeAxis(Ran(np.array([0]), np.array([NOON]), np.array([NOON + 60.0])), 60)
    assert marks(brief, 60, NOON) == [(0, "12:00:00"), (16, "12:00:16"), (32, "12:00:32"),
                                      (48, "12:00:48")]  # fmt: skip
    long = TimeAxis(Ran(np.array([0]), np.array([NOON]), np.array([NOON + 86_400.0])), 48)
    said = [word for _, word in marks(long, 48, NOON + 86_400.0)]
    assert said == ["03-02 12:00", "20:00", "03-03 04:00"]


def test_running_trials_end_now_and_waiting_ones_have_not_begun() -> None:
    frame = frame_of([(10.0, 5.0, "a"), (20.0, 5.0, "a"), (30.0, 5.0, "a")])
    frame.state[1] = STATES.index(TrialState.RUNNING)
    frame.ended[1] = frame.duration[1] = np.nan
    frame.state[2] = STATES.index(TrialState.WAITING)
    trials = ran(frame, 100.0)
    assert trials.row.tolist() == [0, 1]
    assert trials.end.tolist() == [15.0, 100.0]


def test_of_very_many_trials_the_last_are_drawn() -> None:
    spans = [(float(i), 1.0, "a") for i in range(MOST_TRIALS + 10)]
    assert ran(frame_of(spans), 0.0).row[0] == 10


# in the pane


def hour(make: Frames) -> Frame:
    """Two GPUs over an hour: six trials of ten minutes on each."""
    frame = frame_of([(NOON + 600 * (i // 2), 600.0, f"GPU{i % 2}") for i in range(12)])
    frame.task[:] = [0, 1, 2] * 4
    return frame


def sample(number: int, time: float = NOON + 3600) -> DeviceSample:
    return DeviceSample(
        time, f"GPU{number}", "RTX 4090", 11 << 30, 24 << 30, 0.83, (number + 1,), 1 << 30
    )


async def test_blocks_have_the_shades_of_their_tasks_and_their_numbers(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = replace(snapshot_of(hour(make_frame)), time=NOON + 3600, runner_pid=None)
    async with shown(Devices(), snapshot, size=(72, 20), ascii_only=True) as (pilot, _):
        lines = [line for line in text(pilot) if line.strip()]
    at = next(i for i, line in enumerate(lines) if "when trials ran" in line)
    assert "- short" in lines[at]
    assert "# full" in lines[at]
    assert re.findall(r"#(\d+)", lines[at + 1]) == ["1", "3", "5", "7", "9", "11"]
    assert re.findall(r"#(\d+)", lines[at + 2]) == ["2", "4", "6", "8", "10", "12"]
    assert re.search(r" -#1-+##3#+%#5%+-#7-+#", lines[at + 1])  # short, full, half, short
    assert lines[at + 1].rstrip().endswith("100%")
    assert lines[at + 3].split()[0] == "12:00"


async def test_gpus_have_a_block_each_or_a_line_each_and_the_lanes_remain(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    samples = tuple(sample(n) for n in range(8))
    snapshot = replace(snapshot_of(hour(make_frame)), time=NOON + 3600, devices=samples)
    async with shown(Devices(), snapshot, size=(100, 40), ascii_only=True) as (pilot, _):
        lines = text(pilot)
        assert sum("memory" in line for line in lines) == 8
        assert any("when trials ran" in line for line in lines)
        await pilot.resize_terminal(100, 14)
        await pilot.pause()
        lines = text(pilot)
        assert sum("11G of 24G" in line for line in lines) == 8
        assert "busy 83%" in lines[7]
        assert lines[7].rstrip().endswith("#8; others")
        assert any("when trials ran" in line for line in lines)
        await pilot.resize_terminal(100, 6)
        await pilot.pause()
        lines = text(pilot)
        assert sum("11G of 24G" in line for line in lines) >= 2
        assert any("more" in line for line in lines)


async def test_a_line_says_how_hot_a_gpu_is_who_uses_it_and_what_is_wrong_with_it(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    measured = replace(sample(0), foreign=0, temperature=71, power=312.4)
    samples = (
        measured,
        replace(measured, device="GPU1", trials=(), others="bob (python, pid 42, 9.0 GiB)"),
        replace(measured, device="GPU2", utilization=None, power=None, trouble="lent"),
        replace(
            sample(3),
            memory_total=0,
            foreign=0,
            trials=(),
            trouble="GPU3 does not answer (GPU is lost)",
        ),
    )
    snapshot = replace(snapshot_of(hour(make_frame)), time=NOON + 3600, devices=samples)
    async with shown(Devices(), snapshot, size=(60, 12), ascii_only=True) as (pilot, _):
        lines = [line.rstrip() for line in text(pilot)]
        assert lines[0] == " GPU0   ######...... 11G of 24G   83%   71C  312W #1"
        assert lines[1] == " GPU1   ######...... 11G of 24G   83%   71C  312W bob (pyth~"
        assert lines[2] == " GPU2   ######...... 11G of 24G     -   71C #1; lent"
        assert lines[3] == " GPU3   does not answer (GPU is lost)"
        await pilot.resize_terminal(90, 40)
        await pilot.pause()
        lines = [line.rstrip() for line in text(pilot)]
        assert lines[2].endswith(" 83%  71C  312W")
        assert lines[4].endswith("  bob (python, pid 42, 9.0 GiB)")
        assert lines[12].endswith("  does not answer (GPU is lost)")


async def test_eight_gpus_have_a_line_each_in_a_small_window(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    samples = tuple(sample(n) for n in range(8))
    snapshot = replace(snapshot_of(hour(make_frame)), time=NOON + 3600, devices=samples)
    async with shown(Devices(), snapshot, size=(80, 11), ascii_only=True) as (pilot, _):
        lines = text(pilot)
    assert sum("11G of 24G" in line for line in lines) == 8
    assert "when trials ran" in lines[8]


async def test_keys_and_clicks_go_to_trials_and_enter_opens(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = replace(snapshot_of(hour(make_frame)), time=NOON + 3600, runner_pid=None)
    widget = Devices()
    async with shown(widget, snapshot, View(selected=4), size=(72, 20), ascii_only=True) as (
        pilot,
        messages,
    ):
        widget.action_later()
        widget.action_later()
        assert widget.view.selected == 6
        widget.action_earlier()
        assert widget.view.selected == 5
        widget.action_open()
        y = next(i for i, line in enumerate(text(pilot)) if line.startswith(" GPU1"))
        await pilot.click(offset=(text(pilot)[y].index("#8"), y))
        assert widget.view.selected == 8
        await pilot.click(offset=(0, 0))
        assert widget.view.selected == 8
        for _ in range(20):
            widget.action_later()
        assert widget.view.selected == 12
        await pilot.pause()
    assert {m.number for m in messages if isinstance(m, TrialOpened)} == {5}


async def test_a_running_trial_grows_while_a_runner_lives_and_stops_with_it(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = hour(make_frame)
    frame.state[11] = STATES.index(TrialState.RUNNING)
    frame.ended[11] = frame.duration[11] = np.nan
    live = replace(snapshot_of(frame), time=NOON + 3600 + 1800)
    widget = Devices()
    async with shown(widget, live, size=(72, 20), ascii_only=True) as (pilot, _):
        assert next(line for line in text(pilot) if line.startswith(" GPU0")).split()[-1] == "67%"
        widget.show(replace(live, time=NOON + 3 * 3600), View())
        await pilot.pause()
        lane = next(line for line in text(pilot) if line.startswith(" GPU1"))
        assert lane.rstrip().endswith("100%")
        assert next(line for line in text(pilot) if line.startswith(" GPU0")).split()[-1] == "33%"
        widget.show(replace(live, time=NOON + 9 * 3600, runner_pid=None), View())
        await pilot.pause()
        assert next(line for line in text(pilot) if line.startswith(" GPU0")).split()[-1] == "100%"
