"""What the tests of trials share."""

from pathlib import Path

import pytest

from tests.execution.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
