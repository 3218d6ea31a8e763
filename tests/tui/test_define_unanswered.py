"""Saving a study that has run where its file cannot be read, or nobody answers: it is said."""

import errno
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from hpo_tui.engine import launch
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command, StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.dialogs import Confirm
from tests.tui.conftest import make_app, make_study, until
from tests.tui.test_define_running import editing


@pytest.fixture
def app(tmp_path: Path) -> HpoApp:
    study = make_study(tmp_path, running=0)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.STOPPED)
    writer.close()
    return make_app(study)


async def _changed(pilot: Pilot[int]) -> DefineScreen:
    screen = await editing(pilot)
    screen.take(screen.history.text.replace("high = 0.7", "high = 0.6"))
    return screen


def _said(app: HpoApp) -> str:
    return " ".join(n.message for n in app._notifications)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (sqlite3.OperationalError("database is locked"), "database is locked"),
        (LookupError("no study yet"), "contains no study yet"),
        (OSError(errno.ESTALE, "Stale file handle", "study.db"), "Stale file handle"),
    ],
)
async def test_a_study_that_cannot_be_read_is_said_to_be_that(
    app: HpoApp, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await _changed(pilot)

        def study(_: StudyReader) -> None:
            raise error

        monkeypatch.setattr(StudyReader, "study", study)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: said in _said(app))
        assert app.screen is screen


async def _saved_where(app: HpoApp, monkeypatch: pytest.MonkeyPatch, send: Any, said: str) -> None:
    monkeypatch.setattr(launch, "send", send)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await _changed(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: said in _said(app))
        assert "Saved" not in _said(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Confirm))  # it is not saved
        await pilot.press("y")
        await until(pilot, lambda: app.screen is not screen)


async def test_an_edit_that_cannot_be_sent_can_be_left(
    app: HpoApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(folder: StudyFolder, *_: Any) -> Command:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder.file))

    await _saved_where(app, monkeypatch, send, "No space left on device")


async def test_an_edit_that_is_not_answered_yet_is_not_said_to_be_saved(
    app: HpoApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(_: StudyFolder, action: str, args: dict[str, Any]) -> Command:
        return Command(1, 0.0, action, args)

    await _saved_where(app, monkeypatch, send, "The runner is busy")
