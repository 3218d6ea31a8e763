"""A study file that is run again: the same study goes on, edited since or not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hpo_tui.engine.launch import create_study, send
from hpo_tui.engine.launch.origin import Origin, origin
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.run import prepare


@pytest.fixture
def file(tmp_path: Path, study_text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.toml"
    path.write_text(study_text.replace("NAME", "sparse"), "utf-8")
    return path


def edit(folder: StudyFolder, change: Callable[[str], str]) -> str:
    text = change(folder.file.read_text("utf-8"))
    assert send(folder, "edit", {"text": text}).ok
    return text


def started(folder: StudyFolder) -> None:
    writer = StudyWriter(folder.db)
    writer.update_study(state=StudyState.STOPPED)
    writer.close()


def test_a_study_edited_since_goes_on_and_this_is_said(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = prepare("study.toml", None)
    assert prepare("study.toml", None).path == made.path
    assert capsys.readouterr().err == ""
    edited = edit(made, lambda text: text.replace("budget = 10", "budget = 12"))
    file.write_text("# a remark is no change\n" + file.read_text("utf-8"), "utf-8")
    assert prepare("study.toml", None).path == made.path
    assert "was edited after it was made from study.toml" in capsys.readouterr().err
    with StudyReader(made.db) as reader:
        assert reader.study().text == edited


def test_a_file_that_has_changed_itself_is_refused_with_what_to_do(file: Path) -> None:
    made = prepare("study.toml", None)
    started(made)
    file.write_text(file.read_text("utf-8").replace("budget = 10", "budget = 20"), "utf-8")
    with pytest.raises(Refusal, match="differs from what it was made from") as caught:
        prepare("study.toml", None)
    assert str(made.file) in str(caught.value)
    assert "another name" in str(caught.value)
    edit(made, lambda text: text.replace("budget = 10", "budget = 20"))
    assert prepare("study.toml", None).path == made.path, "now it is what the study is"


def test_a_study_that_has_never_run_takes_what_the_file_says_now(file: Path) -> None:
    made = prepare("study.toml", None)
    text = (
        file.read_text("utf-8")
        .replace("budget = 10", "budget = 20")
        .replace("low = 0.0", "low = 0.1")
    )
    file.write_text(text, "utf-8")
    assert prepare("study.toml", None).path == made.path
    with StudyReader(made.db) as reader:
        assert reader.study().text == text
    assert made.file.read_text("utf-8") == made.made_from.read_text("utf-8") == text
    edit(made, lambda text: text.replace("budget = 20", "budget = 30"))
    file.write_text(text.replace("budget = 20", "budget = 25"), "utf-8")
    with pytest.raises(Refusal, match="differs from"):
        prepare("study.toml", None)


def test_a_study_that_does_not_remember_is_compared_as_it_is(tmp_path: Path, file: Path) -> None:
    folder = create_study(file, tmp_path / HOME)
    folder.made_from.unlink()
    spec = StudySpec.load(file)
    assert origin(folder, spec) is Origin.SAME
    edit(folder, lambda text: text.replace("budget = 10", "budget = 12"))
    assert origin(folder, spec) is Origin.OTHER


@pytest.mark.parametrize("text", ["sparse", ".hpo/sparse", ".hpo/sparse/study.toml"])
def test_a_folder_with_a_study_file_alone_becomes_that_study(file: Path, text: str) -> None:
    folder = StudyFolder(file.parent / HOME / "sparse")
    folder.path.mkdir(parents=True)
    file.rename(folder.file)
    assert prepare(text, None).path == folder.path
    assert folder.db.is_file()
    assert not (folder.path / HOME).exists()


@pytest.mark.parametrize("left", ["empty", "tables"])
def test_a_study_whose_making_was_cut_off_is_made(file: Path, left: str) -> None:
    folder = StudyFolder(file.parent / HOME / "sparse")
    folder.path.mkdir(parents=True)
    if left == "empty":
        folder.db.touch()
    else:
        StudyWriter(folder.db).close()
    assert prepare("study.toml", None).path == folder.path
    with StudyReader(folder.db) as reader:
        assert reader.study().name == "sparse"


def test_several_who_make_a_study_at_once_make_one(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hpo_tui.engine.launch import create_study;"
        " sys.stdin.read(1); create_study(Path('study.toml'), Path('.hpo'))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=file.parent, stdin=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    told = [process.communicate()[1] for process in started]
    assert told == [""] * len(told)


def test_a_file_is_run_again_with_other_settings(file: Path) -> None:
    first = prepare("study.toml", None)
    second = prepare("study.toml", "again", ["seed=3", "budget=4"])
    with StudyReader(first.db) as one, StudyReader(second.db) as two:
        assert (one.study().seed, two.study().seed) == (0, 3)
        assert StudySpec.from_text(two.study().text).budget.amount == 4
    started(second)
    assert prepare("study.toml", "again", ["seed=3", "budget=4"]).path == second.path
    with pytest.raises(Refusal, match="differs from what it was made from"):
        prepare("study.toml", "again", ["seed=4"])


def test_a_setting_that_is_wrong_makes_no_study(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refusal, match=r"^--set: there is no task\[9\]\.cost"):
        prepare("study.toml", None, ["task[9].cost=1"])
    with pytest.raises(Refusal, match=r"study\.toml cannot be run with these settings: 1 problem"):
        prepare("study.toml", None, ["budget=-1"])
    assert "study.toml: study.budget: " in capsys.readouterr().err
    assert not (tmp_path / HOME).exists()


def test_a_study_that_is_there_takes_no_settings(file: Path) -> None:
    made = prepare("study.toml", None)
    change = rf"--set is only for a study file\. To change it: hpo-tui edit {made.name} seed=2$"
    with pytest.raises(Refusal, match=change):
        prepare(made.name, None, ["seed=2"])
