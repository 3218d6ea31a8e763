"""What an attempt of a trial leaves on this machine: processes, who its shim is, how it ended."""

import contextlib
import json
import math
import time
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Exit, Launch
from hpo_tui.engine.execution.processes import Process
from hpo_tui.engine.execution.transient_errors import is_transient, small_file

STRANGE = (KeyError, TypeError, ValueError, OverflowError)
"""What comes of records that no shim has written: a trial can write to its folder as well."""


def end_marked(launch: Launch) -> None:
    """Kill whatever still runs for a trial whose shim is gone."""
    processes.end_all(lambda: processes.marked(launch.folder.path))


def read_exit(launch: Launch, *, oom: bool, gone: bool = True) -> Exit | None:
    """Return what the shim recorded of this attempt's end, None if it has not (yet).

    ``gone``: it lives no more, so that a record counts too to which it could not give its name, as
    in a folder that was closed meanwhile. Raises OSError where that cannot be told at present.
    """
    found = _recorded(launch, launch.folder.exit, oom=oom)
    return _recorded(launch, launch.folder.exit_ready, oom=oom) if gone and not found else found


def _recorded(launch: Launch, file: Path, *, oom: bool) -> Exit | None:
    data = read_record(file)
    if data is None or data.get("attempt") != launch.attempt:
        return None
    try:
        return Exit(
            int(data["code"]), _time(data["duration"]), _time(data["ended"]), str(data["stopped"]),
            int(data["memory"]), str(data["problem"]), oom=oom, left=int(data.get("left", 0)),
        )  # fmt: skip
    except STRANGE:
        return None  # of the trial's own making


def _time(value: Any) -> float:
    """Return seconds. Raises ValueError for what are none, or no number that can be stored."""
    seconds = float(value)
    if not 0 <= seconds < math.inf:
        raise ValueError(value)
    return seconds


def lost(launch: Launch, *, oom: bool = False, begun: bool = True) -> Exit:
    """Return the end of an attempt that nobody saw, dated by the last sign of life it left."""
    seen = []
    for path in (launch.folder.reports, launch.folder.log, launch.folder.process):
        with contextlib.suppress(OSError):
            seen.append(path.stat().st_mtime)
    duration = max(0.0, max(seen) - seen[-1]) if begun and seen else 0.0
    problem = "its folder was removed while it ran" if begun and _is_gone(launch) else ""
    return Exit(
        -9, duration, max(seen, default=time.time()), problem=problem, lost=True, oom=oom,
        begun=begun,
    )  # fmt: skip


def _is_gone(launch: Launch) -> bool:
    """Whether a trial's folder is not there any more, and with it what could tell its end."""
    try:
        launch.folder.path.stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return False


def find_shim(launch: Launch) -> Process | None:
    """Return the living shim of an attempt, by its PID, start time and boot, and by its log.

    A folder that was copied while its trials ran holds the PIDs of trials that are not its own.
    """
    data = read_record(launch.folder.process)
    if data is not None and data.get("attempt") == launch.attempt:
        with contextlib.suppress(*STRANGE):
            process, boot = Process(int(data["pid"]), int(data["ticks"])), data["boot"]
            alive = boot == processes.boot_id() and process.alive
            mine = alive and processes.prints_to(process.pid, launch.folder.log)
            return process if mine else None
    # The runner may have died before the shim wrote who it is, or the trial has written over it.
    marked = {p.pid: p for p in processes.marked(launch.folder.path)}
    below = processes.children()
    inner = {child for pid in marked for child in below.get(pid, [])}
    return next((p for pid, p in marked.items() if pid not in inner), None)


def read_record(path: Path) -> dict[str, Any] | None:
    """Return what a file of the shim's says, None where there is none or it is not whole.

    Raises OSError where that cannot be told at present.
    """
    try:
        data = json.loads(small_file(path))
    except OSError as error:
        if is_transient(error):
            raise
        return None
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
