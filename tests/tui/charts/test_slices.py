"""A metric along one parameter, with what the optimizer expects of it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.store.frame import Frame
from hpo_tui.tui.messages import TrialOpened
from hpo_tui.tui.snapshot import Snapshot, View
from hpo_tui.tui.widgets.slices import Slices
from tests.tui.charts.showing import shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]
RISING = Slice(
    7, "lr", "acc", (1e-4, 1e-3, 1e-2, 1e-1),
    (0.80, 0.85, 0.90, 0.95), (0.78, 0.84, 0.89, 0.93), (0.82, 0.86, 0.91, 0.97),
)  # fmt: skip
CHOICES = Slice(7, "opt", "acc", ("sgd", "adam"), (0.8, 0.9), (0.75, 0.88), (0.85, 0.92))


async def test_the_line_rises_as_it_is_expected_to(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = replace(snapshot_of(make_frame(1)), slices=(RISING, CHOICES))
    async with shown(Slices(ascii_only=True), snapshot, size=(80, 24)) as (pilot, _):
        lines = text(pilot)
    assert "expected, rest as #7" in lines[0]
    assert lines[-1].rstrip().endswith("lr 1/5")
    heights = [y for y, line in enumerate(lines[1:-2]) if "--" in line[8:] and "- -" not in line]
    places = [lines[1:-2][y].index("--", 8) for y in heights]
    assert len(heights) > 15
    assert places == sorted(places, reverse=True)
    for y, at in zip(heights, places, strict=True):
        assert "'" in lines[1 + y][max(at - 6, 0) : at + 12]  # in its band


async def test_choices_have_their_names_and_a_band_each(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = replace(snapshot_of(make_frame(1)), slices=(RISING, CHOICES))
    async with shown(Slices(), snapshot, size=(80, 24)) as (pilot, _):
        pilot.app.widget.action_next()
        await pilot.pause()
        lines = text(pilot)
    assert lines[-1].split() == ["sgd", "adam", "lion", "opt", "2/5"]
    shaded = {x for line in lines for x, cell in enumerate(line) if cell == "░"}
    assert max(shaded) < lines[-1].index("lion")  # nothing is expected of it


async def test_it_goes_round_the_parameters_and_through_the_metrics(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    async with shown(Slices(), snapshot_of(make_frame(60)), size=(80, 24)) as (pilot, _):
        widget = pilot.app.widget
        widget.action_previous()
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith("depth 5/5")
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
    assert "momentum 3/5" in foot
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
        assert "No trial has reported acc yet." in " ".join(text(pilot))


async def test_enter_opens_the_selected_trial(make_frame: Frames, snapshot_of: Snapshots) -> None:
    view = View(selected=3)
    async with shown(Slices(), snapshot_of(make_frame(20)), view) as (pilot, messages):
        pilot.app.widget.action_open()
        await pilot.pause()
    assert {m.number for m in messages if isinstance(m, TrialOpened)} == {3}
