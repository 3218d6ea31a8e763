"""Running a command for a short while: its output, its time, and an end that is certain."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread, current_thread, main_thread
from types import FrameType
from uuid import uuid4

from hpo_tui.engine.define.guard import ENDING, MARK, guarded
from hpo_tui.engine.execution.processes import carrying, end_all

_MOST_LINES, _LONGEST_LINE = 20_000, 4000
"""Lines that are kept, half of them the first and half the last, and characters of each."""
_CHUNK, _KEPT = 1 << 16, 4 * _LONGEST_LINE
"""Bytes read at once, and kept of a line that does not end."""
_LOOK = 0.2
"""Seconds between two looks whether it is still wanted."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command went. ``times``: for each of ``lines``, the seconds after the start.

    ``code`` is None where it did not start or was ended early, and ``why`` says so in a sentence.
    ``seconds``: how long it ran.
    """

    lines: tuple[str, ...]
    times: tuple[float, ...]
    seconds: float
    code: int | None
    why: str = ""


def run_briefly(
    words: Sequence[str], folder: Path, limit: float, extra: Mapping[str, str],
    over: Callable[[], bool] = lambda: False,
) -> Ran:  # fmt: skip
    """Run a command in ``folder`` for ``limit`` seconds at most, and end all that it started.

    ``extra`` is added to the environment. ``over`` says whether nobody waits for it any more.
    Never raises for a command that fails.
    """
    mark = uuid4().hex
    try:
        with _told_to_end(mark):
            return _run(words, folder, limit, {**extra, MARK: mark}, over)
    finally:
        _end_strays(mark)


@contextlib.contextmanager
def _told_to_end(mark: str) -> Iterator[None]:
    """Have SIGTERM and SIGHUP end what the block runs, and then this process: once each.

    Only the main thread can be told; for another one a process watches over what carries ``mark``.
    What is ignored already, as by nohup, stays ignored.
    """
    if current_thread() is not main_thread():
        with guarded(mark):
            yield
        return
    before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP)}
    usual = [s for s, handler in before.items() if handler is signal.SIG_DFL]
    for sign in usual:
        signal.signal(sign, _leave)
    try:
        yield
    finally:
        for sign in usual:
            signal.signal(sign, before[sign])


def _leave(sign: int, _frame: FrameType | None) -> None:
    for other in (signal.SIGTERM, signal.SIGHUP):  # a second one must not cut the ending short
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + sign)


def _run(
    words: Sequence[str], folder: Path, limit: float, extra: Mapping[str, str],
    over: Callable[[], bool],
) -> Ran:  # fmt: skip
    """Run the words as :func:`run_briefly` says; of what cannot be started, ``why`` says so."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **extra}
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
    said = _Said()
    reader = Thread(target=_read, args=(child, said, begin), daemon=True)
    reader.start()
    try:
        why = _wait(child, limit, over)
    finally:
        seconds = time.monotonic() - begin
        _end(child)
        _end_strays(extra[MARK])  # which may hold what is read
        reader.join(2.0)
    told = said.lines()  # the reader may still be at it: nothing that comes now counts
    lines, times = tuple(line for _, line in told), tuple(at for at, _ in told)
    return Ran(lines, times, seconds, None if why else child.returncode, why)


def _wait(child: "subprocess.Popen[bytes]", limit: float, over: Callable[[], bool]) -> str:
    """Wait for a command; return why that came to an end before the command did, else nothing."""
    end = time.monotonic() + limit
    while (left := end - time.monotonic()) > 0:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(min(left, _LOOK))
            return ""
        if over():
            return "it was stopped: nobody waits for it any more"
    return f"it was stopped after {limit:g} s"


class _Said:
    """The first and the last lines of an output, each with the seconds until it came.

    What is worth most often stands at the end: the result, or why it failed.
    """

    def __init__(self) -> None:
        self._first: list[tuple[float, str]] = []
        self._last: deque[tuple[float, str]] = deque(maxlen=_MOST_LINES // 2)

    def add(self, at: float, line: str) -> None:
        half = self._first if len(self._first) < _MOST_LINES // 2 else self._last
        half.append((at, line))

    def lines(self) -> tuple[tuple[float, str], ...]:
        return (*self._first, *self._last.copy())


def _read(child: "subprocess.Popen[bytes]", said: _Said, begin: float) -> None:
    """Add each line that a command prints, as it comes, with the seconds since ``begin``.

    A progress bar ends its lines with a carriage return, and may draw thousands before the first
    newline: each counts as a line of its own.
    """
    assert child.stdout is not None
    rest = b""
    with child.stdout as pipe, contextlib.suppress(ValueError, OSError):
        while data := os.read(pipe.fileno(), _CHUNK):
            rest = _add(said, rest + data, time.monotonic() - begin)
        _add(said, rest + b"\n", time.monotonic() - begin)


def _add(said: _Said, data: bytes, at: float) -> bytes:
    """Add the whole lines in ``data``; return the beginning of one that has not ended yet."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    for part in data[:end].decode("utf-8", "replace").splitlines():
        if part.strip():
            said.add(at, part[:_LONGEST_LINE])
    return data[end:][:_KEPT]


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End whatever is left of the command's process group."""
    for sign, patience in ((signal.SIGTERM, ENDING), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
            if not _group_lives(child.pid):
                return


def _end_strays(mark: str) -> None:
    """End what has left the command's process group, and would hold a GPU for ever."""
    with contextlib.suppress(OSError):  # where there is no /proc
        end_all(lambda: carrying(MARK, mark.encode()))


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
