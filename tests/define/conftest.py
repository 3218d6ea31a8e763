"""Scripts of strangers, copied where a test may leave traces."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.start import init
from hpo_tui.engine.spec import StudySpec

SCRIPTS = Path(__file__).with_name("scripts")


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scripts, in a folder of their own, with this Python as the one on the PATH."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return Path(shutil.copytree(SCRIPTS, tmp_path / "project"))


def traces(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder with what they hold."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def draft(
    scripts: Path, command: str | Sequence[str], *, run: bool = True, timeout: float = 60
) -> Draft:
    """Return what is proposed for a command, which has left nothing behind."""
    before = traces(scripts)
    made = init(command, scripts, run=run, timeout=timeout)
    assert traces(scripts) == before
    assert StudySpec.from_text(made.text) == made.spec
    return made
