"""Folders of tries: what was left by who was killed goes, what is somebody's stays."""

import fcntl
import os
import tempfile
import time
from pathlib import Path

import pytest

from hpo_tui.engine.define.scratch import scratch
from hpo_tui.engine.define.try_one import found_in
from hpo_tui.engine.spec import StudySpec


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(folder: Path, name: str, days: float) -> Path:
    made = folder / name
    (made / "checkpoint").mkdir(parents=True)
    then = time.time() - days * 24 * 3600
    os.utime(made, (then, then))
    return made


def test_only_what_was_left_a_day_ago_is_removed(temporary: Path, tmp_path: Path) -> None:
    gone = left(temporary, "hpo-try-gone", 2)
    stays = [left(temporary, "hpo-try-new", 0.5), left(temporary, "mine", 2)]
    held = left(temporary, "hpo-try-held", 2)
    linked = temporary / "hpo-try-linked"
    linked.symlink_to(stays[1])
    os.utime(linked, (0, 0), follow_symlinks=False)
    holds = os.open(held, os.O_RDONLY)
    fcntl.flock(holds, fcntl.LOCK_EX)
    with scratch() as place:
        assert place.parent == temporary
        assert not gone.exists()
        assert all((path / "checkpoint").is_dir() for path in (*stays, held, linked))
        os.utime(place, (0, 0))
        with scratch():
            assert place.is_dir(), "it is in use"
    os.close(holds)
    assert not place.exists()
    with scratch():
        assert not held.exists()


def test_reading_an_output_removes_what_was_left_too(temporary: Path) -> None:
    gone = left(temporary, "hpo-try-gone", 2)
    spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": 4},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
    })  # fmt: skip
    assert found_in(spec, ["a=1"]) == [(1, {"a": 1.0})]
    assert list(temporary.iterdir()) == []
    assert not gone.exists()
