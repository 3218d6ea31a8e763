"""Starting a study's runner detached, and having it go; having a study analysed without one."""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from hpo_tui.engine.launch.refusals import LaunchError
from hpo_tui.engine.threads import thread_environment
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder

PROC = Path("/proc/self/stat")
NO_PROC = "trials can only be run on Linux: which of their processes are alive is read from /proc"
_START_SECONDS = 60.0
"""How long a runner may take to say that it has opened the study, or why it cannot."""
_ENDING_SECONDS = 10.0
"""How long a runner that will say nothing more may take to be gone."""
HAS_RUNNER = "a runner works on the study: it tells by itself what its results show"


def start_runner(
    folder: StudyFolder, *, optimizer: str | None = None, stop: str | None = None
) -> int:
    """Start a detached runner and return its PID once it holds the study.

    Nothing that happens to this process or its terminal touches it. Raises :class:`LaunchError`
    with the runner's own sentence when it cannot run the study. ``optimizer``: ``module:class`` of
    another optimizer with the same methods. ``stop``: take the trials over only to end them, with
    their ``grace`` period or to ``kill`` them.
    """
    if not folder.db.is_file():
        raise LaunchError(f"there is no study in {folder.path}")
    if not PROC.exists():
        raise LaunchError(NO_PROC)
    reading, writing = os.pipe()
    try:
        process = _spawn(folder, writing, optimizer, stop)
        os.close(writing)
        writing = -1
        sentence = _answer(reading, process)
    except OSError as error:
        raise LaunchError(f"cannot start the runner: {in_words(error)}") from error
    finally:
        for fd in (reading, writing):
            if fd >= 0:
                os.close(fd)
    _started.append(process)
    if sentence != "ok":
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
        raise LaunchError(sentence)
    return process.pid


_started: "list[subprocess.Popen[bytes]]" = []
"""Runners that this process has started: it has to collect them when they end before it."""


@atexit.register
def _forget() -> None:
    """Let the runners outlive this process without a warning of :mod:`subprocess`."""
    for process in _started:
        if process.poll() is None:
            process.returncode = 0


def _spawn(
    folder: StudyFolder, ready: int, optimizer: str | None, stop: str | None
) -> "subprocess.Popen[bytes]":
    argv = [
        sys.executable, "-P", "-m", "hpo_tui.engine.runner", str(folder.path.absolute()),
        "--ready", str(ready),
    ]  # fmt: skip
    if optimizer:
        argv += ["--optimizer", optimizer]
    if stop:
        argv += ["--stop", stop]
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True, pass_fds=(ready,),
        )  # fmt: skip


def _answer(reading: int, process: "subprocess.Popen[bytes]") -> str:
    """Return what the runner says once it has opened the study, or failed to."""
    from select import select

    deadline = time.monotonic() + _START_SECONDS
    text, closed = b"", False
    while select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
        data = os.read(reading, 65536)
        text += data
        closed = not data
        if closed or text == b"ok":
            break
    if text:
        return text.decode("utf-8", "replace")
    # Its end of the pipe closes a moment before it is gone.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_ENDING_SECONDS if closed else 0.0)
        return "the runner ended at once: its log, runner.log in the study's folder, says why"
    return f"the runner (process {process.pid}) has not opened the study within a minute"


def runner_pid(folder: StudyFolder) -> int | None:
    """Return the PID of the study's runner, None if none lives."""
    _started[:] = [p for p in _started if p.poll() is None]
    return folder.runner_pid()


def leave(folder: StudyFolder) -> None:
    """Have the runner go while its trials run on; the next runner adopts them."""
    pid = runner_pid(folder)
    # A runner that has just come has not said its number yet: the one before has left its own.
    if pid and folder.is_runner(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)  # nobody is told of what was asked for by hand


def analyse(folder: StudyFolder) -> str:
    """Have slices and maps worked out from the results there are; return a sentence.

    No trial is run. Raises :class:`LaunchError` where it cannot be done.
    """
    if not folder.db.is_file():
        raise LaunchError(f"there is no study in {folder.path}")
    if runner_pid(folder) is not None:
        raise LaunchError(HAS_RUNNER)
    argv = [
        sys.executable, "-P", "-m", "hpo_tui.engine.runner.analysing", str(folder.path.absolute())
    ]  # fmt: skip
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        env={**os.environ, **thread_environment(1)},
    )  # fmt: skip
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode == 0:
        return said
    # Without a sentence it has crashed, or was killed.
    last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    raise LaunchError(said or f"it could not be worked out: {last or f'exit {done.returncode}'}")
