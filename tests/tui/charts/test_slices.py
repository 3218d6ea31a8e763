"""A metric along one parameter, with what the optimizer expects of it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.messages import TrialOpened
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.slices import Slices
from tests.tui.charts.showing import shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]
RISING = Slice(
    7, "lr", "acc", (1e-4, 1e-3, 1e-2, 1e-1),
    (0.80, 0.85, 0.90, 0.95), (0.78, 0.84, 0.89, 0.93), (0.82, 0.86, 0.91, 0.97),
)  # fmt: skip
CHOICES = Slice(7, "opt", "acc", ("sgd", "adam"), (0.8, 0.9), (0.75, 0.88), (0.85, 0.92))


@pytest.fixture
def snapshot_of(snapshot_of: Snapshots) -> Snapshots:
    """Pictures in which nothing is known of what matters: parameters stand as in the study."""
    return lambda frame, **changes: snapshot_of(frame, **{"ranked": (), **changes})


async def test_the_line_rises_as_it_is_expected_to(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = replace(snapshot_of(make_frame(1)), slices=(RISING, CHOICES))
    async with shown(Slices(), snapshot, size=(80, 24), ascii_only=True) as (pilot, _):
        lines = text(pilot)
    assert "expected from #7" in lines[0]
    assert lines[-1].rstrip().endswith(" 1/5 lr")
    heights = [y for y, line in enumerate(lines[1:-2]) if "--" in line[8:] and "- -" not in line]
    places = [lines[1:-2][y].index("--", 8) for y in heights]
    assert len(heights) > 15
    assert places == sorted(places, reverse=True)
    for y, at in zip(heights, places, strict=True):
        assert "'" in lines[1 + y][max(at - 6, 0) : at + 12]  # in its band


async def test_the_selected_trial_is_marked_where_it_stands(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    mine = int(np.flatnonzero(np.isfinite(frame.metrics["acc"]) & (frame.task == 2))[0])
    snapshot = replace(snapshot_of(frame), slices=(RISING,))
    view = View(selected=int(frame.number[mine]))
    async with shown(Slices(), snapshot, view, size=(100, 24), ascii_only=True) as (pilot, _):
        lines = text(pilot)
    lr, acc = frame.params["lr"][mine], frame.metrics["acc"][mine]
    assert f"@ #{frame.number[mine]} at {lr:.4g}: {acc:.4g}" in lines[0]
    assert "expected from #7" in lines[0]  # the line goes through another one
    base = lines[-2]
    column = base.index("@")
    marks = {line[column] for line in lines[1:-2]}
    assert {"@", ":"} <= marks


async def test_a_selected_trial_without_result_or_parameter_says_so(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    silent = int(np.flatnonzero(np.isnan(frame.metrics["acc"]))[0])
    apart = int(np.flatnonzero(np.isnan(frame.params["momentum"]))[0])
    view = View(selected=int(frame.number[silent]))
    async with shown(Slices(), snapshot_of(frame), view, size=(100, 24)) as (pilot, _):
        lines = text(pilot)
        assert ": no result yet" in lines[0]
        assert "◆" in lines[-2]  # the value it runs with
    view = View(selected=int(frame.number[apart]))
    async with shown(Slices(), snapshot_of(frame), view, size=(100, 24)) as (pilot, _):
        for _ in range(2):
            pilot.app.widget.action_next()
        await pilot.pause()
        lines = text(pilot)
        assert f"#{frame.number[apart]} without it: " in lines[0]
        assert "◆" not in "".join(lines[1:])


async def test_what_has_no_room_in_the_caption_is_left_out_whole(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = replace(snapshot_of(make_frame(60)), slices=(RISING,))
    heads = []
    for width in (120, 62, 30, 20):
        async with shown(Slices(), snapshot, View(selected=5), size=(width, 12)) as (pilot, _):
            heads.append(text(pilot)[0].strip().split("  "))
    assert len(heads[0]) == 6
    for head in heads[1:]:
        assert set(head) < set(heads[0])
        assert len(head) > 1


async def test_choices_have_their_names_and_a_band_each(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = replace(snapshot_of(make_frame(1)), slices=(RISING, CHOICES))
    async with shown(Slices(), snapshot, size=(80, 24)) as (pilot, _):
        pilot.app.widget.action_next()
        await pilot.pause()
        lines = text(pilot)
    assert lines[-1].split() == ["sgd", "adam", "lion", "2/5", "opt"]
    shaded = {x for line in lines for x, cell in enumerate(line) if cell == "░"}
    assert max(shaded) < lines[-1].index("lion")  # nothing is expected of it


async def test_it_goes_round_the_parameters_and_through_the_metrics(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    async with shown(Slices(), snapshot_of(make_frame(60)), size=(80, 24)) as (pilot, _):
        widget = pilot.app.widget
        widget.action_previous()
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith(" 5/5 depth")
        widget.action_metric()
        await pilot.pause()
        assert text(pilot)[0].startswith("size ↓")
        widget.action_metric()
        await pilot.pause()
        assert text(pilot)[0].startswith("ms  ")
        assert "expected" not in text(pilot)[0]  # nobody has told anything yet


async def test_trials_without_the_parameter_are_counted(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    async with shown(Slices(), snapshot_of(frame), size=(90, 24)) as (pilot, _):
        widget = pilot.app.widget
        for _ in range(2):
            widget.action_next()
        await pilot.pause()
        head, foot = text(pilot)[0], text(pilot)[-1]
    assert "3/5 momentum" in foot
    known = np.isfinite(frame.metrics["acc"])
    absent = int((known & ~np.isfinite(frame.params["momentum"])).sum())
    assert f"{absent} without it" in head


async def test_what_was_told_before_an_edit_of_the_space_is_left_out(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    other = replace(CHOICES, parameter="lr"), replace(RISING, parameter="opt")
    snapshot = replace(snapshot_of(make_frame(20)), slices=other)
    async with shown(Slices(), snapshot) as (pilot, _):
        pilot.app.widget.action_next()
        await pilot.pause()  # the pictures are drawn without a fault


async def test_a_study_with_nothing_to_see_says_so(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(make_frame(5))
    fixed = replace(snapshot.spec, space=())
    async with shown(Slices(), replace(snapshot, spec=fixed), size=(60, 10)) as (pilot, _):
        assert "No parameter varies." in " ".join(text(pilot))
    silent = replace(snapshot.frame, metrics={})
    async with shown(Slices(), replace(snapshot, frame=silent), size=(60, 10)) as (pilot, _):
        assert "No trial has a value of acc yet." in " ".join(text(pilot))


async def test_enter_opens_the_selected_trial(make_frame: Frames, snapshot_of: Snapshots) -> None:
    view = View(selected=3)
    async with shown(Slices(), snapshot_of(make_frame(20)), view) as (pilot, messages):
        pilot.app.widget.action_open()
        await pilot.pause()
    assert {m.number for m in messages if isinstance(m, TrialOpened)} == {3}


async def test_the_parameters_that_matter_most_come_first_and_the_one_shown_stays(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(make_frame(60), ranked=("depth", "opt"))
    async with shown(Slices(), snapshot, size=(80, 24)) as (pilot, _):
        widget = pilot.app.widget
        assert text(pilot)[-1].rstrip().endswith(" 1/5 depth")
        widget.action_next()
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith(" 2/5 opt")
        widget.show(snapshot_of(make_frame(70), ranked=("opt", "depth")), View())
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith(" 1/5 opt")
        widget.action_previous()
        await pilot.pause()
        widget.action_previous()
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith(" 4/5 momentum")


async def test_failed_trials_stand_at_the_foot_of_their_values(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    """Here all with the highest rates failed, where the most is expected."""
    frame = make_frame(60)
    lr = frame.params["lr"]
    failed = lr > np.quantile(lr, 0.8)
    state = np.where(failed, STATES.index(TrialState.FAILED), STATES.index(TrialState.COMPLETE))
    metrics = {**frame.metrics, "acc": np.where(failed, np.nan, 0.9)}
    frame = replace(frame, state=state.astype(np.int8), metrics=metrics)
    snapshot = replace(snapshot_of(frame), slices=(RISING,))
    async with shown(Slices(), snapshot, size=(110, 24), ascii_only=True) as (pilot, _):
        lines = text(pilot)
    assert f"! failed {failed.sum()}" in lines[0]
    foot = lines[-3]
    marks = [at for at, mark in enumerate(foot) if mark == "!"]
    assert marks
    assert min(marks) > len(foot) * 0.7
    assert all("!" not in line for line in lines[1:-3])


async def test_where_no_runner_tells_what_to_expect_it_is_said_who_can(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    said = "A works out what to expect"
    for changes, wanted in (
        ({"runner_pid": None}, True), ({"runner_pid": 7}, False),
        ({"runner_pid": None, "slices": (RISING,)}, False),
    ):  # fmt: skip
        snapshot = snapshot_of(make_frame(60), **changes)
        async with shown(Slices(), snapshot, size=(110, 24)) as (pilot, _):
            assert (said in text(pilot)[0]) == wanted
