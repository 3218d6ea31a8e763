"""Which folder a word means: studies by name, path and link, and whether a runner lives there."""

import errno
import fcntl
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.folder import (
    HOME,
    StudyFolder,
    find_home,
    find_study,
    list_studies,
    umask,
    working_folder,
)
from hpo_tui.store.write import StudyWriter


def test_studies_are_found_by_folder_file_and_name(tmp_path: Path) -> None:
    home = tmp_path / HOME
    folder = StudyFolder(home / "a")
    folder.trials.mkdir(parents=True)
    writer = StudyWriter(folder.db)
    writer.close()
    folder.file.write_text("")
    (home / ".archive" / "b").mkdir(parents=True)
    (home / "empty").mkdir()
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    assert find_home(below) == home
    assert [f.name for f in list_studies(home)] == ["a"]
    for text in ("a", str(folder.path), str(folder.file), "../../.hpo/a"):
        found = find_study(text, below)
        assert found is not None
        assert found.path.resolve() == folder.path.resolve()
    assert find_study("none", below) is None
    assert folder.trial(7).path.name == "0007"
    assert folder.runner_pid() is None


def test_what_names_a_study_in_a_command_finds_it_from_where_it_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (tmp_path / name / HOME / "a" for name in ("my code", "other"))
    for path in (ours, theirs):
        path.mkdir(parents=True)
        StudyWriter(path / "study.db").close()
    below_root = ours.relative_to("/")
    said = {
        tmp_path / "my code": "a",
        tmp_path: "'my code/.hpo/a'",
        tmp_path / "other": f"'{ours}'",  # where the name alone is another study's
        Path("/"): f"'{below_root}'",
    }
    for here, word in said.items():
        monkeypatch.chdir(here)
        monkeypatch.setenv("PWD", str(here))
        assert StudyFolder(ours).word == word
        (text,) = shlex.split(word)
        found = find_study(text, here)
        assert found is not None
        assert found.path == ours
    assert StudyFolder(below_root).path_word == f"'{ours}'"


@pytest.mark.parametrize("linked", [HOME, f"{HOME}/t"])
def test_trials_run_beside_a_home_that_is_a_link_however_the_study_is_named(
    tmp_path: Path, linked: str
) -> None:
    code, disk = tmp_path / "code", tmp_path / "disk"
    (disk / "t").mkdir(parents=True)
    StudyWriter(disk / "t" / "study.db").close()
    link = code / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(disk if linked == HOME else disk / "t")
    for name in ("t", f"{HOME}/t", f"{HOME}/t/study.db", str(code / HOME / "t")):
        found = find_study(name, code)
        assert found is not None
        assert found.workplace == code
    above = find_study("../t/../t", disk / "t")
    assert above is not None
    assert above.path == disk / "t"


def test_inside_of_a_home_that_is_a_link_it_is_found_as_the_shell_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, disk = tmp_path / "code", tmp_path / "disk"
    (disk / "t").mkdir(parents=True)
    StudyWriter(disk / "t" / "study.db").close()
    code.mkdir()
    link = code / HOME
    link.symlink_to(disk)
    for inside in (link, link / "t"):
        monkeypatch.chdir(inside)
        monkeypatch.setenv("PWD", str(inside))
        assert find_home(working_folder()) == link
        found = find_study("t", working_folder())
        assert found is not None
        assert found.workplace == code
    monkeypatch.setenv("PWD", str(code))  # of a program that has gone elsewhere since
    assert working_folder() == disk / "t"
    monkeypatch.delenv("PWD")
    assert working_folder() == disk / "t"


def test_in_a_study_s_folder_no_other_word_means_that_study(tmp_path: Path) -> None:
    home = tmp_path / HOME
    for name in ("a", "b"):
        folder = StudyFolder(home / name)
        folder.trials.mkdir(parents=True)
        StudyWriter(folder.db).close()
    inside = home / "a"
    (inside / "runner.log").write_text("")
    (inside / "b.toml").write_text("")
    for text in ("nonsense", "trials", "runner.log", "b.toml", "study.toml", "..", "../c"):
        assert find_study(text, inside) is None, text
    for text, name in (("b", "b"), ("../b", "b"), (".", "a"), ("a", "a"), ("study.db", "a")):
        found = find_study(text, inside)
        assert found is not None, text
        assert found.path.resolve() == home / name, text


def test_a_lock_tells_whether_a_runner_lives(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path)
    folder.lock.write_text("123\n")
    assert folder.runner_pid() is None  # a PID without a lock is a dead runner's
    fd = os.open(folder.lock, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    assert folder.runner_pid() == 123
    os.close(fd)
    assert folder.runner_pid() is None


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS])
def test_where_nothing_can_be_locked_it_is_asked_whether_the_runner_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    folder = StudyFolder(tmp_path)
    folder.lock.write_text("123\n")

    def refuse(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    assert folder.runner_pid() is None
    for place, lives in ((tmp_path, True), (tmp_path / "another", False)):
        code_of_it = "import time; print(flush=True); time.sleep(60)"
        words = ["-c", code_of_it, "hpo_tui.engine.runner", str(place)]
        with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE) as runner:
            assert runner.stdout is not None
            runner.stdout.readline()  # a process that has just begun has no words yet
            folder.lock.write_text(f"{runner.pid}\n")
            assert folder.runner_pid() == (runner.pid if lives else None)
            runner.kill()


def test_the_mask_of_new_files_is_told_without_setting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(os, "umask", lambda _: pytest.fail("it was set"))
            assert umask() == 0o027
    finally:
        os.umask(before)
