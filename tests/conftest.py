"""What holds for all tests."""

import os
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
