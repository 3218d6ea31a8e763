"""A study's file that several users have to do with."""

import os
import pwd
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import hpo_tui
from hpo_tui.store.database_errors import explained
from hpo_tui.store.models import StudyState
from hpo_tui.store.write import StudyWriter

NOBODY = 65534
READ = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from hpo_tui.store.read import StudyReader
Path("/").as_uri()  # root's own Python is closed to others, and imports more for that
os.setuid(65534)
with StudyReader(Path(sys.argv[2])) as reader:
    while sys.stdin.readline():
        reader.changed()
        print(reader.study().state, flush=True)
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def path() -> Iterator[Path]:
    """A study's file that only its owner may write, in a folder that everybody may."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o777)
        file = Path(made) / "study.db"
        writer = StudyWriter(file)
        writer.create_study("t", "text", 0)
        writer.close()
        yield file


def test_who_only_looks_leaves_nothing_that_keeps_the_owner_out(path: Path) -> None:
    root = str(Path(hpo_tui.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", READ, root, str(path)], cwd="/",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip

        def seen() -> str:
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdin.write("\n")
            other.stdin.flush()
            return other.stdout.readline().strip()

        assert seen() == "new"
        assert [p.name for p in path.parent.iterdir()] == ["study.db"]
        writer = StudyWriter(path)
        writer.update_study(state=StudyState.RUNNING)
        assert seen() == "running"
        writer.update_study(state=StudyState.PAUSED)
        assert seen() == "paused"
        writer.close()
        other.communicate("")


def test_what_another_user_has_left_beside_a_file_is_named(path: Path) -> None:
    left = path.with_name("study.db-shm")
    left.touch(mode=0o644)
    os.chown(left, NOBODY, NOBODY)
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = sqlite3.SQLITE_READONLY
    path.chmod(0o666)
    os.setresuid(NOBODY - 1, NOBODY - 1, 0)
    try:
        told = explained(error, path)
    finally:
        os.setresuid(0, 0, 0)
    who = pwd.getpwuid(NOBODY).pw_name
    assert f"study.db-shm beside it is {who}'s" in told
