"""How many cores there are for trials, and numeric libraries held to a number of threads."""

import contextlib
import importlib
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def count_cores(root: Path = Path("/")) -> int:
    """Return the cores that this process may use: a scheduler or container can allow fewer.

    ``root`` holds ``proc`` and ``sys``, where a container's share of the processor's time is read
    (cgroup version 2, or 1). Half a core counts as one.
    """
    allowed = len(os.sched_getaffinity(0)) or 1
    return max(1, min([allowed, *(math.ceil(share) for share in _shares(root))]))


def _shares(root: Path) -> Iterator[float]:
    """Yield how many cores' time each group of processes that this one is in may use at most."""
    try:
        lines = os.fsdecode((root / "proc/self/cgroup").read_bytes()).splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, path = (*line.split(":", 2), "", "")[:3]
        if kinds and "cpu" not in kinds.split(","):
            continue
        place = root / "sys/fs/cgroup" / ("cpu" if kinds else "")
        # Within a container its own group is at the top, whatever the path that is seen of it.
        for part in (place / path.lstrip("/"), *(place / path.lstrip("/")).parents):
            with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
                yield _share(part, "cpu.cfs_quota_us" if kinds else "")
            if part == place:
                break


def _share(group: Path, quota: str) -> float:
    """Return the cores' time of a group. Raises OSError or ValueError where it has no limit."""
    if quota:
        whole = (group / "cpu.cfs_period_us").read_text("utf-8")
        words = [(group / quota).read_text("utf-8"), whole]
    else:
        words = (group / "cpu.max").read_text("utf-8").split()
    used, period = (int(word) for word in words)
    if used <= 0:
        raise ValueError("no limit")
    return used / period


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that hold numeric libraries to ``threads`` threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def with_one_thread(name: str) -> ModuleType:
    """Import a numeric library so that it starts no threads of its own.

    Only meanwhile is the environment another one: what this process starts later is not held to it.
    """
    if name in sys.modules:  # it has its threads, and what starts beside this would have one
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
