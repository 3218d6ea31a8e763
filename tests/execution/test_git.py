"""The state of the code, from real repositories: commit, changes, new scripts; and none of it."""

import os
import subprocess
from pathlib import Path

import pytest

from hpo_tui.engine.execution.git import MOST, GivenUpError, code_in

IDENTITY = ("-c", "user.email=a@b", "-c", "user.name=n", "-c", "commit.gpgsign=false")


def git(place: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *words], cwd=place, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "code"
    (place / "models").mkdir(parents=True)
    git(place, "init", "-q")
    (place / "models" / "net.py").write_text("width = 1\n")
    git(place, "add", ".")
    git(place, "commit", "-qm", "A network\n\nWith a body.")
    return place


def test_a_commit_as_it_stands_has_nothing_to_patch(repository: Path) -> None:
    code = code_in(repository / "models")
    assert code is not None
    assert (code.commit, code.subject, code.patch) == (
        git(repository, "rev-parse", "HEAD"), "A network", b"",
    )  # fmt: skip


def test_a_patch_makes_of_the_commit_what_was_there(repository: Path, tmp_path: Path) -> None:
    (repository / "models" / "net.py").write_text("width = 2  # ä\n")
    (repository / "start.npy").write_bytes(bytes(range(256)))
    git(repository, "add", "start.npy")
    (repository / "train.py").write_text("import models.net\n")  # git does not know it yet
    (repository / "hparams.yaml").write_text("written: by a trial\n")
    inside = repository / ".hpo" / "study"
    inside.mkdir(parents=True)
    (inside / "study.toml").write_text("changes all the time\n")
    code = code_in(repository / "models")
    assert code is not None
    assert code.patch
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repository), str(copy))
    (tmp_path / "x.patch").write_bytes(code.patch)
    git(copy, "apply", str(tmp_path / "x.patch"))
    assert (copy / "models" / "net.py").read_text() == "width = 2  # ä\n"
    assert (copy / "train.py").read_text() == "import models.net\n"
    assert (copy / "start.npy").read_bytes() == bytes(range(256))
    assert sorted(p.name for p in copy.iterdir()) == [".git", "models", "start.npy", "train.py"]


def test_nothing_is_written_into_a_repository(repository: Path) -> None:
    def files() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in repository.rglob("*")}

    os.utime(repository / "models" / "net.py", (1e9, 1e9))  # git would note that it is the same
    before = files()
    code = code_in(repository)
    assert files() == before
    assert code is not None
    assert code.patch == b""


def test_a_message_is_kept_in_one_short_line_that_can_be_shown(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "Red \x1b[31m\tand " + "long " * 30)
    code = code_in(repository)
    assert code is not None
    assert "\x1b" not in code.subject
    assert len(code.subject) <= 60
    assert code.subject.endswith("…")


def test_more_than_can_be_kept_is_a_change_without_a_patch(repository: Path) -> None:
    (repository / "models" / "net.py").write_text("x\n" * MOST)
    code = code_in(repository)
    assert code is not None
    assert code.patch is None


def test_no_repository_no_commit_and_no_git_are_no_code(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert code_in(tmp_path) is None
    assert code_in(tmp_path / "not there") is None
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert code_in(empty) is None
    monkeypatch.setenv("GIT_DIR", str(empty / ".git"))  # of a hook, say: not what is asked about
    assert code_in(repository)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code_in(repository) is None


def test_a_git_that_takes_long_is_given_up(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = tmp_path / "git"
    hangs.write_text("#!/bin/sh\nexec sleep 600\n")
    hangs.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GivenUpError):
        code_in(repository, patience=0.05)
