"""A process that takes a command along when who runs it is no more, however that came to be.

A thread cannot be told of SIGHUP, and nobody of SIGKILL. But a pipe closes with its last writer.
"""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from hpo_tui.engine.execution.processes import carrying, end_all

MARK = "HPO_TUI_RUN"
"""A variable by which the processes of one run are known, wherever they have gone."""
ENDING = 3.0
"""Seconds between SIGTERM and SIGKILL."""
_GOODBYE = b"."


@contextlib.contextmanager
def guarded(mark: str) -> Iterator[None]:
    """Have all that carries ``mark`` ended if this process ends within the block.

    Where no other process can be started, the block runs without.
    """
    argv = [sys.executable, "-P", "-m", "hpo_tui.engine.define.guard", mark]
    try:
        guard = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        yield
        return
    assert guard.stdin is not None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it was killed itself
            guard.stdin.write(_GOODBYE)
        with contextlib.suppress(OSError):
            guard.stdin.close()
        guard.wait()


def end_marked(mark: str) -> None:
    """Ask all that carries ``mark`` to end, and kill what does not."""
    with contextlib.suppress(OSError):  # where there is no /proc
        for process in carrying(MARK, mark.encode()):
            process.signal(signal.SIGTERM)
        deadline = time.monotonic() + ENDING
        while carrying(MARK, mark.encode()) and time.monotonic() < deadline:
            time.sleep(0.05)
        end_all(lambda: carrying(MARK, mark.encode()))


def main(argv: list[str]) -> int:
    """``python -P -m hpo_tui.engine.define.guard MARK``: wait for the end of who started this."""
    for sign in (signal.SIGHUP, signal.SIGINT):
        signal.signal(sign, signal.SIG_IGN)
    if sys.stdin.buffer.read() != _GOODBYE:
        end_marked(argv[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
