"""The editor in a window of 80x24, and the fields of a new parameter."""

from pathlib import Path

from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.item_dialog import ItemDialog
from hpo_tui.tui.screens.trial import _end
from hpo_tui.tui.widgets.line_input import LineInput
from hpo_tui.tui.widgets.study_form import StudyForm
from hpo_tui.tui.words.plain import wrapped
from tests.tui.conftest import TEXT, until
from tests.tui.test_define import editor


def _width(form: StudyForm) -> int:
    return sum(c.width for c in form.rows.columns)


async def _opened(pilot: Pilot[int], tmp_path: Path) -> DefineScreen:
    path = tmp_path / "study.toml"
    (tmp_path / "train.py").touch()
    path.write_text(TEXT)
    return await editor(pilot, path)


async def test_the_form_fills_a_narrow_window_whenever_it_is_shown(tmp_path: Path) -> None:
    async with HpoApp(tmp_path / ".hpo").run_test(size=(80, 24)) as pilot:
        screen = await _opened(pilot, tmp_path)
        form, area = screen.query_one(StudyForm), screen.query_one("#define-text", TextArea)
        await until(pilot, lambda: _width(form) > 70)
        assert form.move_to(("space", "lr"))
        await pilot.press("f6")
        await until(pilot, lambda: area.has_focus)
        area.insert("# pasted\n" * 3)
        await pilot.pause(0.4)
        await pilot.press("f6")
        await until(pilot, lambda: form.has_focus and form.size.height > 5)
        await until(pilot, lambda: _width(form) > 70)
        assert form._top == max(0, form.cursor - form.page + 1)


async def test_typing_replaces_the_name_of_a_new_parameter(tmp_path: Path) -> None:
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await _opened(pilot, tmp_path)
        assert screen.query_one(StudyForm).move_to(("space",))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ItemDialog))
        lines = list(app.screen.query(Input))
        await until(pilot, lambda: lines[0].has_focus)
        await pilot.press(*"opt")
        await until(pilot, lambda: lines[0].value == "opt")
        await pilot.press("down", "end", "ctrl+u", *"categorical")
        problem = app.screen.query_one(".problem", Static)
        await until(pilot, lambda: "choices: is missing" in str(problem.render()))
        values = [line.value for line in lines]
        assert values[:2] == ["opt", "categorical"]
        assert not any(values[2:])
        await pilot.press("ctrl+u", *"int")
        await until(pilot, lambda: lines[1].value == "int" and lines[2].value != "")
        assert [line.value for line in lines][1:4] == ["int", "0.0", "1.0"]


async def test_pasted_lines_become_one(tmp_path: Path) -> None:
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        line = LineInput("so ")
        await app.screen.mount(line)
        line.focus()
        await until(pilot, lambda: line.has_focus)
        await pilot.press("end")
        await until(pilot, lambda: line.selection.is_empty and line.cursor_position == 3)
        line.post_message(Paste("first \n\n  second\r\nthe\tthird\n"))
        await until(pilot, lambda: line.value == "so first second the third")
        line.post_message(Paste("\n"))
        await pilot.pause()
        assert line.value == "so first second the third"


async def test_of_a_long_text_the_cursor_is_in_sight_while_it_is_typed_into(tmp_path: Path) -> None:
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        first, other = LineInput("begins " + "and " * 20 + "ends"), LineInput("other")
        await app.screen.mount(first, other)

        def shown() -> str:
            return first.render_line(0).text.strip()

        await until(pilot, lambda: first.size.width > 0)
        assert shown().startswith("begins")
        first.focus()
        await until(pilot, lambda: shown().endswith("ends"))
        await pilot.resize_terminal(40, 24)
        await until(pilot, lambda: first.size.width < 40 and shown().endswith("ends"))
        other.focus()
        await until(pilot, lambda: shown().startswith("begins"))


def test_a_long_last_line_of_a_reason_keeps_the_name_of_the_error() -> None:
    error = "RuntimeError: " + "word " * 45 + "the end"
    reason = "exit code 1:\nTraceback (most recent call last):\n  File x\n" + error
    lines = wrapped(reason, 40)
    shown = _end(reason, lines, 2)
    assert shown[0].startswith("RuntimeError: ")
    assert shown[1].startswith("… ")
    assert shown[1].rstrip().endswith("the end")
    short = "exit code 1:\n" + "  File x\n" * 9 + "KeyError: 1"
    assert _end(short, wrapped(short, 40), 2) == ["  File x", "KeyError: 1"]
    assert _end(error, wrapped(error, 40), 2) == wrapped(error, 40)[-2:]


async def test_a_title_that_is_cut_says_so(tmp_path: Path) -> None:
    async with HpoApp(tmp_path / ".hpo").run_test(size=(40, 15)) as pilot:
        screen = await _opened(pilot, tmp_path)
        title = screen.query_one("#define-title", Static)
        await until(pilot, lambda: title.render_line(0).text.endswith("…"))
