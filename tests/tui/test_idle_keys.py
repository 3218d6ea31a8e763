"""A chart offers a key only where it has something to do; new data bring it, or take it away."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.screens.help import key_table
from hpo_tui.tui.screens.text_window import TextWindow
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.key_bar import KeyBar
from tests.tui.conftest import make_study, until, watching

ALONE = """\
[study]
name = "alone"
command = "python train.py --lr {lr}"
budget = 40

[space.lr]
type = "float"
low = 1e-4
high = 1e-1
log = true

[[objective]]
metric = "accuracy"
direction = "maximize"

[[task]]
name = "60 epochs"
cost = 1.0
"""
"""One parameter, one metric, one task."""


def _offered(pilot: Pilot[int]) -> set[str]:
    """Return what the help lists, which is what acts."""
    return {known.id for known, _, _ in key_table(pilot.app.screen)}


def _bar(pilot: Pilot[int]) -> str:
    return pilot.app.screen.query_one(KeyBar).render_line(0).text


def _chart(pilot: Pilot[int], name: str) -> Any:
    return pilot.app.screen.query_one(f"#{name}")


async def _drawn(pilot: Pilot[int], name: str) -> Any:
    await until(pilot, lambda: bool(pilot.app.screen.query(f"#{name}")))
    chart = _chart(pilot, name)
    await until(pilot, lambda: chart.has_focus and bool(chart._strips))
    return chart


@pytest.mark.parametrize(
    ("key", "name", "absent", "present"),
    [
        ("1", "history", {"metric"}, {"across", "log"}),
        ("2", "pareto", {"pair"}, {"next"}),
        ("3", "curves", set(), {"metric", "alone"}),
        ("4", "importance", {"task", "metric", "up", "down"}, set()),
        ("5", "tasks", {"up", "down"}, set()),
        ("9", "slices", {"metric", "map", "next", "previous"}, {"log", "open"}),
        ("0", "parallel", {"brush_grow", "brush_shrink", "brush_clear"}, {"brush", "choose"}),
    ],
)
async def test_a_chart_without_anything_else_to_show_offers_no_key_for_it(
    tmp_path: Path, key: str, name: str, absent: set[str], present: set[str]
) -> None:
    async with watching(make_study(tmp_path, "alone", 30, text=ALONE)) as (_, pilot):
        await pilot.press(key)
        await _drawn(pilot, name)

        def offered() -> set[str]:
            return {i.partition(".")[2] for i in _offered(pilot) if i.startswith(f"{name}.")}

        # Curves and shares come from a thread: until then there may be less to do.
        await until(pilot, lambda: present <= offered())
        assert not offered() & absent


async def test_the_key_line_follows_the_data(tmp_path: Path) -> None:
    async with watching(make_study(tmp_path, "alone", 30, text=ALONE)) as (_, pilot):
        await pilot.press("1")
        chart = await _drawn(pilot, "history")
        assert "c trial/cost  v log" in _bar(pilot)
        assert "m metric" not in _bar(pilot)
        picture: Snapshot = chart.snapshot
        objectives = picture.spec.objectives
        two = replace(picture.spec, objectives=(*objectives, replace(objectives[0], metric="b")))
        chart.show(replace(picture, spec=two), chart.view)
        await until(pilot, lambda: "m metric  c trial/cost  v log" in _bar(pilot))
        accuracy = picture.frame.metrics["accuracy"]
        around = {"accuracy": accuracy - np.nanmedian(accuracy)}  # on both sides of 0
        chart.show(replace(picture, frame=replace(picture.frame, metrics=around)), chart.view)
        await until(pilot, lambda: "m metric" not in _bar(pilot) and "v log" not in _bar(pilot))
        assert "c trial/cost" in _bar(pilot)


async def test_the_keys_of_a_brush_come_with_it(study: StudyFolder) -> None:
    async with watching(study) as (_, pilot):
        await pilot.press("0")
        await _drawn(pilot, "parallel")
        assert "< shrink" not in _bar(pilot)
        await pilot.press("b")
        await until(pilot, lambda: "b brush  < shrink  > grow" in _bar(pilot))
        await pilot.press("l")  # the next axis has none
        await until(pilot, lambda: "< shrink" not in _bar(pilot))
        assert "parallel.brush_clear" in _offered(pilot)
        await pilot.press("W")
        await until(pilot, lambda: "parallel.brush_clear" not in _offered(pilot))


async def test_metrics_that_have_no_room_are_gone_through(study: StudyFolder) -> None:
    async with watching(study) as (_, pilot):
        await pilot.press("4")
        chart = await _drawn(pilot, "importance")
        await until(pilot, lambda: "m metrics" not in _bar(pilot))
        assert "v task" in _bar(pilot)
        chart.styles.width = 30
        await until(pilot, lambda: "m metrics" in _bar(pilot))


async def test_the_palette_leaves_out_what_a_chart_in_sight_cannot_do(tmp_path: Path) -> None:
    async with watching(make_study(tmp_path, "alone", 30, text=ALONE)) as (app, pilot):
        await pilot.press("1")
        await _drawn(pilot, "history")
        said = [c.help for c in app.get_system_commands(app.screen)]
        assert any("(history.across)" in text for text in said)
        assert not any("(history.metric)" in text for text in said)


@pytest.mark.parametrize(("words", "scrolled"), [(3, False), (900, True)])
async def test_a_text_names_the_keys_that_scroll_where_it_is_long(
    study: StudyFolder, words: int, scrolled: bool
) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        app.push_screen(TextWindow("note", "a long text " * words))
        await until(pilot, lambda: isinstance(app.screen, TextWindow))

        def lines() -> str:
            strips = app.screen._compositor.render_strips(app.size)
            return "\n".join("".join(s.text for s in strip) for strip in strips)

        await until(pilot, lambda: "y  copy" in lines())
        await until(pilot, lambda: ("j k  scroll" in lines()) is scrolled)


async def test_that_nothing_is_hidden_is_said_of_the_key_that_shows_all(study: StudyFolder) -> None:
    async with watching(study, size=(160, 40)) as (app, pilot):

        def waits() -> bool:
            return bool({a.id: why for a, _, why in key_table(app.screen)}["watch.show_all"])

        assert waits()
        await pilot.press("0", "b")
        await until(pilot, lambda: not waits())
        await pilot.press("u")
        await until(pilot, waits)
