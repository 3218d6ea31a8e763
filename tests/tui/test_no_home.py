"""Where nobody has a home, and where $EDITOR is nonsense, a sentence is said and work goes on."""

import errno
from pathlib import Path

import pytest

from hpo_tui.tui.config import Session, config_folder, load_settings, state_folder
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.editor.external import edit_in_editor


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)


def test_without_a_home_nothing_is_kept_and_nothing_breaks(homeless: None, tmp_path: Path) -> None:
    assert load_settings().faults == ()
    assert not config_folder().exists()
    session = Session()
    session.keep(tmp_path, {"tab": 3})
    assert session.of(tmp_path) == {"tab": 3}
    assert not state_folder().exists()


def test_without_a_home_a_bug_is_still_a_sentence(homeless: None) -> None:
    said = report_crash(KeyError("x"), ["hpo-tui"])
    assert "KeyError" in said
    assert "no log could be written" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files", "x.py"), "raise `ulimit -n`"),
        (RuntimeError("can't start new thread"), "no more threads can be started: close"),
        (MemoryError(), "main memory is used up"),
    ],
)
def test_what_the_machine_lacks_is_no_bug(error: Exception, said: str) -> None:
    assert said in report_crash(error)
    assert "bug" not in report_crash(error)


@pytest.mark.parametrize(("editor", "word"), [("vim '", "EDITOR is"), ("/no/such-editor", "such")])
def test_an_editor_that_is_no_command_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, editor: str, word: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", editor)
    text, problem = edit_in_editor("[study]\n")
    assert text == "[study]\n"
    assert word in problem
