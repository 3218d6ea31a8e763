"""A study that a group of people works on: who may do what is left to the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def group_may_write() -> Iterator[None]:
    """Have files made with the right for the group to write them, as people who share set it."""
    before = os.umask(0o002)
    yield
    os.umask(before)


@pytest.mark.usefixtures("group_may_write")
def test_what_a_study_leaves_the_group_may_go_on_with(make_study: Any) -> None:
    study = make_study(
        """
        from hpo_tui.engine import trial
        trial.report(1, accuracy=0.5)
        """
    ).run()
    assert study.trial().metrics["accuracy"] == 0.5
    made = [study.folder.path, *study.folder.path.rglob("*")]
    assert study.folder.lock in made
    assert study.folder.trial(1).exit in made
    assert [p for p in made if not _may_write(p, stat.S_IWGRP)] == []
    assert not any(_may_write(p, stat.S_IWOTH) for p in made)


def _may_write(path: Path, who: int) -> bool:
    return bool(path.stat().st_mode & who)
