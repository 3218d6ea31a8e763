"""What is expected of a metric over two parameters, in colours, with the trials on it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.spec import OutcomeConstraint
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.slices import Slices
from tests.tui.charts.showing import shown, text
from tests.tui.charts.showing_maps import CHOICES, DEPTH, FALLING, LR, RISING, cells, look, over

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


async def test_what_is_better_is_denser_and_the_legend_says_so(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    lines = await look(snapshot_of(make_frame(0), maps=(RISING,)))
    rows = cells(lines)
    assert (rows[0][0], rows[-1][0]) == ("#", "-")  # the deepest are the best
    order = ["-=%#".index(row[20]) for row in rows if row[20] in "-=%#"]
    assert order == sorted(order, reverse=True)
    assert set(order) == {0, 1, 2, 3}
    assert lines[1].index("worse 0.8") < lines[1].index("0.95 better")
    assert lines[1].startswith("depth ")
    assert lines[-1].split()[-1] == "lr"
    assert "x expected from #7" in lines[0]


async def test_where_less_is_better_the_ramp_is_turned(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(make_frame(0), maps=(RISING, FALLING))
    lines = await look(snapshot, keys="metric")
    rows = cells(lines)
    assert (rows[0][0], rows[-1][0]) == ("-", "#")
    assert lines[0].startswith("size v")
    assert lines[1].index("worse 100k") < lines[1].index("100 better")


async def test_the_colours_are_even_by_the_logarithm_or_linear(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(make_frame(0), maps=(RISING, FALLING))
    by_log = cells(await look(snapshot, keys="metric"))
    linear = cells(await look(snapshot, keys="metric log"))

    def best(rows: list[str]) -> int:
        return sum(row.count("#") for row in rows)

    assert best(linear) > 2 * best(by_log)


@pytest.mark.parametrize("spread", [0.01, 0.06])
async def test_cells_that_may_be_wrong_by_much_are_hatched(
    make_frame: Frames, snapshot_of: Snapshots, spread: float
) -> None:
    wide = over(("lr", LR), ("depth", DEPTH), np.linspace(0.8, 0.95, 36), spread=spread)
    lines = await look(snapshot_of(make_frame(0), maps=(wide,)))
    hatches = sum(row.count("/") for row in cells(lines))
    assert bool(hatches) == ("// unsure" in lines[1]) == (spread > 0.05)


async def test_a_goal_is_marked_among_the_colours_or_said_to_lie_beyond(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(make_frame(0), maps=(RISING,))
    lines = await look(snapshot)
    assert "+ >0.9" in lines[0]
    assert "+" in lines[1]
    low = replace(RISING, expected=tuple(np.linspace(0.5, 0.6, 36).tolist()))
    lines = await look(replace(snapshot, maps=(low,)))
    assert "nowhere >0.9" in lines[0]
    assert "+" not in lines[1]
    high = replace(RISING, expected=tuple(np.linspace(0.91, 0.96, 36).tolist()))
    assert "everywhere >0.9" in (await look(replace(snapshot, maps=(high,))))[0]


async def test_where_the_best_is_expected_is_marked_and_said(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    expected = np.full((9, 4), 0.8)
    expected[2, 1] = 0.95
    peaked = over(("lr", LR), ("depth", DEPTH), expected)
    snapshot = snapshot_of(make_frame(0), maps=(peaked, replace(peaked, metric="ms")))
    lines = await look(snapshot, size=(120, 24))
    assert "A best expected 0.95  " in lines[0]
    rows = cells(lines)
    ((y, x),) = [(y, row.index("A")) for y, row in enumerate(rows) if "A" in row]
    assert rows[y][x - 1] == rows[y][x + 1] == "#"
    assert x == pytest.approx(len(rows[y]) / 3, abs=2)
    vague = over(("lr", LR), ("depth", DEPTH), expected, spread=0.2)
    lines = await look(replace(snapshot, maps=(vague,)), size=(120, 24))
    assert "best expected 0.95, unsure" in lines[0]
    lines = await look(snapshot, size=(120, 24), keys="metric metric")
    assert "best expected 0.8  " in lines[0]  # of milliseconds the fewest
    ends = (OutcomeConstraint("ms", min=0.81, max=0.9),)
    spec = replace(snapshot.spec, outcome_constraints=ends)
    lines = await look(replace(snapshot, spec=spec), size=(120, 24), keys="metric metric")
    assert "best expected" not in lines[0]  # neither few nor many
    assert "low 0.8" in lines[1]
    assert "0.95 high" in lines[1]


async def test_choices_have_a_band_each_and_a_lost_one_stays_blank(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    lines = await look(snapshot_of(make_frame(0), maps=(CHOICES,)))
    named = {name: at for at, line in enumerate(lines[2:-2]) if (name := line[:5].strip(" |"))}
    assert list(named) == ["lion", "adam", "sgd"]
    rows = cells(lines)
    assert rows[named["lion"]] == ""  # nothing is expected of it
    assert set(rows[named["adam"]]) == {"#", "A"}
    assert set(rows[named["sgd"]]) == {"-"}


async def test_what_cannot_be_is_blank(make_frame: Frames, snapshot_of: Snapshots) -> None:
    expected = np.linspace(0.8, 0.95, 36).reshape(9, 4)
    expected[:, 2:] = np.nan
    lines = await look(
        snapshot_of(make_frame(0), maps=(over(("lr", LR), ("depth", DEPTH), expected),))
    )
    for row in cells(lines):
        assert len(row) == pytest.approx(36, abs=2)  # half of the plot


async def test_trials_lie_where_their_values_do_and_are_told_apart(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(30)
    snapshot = snapshot_of(frame, maps=(RISING,))
    mine = int(np.flatnonzero(np.isfinite(frame.metrics["acc"]) & (frame.task == 2))[0])
    view = View(selected=int(frame.number[mine]))
    lines = await look(snapshot, view, size=(120, 24))
    rows = cells(lines)
    depth, lr = frame.params["depth"][mine], frame.params["lr"][mine]
    (at,) = [(y, row.index("@")) for y, row in enumerate(rows) if "@" in row]
    height, width = len(rows), 120 - lines[2].index("|") - 2
    assert at[0] == pytest.approx(height * (1 - (depth - 0.5) / 9), abs=1)
    assert at[1] == pytest.approx((np.log10(lr) + 4) / 3 * width, abs=1.5)
    said = f"@ #{frame.number[mine]} at {lr:.3g}, {depth:.0f}: {frame.metrics['acc'][mine]:.4g}"
    assert said in lines[0]
    drawn = "".join(rows)
    assert {"o", ".", "x", "@"} <= set(drawn)
    known = np.isfinite(frame.metrics["acc"])
    assert f"o full {int((known & (frame.task == 2)).sum())}" in lines[0]


async def test_failed_trials_lie_where_their_values_do(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(20)
    failed = frame.in_state(TrialState.FAILED)
    lost = failed.copy()
    lost[:3] = True
    state = np.where(lost, STATES.index(TrialState.FAILED), frame.state).astype(np.int8)
    metrics = {**frame.metrics, "acc": np.where(lost, np.nan, frame.metrics["acc"])}
    frame = replace(frame, state=state, metrics=metrics)
    snapshot = snapshot_of(frame, maps=(RISING,))
    lines = await look(snapshot, size=(140, 24))
    assert f"! failed {lost.sum()}" in lines[0]
    assert 0 < sum(row.count("!") for row in cells(lines)) <= lost.sum()
    none = await look(snapshot, View(mask=~lost), size=(140, 24))
    assert not sum(row.count("!") for row in cells(none))


async def test_what_the_filter_hides_is_not_on_the_map(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    snapshot = snapshot_of(frame, maps=(RISING,))
    every = cells(await look(snapshot))
    none = cells(await look(snapshot, View(mask=np.zeros(60, dtype=bool))))
    assert sum(row.count(".") for row in none) == 0 < sum(row.count(".") for row in every)


async def test_it_goes_round_the_pairs_and_the_one_shown_stays(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(make_frame(20), maps=(RISING, CHOICES))
    async with shown(Slices(), snapshot, size=(80, 24), ascii_only=True) as (pilot, _):
        widget = pilot.app.widget
        widget.action_map()
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith(" 1/2 lr")
        assert text(pilot)[1].startswith("depth")
        widget.action_previous()
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith(" 2/2 lr")
        assert text(pilot)[1].startswith("opt")
        widget.show(replace(snapshot, maps=(CHOICES, RISING)), View())
        await pilot.pause()
        assert text(pilot)[-1].rstrip().endswith(" 1/2 lr")
        assert text(pilot)[1].startswith("opt")
        widget.action_map()
        await pilot.pause()
        assert "/5 " in text(pilot)[-1]  # a slice again


async def test_why_there_is_no_map_is_said(make_frame: Frames, snapshot_of: Snapshots) -> None:
    snapshot = snapshot_of(make_frame(20))
    told: Any = (object(),)

    async def note(**changes: Any) -> str:
        return " ".join(" ".join(await look(replace(snapshot, **changes))).split())

    assert "some seconds after the first full-task result" in await note()
    assert "some seconds after the first full-task result" in await note(maps=())
    assert "its runner is started again" not in await note()
    older = await note(slices=told)
    assert "older version that makes none: stop the study (X)" in older
    stopped = replace(snapshot.study, state=StudyState.STOPPED)
    for slices in (told, ()):
        text = await note(slices=slices, runner_pid=None, study=stopped)
        assert "A computes slices and maps" in text
    nothing = snapshot_of(make_frame(0), runner_pid=None)
    assert "after the first full-task result" in " ".join(" ".join(await look(nothing)).split())
    none = await note(slices=told, maps=(), runner_pid=None, study=stopped)
    assert "fewer than two parameters vary" in none
    one = replace(snapshot.spec, space=snapshot.spec.space[:1])
    assert "A map needs two parameters" in await note(spec=one)
    assert "no map of size yet" in " ".join(
        await look(replace(snapshot, maps=(RISING,)), keys="metric")
    )


async def test_maps_of_what_an_edit_has_taken_away_are_left_out(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    gone = over(("width", LR), ("depth", DEPTH), RISING.expected)
    lines = await look(snapshot_of(make_frame(20), maps=(gone, RISING)))
    assert lines[-1].split()[-1] == "lr"
    other = over(("opt", ("x", "y")), ("depth", DEPTH), [[0.8, 0.9]] * 9)
    lines = await look(snapshot_of(make_frame(20), maps=(other,)))
    assert "before the study was edited" in " ".join(lines)


@pytest.mark.parametrize("size", [(20, 24), (80, 7), (10, 5)])
async def test_where_there_is_no_room_it_says_so(
    make_frame: Frames, snapshot_of: Snapshots, size: tuple[int, int]
) -> None:
    lines = await look(snapshot_of(make_frame(20), maps=(RISING,)), size=size)
    assert "Too small for a" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("size", [(28, 8), (40, 12), (57, 19), (200, 60)])
@pytest.mark.parametrize("ascii_only", [True, False])
async def test_it_is_drawn_at_any_size(
    make_frame: Frames, snapshot_of: Snapshots, size: tuple[int, int], ascii_only: bool
) -> None:
    snapshot = snapshot_of(make_frame(60), maps=(RISING, CHOICES))
    lines = await look(snapshot, View(selected=5), size=size, ascii_only=ascii_only)
    assert "0.95" in lines[1]  # the best end, however little room there is
    assert all(len(line) == size[0] for line in lines)
    assert ascii_only == "".join(lines).isascii()


@pytest.mark.parametrize("width", [36, 40, 59, 80])
async def test_every_choice_along_the_axis_is_named_beside_the_name_of_the_axis(
    make_frame: Frames, snapshot_of: Snapshots, width: int
) -> None:
    opt = ("opt", ("sgd", "adam", "lion"))
    maps = (
        over(opt, ("lr", LR), [[0.8, 0.9, 0.8]] * 4),
        over(opt, ("depth", DEPTH), [[0.8] * 3] * 9),
    )
    lines = await look(snapshot_of(make_frame(0), maps=maps), size=(width, 20))
    assert lines[-1].split() == ["sgd", "adam", "lion", "1/2", "opt"]


async def test_another_metric_has_the_scale_that_the_study_asks_for(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(make_frame(0), maps=(RISING, FALLING))
    by_log = await look(snapshot, keys="metric")
    round_about = " ".join(["metric"] * len(snapshot.spec.metric_names))
    assert await look(snapshot, keys=f"metric log {round_about}") == by_log
