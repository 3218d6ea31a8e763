"""The chart widgets in an app: what they draw, what they tell."""

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from textual.worker import WorkerCancelled

from hpo_tui.engine.spec import Objective, StudySpec
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import cost
from hpo_tui.tui.glyphs import glyphs
from hpo_tui.tui.messages import BrushChanged, TrialOpened, TrialSelected
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.widgets.cost_bar import CostBar
from hpo_tui.tui.widgets.curves import Curves
from hpo_tui.tui.widgets.history import History
from hpo_tui.tui.widgets.importance import Importance
from hpo_tui.tui.widgets.parallel import ACTIONS, ParallelCoordinates
from hpo_tui.tui.widgets.pareto import Pareto
from hpo_tui.tui.widgets.slices import Slices
from hpo_tui.tui.widgets.tasks import Tasks
from tests.tui.charts.showing import known, shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]
WIDGETS = (ParallelCoordinates, History, Pareto, Curves, Importance, Tasks, Slices, CostBar)


@pytest.mark.parametrize("size", [(200, 50), (80, 20), (30, 6), (12, 3), (3, 1)])
@pytest.mark.parametrize("cls", WIDGETS)
async def test_every_size_is_drawn(
    cls: type[Chart], size: tuple[int, int], make_frame: Frames, snapshot_of: Snapshots
) -> None:
    async with shown(cls(), snapshot_of(make_frame(80)), View(selected=3), size) as (pilot, _):
        assert len(text(pilot)) == size[1]
        assert all(len(line) <= size[0] for line in text(pilot))


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("cls", WIDGETS)
async def test_hardly_any_trials_are_drawn(
    cls: type[Chart], count: int, make_frame: Frames, snapshot_of: Snapshots
) -> None:
    async with shown(cls(), snapshot_of(make_frame(count))) as (pilot, _):
        assert "".join(text(pilot)).strip()


@pytest.mark.parametrize("cls", WIDGETS)
async def test_ascii_is_ascii(cls: type[Chart], make_frame: Frames, snapshot_of: Snapshots) -> None:
    view = View(selected=3, brushes={"p:lr": (1e-3, 1e-2)})
    async with shown(cls(), snapshot_of(make_frame(200)), view, ascii_only=True) as (pilot, _):
        assert "\n".join(text(pilot)).isascii()


@pytest.mark.parametrize("cls", WIDGETS)
async def test_hostile_names_keep_the_layout(
    cls: type[Chart], make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    names = {
        "lr": "\x1b[31mlr\x1b]0;x\x07",
        "opt": "最適化[bold]最適化",
        "depth": "de\u202ep\u0301th",
    }
    frame = make_frame(100)
    params = {names.get(k, k): v for k, v in frame.params.items()}
    choices = {names["opt"]: ("sgd[/]", "\x1b[2Jadam", "אריה🦁")}
    metrics = {"a\x9bcc\n": frame.metrics["acc"], **frame.metrics}
    hostile = replace(frame, params=params, choices=choices, metrics=metrics)
    renamed = {p.name: names.get(p.name, p.name) for p in spec.space}
    space = tuple(
        replace(p, name=renamed[p.name], choices=choices.get(renamed[p.name], p.choices), when={})
        for p in spec.space
    )
    snapshot = snapshot_of(hostile, spec=replace(spec, space=space))
    async with shown(cls(), snapshot, View(selected=3)) as (pilot, _):
        for strip in pilot.app.screen._compositor.render_strips(pilot.app.size):
            line = "".join(segment.text for segment in strip)
            assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", line)
            assert strip.cell_length == 120
            assert sum(s.cell_length for s in strip) == 120


async def test_nothing_is_repainted_when_nothing_has_changed(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    widget = ParallelCoordinates()
    snapshot = snapshot_of(make_frame(50))
    async with shown(widget, snapshot):
        before = widget._canvas
        widget.show(replace(snapshot, time=9.0), widget.view)
        assert widget._canvas is before


async def test_the_legend_counts_every_trial(make_frame: Frames, snapshot_of: Snapshots) -> None:
    async with shown(ParallelCoordinates(), snapshot_of(make_frame(300))) as (pilot, _):
        header = text(pilot)[0]
        counts = re.findall(r"(?:full|partial|failed|outside) (\d+)", header)
        assert sum(map(int, counts)) == 300


async def test_partial_is_what_is_complete_at_a_cheaper_task(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(100)
    states = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.KILLED]
    frame.state[:] = [STATES.index(states[i % 4]) for i in range(100)]
    frame.task[:] = [i // 50 * 2 for i in range(100)]  # half of them at the full task
    async with shown(ParallelCoordinates(), snapshot_of(frame), size=(160, 40)) as (pilot, _):
        header = text(pilot)[0]
        assert "full 12 " in header
        assert "partial 13, running 25, pruned 25, killed 25" in header
    frame.task[:] = 2
    async with shown(ParallelCoordinates(), snapshot_of(frame), size=(160, 40)) as (pilot, _):
        assert "partial" not in text(pilot)[0]


async def test_a_new_trial_is_drawn_as_if_all_were_drawn_anew(
    make_frame: Frames, first: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(600)
    widget = ParallelCoordinates()
    async with shown(widget, snapshot_of(first(frame, 599))) as (pilot, _):
        widget.show(snapshot_of(frame), View())
        await pilot.pause()
        live = text(pilot)
    async with shown(ParallelCoordinates(), snapshot_of(frame)) as (pilot, _):
        assert text(pilot) == live


async def test_values_of_the_selected_trial_are_read_out(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(100)
    row = int(np.flatnonzero(np.isfinite(frame.metrics["acc"]) & (frame.params["opt"] != 0))[0])
    async with shown(
        ParallelCoordinates(), snapshot_of(frame), View(selected=int(frame.number[row]))
    ) as (pilot, _):
        drawn = "\n".join(text(pilot))
        assert f"{frame.metrics['acc'][row]:.4f}".rstrip("0") in drawn
        assert f"#{frame.number[row]}" in drawn
        assert "none" in drawn  # momentum is inactive


async def test_brush_by_keyboard_starts_at_the_goal_and_tells(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    widget = ParallelCoordinates()
    async with shown(widget, snapshot_of(make_frame(300))) as (pilot, messages):
        widget.action_brush()
        await pilot.pause()
        told = [m for m in messages if isinstance(m, BrushChanged)][-1]
        assert told.brushes["m:acc"][0] == 0.9
        inside = int((widget.snapshot.frame.metrics["acc"] >= 0.9).sum())  # type: ignore[union-attr]
        assert f"{inside} of 300 inside" in text(pilot)[-1]
        widget.action_axis_right()
        widget.action_brush()
        await pilot.pause()
        assert set([m for m in messages if isinstance(m, BrushChanged)][-1].brushes) == {
            "m:acc",
            "m:size",
        }
        widget.action_brush_clear()
        await pilot.pause()
        assert [m for m in messages if isinstance(m, BrushChanged)][-1].brushes == {}


async def test_up_goes_to_the_next_trial_up_the_axis(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    order = np.argsort(np.nan_to_num(frame.metrics["acc"], nan=-1), kind="stable")
    at = int(order[20])
    widget = ParallelCoordinates()
    view = View(selected=int(frame.number[at]))
    async with shown(widget, snapshot_of(frame), view) as (pilot, messages):
        widget.action_up()
        widget.action_open()
        await pilot.pause()
        selected = [m for m in messages if isinstance(m, TrialSelected)]
        assert selected[-1].number == frame.number[order[21]]
        assert {m.number for m in messages if isinstance(m, TrialOpened)} == {selected[-1].number}


async def test_axes_move_flip_and_come_back(make_frame: Frames, snapshot_of: Snapshots) -> None:
    widget = ParallelCoordinates()
    async with shown(widget, snapshot_of(make_frame(60))) as (pilot, _):
        before = widget.options.names
        widget.action_move_right()
        assert widget.options.names[1] == before[0]
        assert widget.focused_axis is not None
        assert widget.focused_axis.name == before[0]
        downwards = widget.focused_axis.downwards
        widget.action_flip()
        assert widget.focused_axis.downwards != downwards
        widget.action_reset()
        await pilot.pause()
        assert widget.options.names == before


async def test_chosen_axes_are_remembered(make_frame: Frames, snapshot_of: Snapshots) -> None:
    widget = ParallelCoordinates()
    async with shown(widget, snapshot_of(make_frame(60))) as (pilot, _):
        widget.choose_axes(("task", "p:depth", "m:acc"))
        widget.action_flip()
        state = widget.remember()
    again = ParallelCoordinates()
    again.restore({**state, "best": "many"})
    async with shown(again, snapshot_of(make_frame(60))) as (pilot, _):
        assert again.options.names == ("task", "p:depth", "m:acc")
        assert again.options.flipped == {"task"}
        assert "depth" in text(pilot)[1]
        await pilot.click(ParallelCoordinates, offset=(118, 10))
        assert again.options.focus == 2


async def test_every_action_can_be_done_on_any_study(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    one = replace(
        spec, objectives=spec.objectives[:1], outcome_constraints=(), tasks=spec.tasks[2:]
    )
    none = replace(spec, objectives=())
    for study in (spec, one, none):
        widget = ParallelCoordinates()
        snapshot = snapshot_of(make_frame(40), spec=study)
        async with shown(widget, snapshot, size=(80, 20)) as (pilot, _):
            for _ in range(3):
                for id_, *_ in ACTIONS:
                    if id_ != "parallel.choose":
                        getattr(widget, "action_" + id_.partition(".")[2])()
            await pilot.pause()
            assert "".join(text(pilot)).strip()


@pytest.mark.parametrize(
    "module", ["history", "pareto", "curves", "importance", "tasks", "cost_bar"]
)
async def test_every_action_of_every_chart(
    module: str, make_frame: Frames, snapshot_of: Snapshots
) -> None:
    from importlib import import_module

    found = import_module(f"hpo_tui.tui.widgets.{module}")
    cls = next(c for c in WIDGETS if c.__module__ == found.__name__)
    widget = cls()
    async with shown(widget, snapshot_of(make_frame(90)), View(selected=4)) as (pilot, _):
        for id_, *_ in found.ACTIONS * 3:
            getattr(widget, "action_" + id_.partition(".")[2])()
            with suppress(WorkerCancelled):
                await known(pilot)
        assert "".join(text(pilot)).strip()


async def test_importance_is_found_once_for_the_same_results(
    make_frame: Frames, snapshot_of: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpo_tui.tui.widgets import importance as module

    asked: list[str] = []
    threads: set[int] = set()

    def counted(*args: Any) -> dict[str, float]:
        asked.append(args[3])
        threads.add(threading.get_ident())
        return dict.fromkeys((p.name for p in args[1].free), 0.2)

    monkeypatch.setattr(module, "importance", counted)
    widget, snapshot = Importance(), snapshot_of(make_frame(90))
    async with shown(widget, snapshot, size=(80, 5)) as (pilot, _):
        assert asked == ["full"] * 3, "one metric each"
        widget.show(snapshot, View(selected=7, turn=1))
        for action in ("down", "up", "metric"):
            getattr(widget, f"action_{action}")()
        assert len(asked) == 3
        widget.action_task()
        assert "Computing the importance" in "".join(text(pilot))
        await known(pilot)
        assert asked[3:] == ["half"] * 3
        assert "Working" not in "".join(text(pilot))
        widget.show(snapshot_of(make_frame(91)), View())
        await pilot.pause()
        assert "Working" not in "".join(text(pilot)), "what was known stays meanwhile"
        await known(pilot)
        assert asked[6:] == ["half"] * 3, "there are other results"
    assert threading.get_ident() not in threads


async def test_importance_that_cannot_be_found_says_so(
    make_frame: Frames, snapshot_of: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpo_tui.tui.widgets import importance as module

    snapshot = snapshot_of(make_frame(90))
    monkeypatch.setattr(module, "importance", lambda *_: 1 / 0)
    async with shown(Importance(), snapshot, size=(80, 5)) as (pilot, _):
        assert "could not be computed" in "".join(text(pilot))


async def test_a_log_objective_and_a_goal_are_drawn_in_the_history(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    widget = History()
    async with shown(widget, snapshot_of(make_frame(200))) as (pilot, _):
        assert "≥0.9" in "\n".join(text(pilot))
        widget.action_metric()
        await pilot.pause()
        assert "≤1000" in "\n".join(text(pilot))
        assert "size" in text(pilot)[0]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


async def test_without_colour_classes_still_differ(
    make_frame: Frames, snapshot_of: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    widget = ParallelCoordinates()
    async with shown(widget, snapshot_of(make_frame(300)), View(selected=3)):
        assert widget._palette is not None
        for style in widget._palette.styles:
            if style.color is not None and style.color.triplet is not None:
                assert len(set(style.color.triplet)) == 1


async def test_one_objective_leaves_no_front_to_draw(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    alone = replace(
        spec, objectives=(Objective("acc", spec.objectives[0].direction),), outcome_constraints=()
    )
    async with shown(Pareto(), snapshot_of(make_frame(20), spec=alone)) as (pilot, _):
        assert "history" in "\n".join(text(pilot))


def test_what_lost_attempts_took_is_lost(make_frame: Frames, snapshot_of: Snapshots) -> None:
    frame = make_frame(60)
    spent = frame.charged.copy()
    retried = int(np.flatnonzero(np.isfinite(frame.metrics["acc"]))[0])
    frame.charged[retried] += 3.0
    before, after = (
        {s.label: s.value for s in cost.bar(snapshot_of(f), glyphs(False), False).segments}
        for f in (replace(frame, charged=spent), frame)
    )
    assert after["lost"] == pytest.approx(before["lost"] + 3.0)
    assert after["full"] == pytest.approx(before["full"])
    assert after["left"] == pytest.approx(before["left"] - 3.0)


@pytest.mark.parametrize("widget", [History, Pareto, Slices])
@pytest.mark.parametrize("many", [False, True])
async def test_a_legend_shows_full_trials_as_they_are_drawn(
    make_frame: Frames, snapshot_of: Snapshots, widget: type[Chart], many: bool
) -> None:
    frame = make_frame(1600 if many else 100)
    async with shown(widget(), snapshot_of(frame, ranked=())) as (pilot, _):
        legend, *picture = text(pilot)
        blue = legend.partition("best")[2] if widget is not Slices else legend
        assert ("●" in blue or "○" in blue) is not many
        # One of the best is a circle always, but for the history, where its line stands for it.
        assert ("○" in "".join(picture) or "".join(picture).count("●") > 20) is not many
