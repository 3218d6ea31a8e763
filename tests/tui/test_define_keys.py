"""The editor's keys: between form and text, layer by layer back, and which are shown first."""

from pathlib import Path

import pytest
from textual.widgets import ContentSwitcher, Input, Static, TextArea

from hpo_tui.store.folder import HOME
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.dialogs import Confirm
from hpo_tui.tui.screens.item_dialog import ItemDialog
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.study_form import StudyForm
from tests.tui.conftest import TEXT, until
from tests.tui.test_define import editor, shown


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_f6_goes_to_the_text_and_back(file: Path, size: tuple[int, int]) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=size) as pilot:
        screen = await editor(pilot, file)
        area, form = screen.query_one("#define-text", TextArea), screen.query_one(StudyForm)
        await pilot.press("f6")
        assert area.has_focus
        await pilot.press("#", "f6")
        assert form.has_focus
        assert area.text == "#" + TEXT, "nothing was selected and typed over"
        assert screen.history.text == area.text, "what was typed is not waited for"
        await pilot.press("f6", "escape")
        assert form.has_focus
        assert app.screen is screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_escape_closes_a_result_before_the_editor(file: Path, size: tuple[int, int]) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=size) as pilot:
        screen = await editor(pilot, file)
        screen.take(TEXT.replace("budget = 400", "budget = 7"))
        for key in ("T", "v"):
            await pilot.press(key)
            switcher = screen.query_one("#define-side", ContentSwitcher)
            assert switcher.current == "define-preview"
            await pilot.press("escape")
            assert switcher.current == "define-text"
            assert screen.query_one(StudyForm).has_focus
            assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, Studies))


async def test_a_tried_trial_stays_while_the_study_changes(file: Path) -> None:
    (file.parent / "train.py").write_text("print('accuracy=0.5 nonzero_weights=12')\n")
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        await pilot.press("T")
        await until(pilot, lambda: "accuracy = 0.5" in shown(screen, "#define-preview-text"))
        screen.take(TEXT.replace("budget = 400", "budget = 7"))
        assert not [w for w in app.workers if w.group == "preview"]
        assert "accuracy = 0.5" in shown(screen, "#define-preview-text")


@pytest.mark.parametrize("width", [80, 120])
async def test_save_and_launch_are_shown_first(file: Path, width: int) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(width, 24)) as pilot:
        screen = await editor(pilot, file)
        bar = screen.query_one(KeyBar)
        first = " Enter open  ^s save  L launch  F6 form/text"
        await until(pilot, lambda: bar.render_line(0).text.startswith(first))
        assert "sort" not in bar.render_line(0).text
        await pilot.press("f6")
        await until(pilot, lambda: "L launch" not in bar.render_line(0).text)
        assert bar.render_line(0).text.startswith(" ^s save  F6 form/text"), "letters are typed"


async def test_the_name_of_a_parameter_is_not_that_of_the_study(file: Path) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        screen.query_one(StudyForm).move_to(("space", "lr"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        await until(pilot, lambda: "parameter" in str(app.screen.query_one(".hint").render()))
        for _ in range(8):
            await pilot.press("down")
        typed = "optimizer = sgd, adam; layers = 2"
        await until(pilot, lambda: typed in str(app.screen.query_one(".hint").render()))


async def test_what_is_wrong_is_said_of_the_field_that_is_filled_in(file: Path) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        assert screen.query_one(StudyForm).move_to(("study",))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        problem = app.screen.query_one(".problem", Static)
        lines = dict(zip(("name", "command", "budget"), app.screen.query(Input), strict=False))
        await pilot.press("down")
        lines["command"].value = "python train.py --opt {nobody}"
        await until(pilot, lambda: "study.command" in str(problem.render()))
        await pilot.press("down")
        await until(pilot, lambda: app.focused is lines["budget"])
        lines["budget"].value = "much"
        await until(pilot, lambda: "study.budget" in str(problem.render()))
        lines["budget"].value = "20"
        await until(pilot, lambda: "study.command" in str(problem.render()))
        lines["budget"].value = "much"
        await pilot.press("up")
        await until(pilot, lambda: "study.command" in str(problem.render()))
        await pilot.press("down")
        await until(pilot, lambda: "study.budget" in str(problem.render()))


async def test_environment_variables_are_rows_of_the_form(file: Path) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        form = screen.query_one(StudyForm)
        for key, typed in (("enter", ("LR", "{lr}")), ("a", ("A_B", "x, y; z = {width}"))):
            assert form.move_to(("env",))
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, ItemDialog))
            for line, text in zip(app.screen.query(Input), typed, strict=True):
                line.value = text
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is screen)
        assert screen.checked.spec is not None
        assert screen.checked.spec.env == {"LR": "{lr}", "A_B": "x, y; z = {width}"}
        assert form.move_to(("env", "LR"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        line = app.screen.query_one(Input)
        assert line.value == "{lr}"
        line.value = "{rate}"
        problem = app.screen.query_one(".problem", Static)
        await until(pilot, lambda: "no parameter" in str(problem.render()))
        await pilot.press("escape", "y")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("D")
        assert screen.checked.spec is not None
        assert list(screen.checked.spec.env) == ["A_B"]


async def test_a_parameter_that_reaches_nobody_is_told_while_it_is_typed(file: Path) -> None:
    (file.parent / "train.py").write_text("import argparse\n")
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        said = '"weight_decay" is not in the command'
        await until(pilot, lambda: said in shown(screen, "#define-problem"))
        assert "(1 of 4: v shows all)" in shown(screen, "#define-problem")
        await pilot.press("f6")  # in the text v is a letter
        await until(pilot, lambda: shown(screen, "#define-problem").endswith("(1 of 4)"))
        await pilot.press("f6")
        await until(pilot, lambda: "v shows all" in shown(screen, "#define-problem"))
        assert "ready" in shown(screen, "#define-title"), "it may be meant"
        wanted = "{weight_decay} {width} {dropout} {momentum}"
        screen.take(screen.history.text.replace('{optimizer}"', f'{{optimizer}} {wanted}"'))
        await until(pilot, lambda: shown(screen, "#define-problem") == "")


@pytest.mark.parametrize(("key", "stays"), [("escape", False), ("enter", True), ("ctrl+s", True)])
async def test_an_added_item_goes_again_with_escape(file: Path, key: str, stays: bool) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        screen.query_one(StudyForm).move_to(("space", "lr"))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        await pilot.press(key)
        await until(pilot, lambda: app.screen is screen)
        assert ("[space.parameter]" in screen.history.text) == stays
        assert (screen.history.text == TEXT) != stays
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert ("[space.parameter]" in screen.history.text) == stays, "an old one is left alone"


@pytest.mark.parametrize(("answer", "kept"), [("y", False), ("n", True), ("escape", True)])
@pytest.mark.parametrize("fresh", [True, False])
async def test_what_was_typed_into_an_item_is_not_dropped_unasked(
    file: Path, fresh: bool, answer: str, kept: bool
) -> None:
    app = HpoApp(file.parent / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, file)
        screen.query_one(StudyForm).move_to(("space", "lr"))
        await pilot.press("a" if fresh else "enter")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        await pilot.press(*("width" if fresh else "2"), "escape")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press(answer)
        if kept:
            await until(pilot, lambda: isinstance(app.screen, ItemDialog))
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is screen)
            assert ("[space.width]" if fresh else "[space.lr2]") in screen.history.text
        else:
            await until(pilot, lambda: app.screen is screen)
            assert screen.history.text == TEXT


@pytest.mark.parametrize("key", ["a", "d", "D", "J", "enter"])
async def test_a_broken_text_is_mended_before_the_form_changes_it(tmp_path: Path, key: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        screen.query_one(StudyForm).move_to(("space", "width"))
        screen.take("xy" + TEXT)
        await pilot.press(key)
        await until(pilot, lambda: bool(app._notifications))
        said = next(iter(app._notifications)).message
        assert said.startswith("Fix the TOML first: line 1: ")
        assert app.screen is screen
        assert screen.history.text == "xy" + TEXT


async def test_a_setting_that_the_text_does_not_have_cannot_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        assert screen.query_one(StudyForm).move_to(("study", "noisy"))
        await pilot.press("D")
        await until(pilot, lambda: bool(app._notifications))
        said = next(iter(app._notifications)).message
        assert said == "noisy is not set: there is nothing to remove. Enter sets it."
        assert screen.history.text == TEXT
