"""Running a command for a short while: its output, its time, and an end that is certain."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from uuid import uuid4

from hpo_tui.engine.execution.processes import carrying, end_all

_MARK = "HPO_TUI_RUN"
"""A variable by which the processes of one run are known, wherever they have gone."""
_MOST_LINES, _LONGEST_LINE = 20_000, 4000
_ENDING = 3.0
"""Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command went. ``code`` is None where it did not start; ``times`` belong to ``lines``.

    ``why`` says in a sentence why it was ended early, or did not start.
    """

    lines: tuple[str, ...]
    times: tuple[float, ...]
    seconds: float
    code: int | None
    why: str = ""


def run_briefly(words: Sequence[str], folder: Path, limit: float, extra: Mapping[str, str]) -> Ran:
    """Run a command in ``folder`` for ``limit`` seconds at most, and end all that it started.

    ``extra`` is added to the environment. Never raises for a command that fails.
    """
    mark = uuid4().hex
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **extra, _MARK: mark}
    begin = time.monotonic()
    try:
        child = subprocess.Popen(
            list(words),
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Ran((), (), 0.0, None, f"{words[0] if words else 'the command'}: {reason}")
    lines: list[str] = []
    times: list[float] = []
    reader = Thread(target=_read, args=(child, lines, times, begin), daemon=True)
    reader.start()
    why = ""
    try:
        child.wait(limit)
    except subprocess.TimeoutExpired:
        why = f"it was stopped after {limit:g} s"
    finally:
        seconds = time.monotonic() - begin
        _end(child)
        _end_strays(mark)
        reader.join(2.0)
    return Ran(tuple(lines), tuple(times), seconds, None if why else child.returncode, why)


def _read(
    child: "subprocess.Popen[bytes]", lines: list[str], times: list[float], begin: float
) -> None:
    assert child.stdout is not None
    with child.stdout as pipe, contextlib.suppress(ValueError, OSError):
        for raw in pipe:
            if len(lines) >= _MOST_LINES:
                continue
            for part in raw[: 4 * _LONGEST_LINE].decode("utf-8", "replace").splitlines():
                if part.strip():
                    times.append(time.monotonic() - begin)
                    lines.append(part[:_LONGEST_LINE])


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End whatever is left of the command's process group."""
    for sign, patience in ((signal.SIGTERM, _ENDING), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
            if not _group_lives(child.pid):
                return


def _end_strays(mark: str) -> None:
    """End what has left the command's process group, and would hold a GPU for ever."""
    with contextlib.suppress(OSError):  # where there is no /proc
        end_all(lambda: carrying(_MARK, mark.encode()))


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
