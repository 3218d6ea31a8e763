"""X stops a study, and the trials that outlive its runner, from the list and in the study."""

from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.models import StudyState
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.dialogs import Confirm
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import make_app, make_study, ready, until, watching

Sent = list[tuple[str, dict[str, Any]]]
PLACES = pytest.mark.parametrize("listed", [True, False])


def _app(tmp_path: Path, running: int, *, listed: bool) -> HpoApp:
    study = make_study(tmp_path, trials=3, running=running, state=StudyState.RUNNING)
    return make_app(None if listed else study, study.path.parent)


async def _shown(app: HpoApp, pilot: Any, *, listed: bool) -> None:
    if listed:
        await until(pilot, lambda: bool(app.screen.query(LineTable).first().display))
    else:
        await ready(pilot)


@PLACES
@pytest.mark.parametrize("kill", [False, True])
async def test_trials_that_outlive_their_runner_are_stopped(
    tmp_path: Path, sent: Sent, listed: bool, kill: bool
) -> None:
    app = _app(tmp_path, 1, listed=listed)
    async with app.run_test(size=(120, 40)) as pilot:
        await _shown(app, pilot, listed=listed)
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, PickOne) and app.screen.is_mounted)
        await pilot.pause()
        assert sent == []
        await pilot.press(*(["down"] if kill else []), "enter")
        await until(pilot, lambda: bool(sent))
        assert sent == [("stop", {"kill": kill})]


@PLACES
async def test_where_nothing_runs_there_is_nothing_to_stop(
    tmp_path: Path, sent: Sent, listed: bool
) -> None:
    app = _app(tmp_path, 0, listed=listed)
    async with app.run_test(size=(120, 40)) as pilot:
        await _shown(app, pilot, listed=listed)
        await pilot.press("X")
        said = "no running trials"
        await until(pilot, lambda: any(said in n.message for n in app._notifications))
        assert not isinstance(app.screen, PickOne)
    assert sent == []


@PLACES
async def test_a_study_with_a_runner_is_stopped(
    tmp_path: Path, sent: Sent, runner: None, listed: bool
) -> None:
    app = _app(tmp_path, 0, listed=listed)
    async with app.run_test(size=(120, 40)) as pilot:
        await _shown(app, pilot, listed=listed)
        await pilot.press("X", "enter")
        await until(pilot, lambda: sent == [("stop", {"kill": False})])


async def test_in_a_pause_without_trials_there_is_no_way_of_ending_them_to_choose(
    tmp_path: Path, sent: Sent, runner: None
) -> None:
    async with watching(make_study(tmp_path, trials=3, running=0, state=StudyState.PAUSED)) as (
        app,
        pilot,
    ):
        for key in ("n", "y"):
            assert sent == []
            await pilot.press("X")
            await until(pilot, lambda: isinstance(app.screen, Confirm) and app.screen.is_mounted)
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, Confirm))
        await until(pilot, lambda: sent == [("stop", {"kill": False})])
