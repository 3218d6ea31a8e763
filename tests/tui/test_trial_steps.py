"""From trial to trial on the trial's own screen, in the order of the table beneath."""

from textual.pilot import Pilot

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.trial import TrialScreen
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.widgets.chrome import PaneTitle
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.log_tail import LogTail
from tests.tui.conftest import make_app, ready, until, watching


async def _shown(pilot: Pilot[int], number: int) -> TrialScreen:
    """Wait until the screen tells of trial ``number`` everywhere."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, TrialScreen))
    screen = app.screen
    assert isinstance(screen, TrialScreen)
    title = screen.query_one("#trial-title", PaneTitle)
    await until(pilot, lambda: title._text.startswith(f"trial {number} "))
    await until(pilot, lambda: screen.query_one(LogTail).number == number)
    assert screen.chosen == number
    return screen


async def _three(app: HpoApp, pilot: Pilot[int]) -> LineTable:
    """Open the table of all trials, filtered to three of them."""
    await ready(pilot)
    assert app.live is not None
    app.live.set_filter("trial in [3, 8, 20]")
    await pilot.press("a")
    await until(pilot, lambda: isinstance(app.screen, Trials))
    table = app.screen.query_one(LineTable)
    await until(pilot, lambda: len(table.rows) == 3)
    return table


async def test_steps_go_through_the_table_that_the_trial_was_opened_from(
    study: StudyFolder,
) -> None:
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        table = await _three(app, pilot)
        await pilot.press("g", "enter")
        screen = await _shown(pilot, 20)
        title = screen.query_one("#trial-title", PaneTitle)
        assert title._note == "1 of 3 (, .) "
        await pilot.press("full_stop")
        await _shown(pilot, 8)
        assert title._note == "2 of 3 (, .) "
        await pilot.press("full_stop", "full_stop")
        await _shown(pilot, 3)
        await until(pilot, lambda: any("no more trials" in n.message for n in app._notifications))
        await pilot.press("comma")
        await _shown(pilot, 8)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        await until(pilot, lambda: table.current == 8)


async def test_from_a_chart_steps_go_through_what_is_shown_by_number(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        assert isinstance(app, HpoApp)
        assert app.live is not None
        app.live.set_filter("trial < 6 and trial != 4")
        app.live.select(3)
        await pilot.press("0", "o")
        screen = await _shown(pilot, 3)
        assert screen.query_one("#trial-title", PaneTitle)._note == "3 of 4 (, .) "
        await pilot.press("full_stop")
        await _shown(pilot, 5)
        await pilot.press("comma", "comma", "comma")
        await _shown(pilot, 1)


async def test_enter_opens_the_trial_where_the_cursor_rests(study: StudyFolder) -> None:
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        table = await _three(app, pilot)
        resting = table.resting
        assert resting in (3, 8, 20)
        await pilot.press("enter")
        await _shown(pilot, int(str(resting)))
