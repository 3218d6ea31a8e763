"""Studies that are put away and deleted."""

import fcntl
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, send
from hpo_tui.engine.launch.removing import finish_removals, remove
from hpo_tui.store.folder import StudyFolder, list_studies


def test_a_study_that_is_a_link_is_still_found_in_the_archive(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)")
    kept = study.folder.path.rename(study.folder.path.parent.parent / "kept")
    study.folder.path.symlink_to(Path("..") / "kept")
    answer = send(study.folder, "archive", {}).answer
    archived = study.folder.path.parent / ".archive" / "t"
    assert answer == f"t lies in {archived} now"
    assert archived.is_symlink()
    assert archived.resolve() == kept
    assert not study.folder.path.is_symlink()


def test_of_a_study_that_is_a_link_only_the_link_is_deleted(
    make_study: Any, tmp_path: Path
) -> None:
    study = make_study("report(accuracy=0.5)")
    link = study.folder.path.with_name("linked")
    link.symlink_to(study.folder.path)
    remove(StudyFolder(link))
    assert not link.is_symlink()
    assert study.folder.db.is_file()


def test_a_link_that_cannot_be_deleted_is_told(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("report(accuracy=0.5)")
    link = study.folder.path.with_name("linked")
    link.symlink_to(study.folder.path)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(LaunchError, match=r"^delete: .* is closed"):
            remove(StudyFolder(link))
    assert link.is_symlink()


def test_a_study_that_is_deleted_is_away_at_once_and_what_is_left_is_named(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("report(accuracy=0.5)")
    home = study.folder.path.parent
    seen = []

    def refuse(path: Path) -> None:
        seen.append(study.folder.path.exists())
        raise PermissionError(13, "Permission denied", "checkpoint")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refuse)
        with pytest.raises(LaunchError, match=r"what is left lies in .*checkpoint is closed"):
            remove(study.folder)
    assert seen == [False]
    assert list_studies(home) == []
    (left,) = home.iterdir()
    assert (left / "t" / "study.db").is_file()


def test_what_a_deletion_that_was_cut_off_has_left_goes_with_the_next(
    make_study: Any,
) -> None:
    home = make_study("report(accuracy=0.5)").folder.path.parent
    left, busy, coming = (home / f".deleted-{name}" for name in ("left", "busy", "coming"))
    for place in (left, busy):
        (place / "u" / "trials").mkdir(parents=True)
    coming.mkdir()  # a study is about to be moved there
    held = os.open(busy, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        remove(StudyFolder(home / "t"))
    finally:
        os.close(held)
    assert sorted(p.name for p in home.iterdir()) == [".deleted-busy", ".deleted-coming"]
    make_study("report(accuracy=0.5)")  # so does the making of a study
    assert sorted(p.name for p in home.iterdir()) == [".deleted-coming", "t"]


def test_what_was_cut_off_while_it_was_made_goes_after_a_day(make_study: Any) -> None:
    folder = make_study("report(accuracy=0.5)").folder
    home, yesterday = folder.path.parent, time.time() - 25 * 3600
    old, busy = home / ".import-old", home / ".import-busy"
    for place in (old, busy):
        place.mkdir()
        (place / "study.db").touch()
    texts = [folder.path / f".{name}.abc.tmp" for name in ("study.toml", "made-from.toml", "mine")]
    coming = folder.path / ".study.toml.def.tmp"
    for path in (*texts, coming):
        path.touch()
    for path in (old / "study.db", old, busy, *texts):
        os.utime(path, (yesterday, yesterday))
    finish_removals(home)
    assert sorted(p.name for p in home.iterdir()) == [".import-busy", "t"]
    assert [path.exists() for path in (*texts, coming)] == [False, False, True, True]
    assert folder.file.is_file()
    assert folder.made_from.is_file()


@pytest.mark.parametrize("take", [remove, lambda folder: send(folder, "archive")])
def test_a_study_whose_runner_has_come_and_was_killed_meanwhile_stays(
    make_study: Any, monkeypatch: pytest.MonkeyPatch, take: Any
) -> None:
    """Whoever takes it away waits for another who changes it: long enough for a trial to begin."""
    study = make_study("report(accuracy=0.5)\nhold()")
    asked = threading.Event()
    real, found = StudyFolder._alone, list[LaunchError]()

    def alone(folder: StudyFolder) -> int:
        asked.set()
        return real(folder)

    def attempt() -> None:
        try:
            take(study.folder)
        except LaunchError as error:
            found.append(error)

    with study.folder.changing():
        monkeypatch.setattr(StudyFolder, "_alone", alone)
        taker = threading.Thread(target=attempt)
        taker.start()
        assert asked.wait(30)
        study.start()
        study.running(reports=1)
        study.kill_runner()
    taker.join()
    assert "trial 1 of t still runs without a runner" in str(found[0])
    assert study.folder.db.exists()
