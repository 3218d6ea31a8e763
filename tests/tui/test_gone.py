"""A study that goes while it is open, and a folder of studies that comes."""

import os
import shutil
from pathlib import Path

import pytest

from hpo_tui.engine import launch
from hpo_tui.store.folder import ARCHIVE, StudyFolder
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.messages import SnapshotReady
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.log_tail import LogTail
from tests.tui.conftest import TEXT, make_app, make_study, until, watching


def _title(app: HpoApp) -> str:
    return app.screen.query_one(StudyHeader).render_line(0).text


def _archived(study: StudyFolder) -> Path:
    launch.send(study, "archive")
    return study.path.parent / ARCHIVE / study.name


def _said(app: HpoApp) -> list[str]:
    return [n.message for n in app._notifications]


@pytest.mark.parametrize("how", ["archived", "deleted", "emptied"])
async def test_a_study_that_goes_is_said_to_be_gone_and_nothing_acts_on_it(
    study: StudyFolder, how: str
) -> None:
    async with watching(study, size=(120, 30)) as (app, pilot):
        await pilot.press("6")
        await until(pilot, lambda: bool(app.screen.query(LogTail)))
        word = "is gone"
        if how == "archived":
            word = str(_archived(study))
        elif how == "deleted":
            shutil.rmtree(study.path)
        else:
            os.truncate(study.db, 0)
        await until(pilot, lambda: "Esc leaves it" in _title(app))
        assert any(word in text for text in _said(app))
        for key in ("asterisk", "e"):
            app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: any(word in text for text in _said(app)))
            assert isinstance(app.screen, Watch)
        log = app.screen.query_one(LogTail)
        await until(pilot, lambda: "nothing yet" not in log.render_line(1).text)
        await pilot.press("question_mark", "escape")
        await pilot.pause()
        assert "Esc leaves it" in _title(app)


async def test_a_study_that_comes_back_is_shown_again(study: StudyFolder) -> None:
    async with watching(study, size=(120, 30)) as (app, pilot):
        place = _archived(study)
        await until(pilot, lambda: "Esc leaves it" in _title(app))
        place.rename(study.path)
        await until(pilot, lambda: "Esc leaves it" not in _title(app))


async def test_a_file_in_the_place_of_another_is_read_with_its_own_budget(
    study: StudyFolder, tmp_path: Path
) -> None:
    text = TEXT.replace("budget = 400", "budget = 7777")
    other = make_study(tmp_path / "elsewhere", text=text)
    async with watching(study, size=(120, 30)) as (app, pilot):
        for log in study.path.glob("study.db-*"):
            log.unlink()
        other.db.replace(study.db)
        await until(pilot, lambda: "of 7777 spent" in _title(app))


async def test_a_file_whose_log_goes_after_it_came_is_read_anew(
    study: StudyFolder, tmp_path: Path
) -> None:
    writer = StudyWriter(study.db)
    with writer.transaction():
        writer.update_study(text=TEXT.replace("budget = 400", "budget = 333"))
    async with watching(study, size=(120, 30)) as (app, pilot):
        other = make_study(tmp_path / "elsewhere", text=TEXT.replace("= 400", "= 7777"))
        other.db.replace(study.db)  # the log of the one before stays, as a runner has it open
        await until(pilot, lambda: app.live.folder.db.stat().st_ino == app.live.watcher._file)
        for log in study.path.glob("study.db-*"):
            log.unlink()
        await until(pilot, lambda: "of 7777 spent" in _title(app))
    writer.close()


async def test_a_home_that_is_made_later_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = HpoApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "no .hpo" in _title(app))
        study = make_study(tmp_path)
        await until(pilot, lambda: app.home == study.path.parent)
        await until(pilot, lambda: "1 study" in _title(app))


async def test_a_study_that_may_not_be_moved_is_named_in_words(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, to: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "move", refused)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "1 study" in _title(app))
        await pilot.press("A", "y")
        sentence = f"{study.path.parent} is closed to you (Permission denied)"
        await until(pilot, lambda: any(sentence in text for text in _said(app)))


async def test_a_picture_that_comes_while_the_app_is_taken_down_is_left_alone(
    study: StudyFolder,
) -> None:
    async with watching(study, size=(120, 30)) as (app, _):
        live = app.live
        assert live is not None
        assert live.snapshot is not None
        late = SnapshotReady(live.snapshot)
        await app.screen.query_one(KeyBar).remove()
        app._running = False
        try:
            app.on_snapshot_ready(late)
        finally:
            app._running = True
