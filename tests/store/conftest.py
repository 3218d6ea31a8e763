"""A study's file that is being written, and its reader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StudyWriter]:
    writer = StudyWriter(tmp_path / "study.db")
    writer.create_study("t", "text", 7)
    yield writer
    writer.close()


@pytest.fixture
def reader(writer: StudyWriter, tmp_path: Path) -> Iterator[StudyReader]:
    with StudyReader(tmp_path / "study.db") as reader:
        yield reader
