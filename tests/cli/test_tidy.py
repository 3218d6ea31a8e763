import errno
import fcntl
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError
from hpo_tui.engine.launch.tidying import checkpoints, tidy
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.read import StudyReader

Call = Callable[..., Any]


@pytest.fixture
def folder(make_study: Callable[..., StudyFolder]) -> StudyFolder:
    """A study in which every trial has a checkpoint of 1000 bytes; the 12th is the best."""
    made = make_study()
    for number in range(1, 13):
        (made.trial(number).checkpoint / "weights").mkdir(parents=True)
        (made.trial(number).checkpoint / "weights" / "model.pt").write_bytes(b"w" * 1000)
    return made


def left(folder: StudyFolder) -> set[int]:
    return {n for n in range(1, 13) if any(folder.trial(n).checkpoint.iterdir())}


def test_the_best_the_starred_and_what_has_not_ended_keep_theirs(
    hpo: Call, folder: StudyFolder
) -> None:
    assert hpo("star", "sparse", "3").code == 0
    ran = hpo("tidy", "sparse")
    assert (ran.code, left(folder)) == (1, set(range(1, 13)))
    assert "9 checkpoints, 8.79K" in ran.err
    assert "have not ended: 3, 5, 12\n" in ran.err
    assert "--yes" in ran.err
    assert hpo("tidy", "sparse", "--yes").code == 0
    assert left(folder) == {3, 5, 12}
    with StudyReader(folder.db) as reader:
        assert reader.events()[-1].text == "removed the checkpoints of 9 trials, as asked for"
    ran = hpo("tidy", "sparse")
    assert (ran.code, "no checkpoint but" in ran.err) == (0, True)


def test_what_could_still_be_promoted_is_said(hpo: Call, folder: StudyFolder) -> None:
    assert "7 of these trials could be promoted" in hpo("tidy", "sparse").err


def test_a_link_to_elsewhere_stays(folder: StudyFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(folder.trial(1).checkpoint, elsewhere)
    folder.trial(1).checkpoint.symlink_to(elsewhere)
    assert 1 not in checkpoints(folder).others
    tidy(folder)
    assert (elsewhere / "weights" / "model.pt").is_file()


def test_nothing_is_removed_from_a_study_that_runs(hpo: Call, folder: StudyFolder) -> None:
    with folder.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": 1}))
        lock.flush()
        assert "is running" in hpo("tidy", "sparse", "--yes").err
        with pytest.raises(LaunchError):
            tidy(folder)
    assert left(folder) == set(range(1, 13))


def test_what_cannot_be_removed_is_said_and_what_was_is_recorded(
    hpo: Call, folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network file system that goes away: root may remove everything else."""
    real = shutil.rmtree

    def rmtree(path: Path) -> None:
        if path.parent.name.endswith("3"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        real(path)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    ran = hpo("tidy", "sparse", "--yes")
    assert ran.code == 1
    assert "the checkpoints of 2 of 10 trials are removed" in ran.err
    with StudyReader(folder.db) as reader:
        assert reader.events()[-1].text == "removed the checkpoints of 2 trials, as asked for"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE study SET text = '[study'", "the study text in .* cannot be understood"),
        ("DELETE FROM study", "contains no study yet"),
    ],
)
def test_nothing_is_removed_where_nobody_knows_what_is_needed(
    hpo: Call, folder: StudyFolder, damage: str, said: str
) -> None:
    with closing(sqlite3.connect(folder.db)) as conn, conn:
        conn.execute(damage)
    ran = hpo("tidy", "sparse", "--yes")
    assert (ran.code, left(folder)) == (1, set(range(1, 13)))
    assert re.search(said, ran.err)
    assert "bug" not in ran.err
