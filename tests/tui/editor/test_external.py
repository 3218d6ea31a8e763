"""The person's own editor: what it has saved is taken, however it ends."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hpo_tui.tui.editor.external import edit_in_editor

TEXT = "[study]\n"


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script that is the editor: it gets the file as ``$1``."""
    script = tmp_path / "editor"
    monkeypatch.setenv("EDITOR", f"sh {script}")
    monkeypatch.delenv("VISUAL", raising=False)
    return script


@pytest.mark.parametrize(
    ("does", "text", "said"),
    [
        ("echo '# more' >> \"$1\"", TEXT + "# more\n", ""),
        ("printf '\\357\\273\\277[study]\\r\\n' > \"$1\"", TEXT, ""),
        ("exit 1", TEXT, "exit code 1: nothing changed"),
        ("echo '# more' >> \"$1\"; exit 3", TEXT + "# more\n", "exit code 3: what it had saved"),
        ("echo '# more' >> \"$1\"; kill -9 $$", TEXT + "# more\n", "exit code -9: what it had"),
        ("printf '# caf\\351\\n' >> \"$1\"", TEXT + "# caf\ufffd\n", "not UTF-8"),
        ('rm "$1"', TEXT, "No such file"),
    ],
)
def test_what_the_editor_saved_is_taken(editor: Path, does: str, text: str, said: str) -> None:
    editor.write_text(does)
    changed, problem = edit_in_editor(TEXT)
    assert changed == text
    assert said in problem
    assert bool(said) == bool(problem)


def test_a_full_disk_keeps_the_text(editor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    assert edit_in_editor(TEXT)[0] == TEXT
    assert "No space left" in edit_in_editor(TEXT)[1]


@pytest.mark.parametrize("sent", ["INT", "QUIT"])
def test_keys_that_end_programs_are_for_the_editor_alone(editor: Path, sent: str) -> None:
    editor.write_text(f"kill -{sent} $PPID; kill -{sent} $PPID; echo '# more' >> \"$1\"")
    program = f"from hpo_tui.tui.editor.external import *; print(edit_in_editor({TEXT!r}))"
    assert "# more" in subprocess.check_output([sys.executable, "-c", program], text=True)


def test_an_editor_that_keys_end_is_ended_by_them(editor: Path) -> None:
    editor.write_text("kill -QUIT $$")
    assert "exit code -3: nothing changed" in edit_in_editor(TEXT)[1]
