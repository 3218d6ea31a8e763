"""What was typed in the editor is not lost: neither by a key, nor with the connection."""

import subprocess
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from hpo_tui.store.folder import HOME
from hpo_tui.store.locks import start_of
from hpo_tui.tui import config
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.config import Session, state_folder
from hpo_tui.tui.editing import edit_file
from hpo_tui.tui.editor.draft import Draft
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.dialogs import Confirm
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.widgets.study_form import StudyForm
from tests.tui.conftest import TEXT, until
from tests.tui.test_define import editor, shown

TYPED = TEXT + "# typed at midnight\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    return path


def test_what_was_left_is_read_before_anything_takes_its_place(file: Path) -> None:
    Draft(file, state_folder()).keep(lambda: TYPED)
    draft = Draft(file, state_folder())
    draft.keep(lambda: TEXT)
    assert draft.read() == TYPED
    assert Draft(file, state_folder()).read() == TEXT


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting_asks_about_what_is_not_saved(file: Path, key: str) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        screen.take(TYPED)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert app.return_code is None
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        assert screen.history.text == TYPED
        await pilot.press(key, "y")
        await until(pilot, lambda: app.return_code == 0)
    assert file.read_text() == TEXT
    assert Draft(file, state_folder()).read() is None, "it was agreed to lose it"


async def test_nothing_is_asked_where_nothing_is_lost(file: Path) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        await editor(pilot, file)
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)


async def test_a_sketch_that_nobody_has_changed_is_left_without_a_question(tmp_path: Path) -> None:
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, tmp_path / "new.toml")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen)
        assert isinstance(app.screen, Studies)
        screen = await editor(pilot, tmp_path / "new.toml")
        screen.query_one(StudyForm).move_to(("study", "resume"))
        await pilot.press("D", "escape")
        await until(pilot, lambda: isinstance(app.screen, Confirm))


async def _drop_the_line(file: Path, text: str) -> None:
    """Type a text and have the screens go away without a word."""
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        screen.query_one("#define-text", TextArea).load_text(text)
        await until(pilot, lambda: Draft(file, state_folder()).read() == text)
        app.exit()


async def _opened(pilot: Pilot[int], file: Path) -> None:
    """Open the file where unsaved changes of it are asked about."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    edit_file(app, file)
    await until(pilot, lambda: isinstance(app.screen, PickOne) and app.screen.is_mounted)
    await pilot.pause()


async def test_what_was_typed_outlives_the_connection(file: Path) -> None:
    await _drop_the_line(file, TYPED)
    assert file.read_text() == TEXT
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        await _opened(pilot, file)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        screen = app.screen
        assert isinstance(screen, DefineScreen)
        await until(pilot, lambda: screen.history.text == TYPED)
        assert "not saved" in shown(screen, "#define-title")
        await pilot.press("u")
        assert screen.history.text == TEXT
        await pilot.press("U", "ctrl+s")
        await until(pilot, lambda: file.read_text() == TYPED)
        await until(pilot, lambda: Draft(file, state_folder()).read() is None)


async def test_unsaved_changes_are_kept_until_they_are_dropped(file: Path) -> None:
    await _drop_the_line(file, TYPED)
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        await _opened(pilot, file)
        await pilot.press("escape")  # later
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Studies))
        assert Draft(file, state_folder()).read() == TYPED
        await _opened(pilot, file)
        await pilot.press("down", "enter")
        await until(pilot, lambda: Draft(file, state_folder()).read() is None)
        assert isinstance(app.screen, DefineScreen)
        assert app.screen.history.text == TEXT


async def test_a_change_that_is_taken_back_leaves_no_unsaved_text(file: Path) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        screen.query_one(StudyForm).move_to(("study", "resume"))
        await pilot.press("D")
        await until(pilot, lambda: Draft(file, state_folder()).read() is not None)
        await pilot.press("u", "escape")
        await until(pilot, lambda: isinstance(app.screen, Studies))
        assert Draft(file, state_folder()).read() is None


async def test_without_a_place_for_unsaved_text_the_editor_works(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(file / "no-folder"))
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        screen.take(TYPED)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: file.read_text() == TYPED)


def test_what_another_app_works_on_is_not_what_was_left(file: Path) -> None:
    other = subprocess.Popen(["sleep", "600"])
    try:
        mine, theirs = Draft(file, state_folder()), Draft(file, state_folder())
        name = mine.file.name.split("-")[0]
        theirs.file = theirs.file.with_name(f"{name}-{other.pid}-{start_of(other.pid)}.toml")
        theirs.keep(lambda: TYPED)
        assert mine.read() is None, "its app lives, and may save it"
        mine.keep(lambda: None)
        assert theirs.file.read_text() == TYPED, "it is not for this one to drop"
    finally:
        other.kill()
        other.wait()
    assert Draft(file, state_folder()).read() == TYPED
    assert Draft(file, state_folder()).read() == TYPED, "it is this app's now"
    mine.keep(lambda: None)
    assert Draft(file, state_folder()).read() is None


def test_a_text_that_an_earlier_version_has_left_is_found(file: Path) -> None:
    draft = Draft(file, state_folder())
    draft.keep(lambda: TYPED)
    draft.file.rename(draft.file.with_name(f"{draft.file.name.split('-')[0]}.toml"))
    assert Draft(file, state_folder()).read() == TYPED


def test_what_two_apps_remember_of_their_studies_is_kept(tmp_path: Path) -> None:
    one, two = Session(tmp_path), Session(tmp_path)
    one.keep(tmp_path / "a", {"selected": 1})
    two.keep(tmp_path / "b", {"selected": 2})
    found = Session(tmp_path)
    assert [found.of(tmp_path / name)["selected"] for name in "ab"] == [1, 2]


def test_what_two_apps_remember_at_one_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = threading.Thread(target=Session(tmp_path).keep, args=(tmp_path / "b", {"selected": 2}))
    write = config.write_text

    def slowly(path: Path, text: str) -> bool:
        if not other.ident:  # one is about to write what it has read: the other comes between
            other.start()
            other.join(0.1)
        return write(path, text)

    monkeypatch.setattr(config, "write_text", slowly)
    Session(tmp_path).keep(tmp_path / "a", {"selected": 1})
    other.join()
    found = Session(tmp_path)
    assert [found.of(tmp_path / name).get("selected") for name in "ab"] == [1, 2]
