"""The right to run the trial, and the end of its script, from wherever the script runs objectives.

Scripts share an Optuna study among threads, or among processes that each call ``optimize``. Only
the first one to get there runs the trial; the others wait until the whole script ends with it. What
the script itself waits for at its end, as it does for its threads and most of its processes, ends
before it.
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
from hpo_tui.engine.execution.processes import Process

_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2)
"""By which a process that runs the trial ends the script that started it: with 0, or with 1."""

_LINGERS = 5.0
"""Seconds within which the script ends its other processes, this one among them."""

_LOOKS = 0.05
"""Seconds between two looks at whether the script has ended."""

_REPEATS = 0.5
"""Seconds between two signals to a script that has not ended at the first.

Python acts on a signal between two of its steps, or when it interrupts a wait. One that comes where
the last step is over and the wait has not yet begun does neither, and the wait may be for ever.
"""

_WAITS = "waits"
"""What is left where the trial has ended where the script did: it may wait for its others."""


class Turn:
    """Who runs the trial. ``code``: the exit status with which it has ended in this process."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.script = 0
        """The process in which the script was started."""
        self._owner: tuple[int, int] | None = None
        self._held: int | None = None
        """The open file that is locked."""
        self._ended = 0.0
        """When (monotonic) the trial has ended in this process, as the script may by itself."""

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
        if self._has_ended():
            self._end_late()
        me = (os.getpid(), threading.get_ident())
        if self._owner != me:
            held = os.open(os.environ["HPO_PARAMS"], os.O_RDONLY | os.O_CLOEXEC)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(held, fcntl.LOCK_EX)
            if self._has_ended():
                os.close(held)  # the next thread that waits has to find the same
                self._end_late()
            if _mark().exists():  # who ran the trial is gone, and so is the script in a moment
                self._await_end(0.0 if _mark().read_text() == _WAITS else _LINGERS)
                os._exit(0)
            self._owner, self._held = me, held

    def _has_ended(self) -> bool:
        """Whether the trial has ended in this process: one that was forked since is another."""
        return self.code is not None and os.getpid() == self.script

    def _end_late(self) -> NoReturn:
        """End a thread that comes when the trial has ended in this process.

        The main one has caught what ended it and tries again: it is not asked a second time.
        """
        assert self.code is not None
        main = threading.current_thread() is threading.main_thread()
        if main or time.monotonic() - self._ended > _LINGERS:
            self._leave(self.code)
        raise SystemExit(self.code)  # the main thread may wait for this one at the script's end

    @contextmanager
    def ends(self) -> Iterator[None]:
        """Run what ends the trial: whatever is raised in it ends the script, from anywhere."""
        try:
            yield
        except BaseException as error:
            told = error.code if isinstance(error, SystemExit) else 1
            code = 0 if told in (None, 0) else 1
            at_home = self._at_home()
            with suppress(OSError):  # a full disk
                _mark().write_text(_WAITS if at_home else "")
            if at_home:
                self._let_others_end(code)
                raise
            if not isinstance(error, SystemExit):
                traceback.print_exc()
            elif isinstance(told, str):
                sys.stderr.write(f"{told}\n")
            self._leave(code)

    def _let_others_end(self, code: int) -> None:
        """Have the script's other threads and processes find that the trial has ended."""
        self.code, self._ended = code, time.monotonic()
        if self._held is not None and _mark().exists():  # else another process would run it again
            with suppress(OSError):
                fcntl.flock(self._held, fcntl.LOCK_UN)

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
            ends_by = time.monotonic() + _LINGERS
            while time.monotonic() < ends_by and Process.of(self.script) is not None:
                with suppress(ProcessLookupError):
                    os.kill(self.script, _SIGNALS[code])
                self._await_end(_REPEATS)
        os._exit(code)

    def _await_end(self, seconds: float) -> None:
        """Wait until the script has ended, and has ended this process if it knows of it."""
        ends_by = time.monotonic() + seconds
        while time.monotonic() < ends_by and Process.of(self.script) is not None:
            time.sleep(_LOOKS)

    def _ended_elsewhere(self, number: int, _: FrameType | None) -> None:
        for repeated in _SIGNALS:  # it is leaving
            signal.signal(repeated, signal.SIG_IGN)
        self._leave(_SIGNALS.index(signal.Signals(number)))


def _mark() -> Path:
    """Return the file beside the trial's parameters that says: the trial has ended.

    The script does not know of all its processes when it ends them: one may be starting, and
    others may have been started by other means than multiprocessing.
    """
    return Path(os.environ["HPO_PARAMS"]).with_suffix(".ended")
