"""The filter line takes whole conditions alone."""

from dataclasses import replace

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, Static

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.tables.filters import FilterError, filter_mask
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.chrome import PaneTitle
from hpo_tui.tui.widgets.filter_bar import FilterBar
from hpo_tui.tui.widgets.key_bar import KeyBar
from tests.tui.conftest import NOW, burst, until, watching


async def test_half_a_condition_is_refused_and_leaves_the_filter(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        assert app.live is not None
        app.live.set_filter("accuracy > 0.5")
        await pilot.press("slash")
        await until(pilot, lambda: bool(app.screen.query(FilterBar)))
        bar = app.screen.query_one(FilterBar)
        await until(pilot, lambda: bar.display and bar.query_one(Input).has_focus)
        for half in ("lr <", "lr"):
            bar.query_one(Input).value = half
            await pilot.pause()
            await pilot.press("enter")
            assert bar.display, half
            assert bar.has_class("-fault"), half
            assert app.live.view.filter == "accuracy > 0.5", half
        assert "not a condition" in str(bar.query_one(Static).render())
        await pilot.press("escape")
        await until(pilot, lambda: not bar.display)
        assert app.live.view.filter == "accuracy > 0.5"
        await pilot.press("slash")
        await until(pilot, lambda: bar.display)
        bar.query_one(Input).value = "starred or lr < 0.01"
        await pilot.pause()
        await pilot.press("enter")
        assert not bar.display
        assert app.live.view.filter == "starred or lr < 0.01"


async def _opened(pilot: Pilot[int]) -> FilterBar:
    await pilot.press("slash")
    await until(pilot, lambda: bool(pilot.app.screen.query(FilterBar)))
    bar = pilot.app.screen.query_one(FilterBar)
    await until(pilot, lambda: bar.display and bar.query_one(Input).has_focus)
    return bar


async def test_the_key_bar_leaves_out_what_is_typed_into_the_line(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        keys = app.screen.query_one(KeyBar)
        assert "/ filter" in keys.render_line(0).text
        await _opened(pilot)
        await until(pilot, lambda: "Esc close" in keys.render_line(0).text)
        assert "/ filter" not in keys.render_line(0).text


@pytest.mark.parametrize("end", ["enter", "escape"])
async def test_what_is_typed_in_a_burst_is_judged_as_it_ends(study: StudyFolder, end: str) -> None:
    async with watching(study) as (app, pilot):
        bar = await _opened(pilot)
        assert app.live is not None
        live = app.live
        await pilot.press(*"lr", "space", "less_than_sign")
        await until(pilot, lambda: bar.has_class("-fault"))
        burst(pilot, *" 0.01")
        await until(pilot, lambda: live.view.filter == "lr < 0.01")
        await pilot.press(end)
        await until(pilot, lambda: not bar.display)
        assert live.view.filter == "lr < 0.01"


@pytest.mark.parametrize(
    ("end", "line", "held"),
    [("enter", "lr < 0.01", "lr < 0.01"), ("escape", "lr < 0.01", "lr < 0.01"),
     ("enter", "lr <", ""), ("escape", "lr > 0.01 and lr <", "")],
)  # fmt: skip
async def test_the_end_can_come_in_the_burst_too(
    study: StudyFolder, end: str, line: str, held: str
) -> None:
    async with watching(study) as (app, pilot):
        bar = await _opened(pilot)
        assert app.live is not None
        live = app.live
        burst(pilot, *line, end)
        refused = end == "enter" and not held
        await until(pilot, lambda: bar.has_class("-fault") if refused else not bar.display)
        await until(pilot, lambda: live.view.filter == held)
        assert bar.display is refused


async def test_all_trials_say_that_brushes_hide_some(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("0", "b", "a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        title = app.screen.query_one("#trials-title", PaneTitle)
        await until(pilot, lambda: title._text == "all trials   1 brush")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_long_filter_leaves_room_for_how_many_trials_it_shows(
    study: StudyFolder, size: tuple[int, int]
) -> None:
    filtered = " and ".join(["accuracy > 0.5"] * 9)
    async with watching(study, size=size) as (app, pilot):
        assert app.live is not None
        app.live.set_filter(filtered)
        for keys, name in (("0", "#top-title"), ("a", "#trials-title")):
            await pilot.press(keys)
            await until(pilot, lambda name=name: bool(app.screen.query(name)))
            title = app.screen.query_one(name, PaneTitle)
            await until(pilot, lambda title=title: "filter: accuracy" in title.render_line(0).text)
            line = title.render_line(0).text
            assert line.endswith(" trials shown")
            assert "…" in line


async def test_values_are_proposed_and_pasted_lines_become_one(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        bar = await _opened(pilot)
        assert app.live is not None
        live, line = app.live, bar.query_one(Input)
        line.post_message(Paste("lr < 0.05\n  and optimizer == \n"))
        await until(pilot, lambda: line.value == "lr < 0.05 and optimizer ==")
        await pilot.press("space")
        await until(pilot, lambda: 'Tab: "sgd"  "adam"' in str(bar.query_one(Static).render()))
        await pilot.press("quotation_mark", "a")
        await until(pilot, lambda: 'Tab: "adam"' in str(bar.query_one(Static).render()))
        await pilot.press("tab")
        await until(pilot, lambda: live.view.filter == 'lr < 0.05 and optimizer == "adam"')
        await pilot.press("tab")
        await pilot.pause()
        assert line.value == 'lr < 0.05 and optimizer == "adam"', "there is nothing to complete"


@pytest.mark.parametrize("half", ["accuracy", "optimizer", "state", "`val/top 1`"])
def test_the_condition_that_is_offered_for_a_half_one_is_sound(
    study: StudyFolder, half: str
) -> None:
    seen = read_once(study, lambda: NOW)
    metrics = {**seen.frame.metrics, "val/top 1": seen.frame.metrics["accuracy"]}
    seen = replace(seen, frame=replace(seen.frame, metrics=metrics))
    with pytest.raises(FilterError) as refused:
        filter_mask(seen, half)
    offered = str(refused.value).partition(", as in ")[2]
    assert offered.startswith(half)
    assert len(filter_mask(seen, offered)) == len(seen.frame)
