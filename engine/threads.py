"""Limits numeric libraries to a number of threads."""

import importlib
import os
import sys
from types import ModuleType

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def count_cores() -> int:
    """Return the cores that this process may use (a scheduler or container can allow fewer)."""
    return len(os.sched_getaffinity(0)) or 1


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that hold numeric libraries to ``threads`` threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def with_one_thread(name: str) -> ModuleType:
    """Import a numeric library that starts no threads of its own; this process's trials may.

    Use from the only thread that reads the environment: it is another one meanwhile.
    """
    if name in sys.modules:
        return sys.modules[name]
    before = {k: os.environ.get(k) for k in THREAD_VARIABLES}
    os.environ.update(thread_environment(1))
    try:
        return importlib.import_module(name)
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
