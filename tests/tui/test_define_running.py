"""Editing a study that has run: what changes is asked about, what cannot is said where it is."""

import shutil
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from hpo_tui.engine.launch import offline, refusals
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.editor import side
from hpo_tui.tui.editor.form import FormTable
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.dialogs import Confirm
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.study_form import StudyForm
from tests.tui.conftest import make_app, make_study, ready, until
from tests.tui.test_define import shown


def _stopped(tmp_path: Path) -> StudyFolder:
    study = make_study(tmp_path, running=0)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.STOPPED)
    writer.close()
    return study


def _stored(study: StudyFolder) -> str:
    with StudyReader(study.db) as reader:
        return reader.study().text


async def editing(pilot: Pilot[int]) -> DefineScreen:
    await ready(pilot)
    await pilot.press("e")
    await until(pilot, lambda: isinstance(pilot.app.screen, DefineScreen))
    screen = pilot.app.screen
    assert isinstance(screen, DefineScreen)
    await until(pilot, lambda: any(len(form.rows) for form in screen.query(StudyForm)))
    return screen


async def test_a_refused_edit_says_why_and_changes_nothing(study: StudyFolder) -> None:
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editing(pilot)
        screen.take(screen.history.text.replace("epochs = 15\n", "epochs = 14\n"))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: any("15 epochs" in n.message for n in app._notifications))
        with StudyReader(study.db) as reader:
            assert "epochs = 15\n" in reader.study().text
        # What refuses it stands where it is, and stays: a message goes away.
        line = screen.history.text.splitlines().index('name = "15 epochs"')
        assert f"line {line}: task[1]" in shown(screen, "#define-problem")
        assert "1 thing to fix" in shown(screen, "#define-title")
        rows = screen.query_one(StudyForm).rows
        assert isinstance(rows, FormTable)
        assert [row.path for row in rows.form if row.problem] == [("task", 0)]
        screen.take(screen.history.text.replace("epochs = 14\n", "epochs = 15\n"))
        assert "task[1]" not in shown(screen, "#define-problem")


async def test_that_a_study_cannot_be_changed_is_said_before_anything_is_typed(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by whoever may read alone; to root, who runs tests, nothing is closed."""
    monkeypatch.setattr(refusals.os, "access", lambda path, _: Path(path) != study.db)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        await editing(pilot)
        said = f"You may look at this study, but not change it: {study.db} is closed to you"
        await until(pilot, lambda: any(said in n.message for n in app._notifications))


async def test_a_comment_is_kept_where_nothing_that_matters_changes(tmp_path: Path) -> None:
    study = _stopped(tmp_path)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editing(pilot)
        text = "# as agreed on Monday\n" + screen.history.text
        screen.take(text)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: any("Saved" in n.message for n in app._notifications))
        assert app.screen is screen, "there is nothing to ask about"
        assert _stored(study) == text
        assert study.file.read_text() == text


async def test_what_was_edited_by_hand_is_shown_and_saved(tmp_path: Path) -> None:
    study = _stopped(tmp_path)
    before = _stored(study)
    mine = before.replace("slots = 2", "slots = 4")
    study.file.write_text(mine)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editing(pilot)
        await until(pilot, lambda: screen.history.text == mine)
        assert "(not saved)" in shown(screen, "#define-title")
        assert any("was edited by hand" in n.message for n in app._notifications)
        await pilot.press("u", "ctrl+s")
        await until(pilot, lambda: any("left as it is" in n.message for n in app._notifications))
        assert (_stored(study), study.file.read_text()) == (before, mine)
        await pilot.press("U", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        said = str(app.screen.query_one(".dialog-detail", Static).render())
        assert "resources.slots: 2 → 4" in said
        await pilot.press("y")
        await until(pilot, lambda: _stored(study) == mine)
        assert study.file.read_text() == mine
        await until(pilot, lambda: "(not saved)" not in shown(screen, "#define-title"))


async def test_leaving_what_was_edited_by_hand_loses_nothing_and_asks_nothing(
    tmp_path: Path,
) -> None:
    study = _stopped(tmp_path)
    mine = _stored(study).replace("slots = 2", "slots = 4")
    study.file.write_text(mine)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editing(pilot)
        await until(pilot, lambda: screen.history.text == mine)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Watch))
    assert study.file.read_text() == mine


async def test_what_was_edited_elsewhere_meanwhile_is_not_lost_unasked(tmp_path: Path) -> None:
    study = _stopped(tmp_path)
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editing(pilot)
        elsewhere = "# somebody else's remark\n" + screen.history.text
        writer = StudyWriter(study.db)
        writer.update_study(text=elsewhere)
        writer.close()
        study.file.write_text(elsewhere)
        screen.take("# as agreed on Monday\n" + screen.history.text)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "edited elsewhere" in str(app.screen.query_one(".dialog-detail", Static).render())
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        assert _stored(study) == elsewhere


@pytest.mark.parametrize("older", [False, True])
async def test_what_is_edited_elsewhere_while_it_is_asked_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool
) -> None:
    study = _stopped(tmp_path)
    if older:  # a runner that was started before an update takes any text
        monkeypatch.setattr(offline, "overtaken", lambda *_: "")
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editing(pilot)
        elsewhere = screen.history.text.replace("slots = 2", "slots = 4")
        mine = screen.history.text.replace("slots = 2", "slots = 3")
        screen.take(mine)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        first = app.screen
        writer = StudyWriter(study.db)
        writer.update_study(text=elsewhere)
        writer.close()
        study.file.write_text(elsewhere)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and app.screen is not first)
        assert _stored(study) == elsewhere
        said = str(app.screen.query_one(".dialog-detail", Static).render())
        assert "resources.slots: 4 → 3" in said
        assert "edited elsewhere" in said
        await pilot.press("y")
        await until(pilot, lambda: _stored(study) == mine)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_many_changes_stand_one_below_the_other_over_the_keys(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    study = _stopped(tmp_path)
    app = make_app(study)
    async with app.run_test(size=size) as pilot:
        screen = await editing(pilot)
        text = screen.history.text.replace("slots = 2", "slots = 3\nstall = 60\nthreads = 4")
        text = text.replace("high = 0.7", "high = 0.6").replace("train.py", "train-nowhere.py")
        text = text.replace("python train", "pythonnowhere train")
        for old, new in (("1e-4", "1e-3"), ("1e-6", "1e-5"), ("= 512", "= 256"), ("400", "500")):
            text = text.replace(old, new)
        screen.take(text)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        lines = str(app.screen.query_one(".dialog-detail", Static).render()).splitlines()
        assert len(lines) == 12
        assert lines[0].startswith("space.lr: narrowed")
        assert "trials fall outside the new space." in lines[-2]
        assert lines[-1].startswith("Note: the command's program 'pythonnowhere'")
        keys = app.screen.query_one(".dialog-keys", Static).region
        await until(pilot, lambda: keys.bottom < size[1])


@pytest.mark.parametrize("place", [".hpo/s", ".hpo/.archive/s", "s"])
def test_a_study_is_checked_where_its_trials_run(tmp_path: Path, place: str) -> None:
    folder = StudyFolder(tmp_path / place)
    assert DefineScreen(folder.file, "", folder=folder).cwd() == tmp_path


@pytest.mark.parametrize("refusal", ["", "the study is being stopped"])
async def test_a_change_that_was_agreed_to_is_not_asked_about_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    sent, answered = threading.Event(), threading.Event()

    def send_edit(folder: StudyFolder, text: str, base: str, file: str | None) -> str:
        del folder, text, base, file
        sent.set()
        answered.wait(60)
        return refusal

    monkeypatch.setattr(side, "send_edit", send_edit)
    app = make_app(_stopped(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editing(pilot)
        screen.take(screen.history.text.replace("high = 0.7", "high = 0.6"))
        await pilot.press("ctrl+s", "y", "escape")  # as fast as keys come
        await until(pilot, sent.is_set)
        await until(pilot, lambda: any("being saved" in n.message for n in app._notifications))
        assert app.screen is screen, "whether it is saved is not known yet"
        answered.set()
        if refusal:
            await until(pilot, lambda: any(refusal in n.message for n in app._notifications))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
        else:
            await until(pilot, lambda: isinstance(app.screen, Watch))


async def test_a_study_that_is_deleted_as_it_is_edited_is_said_to_be_gone(tmp_path: Path) -> None:
    study = _stopped(tmp_path)
    app = make_app(study)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await editing(pilot)
        screen.take(screen.history.text.replace("slots = 2", "slots = 3"))
        shutil.rmtree(study.path)
        await pilot.press("ctrl+s")
        said = "was deleted or moved"
        await until(pilot, lambda: any(said in n.message for n in app._notifications))
        assert "slots = 3" in screen.history.text
