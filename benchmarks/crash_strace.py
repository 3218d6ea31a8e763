"""strace, as ``crash_points.py`` uses it: what a process calls, and faults at a call of its."""

import os
import sys
from collections import Counter
from pathlib import Path

from hpo_tui.store.folder import StudyFolder

DURABLE = (
    "pwrite64,write,fdatasync,fsync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,"
    "unlinkat,mkdir,mkdirat,rmdir,symlink,chmod,fchmod,fchmodat,vfork,clone,clone3,kill"
)
"""Calls that change a file, a process, or what another process knows."""
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    "OMP_NUM_THREADS": "1",
}


def runner_of(folder: StudyFolder) -> list[str]:
    """Return the command line of a runner of the study, with an optimizer that starts at once."""
    return [
        sys.executable, "-P", "-m", "hpo_tui.engine.runner", str(folder.path),
        "--optimizer", "crash_study:Ladder",
    ]  # fmt: skip


def traced(argv: list[str], log: Path, *inject: str, calls: str = DURABLE) -> list[str]:
    """Return a command line under strace, which follows its main thread alone."""
    faults = [word for one in inject for word in ("-e", f"inject={one}")]
    return [
        "strace",
        "-q",
        "-y",
        "-s",
        "60",
        "-o",
        str(log),
        "-e",
        f"trace={calls}",
        *faults,
        *argv,
    ]


def counted(log: Path) -> Counter[str]:
    """Return how often each call was made: a fault's number counts the calls of one name."""
    lines = log.read_text("utf-8", "replace").splitlines()
    return Counter(line.partition("(")[0] for line in lines if "(" in line[:12])


def lines(log: Path, call: str) -> list[str]:
    """Return what was written down of the calls of one name, in order."""
    every = log.read_text("utf-8", "replace").splitlines()
    return [line for line in every if line.startswith(f"{call}(")]


def spread(first: int, last: int, most: int) -> list[int]:
    """Return at most so many numbers from ``first`` to ``last``, both among them."""
    if last - first < most:
        return list(range(first, last + 1))
    return sorted({round(first + (last - first) * i / (most - 1)) for i in range(most)})
