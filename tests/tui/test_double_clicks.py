"""Clicks that come faster than the first of them is acted on."""

from typing import Any

import pytest
from rich.style import Style
from textual import events
from textual.command import CommandList
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.commands import Palette
from hpo_tui.tui.screens.dialogs import Confirm
from hpo_tui.tui.screens.help import Help
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import until, watching

Sent = list[tuple[str, dict[str, Any]]]


def clicks(pilot: Pilot[int], widget: Widget, line: int, times: int) -> None:
    """Click on a line of a widget as a terminal tells of it, before anything is handled."""
    x, y = widget.region.x + 4, widget.region.y + line
    for _ in range(times):
        for kind in (events.MouseDown, events.MouseUp):
            pilot.app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))


async def _listed(pilot: Pilot[int]) -> CommandList:
    await until(
        pilot, lambda: any(found.option_count for found in pilot.app.screen.query(CommandList))
    )
    await pilot.pause(0.1)  # for its place on the screen
    return pilot.app.screen.query_one(CommandList)


async def test_a_double_click_in_the_palette_does_a_command_once(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("colon", *"help")
        clicks(pilot, await _listed(pilot), line=1, times=3)
        await until(pilot, lambda: isinstance(app.screen, Help))
        await pilot.pause(0.1)
        assert [type(s) for s in app.screen_stack[1:]] == [Watch, Help]


async def test_a_double_click_beside_the_palette_closes_nothing_else(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("colon")
        await _listed(pilot)
        clicks(pilot, app.screen, line=0, times=3)
        await until(pilot, lambda: isinstance(app.screen, Watch))
        await pilot.pause(0.1)
        assert isinstance(app.screen, Watch)


async def test_a_click_on_a_command_that_has_just_gone_from_the_list(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("colon")
        listed = await _listed(pilot)
        gone = Style(meta={"option": listed.option_count})
        event = events.Click(listed, 4, 7, 0, 0, 1, False, False, False, style=gone)
        listed.post_message(event)
        await pilot.press("down")
        assert isinstance(app.screen, Palette)


async def test_a_click_where_a_smaller_terminal_has_no_place(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("colon")
        await _listed(pilot)
        palette = app.screen
        await pilot.resize_terminal(80, 24)
        palette.post_message(events.Click(palette, 4, 39, 0, 0, 1, False, False, False, 4, 39))
        await pilot.press("down")
        await pilot.pause(0.1)


async def test_a_click_on_what_has_gone_and_is_still_drawn(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await app.push_screen(Confirm("Go on?"))
        await pilot.pause(0.1)
        shown = app.screen.query(Static).first()
        drawn = shown.region
        with app.batch_update():
            await shown.remove()
            assert app.screen.get_widget_at(drawn.x + 4, drawn.y)[0] is shown
            x, y = drawn.x + 4, drawn.y
            app.post_message(events.MouseDown(None, x, y, 0, 0, 1, False, False, False, x, y))
            await pilot.pause(0.1)
        assert isinstance(app.screen, Confirm)


@pytest.mark.usefixtures("runner")
async def test_many_clicks_in_a_list_answer_once(study: StudyFolder, sent: Sent) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await pilot.pause(0.1)
        clicks(pilot, app.screen.query_one(LineTable), line=1, times=5)
        await until(pilot, lambda: bool(sent))
        await pilot.pause(0.1)
        assert [name for name, _ in sent] == ["stop"]
        assert isinstance(app.screen, Watch)


async def test_the_palette_opens_again_while_the_last_one_still_goes(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("colon")
        await _listed(pilot)
        app.screen.dismiss(None)
        app.do_app_palette()
        await _listed(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Watch))
