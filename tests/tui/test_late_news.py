"""News that comes late: of a study that was left, of a search that is over, behind a dialog."""

import io
import sqlite3
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.dialogs import Ask
from hpo_tui.tui.screens.pickers import PickMany
from hpo_tui.tui.screens.trial import TrialScreen
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.log_tail import LogTail
from tests.tui.conftest import make_app, make_study, ready, until, watching


def _live(app: HpoApp) -> LiveStudy:
    assert app.live is not None
    return app.live


def _trials(app: HpoApp) -> int:
    snapshot = _live(app).snapshot
    return 0 if snapshot is None else len(snapshot.frame)


async def test_what_was_wrong_with_a_study_that_was_left_is_said_of_no_other(
    study: StudyFolder, tmp_path: Path
) -> None:
    other = make_study(tmp_path, "other")
    async with watching(study, size=(120, 30)) as (app, pilot):
        left = _live(app).watcher
        await pilot.press("escape")
        app.open_study(other)
        await ready(pilot)
        left._say("it is locked")  # its thread had waited for the file all this time
        await pilot.pause()
        assert _live(app).folder == other
        assert _live(app).problem == ""
        assert not any("locked" in n.message for n in app._notifications)


async def test_trials_that_come_while_columns_are_chosen_are_shown_after_it(
    study: StudyFolder,
) -> None:
    async with watching(study, size=(120, 30)) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        assert isinstance(app.screen, Trials)
        _live(app).set_filter("trial > 0")
        app.screen.view_changed()
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, PickMany))
        writer = StudyWriter(study.db)
        writer.add_trial(Trial(61, 61, "15 epochs", TrialState.RUNNING, 0.25, {"lr": 0.1}))
        writer.close()
        await until(pilot, lambda: _trials(app) == 61)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: len(table.rows) == 61)
        row = table.rows.find(61)
        assert row is not None
        assert table.rows.cells(row)[0] == ("61", "")


async def test_the_answer_to_a_search_that_is_over_does_not_move_the_log(
    study: StudyFolder,
) -> None:
    async with watching(study, size=(120, 30)) as (app, pilot):
        _live(app).select(1)
        await pilot.press("6")
        await until(pilot, lambda: bool(app.screen.query(LogTail)))
        log = app.screen.query_one(LogTail)
        await until(pilot, lambda: log._index is not None and len(log._index) == 60)
        assert log._index is not None
        log._look_for("epoch 59")
        late = log.Grown(log._index, "epoch 3 ", 3)
        log.post_message(late)
        await pilot.pause()
        assert log.following
        assert log._match is None
        log.action_end_search()
        log.post_message(late)
        await pilot.pause()
        assert log.following


@pytest.mark.parametrize("typed", ["²", "٣x", "0", "101"])
async def test_a_number_of_repeats_is_one_that_python_reads(
    study: StudyFolder, sent: list[Any], runner: None, typed: str
) -> None:
    async with watching(study, size=(120, 30)) as (app, pilot):
        _live(app).select(1)
        assert isinstance(app.screen, Watch)
        await app.screen.action_do("trial.confirm")
        await until(pilot, lambda: bool(app.screen.query(Input)))
        app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Ask)
        assert not sent


async def test_a_record_that_cannot_be_read_is_said_and_read_again(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(study) as (app, pilot):
        with monkeypatch.context() as patch:

            def trial(*_: object) -> None:
                raise sqlite3.OperationalError("disk I/O error")

            patch.setattr(StudyReader, "trial", trial)
            app.open_trial(_live(app), 1)
            await until(pilot, lambda: any("disk I/O" in n.message for n in app._notifications))
        screen = app.screen
        assert isinstance(screen, TrialScreen)
        writer = StudyWriter(study.db)
        writer.update_study(reason="any change")  # of no trial
        writer.close()
        await until(pilot, lambda: screen._record is not None)


async def test_what_fails_in_a_thread_is_said(study: StudyFolder, tmp_path: Path) -> None:
    def fails() -> None:
        raise KeyError("gone")

    async with watching(study, size=(120, 30)) as (app, pilot):
        app.aside(fails, "what fails")
        await until(pilot, lambda: any("gone" in n.message for n in app._notifications))
        assert [n.severity for n in app._notifications] == ["error"]
    (log,) = (tmp_path / "state").rglob("error-*.log")
    assert "KeyError: 'gone'" in log.read_text()


@pytest.mark.parametrize("seconds", [0.0, 20.0])
async def test_what_the_shell_waits_for_is_said(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    told = threading.Event()

    class Terminal(io.StringIO):
        def write(self, text: str) -> int:
            if "finishing what was asked for: analyse" in text:
                told.set()
            return super().write(text)

    async def leave(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, HpoApp)
        app.aside(partial(told.wait, seconds), "analyse")
        app.exit(0)

    monkeypatch.setattr("hpo_tui.tui.notifying_app.UNSAID", 0.5 if not seconds else 0.01)
    monkeypatch.setattr(sys, "stderr", Terminal())
    app = make_app(study)
    assert await app.run_async(headless=True, auto_pilot=leave) == 0
    assert told.is_set() == bool(seconds)


async def test_a_bug_in_reading_a_study_is_said_instead_of_waited_for(
    study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise TypeError("no such thing")

    monkeypatch.setattr("hpo_tui.tui.watching.watcher.LEAST_SECONDS", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr("hpo_tui.tui.watching.pictures.spent_of", fails)
        app = make_app(study)
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: "this is a bug in hpo-tui" in _live(app).problem)
            await pilot.pause(0.1)
            assert len(list((tmp_path / "state").rglob("error-*.log"))) == 1
            patch.undo()
            await until(pilot, lambda: _trials(app) == 60)
            await until(pilot, lambda: not _live(app).problem)


async def test_a_screen_that_is_shown_again_takes_the_newest_picture(study: StudyFolder) -> None:
    """A newer one can come between its return and the moment when it catches up."""
    async with watching(study, size=(120, 30)) as (app, pilot):
        live, older = _live(app), _live(app).snapshot
        app.open_trials(live)
        await until(pilot, lambda: isinstance(app.screen, Trials))
        live.set_filter("trial > 0")
        writer = StudyWriter(study.db)
        writer.add_trial(Trial(61, 61, "15 epochs", TrialState.RUNNING, 0.25, {"lr": 0.1}))
        writer.close()
        await until(pilot, lambda: _trials(app) == 61)
        newer = live.snapshot
        assert older is not None
        assert newer is not None
        screen = app.screen
        assert isinstance(screen, Trials)
        for comes_back in (screen.on_screen_resume, lambda: app.watch_app_focus(True)):
            live.take(older)
            comes_back()
            live.take(newer)
            screen.take_snapshot(newer)
            await pilot.pause(0.1)
            assert len(screen.query_one(LineTable).rows) == 61
