"""The right to run the trial, and the end of its script, from wherever the script runs objectives.

Scripts share an Optuna study among threads, or among processes that each call ``optimize``. Only
the first one to get there runs the trial; the others wait until the whole script ends with it.
"""

import fcntl
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hpo_tui.engine import trial as client

_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2)
"""By which a process that runs the trial ends the script that started it: with 0, or with 1."""

_LINGERS = 5.0
"""Seconds within which the script ends its other processes, this one among them."""

_LOOKS = 0.05
"""Seconds between two looks at whether the script has ended."""


class Turn:
    """Who runs the trial. ``code``: the exit status with which it has ended in this process."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.script = 0
        """The process in which the script was started."""
        self._owner: tuple[int, int] | None = None

    def begin(self) -> None:
        """Begin the script here; another process of it may come to run the trial, and to end it."""
        self.script = os.getpid()
        _mark().unlink(missing_ok=True)  # of the same trial, before it was resumed
        for number in _SIGNALS:
            signal.signal(number, self._ended_elsewhere)

    def take(self) -> None:
        """Wait while another thread or process runs the trial. A trial that has ended stays so.

        The lock is on the trial's parameters, which every process of the script can open, and is
        let go by the kernel when the process that holds it has died.
        """
        if self.code is not None:  # the script has caught what ended it, and tries again
            self._leave(self.code)
        me = (os.getpid(), threading.get_ident())
        if self._owner != me:
            held = os.open(os.environ["HPO_PARAMS"], os.O_RDONLY | os.O_CLOEXEC)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(held, fcntl.LOCK_EX)
            if _mark().exists():  # who ran the trial is gone, and so is the script in a moment
                self._await_end()
                os._exit(0)
            self._owner = me

    @contextmanager
    def ends(self) -> Iterator[None]:
        """Run what ends the trial: whatever is raised in it ends the script, from anywhere."""
        try:
            yield
        except BaseException as error:
            told = error.code if isinstance(error, SystemExit) else 1
            code = 0 if told in (None, 0) else 1
            with suppress(OSError):  # a full disk
                _mark().touch()
            if self._at_home():
                self.code = code
                raise
            if not isinstance(error, SystemExit):
                traceback.print_exc()
            elif isinstance(told, str):
                sys.stderr.write(f"{told}\n")
            self._leave(code)

    def _at_home(self) -> bool:
        """Whether raising ends the script: not in its threads, nor in processes of a pool."""
        main = threading.current_thread() is threading.main_thread()
        return main and os.getpid() == self.script

    def _leave(self, code: int) -> NoReturn:
        """End the script at once: other threads and processes of it may wait for ever."""
        client._reporter.close()  # what leaves at once runs nothing that waits for its exit
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, RuntimeError, ValueError):  # closed, or being written to
                stream.flush()
        if os.getpid() == self.script:
            for child in multiprocessing.active_children():
                child.kill()
        else:
            with suppress(ProcessLookupError):
                os.kill(self.script, _SIGNALS[code])
            self._await_end()
        os._exit(code)

    def _await_end(self) -> None:
        """Wait until the script has ended, and has ended this process if it knows of it."""
        ends_by = time.monotonic() + _LINGERS
        with suppress(ProcessLookupError):
            while time.monotonic() < ends_by:
                os.kill(self.script, 0)
                time.sleep(_LOOKS)

    def _ended_elsewhere(self, number: int, _: FrameType | None) -> None:
        self._leave(_SIGNALS.index(signal.Signals(number)))


def _mark() -> Path:
    """Return the file beside the trial's parameters that says: the trial has ended.

    The script does not know of all its processes when it ends them: one may be starting, and
    others may have been started by other means than multiprocessing.
    """
    return Path(os.environ["HPO_PARAMS"]).with_suffix(".ended")
