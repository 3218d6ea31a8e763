"""Keys that ask for trials where no runner lives: what is queued is shown, and taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from hpo_tui.engine.answers import WISHES
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.dialogs import Ask, Confirm
from hpo_tui.tui.standing import header_pieces, status_lines
from tests.tui.conftest import make_app, make_study, ready, until

WAY = {
    StudyState.STOPPED: "R starts it.",
    StudyState.FINISHED: "increase its budget first (+ in Watch), then R starts it.",
}


def _waiting(study: StudyFolder) -> list[dict[str, Any]]:
    with StudyReader(study.db) as reader:
        return [dict(c.args) for c in reader.open_commands(WISHES)]


def _header(app: HpoApp, width: int = 120) -> str:
    assert app.live is not None
    assert app.live.snapshot is not None
    return " ".join(text for text, _ in header_pieces(app.live.snapshot, width)[0])


async def _open(pilot: Pilot[int], key: str, window: type[Any]) -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, window) and pilot.app.screen.is_mounted)
    await pilot.pause()


def _says(app: HpoApp, text: str) -> Callable[[], bool]:
    return lambda: any(text in n.message for n in app._notifications)


@pytest.mark.parametrize("state", list(WAY))
async def test_repeats_are_queued_shown_and_taken_back(tmp_path: Path, state: StudyState) -> None:
    study = make_study(tmp_path, running=0, state=state)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("j")
        await _open(pilot, "C", Ask)
        await pilot.press("enter")
        await until(pilot, _says(app, WAY[state]))
        trial = _waiting(study)[0]["trial"]
        said = f"queued for the next run: 3 repeats of trial {trial}"
        assert _says(app, said)()
        await until(pilot, lambda: "1 queued for the next run" in _header(app))
        assert "1 queued for the next run" not in _header(app, 80)
        assert "1 queued" in _header(app, 80)
        assert app.live is not None
        assert app.live.snapshot is not None
        assert said in status_lines(app.live.snapshot)
        await _open(pilot, "x", Confirm)
        await pilot.press("y")
        await until(pilot, lambda: "queued" not in _header(app))
    assert not _waiting(study)


async def test_stop_takes_back_all_that_is_queued(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.STOPPED)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("X")
        await until(pilot, _says(app, "nothing to stop"))
        await pilot.press("j")
        for count in (1, 2):
            await _open(pilot, "C", Ask)
            await pilot.press("enter")
            await until(pilot, lambda n=count: f"{n} queued" in _header(app))  # type: ignore[misc]
        await _open(pilot, "X", Confirm)
        await pilot.press("n")
        assert len(_waiting(study)) == 2
        await _open(pilot, "X", Confirm)
        await pilot.press("y")
        await until(pilot, lambda: not _waiting(study))
