"""Limits numeric libraries to a number of threads."""

import os

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
