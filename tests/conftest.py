"""What holds for all tests."""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

# How long an example takes says more of what else the machine does than of the code. The rest is
# as hypothesis has it for where the tests run: a CI draws the same examples every time.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")

# Containers often forbid bytecode. Hundreds of tests start a Python of their own: without it each
# of them compiles all of its modules anew, and pytest all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Have the collector of cycles pass over what lasts as long as the tests do: all modules.

    An app makes objects by the hundred thousand, and at Python's own thresholds a third of the time
    of a test of the screens went into looking through everything again. What nobody has closed is
    told all the same, at the latest when pytest collects at the end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture
def in_zone() -> Iterator[Callable[[str], None]]:
    """Sets the time zone; when the test has ended it is what it was before."""
    before = os.environ.get("TZ")

    def change(zone: str | None) -> None:
        if zone is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = zone
        time.tzset()

    yield change
    change(before)


@pytest.fixture
def storage_of() -> "Iterator[Callable[[str], RDBStorage]]":
    """Optuna's storage at a URL, closed when the test has ended."""
    from optuna.storages import RDBStorage

    made: list[RDBStorage] = []

    def storage(url: str) -> RDBStorage:
        made.append(RDBStorage(url))
        return made[-1]

    yield storage
    for one in made:
        one.remove_session()
        one.engine.dispose()
