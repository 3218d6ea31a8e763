"""The tabs of Watch: at every width the open one by name, and of the others what has room."""

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from hpo_tui.tui.panes import TABS
from hpo_tui.tui.widgets.chrome import TabBar


class Alone(App[None]):
    """The bar over the whole width of the screen."""

    def compose(self) -> ComposeResult:
        yield TabBar([(t.label, t.short) for t in TABS])


def line(pilot: Pilot[None]) -> str:
    strip = pilot.app.screen._compositor.render_strips(pilot.app.size)[0]
    return "".join(segment.text for segment in strip)


@pytest.mark.parametrize("width", [30, 45, 59, 79, 91, 92, 119])
async def test_the_open_tab_is_named_and_all_have_their_number(width: int) -> None:
    async with Alone().run_test(size=(width, 3)) as pilot:
        for index, tab in enumerate(TABS):
            pilot.app.query_one(TabBar).choose(index)
            await pilot.pause()
            said = line(pilot).split()
            assert [s for s in said if s.isdigit()] == list("123456789")
            assert said[said.index(str(index + 1)) + 1] == tab.label


async def test_half_of_a_window_of_120_columns_has_room_for_a_name_of_each() -> None:
    async with Alone().run_test(size=(59, 3)) as pilot:
        for index in range(len(TABS)):
            pilot.app.query_one(TabBar).choose(index)
            await pilot.pause()
            names = [s for s in line(pilot).split() if not s.isdigit()]
            assert len(names) == len(TABS)
            for name, tab in zip(names, TABS, strict=True):
                assert tab.label.startswith(name)


async def test_a_click_opens_the_tab_under_the_pointer() -> None:
    chosen: list[Message] = []
    async with Alone().run_test(size=(59, 3), message_hook=chosen.append) as pilot:
        said = line(pilot)
        for index in range(len(TABS)):
            await pilot.click(TabBar, offset=(said.index(str(index + 1)), 0))
    found = dict.fromkeys(m.index for m in chosen if isinstance(m, TabBar.Chosen))
    assert list(found) == list(range(len(TABS)))
