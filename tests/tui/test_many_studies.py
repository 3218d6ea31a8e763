"""The list of studies where there are many, and where their folder cannot be read for a moment."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from textual.widget import Widget

from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.watching.study_list import StudyList
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from tests.tui.conftest import make_app, make_study, until


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_studies_without_a_runner_are_not_kept_open(tmp_path: Path) -> None:
    """Each takes three of the descriptors, of which a process has a thousand or so."""
    home = make_study(tmp_path, trials=3, running=0).path.parent
    for n in range(20):
        shutil.copytree(home / "sparse-speech", home / f"copy-{n}")
    studies = StudyList(home)
    before = _open_files()
    found = studies.read()
    assert [s.trials for s in found] == [3] * 21
    assert _open_files() <= before
    assert all(a is b for a, b in zip(found, studies.read(), strict=True))
    shutil.rmtree(home / "copy-7")
    assert len(studies.read()) == 20
    studies.close()


@pytest.mark.usefixtures("runner")
def test_a_study_that_runs_is_kept_open_as_long_as_it_is_there(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=3)
    studies = StudyList(study.path.parent)
    before = _open_files()
    assert [s.runner for s in studies.read()] == [4242]
    assert _open_files() > before
    shutil.rmtree(study.path)
    assert studies.read() == []
    assert _open_files() <= before


async def test_a_folder_that_cannot_be_read_for_a_moment_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_study(tmp_path, trials=3).path.parent
    fails = [True]
    listed = Path.iterdir

    def iterdir(path: Path) -> object:
        if path == home and fails:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    app = make_app(None, home)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "Stale file handle" in _said(app.screen))
        fails.clear()
        screen = app.screen
        assert isinstance(screen, Studies)
        screen.look_again.set()
        await until(pilot, lambda: len(screen.query_one(LineTable).rows) == 1)
        assert not screen.query_one(Notice).display
        fails.append(True)
        screen.look_again.set()
        await until(pilot, lambda: any("Stale" in n.message for n in app._notifications))
        assert screen.query_one(LineTable).display  # what is known stays


def _said(screen: Widget) -> str:
    notice = screen.query_one(Notice)
    return " ".join(notice.render_line(y).text for y in range(notice.size.height))


@pytest.mark.usefixtures("runner")
def test_a_study_that_was_made_anew_between_two_looks_is_read_anew(tmp_path: Path) -> None:
    """It was deleted and another of its name started: a runner lives at either look."""
    study = make_study(tmp_path, trials=3)
    other = make_study(tmp_path / "elsewhere", trials=5)
    studies = StudyList(study.path.parent)
    assert [s.trials for s in studies.read()] == [3]
    shutil.rmtree(study.path)
    other.path.rename(study.path)
    before = _open_files()
    assert [s.trials for s in studies.read()] == [5]
    assert _open_files() <= before
    studies.close()
