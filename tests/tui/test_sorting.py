"""All trials are sorted by a column of one's choice in two keys, a metric with the best first."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.tables.trial_order import sort_values, sorted_rows
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import make_study, until, watching


@pytest.mark.parametrize(("metric", "steps"), [("accuracy", 0), ("nonzero_weights", 1)])
async def test_a_metric_is_two_keys_away(study: StudyFolder, metric: str, steps: int) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        screen = app.screen
        table = screen.query_one(LineTable)
        await until(pilot, lambda: len(table.rows) == 60)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await until(pilot, lambda: bool(app.screen.query(LineTable)))
        await pilot.press(*["j"] * steps, "enter")
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: table.sort_by == f"m:{metric}")
        await pilot.pause()
        assert app.live is not None
        assert app.live.snapshot is not None
        frame = app.live.snapshot.frame
        rows = [frame.index(int(str(table.rows.key(i)))) for i in range(60)]
        values = [float(frame.metrics[metric][row]) for row in rows if row is not None]
        known = [v for v in values if not math.isnan(v)]
        assert known == sorted(known, reverse=metric == "accuracy")
        await until(pilot, lambda: table.cursor == 0)
        assert app.live.view.selected == table.current
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await until(pilot, lambda: bool(app.screen.query(LineTable)))
        await until(pilot, lambda: app.screen.query_one(LineTable).current == f"m:{metric}")


def test_tasks_are_sorted_by_their_cost(study: StudyFolder) -> None:
    snapshot = read_once(study)
    frame = snapshot.frame
    turned = replace(frame, tasks=frame.tasks[::-1], task=(len(frame.tasks) - 1 - frame.task))
    for held in (frame, turned):
        found = sort_values(replace(snapshot, frame=held), "task")
        assert found is not None
        costs = {float(v): held.tasks[t] for v, t in zip(found, held.task, strict=True)}
        assert [costs[v] for v in sorted(costs)] == ["15 epochs", "30 epochs", "60 epochs"]


async def test_a_study_without_trials_is_not_blamed_on_the_filter(tmp_path: Path) -> None:
    async with watching(make_study(tmp_path, trials=0, running=0), size=(80, 24)) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: table.empty == "No trial has been started yet.")


async def test_the_other_way_round_shows_its_first_rows(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: len(table.rows) == 60)
        await pilot.press("g")
        first = table.current
        await pilot.press("S")
        await until(pilot, lambda: table.rows.key(59) == first)
        await until(pilot, lambda: table.cursor == 0)
        assert app.live is not None
        assert table.current == app.live.view.selected == table.rows.key(0)


async def test_the_best_begin_with_the_best_when_the_selected_one_is_not_among_them(
    tmp_path: Path,
) -> None:
    async with watching(make_study(tmp_path, trials=200), size=(80, 24)) as (app, pilot):
        table = app.screen.query_one(LineTable)
        await pilot.press("G")
        assert app.live is not None
        gone = table.current
        app.live.set_filter(f"trial != {gone}")
        app.screen.view_changed()  # type: ignore[attr-defined]  # Watch's
        await until(pilot, lambda: table.current is None)
        lines = [line.text for line in app.screen._compositor.render_strips()]
        assert len(table.rows) > table.page
        assert any(line.lstrip().startswith(f"{table.rows.key(0)} ") for line in lines)


async def test_events_sort_by_what_a_column_says(tmp_path: Path) -> None:
    folder = make_study(tmp_path)
    writer = StudyWriter(folder.db)
    writer.add_event("edit", "b, a longer text than any other one here", 31)
    writer.add_event("warning", "C of no trial")
    times = (1790000000.5, 1790000001.0, 1790000000.25, 1790000000.125)
    with writer.transaction():
        rows = writer.conn.execute("SELECT id FROM events").fetchall()
        for (row,), at in zip(rows, times, strict=True):
            writer.conn.execute("UPDATE events SET time = ? WHERE id = ?", (at, row))
    writer.close()
    async with watching(folder) as (app, pilot):
        await pilot.press("7")
        table = app.focused
        assert isinstance(table, LineTable)
        assert app.live is not None
        assert app.live.snapshot is not None
        events = {("event", e.id): e for e in app.live.snapshot.events}

        async def column(name: str) -> list[object]:
            await pilot.press("s")
            await until(pilot, lambda: table.sort_by == name)
            await pilot.pause()
            shown = [events[table.rows.key(i)] for i in range(len(table.rows))]  # type: ignore[index]
            return [getattr(e, name) for e in shown]

        assert await column("time") == sorted(times)
        assert await column("trial") == [3, 5, 31, None]
        await column("kind")
        assert [str(t)[0] for t in await column("text")] == ["b", "C", "t", "t"]


def test_choices_are_sorted_as_the_study_lists_them_and_what_is_missing_comes_last(
    study: StudyFolder,
) -> None:
    snapshot = read_once(study)
    frame = snapshot.frame
    assert frame.choices["optimizer"] != ("sgd", "adam", "lion"), "as they came"
    renamed = replace(frame, choices={"optimizer": ("new10", "sgd", "new9")})
    for held, listed in ((frame, ["sgd", "adam", "lion"]), (renamed, ["sgd", "new9", "new10"])):
        picture = replace(snapshot, frame=held)
        rows = sorted_rows(picture, np.arange(60), "p:optimizer", descending=False)
        codes = held.params["optimizer"][rows].astype(int)
        assert list(dict.fromkeys(held.choices["optimizer"][c] for c in codes)) == listed


@pytest.mark.parametrize("descending", [False, True])
def test_devices_are_sorted_by_their_number_and_trials_without_one_come_last(
    study: StudyFolder, descending: bool
) -> None:
    snapshot = read_once(study)
    device = np.array(["", "GPU10", "GPU2", "GPU0"] * 15, dtype=object)
    origin = np.array([0, 10, 2, 1] * 15)
    held = replace(snapshot, frame=replace(snapshot.frame, device=device, resumed_from=origin))
    order = ["GPU0", "GPU2", "GPU10"]
    for key, column in (("device", device), ("from", origin)):
        rows = sorted_rows(held, np.arange(60), key, descending=descending)
        found = list(dict.fromkeys(column[rows].tolist()))
        known = order if key == "device" else [1, 2, 10]
        assert found == [*(reversed(known) if descending else known), column[0]]


def test_an_infinite_result_is_not_sorted_before_the_best(study: StudyFolder) -> None:
    snapshot = read_once(study)
    accuracy = snapshot.frame.metrics["accuracy"].copy()
    accuracy[7:9] = math.inf, -math.inf
    held = replace(snapshot, frame=replace(snapshot.frame, metrics={"accuracy": accuracy}))
    for descending in (False, True):
        rows = sorted_rows(held, np.arange(60), "m:accuracy", descending=descending)
        assert not np.isfinite(accuracy[rows][-np.sum(~np.isfinite(accuracy)) :]).any()
