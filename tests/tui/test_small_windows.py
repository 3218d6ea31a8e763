"""Where there are no panes, or no room for all, a key shows what it is about or says why not."""

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import actions_of
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.panes import in_sight
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.watching.watcher import StudyWatcher
from tests.tui.conftest import make_app, until, watching

PANE_KEYS = ("0", "1", "8", "z", "tab", "shift+tab")


def _said(app: HpoApp) -> str:
    return " ".join(n.message for n in app._notifications)


async def _press_all(pilot: Pilot[int], reason: str) -> None:
    """Press every key of Watch that leaves it open; those about panes say ``reason``."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    for key in PANE_KEYS:
        app.clear_notifications()
        await pilot.press(key)
        await until(pilot, lambda: reason in _said(app))
    known = [a for scope in ("watch", "trial") for a in actions_of(scope)]
    for key in (k for a in known for k in a.keys.split(",") if a.id != "watch.trials"):
        await pilot.press(key, "escape" if key in ("slash", "V") else "u")
        assert isinstance(app.screen, Watch), key


async def test_in_a_tiny_window_keys_about_panes_and_trials_say_so(
    study: StudyFolder, runner: None, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study, size=(30, 8)) as (app, pilot):
        assert app.live is not None
        app.live.select(50)
        await _press_all(pilot, "larger")
        assert not sent, "what is not shown is not acted on"
        await pilot.press("a", "j", "asterisk")
        await until(pilot, lambda: bool(sent))


async def test_keys_do_not_go_to_a_filter_that_was_closed(study: StudyFolder, runner: None) -> None:
    async with watching(study, size=(30, 8)) as (app, pilot):
        await pilot.press("slash", "escape", "question_mark", "escape", "z")
        await until(pilot, lambda: "larger" in _said(app))
        await pilot.press("slash", "l", "r")
        await until(pilot, lambda: app.screen.query_one(Input).value == "lr")


async def test_before_the_study_is_read_keys_say_so(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StudyWatcher, "run", lambda _: None)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Watch) and app._settling is None)
        known = [a for scope in ("watch", "trial") for a in actions_of(scope)]
        for key in (k for a in known for k in a.keys.split(",")):
            app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: "not been read yet" in _said(app))


@pytest.mark.parametrize(
    ("size", "keys", "pane"),
    [
        ((60, 16), "0", "parallel"),
        ((60, 16), "3", "curves"),
        ((60, 16), "3 0", "parallel"),
        ((60, 16), "0 2 escape", "best_table"),
        ((60, 16), "tab tab tab", "pareto"),
        ((60, 16), "2 z 0 escape", "best_table"),
        ((80, 24), "3 shift+tab", "pareto"),
        ((80, 24), "4 escape", "best_table"),
        ((80, 24), "4 z escape escape", "best_table"),
        ((80, 24), "tab tab tab escape", "best_table"),
        ((120, 40), "2 z tab tab", "best_table"),
        ((120, 40), "shift+tab", "cost_bar"),
    ],
)
async def test_what_keys_lead_to_is_in_sight(
    study: StudyFolder, size: tuple[int, int], keys: str, pane: str
) -> None:
    async with watching(study, size=size) as (app, pilot):
        await pilot.press(*keys.split())
        await until(pilot, lambda: app.focused is not None and app.focused.id == pane)
        assert app.focused is not None
        await pilot.pause()
        assert in_sight(app.focused)
        assert app.focused.size.height > 0
        assert isinstance(app.screen, Watch)


async def test_back_from_a_tab_the_first_picture_is_there_again_then_the_list(
    study: StudyFolder,
) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        watch = app.screen
        assert isinstance(watch, Watch)
        await pilot.press("4")
        assert not in_sight(watch.query_one("#parallel"))
        await pilot.press("escape")
        assert app.screen is watch
        assert in_sight(watch.query_one("#parallel"))
        await pilot.press("0", "escape")  # the parallel coordinates cover nothing
        assert app.screen is not watch


async def test_back_from_a_tab_beside_the_others_is_back_to_the_list(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        watch = app.screen
        await pilot.press("4", "escape")
        assert app.screen is not watch


@pytest.mark.parametrize("size", [(80, 24), (40, 15)])
async def test_the_help_says_in_any_window_how_it_is_closed(
    study: StudyFolder, size: tuple[int, int]
) -> None:
    async with watching(study, size=size) as (app, pilot):
        await pilot.press("question_mark")
        line = app.screen.query_one(Input)
        await until(pilot, lambda: line.size.width > 0)
        assert line.placeholder.endswith("Esc closes")
        assert len(line.placeholder) <= line.content_size.width
