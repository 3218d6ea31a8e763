"""What holds for all tests."""

import ctypes
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
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


_CAPABILITIES = 0x20080522
"""The version of the kernel's calls that read and set what a thread may do."""
_PASS_MODES = 1 << 1 | 1 << 2
"""The rights of root to write and to read what its mode forbids."""


@pytest.fixture
def closed() -> Callable[[Path], AbstractContextManager[None]]:
    """Return what closes a folder to everybody for a while, to root too."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, now = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)()

    @contextmanager
    def close(folder: Path) -> Iterator[None]:
        assert libc.capget(header, now) == 0
        poorer = (ctypes.c_uint32 * 6)(*now)
        poorer[0] &= ~_PASS_MODES
        mode = folder.stat().st_mode
        folder.chmod(0)
        assert libc.capset(header, poorer) == 0
        try:
            yield
        finally:
            assert libc.capset(header, now) == 0
            folder.chmod(mode)

    return close
