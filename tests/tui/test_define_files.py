"""What the editor writes over, what it asks before, and what stands in the way of a launch."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static, TextArea

from hpo_tui.engine.launch import create_study
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui import editing
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.editing import edit_file, new_study, sketch
from hpo_tui.tui.editor import side
from hpo_tui.tui.editor.side import free_name
from hpo_tui.tui.editor.target import doubts, why_no_study_file
from hpo_tui.tui.screens import define_save
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.dialogs import Ask, Confirm
from hpo_tui.tui.screens.fetching import Fetching
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.study_form import StudyForm
from tests.tui.conftest import TEXT, make_app, make_study, until, watching
from tests.tui.test_define import editor, shown


def said(app: HpoApp) -> str:
    return "\n".join(n.message for n in app._notifications)


def below(app: HpoApp) -> str:
    """Return what the window that asks says in its last line."""
    lines = [
        s.query(".dialog-keys").results(Static) for s in app.screen_stack if isinstance(s, Ask)
    ]
    return " ".join(str(line.render()) for found in lines for line in found)


def test_what_is_no_study_file_is_told(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print(1)")
    assert "train.toml" in why_no_study_file(script)
    assert "must end in .toml" in why_no_study_file(tmp_path / "study")
    other = tmp_path / "pyproject.toml"
    other.write_text('[project]\nname = "x"\n')
    assert "it has project" in why_no_study_file(other)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in why_no_study_file(binary)
    halfway = tmp_path / "halfway.toml"
    halfway.write_text("[study\nname")
    good = tmp_path / "study.toml"
    good.write_text(TEXT)
    for path in (halfway, good, tmp_path / "new.toml"):
        assert why_no_study_file(path) == "", path


def test_a_file_that_has_changed_meanwhile_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    assert doubts(path, None, ()) == ""
    path.write_text(TEXT)
    assert "would be lost" in doubts(path, None, ())
    assert doubts(path, TEXT, ()) == ""
    assert "would be lost" in doubts(path, TEXT + "#", ())
    assert "(1 of 2)" in doubts(path, TEXT, ("budget: missing", "space: missing"))


@pytest.mark.parametrize("key", ["enter", "f2", "ctrl+s"])
async def test_a_script_is_never_opened_as_a_study(tmp_path: Path, key: str) -> None:
    (tmp_path / "train.py").write_text("print(1)\n")
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        new_study(app)
        await until(pilot, lambda: isinstance(app.screen, Ask) and bool(app.screen.query(Input)))
        app.screen.query_one(Input).value = "train.py"
        await pilot.press(key)
        # The name is looked up under another window: what is said below stands in the first.
        await until(pilot, lambda: "must end in .toml" in below(app))
        await pilot.press("escape")
        edit_file(app, tmp_path / "train.py")
        await until(pilot, lambda: "must end in .toml" in said(app))
        assert not isinstance(app.screen, DefineScreen)
    assert (tmp_path / "train.py").read_text() == "print(1)\n"


async def test_a_text_that_cannot_be_run_is_saved_only_after_a_question(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        screen.query_one("#define-text", TextArea).load_text("[study\n")
        await pilot.press("ctrl+s")  # at once: what was typed a moment ago counts
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "cannot be run" in str(app.screen.query_one(".dialog-detail", Static).render())
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        assert path.read_text() == TEXT
        await pilot.press("ctrl+s", "y")
        await until(pilot, lambda: path.read_text() == "[study\n")


async def test_a_file_of_somebody_else_is_not_written_over_unasked(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        path.write_text(TEXT)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert path.read_text() == TEXT
        await pilot.press("ctrl+s", "y")
        await until(pilot, lambda: "my-study" in path.read_text())
        await pilot.press("u", "ctrl+s")
        await pilot.pause()
        assert app.screen is screen, "what was written here is known"


async def test_a_file_with_a_byte_order_mark_is_a_form_too(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        assert screen.query_one(StudyForm).move_to(("space", "lr"))
        assert "not saved" not in shown(screen, "#define-title")
        await pilot.press("D", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        detail = str(app.screen.query_one(".dialog-detail", Static).render())
        assert "has changed since it was opened here" not in detail, "it is as it was opened"


def test_a_new_study_has_a_name_that_is_free(tmp_path: Path) -> None:
    home = tmp_path / HOME
    assert free_name("my-study", None) == free_name("my-study", home) == "my-study"
    (home / "my-study").mkdir(parents=True)
    (home / "my-study-2").mkdir()
    assert free_name("my-study", home) == "my-study-3"
    assert 'name = "my-study-3"' in sketch(home)


async def test_a_new_study_begins_with_the_text_of_an_old_one(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=3)
    (study.path.parent.parent / "sparse-speech-2.toml").write_text("# of somebody else\n")
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(app.screen.query("LineTable").first().display))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        screen = app.screen
        assert isinstance(screen, DefineScreen)
        await until(pilot, lambda: any(len(form.rows) for form in screen.query(StudyForm)))
        assert screen.history.text == TEXT.replace('"sparse-speech"', '"sparse-speech-2"')
        assert screen.folder is None, "the old study is left alone"
        await pilot.press("ctrl+s")
        path = study.path.parent.parent / "sparse-speech-2-2.toml"
        await until(pilot, path.is_file)
        assert path.read_text() == screen.history.text


async def test_the_file_of_a_study_is_not_opened_as_a_new_one(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=3)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 40)) as pilot:
        new_study(app)
        await until(pilot, lambda: isinstance(app.screen, Ask) and bool(app.screen.query(Input)))
        app.screen.query_one(Input).value = str(study.path)
        await pilot.press("enter")
        await until(pilot, lambda: "edit it (e)" in below(app))
        assert isinstance(app.screen, Ask)


async def test_a_name_in_use_keeps_the_editor_open_and_says_so(
    tmp_path: Path, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    home = tmp_path / HOME
    writer = StudyWriter(create_study(TEXT, home).db)
    writer.update_study(state=StudyState.STOPPED)
    writer.close()
    path = tmp_path / "other.toml"
    path.write_text(TEXT.replace("budget = 400", "budget = 7"))
    (tmp_path / "train.py").touch()
    app = HpoApp(home)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        await pilot.press("L")
        await until(pilot, lambda: "sparse-speech-2" in said(app))
        assert app.screen is screen
        row = screen.query_one(StudyForm).row()
        assert row is not None
        assert row.path == ("study", "name")
        screen.take(screen.history.text.replace('"sparse-speech"', '"sparse-speech-2"'))
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, Watch))
        assert ("start", {}) in sent
        assert screen not in app.screen_stack
    assert StudyFolder(home / "sparse-speech-2").db.is_file()


async def test_a_launch_that_fails_leaves_the_editor_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpo_tui.engine import launch

    def start(folder: StudyFolder, **_: object) -> int:
        raise launch.LaunchError("no GPU is free")

    monkeypatch.setattr(launch, "start_runner", start)
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        await pilot.press("L")
        await until(pilot, lambda: "no GPU is free" in said(app))
        assert app.screen is screen
        monkeypatch.setattr(launch, "start_runner", lambda _: 4242)
        screen.take(TEXT.replace("budget = 400", "budget = 7"))
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, Watch))
    assert "budget = 7" in StudyFolder(tmp_path / HOME / "sparse-speech").file.read_text()


async def test_a_program_that_is_not_there_is_said_before_the_start(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(TEXT.replace('"python train.py', '"banana train.py'))
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await editor(pilot, path)
        await until(pilot, lambda: "cannot start" in shown(screen, "#define-title"))
        assert "'banana' is not found" in shown(screen, "#define-problem")
        screen.take(screen.history.text.replace("banana", "python"))
        await until(pilot, lambda: "'train.py' is not found" in shown(screen, "#define-problem"))
        (tmp_path / "train.py").touch()
        screen.take(screen.history.text + "\n")
        await until(pilot, lambda: "ready" in shown(screen, "#define-title"))
        assert "not found" not in shown(screen, "#define-problem")


async def test_a_slow_disk_keeps_no_key_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def slow(*_: object) -> str:
        answers.wait(60)
        return "its folder answers late"

    monkeypatch.setattr(side, "warning", slow)
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await editor(pilot, path)
        row = screen.query_one(StudyForm).row()
        await pilot.press("down")
        assert screen.query_one(StudyForm).row() != row
        answers.set()
        await until(pilot, lambda: "answers late" in shown(screen, "#define-problem"))
        assert "cannot start" in shown(screen, "#define-title")


@pytest.mark.parametrize("lives", [True, False])
async def test_launching_a_study_that_is_open_goes_back_to_it(
    tmp_path: Path,
    sent: list[tuple[str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    lives: bool,
) -> None:
    monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 4242 if lives else None)
    async with watching(make_study(tmp_path, trials=6, running=0)) as (app, pilot):
        watch = app.screen
        await pilot.press("e")
        await until(pilot, lambda: bool(app.screen.query(StudyForm)))
        await pilot.press("L")
        await until(pilot, lambda: app.screen is watch)
        assert [action for action, _ in sent] == ([] if lives else ["start"])


@pytest.mark.parametrize("text", [TEXT, "[study\n"])
async def test_the_app_can_begin_with_a_file_in_the_editor(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    app = HpoApp(None, file=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        await until(pilot, lambda: app.screen.query_one("#define-text", TextArea).text == text)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Studies))


@pytest.mark.parametrize("slow", [(side, "write"), (define_save.target, "doubts")])
async def test_a_slow_disk_keeps_nobody_waiting_and_loses_nothing_that_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: tuple[Any, str]
) -> None:
    real, goes_on = getattr(*slow), threading.Event()

    def slowly(*args: Any) -> Any:
        assert goes_on.wait(30)
        return real(*args)

    monkeypatch.setattr(*slow, slowly)
    path = tmp_path / "study.toml"
    path.write_text(TEXT)
    app = HpoApp(tmp_path, None)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = DefineScreen(path, TEXT)
        await app.push_screen(screen)
        first = TEXT.replace("budget = 400", "budget = 500")
        screen.take(first)
        await screen.action_do("define.save")
        second = first.replace("budget = 500", "budget = 600")
        screen.take(second)  # the file is not written yet, and the screen goes on
        assert path.read_text() == TEXT
        goes_on.set()
        await until(pilot, lambda: f"Saved {path}" in said(app))
        assert path.read_text() == first
        assert "(not saved)" in shown(screen, "#define-title")
        await screen.action_do("define.save")
        await until(pilot, lambda: path.read_text() == second)
        await until(pilot, lambda: "(not saved)" not in shown(screen, "#define-title"))


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The disk of every study file answers once this is set."""
    answers, read = threading.Event(), editing.why_no_study_file

    def look(path: Path) -> str:
        assert threading.current_thread() is not threading.main_thread()
        answers.wait(60)
        return read(path)

    monkeypatch.setattr(editing, "why_no_study_file", look)
    yield answers
    answers.set()


async def test_a_disk_that_does_not_answer_leaves_the_screen_alive(
    tmp_path: Path, hanging: threading.Event
) -> None:
    make_study(tmp_path)
    (tmp_path / "study.toml").write_text(TEXT)
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Studies) and not app.screen.opening)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        asked = app.screen
        for _ in range(2):
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, Fetching) and not app.screen.opening)
            assert str(app.screen.query(Static).first().render()) == "Looking at study.toml …"
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is asked)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Fetching))
        hanging.set()
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        assert app.screen.history.text == TEXT
        assert [type(screen) for screen in app.screen_stack[1:]] == [Studies, DefineScreen]


async def test_a_file_that_is_named_at_the_start_is_read_aside(
    tmp_path: Path, hanging: threading.Event
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(TEXT)
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Studies) and not app.screen.opening)
        edit_file(app, file)
        await until(pilot, lambda: isinstance(app.screen, Fetching))
        hanging.set()
        await until(pilot, lambda: isinstance(app.screen, DefineScreen))
        assert app.screen.query(StudyForm)


async def test_free_names_are_looked_for_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, answers = make_study(tmp_path), threading.Event()
    monkeypatch.setattr(editing, "free_name", lambda name, _: answers.wait(30) and f"{name}-2")
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.screen.query("LineTable").first().display))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Fetching) and not app.screen.opening)
        answers.set()
        await until(pilot, lambda: isinstance(app.screen, DefineScreen) and app.screen.is_mounted)
