"""The editor: form and text hold the same study, what is wrong stands where it is."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.editing import edit_file
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.item_dialog import ItemDialog
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.study_form import StudyForm
from tests.tui.conftest import TEXT, make_study, until, watching


async def editor(pilot: Pilot[int], path: Path) -> DefineScreen:
    app = pilot.app
    assert isinstance(app, HpoApp)
    edit_file(app, path)
    await until(pilot, lambda: isinstance(app.screen, DefineScreen))
    screen = app.screen
    assert isinstance(screen, DefineScreen)
    await until(pilot, lambda: any(len(form.rows) for form in screen.query(StudyForm)))
    await until(pilot, lambda: any(bar.size.width for bar in screen.query(KeyBar)))  # laid out
    return screen


def shown(screen: DefineScreen, id_: str) -> str:
    return str(screen.query_one(id_, Static).render())


async def test_a_field_changes_the_text_and_undo_brings_it_back(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    (tmp_path / "train.py").touch()
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        form = screen.query_one(StudyForm)
        assert form.move_to(("space", "lr"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        low = app.screen.query(Input)[2]
        assert low.value == "0.0001"
        low.value = "0.5"
        await until(pilot, lambda: "low" in str(app.screen.query_one(".problem", Static).render()))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert "low = 0.5" in screen.query_one("#define-text", TextArea).text
        assert "space.lr" in shown(screen, "#define-problem")
        assert "1 thing to fix" in shown(screen, "#define-title")
        await pilot.press("u")
        assert screen.query_one("#define-text", TextArea).text == TEXT
        assert "ready" in shown(screen, "#define-title")


async def test_the_cursor_stays_on_the_setting_that_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await editor(pilot, path)
        form = screen.query_one(StudyForm)
        assert form.move_to(("study", "budget"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        await pilot.press("ctrl+u", *"17", "enter")
        await until(pilot, lambda: app.screen is screen)
        row = form.row()
        assert row is not None
        assert (row.path, row.value) == (("study", "budget"), "17")


async def test_typed_text_changes_the_form(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        area = screen.query_one("#define-text", TextArea)
        area.load_text(TEXT.replace("budget = 400", "budget = 7"))
        budget = screen.query_one(StudyForm).rows.find(("study", "budget"))
        assert budget is not None
        await until(
            pilot, lambda: screen.query_one(StudyForm).rows.cells(budget)[2][0].strip() == "7"
        )
        rows = screen.query_one(StudyForm).rows
        area.load_text("[study\nname")
        await until(pilot, lambda: "not valid TOML" in shown(screen, "#define-title"))
        assert len(screen.query_one(StudyForm).rows) == len(rows), "the last good form stays"
        assert "a new study" not in shown(screen, "#define-title"), "its name is still known"


async def test_items_are_added_duplicated_moved_and_removed_by_key(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await editor(pilot, path)
        form = screen.query_one(StudyForm)

        def names() -> list[str]:
            spec = screen.checked.spec
            assert spec is not None
            return [p.name for p in spec.space]

        form.move_to(("space", "width"))
        await pilot.press("d")
        assert names()[2:4] == ["width", "width_2"]
        await pilot.press("K", "K")
        assert names()[1] == "width_2"
        await pilot.press("D")
        assert "width_2" not in names()
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert names()[-1] == "parameter"


async def test_saving_writes_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "study.toml"
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        assert screen.checked.spec is not None, "the sketch of a new study is right"
        await pilot.press("ctrl+s")
        await until(pilot, path.exists)
        assert StudySpec.load(path).name == "my-study"
        await until(pilot, lambda: "not saved" not in shown(screen, "#define-title"))


async def test_leaving_with_changes_asks(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        screen.query_one(StudyForm).move_to(("study", "resume"))
        await pilot.press("D", "escape")
        await until(pilot, lambda: app.screen is not screen)
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("escape", "y")
        await until(pilot, lambda: not isinstance(app.screen, DefineScreen))
        assert path.read_text() == TEXT


async def test_preview_says_what_would_run(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        await pilot.press("v")
        await until(pilot, lambda: "python train.py" in shown(screen, "#define-preview-text"))


async def test_one_trial_is_tried_from_the_screen(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print('accuracy=0.5 nonzero_weights=12')\n")
    path = tmp_path / "study.toml"
    path.write_text(TEXT.replace("python train.py", "python3 train.py"))
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        await pilot.press("T")
        await until(pilot, lambda: "accuracy = 0.5" in shown(screen, "#define-preview-text"))


async def test_an_edit_of_a_study_that_ran_is_shown_then_recorded(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.STOPPED)
    writer.close()
    async with watching(study) as (app, pilot):
        assert isinstance(app.screen, Watch)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        screen = app.screen
        assert isinstance(screen, DefineScreen)
        await until(pilot, lambda: any(len(form.rows) for form in screen.query(StudyForm)))
        screen.take(screen.history.text.replace("low = 1e-4", "low = 1e-3"))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is not screen)
        detail = str(app.screen.query_one(".dialog-detail", Static).render())
        assert "lr" in detail
        assert "outside" in detail
        await pilot.press("y")

        def stored() -> str:
            with StudyReader(study.db) as reader:
                return reader.study().text

        await until(pilot, lambda: "low = 1e-3" in stored())


async def test_readonly_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo", readonly=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        screen.query_one(StudyForm).move_to(("space", "lr"))
        await pilot.press("d", "D", "a", "ctrl+s")
        assert screen.history.text == TEXT


@pytest.mark.parametrize("key", ["enter", "D", "d", "J"])
async def test_a_key_is_about_the_text_as_it_was_typed_a_moment_ago(
    tmp_path: Path, key: str
) -> None:
    path = tmp_path / "study.toml"
    (tmp_path / "train.py").touch()
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        form, area = screen.query_one(StudyForm), screen.query_one("#define-text", TextArea)
        assert form.move_to(("space", "lr"))
        area.text = typed = TEXT.replace("[space.lr]", "[space.rate]")
        await until(pilot, lambda: screen._quiet is not None)
        await pilot.press(key)
        if key == "enter":
            await until(pilot, lambda: isinstance(app.screen, ItemDialog))
            assert app.screen.query(Input)[0].value == "rate"
            await pilot.press("2", "enter")
            await until(pilot, lambda: "[space.rate2]" in area.text)
        else:
            await until(pilot, lambda: area.text != typed)
        assert not list(app._notifications)
