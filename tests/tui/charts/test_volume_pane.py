"""The hypervolume in the history: where it is found, what is drawn of it, and when."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import volume_chart
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets import history
from hpo_tui.tui.widgets.history import History
from tests.tui.charts.showing import known, shown, text
from tests.tui.conftest import until

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


def asked() -> History:
    """A history in which ``m`` was pressed up to the hypervolume."""
    widget = History()
    widget._objective = 2
    return widget


async def test_m_shows_it_after_the_last_objective_and_then_the_first_again(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    widget = History()
    async with shown(widget, snapshot_of(make_frame(120))) as (pilot, _):
        seen = []
        for _ in range(4):
            seen.append(text(pilot)[0].split()[0])
            widget.action_metric()
            await known(pilot)
        assert seen == ["acc", "size", "hypervolume", "acc"]


async def test_one_objective_has_none(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    alone = replace(spec, objectives=spec.objectives[:1])
    widget = History()
    async with shown(widget, snapshot_of(make_frame(120), spec=alone)) as (pilot, _):
        widget.action_metric()
        await pilot.pause()
        assert text(pilot)[0].startswith("acc")


@pytest.mark.parametrize("by_cost", [False, True])
async def test_the_last_value_and_what_raised_it_are_said_and_marked(
    by_cost: bool, make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    frame = make_frame(120)
    volume = volume_chart.volume_of(frame, spec)
    widget = asked()
    widget.by_cost = by_cost
    async with shown(widget, snapshot_of(frame), size=(90, 30)) as (pilot, _):
        lines = text(pilot)
        said = f"{volume.shares[-1]:.4g} #{frame.number[volume.rows[-1]]}"
        assert said in lines[0]
        assert f"{len(volume.rows)} trials raised it" in lines[0]
        assert "reference acc 0.9, size 1000" in lines[0]
        assert "".join(lines[1:]).count("●") == len(volume.rows) == 3
        assert ("cumulative cost" in lines[-1]) == by_cost


async def test_the_selected_full_trial_lies_on_the_line(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    frame = make_frame(120)
    volume = volume_chart.volume_of(frame, spec)
    best, partial = int(frame.number[volume.rows[-1]]), int(frame.number[frame.task == 0][0])
    for number, marks in ((best, 1), (partial, 0)):
        view = View(selected=number)
        async with shown(asked(), snapshot_of(frame), view, size=(90, 30)) as (pilot, _):
            assert "".join(text(pilot)).count("◆") == marks


async def test_it_says_why_there_is_no_curve(make_frame: Frames, snapshot_of: Snapshots) -> None:
    frame = make_frame(120)
    poor = replace(frame, metrics={**frame.metrics, "acc": frame.metrics["acc"] - 0.5})
    cheap = replace(frame, task=np.zeros(120, np.int16))
    for given, said in ((poor, "reference"), (cheap, "No trial is complete at the full task yet")):
        async with shown(asked(), snapshot_of(given)) as (pilot, _):
            assert said in " ".join(text(pilot))


async def test_it_is_worked_out_in_a_thread_and_the_old_curve_stays_meanwhile(
    make_frame: Frames,
    snapshot_of: Snapshots,
    spec: StudySpec,
    first: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()
    compute = volume_chart.volume_of

    def slow(frame: Frame, spec: StudySpec) -> volume_chart.Volume:
        go.wait(60)
        return compute(frame, spec)

    monkeypatch.setattr(history, "volume_of", slow)
    whole = make_frame(600)
    early = first(whole, 120)
    old, new = (f"#{f.number[compute(f, spec).rows[-1]]} " for f in (early, whole))
    assert old != new
    widget = History()
    async with shown(widget, snapshot_of(early)) as (pilot, _):
        widget.action_metric()
        widget.action_metric()
        await pilot.pause()
        assert "Computing the hypervolume" in " ".join(text(pilot))
        go.set()
        await until(pilot, lambda: old in text(pilot)[0])
        go.clear()
        widget.show(snapshot_of(whole), View())
        await pilot.pause()
        assert old in text(pilot)[0], "until the new one is known"
        go.set()
        await until(pilot, lambda: new in text(pilot)[0])


async def test_a_bug_in_it_is_said_in_its_place(
    make_frame: Frames, snapshot_of: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frame: Frame, spec: StudySpec) -> volume_chart.Volume:
        raise ZeroDivisionError("nothing there")

    monkeypatch.setattr(history, "volume_of", broken)
    async with shown(asked(), snapshot_of(make_frame(50))) as (pilot, _):
        assert "This could not be computed" in " ".join(text(pilot))
        assert "nothing there" in " ".join(text(pilot))
