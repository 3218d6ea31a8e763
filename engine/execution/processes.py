"""Processes by identity: a PID counts only together with its start time and its boot."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def boot_id() -> str:
    """Return what names this run of the machine, ``""`` where that cannot be told."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def uptime() -> float:
    """Return seconds since boot: no jump of the wall clock moves it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def awake() -> float:
    """Return seconds in which the machine did not sleep: what it slept is nobody's silence."""
    return time.monotonic()


def slept() -> float:
    """Return the seconds that the machine has been asleep since it was started.

    Only the difference between two calls is of use.
    """
    return uptime() - awake()


@dataclass(frozen=True, slots=True)
class Process:
    """One process: ``ticks`` is its start in clock ticks since boot."""

    pid: int
    ticks: int

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """Return the living process ``pid``, None if there is none (a zombie is none)."""
        stat = _stat(pid)
        return cls(pid, int(stat[19])) if stat and stat[0] not in ("Z", "X") else None

    @property
    def started(self) -> float:
        """Its start in seconds since boot."""
        return self.ticks / TICKS

    @property
    def alive(self) -> bool:
        """Whether this very process lives."""
        return Process.of(self.pid) == self

    def signal(self, number: int) -> None:
        """Send a signal, unless the process is gone (its PID may be another's by then)."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)


def _stat(pid: int) -> list[str]:
    try:
        text = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return []
    # The name in brackets may hold anything, brackets and spaces too.
    return text.rpartition(b")")[2].decode("ascii", "replace").split()


def owner(pid: int) -> int | None:
    """Return the user of a process, None where there is none that can be seen."""
    try:
        return (_PROC / str(pid)).stat().st_uid
    except OSError:
        return None


def is_hidden(pid: int) -> bool:
    """Whether there is a process ``pid`` of another user that cannot be seen (``hidepid``)."""
    if owner(pid) is not None:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def parent(pid: int) -> int:
    """Return the parent of a process, 0 where it cannot be told."""
    stat = _stat(pid)
    return int(stat[1]) if stat else 0


def all_pids() -> list[int]:
    """Return the PIDs of all processes that can be seen."""
    return [int(name) for name in os.listdir(_PROC) if name.isdigit()]  # noqa: PTH208 - 5 x faster


def children() -> dict[int, list[int]]:
    """Return parent → children, of all processes; zombies are left out."""
    found: dict[int, list[int]] = {}
    for pid in all_pids():
        stat = _stat(pid)
        if stat and stat[0] not in ("Z", "X"):
            found.setdefault(int(stat[1]), []).append(pid)
    return found


def tree(root: int, below: dict[int, list[int]] | None = None) -> list[int]:
    """Return ``root`` and every living process under it."""
    below = children() if below is None else below
    found = [root]
    for pid in found:
        found += below.get(pid, [])
    return found


def marked(folder: Path) -> list[Process]:
    """Return the processes that were started for the trial of ``folder``."""
    return carrying("HPO_TRIAL_DIR", os.fsencode(folder))


def carrying(name: str, value: bytes) -> list[Process]:
    """Return the processes in whose environment a variable has a value.

    This finds also what has changed session and lost its parent.
    """
    mark = name.encode() + b"=" + value
    found = []
    for pid in all_pids():
        try:
            environment = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:
            continue
        if mark in environment.split(b"\0"):
            process = Process.of(pid)
            if process is not None:
                found.append(process)
    return found


def prints_to(pid: int, log: Path, *, of_others: bool = False) -> bool:
    """Whether a process's standard output is the file ``log``, by whatever name it was opened.

    ``of_others``: what to say of another user's process, of which it cannot be told.
    """
    link = _PROC / str(pid) / "fd/1"
    try:
        there, target = link.stat(), link.readlink()
    except OSError as error:
        return of_others and isinstance(error, PermissionError)
    with contextlib.suppress(OSError):
        if os.path.samestat(there, log.stat()):
            return True
    return str(target).removesuffix(" (deleted)") == os.path.realpath(log)


def end_all(find: Callable[[], Iterable[Process]]) -> None:
    """Kill what ``find`` returns until it returns nothing, for ten seconds at most."""
    deadline = time.monotonic() + 10.0
    while left := list(find()):
        for process in left:
            process.signal(signal.SIGKILL)
        if time.monotonic() >= deadline:
            return
        time.sleep(0.01)


def oom_kills() -> int:
    """Return how often the kernel has killed for want of memory since boot."""
    try:
        for line in (_PROC / "vmstat").read_text("ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
