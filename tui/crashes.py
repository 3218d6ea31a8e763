"""A bug of the program itself, in a sentence: its traceback goes into a file, not on the screen."""

import errno
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.store.file_errors import in_words
from hpo_tui.tui.config import state_folder
from hpo_tui.tui.words.plain import plain

_SHORT = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)
"""Errors of a machine that gives out no more of something: no bug, whatever met them."""
_NO_THREADS = ("can't start new thread", "cannot join thread before it is started")
"""What Python says where it may start no more threads, and where it cleans up after that."""


def report_crash(error: BaseException, argv: Sequence[str] | None = None) -> str:
    """Return the sentence for a bug: what it was, and where the traceback lies.

    What the machine lacks is no bug; then it is said what that is.

    ``argv``: the command that it happened in, if it is not that of the process.
    """
    if shortage := _shortage(error):
        return plain(shortage)
    path = _write(error, sys.argv if argv is None else argv)
    where = f"the details are in {path}" if path else "and no log could be written"
    return plain(f"this is a bug in hpo-tui ({type(error).__name__}: {error}); {where}")


def _shortage(error: BaseException) -> str:
    """Return what the machine has too little of, and what to do; empty where that is not it."""
    if isinstance(error, OSError) and error.errno in _SHORT:
        return in_words(error)
    if isinstance(error, RuntimeError) and str(error) in _NO_THREADS:
        return "no more threads can be started: close programs, or raise `ulimit -u`"
    if isinstance(error, MemoryError):
        return "main memory is used up: close programs, or raise `ulimit -v` where it is set"
    return ""


def _write(error: BaseException, argv: Sequence[str]) -> Path | None:
    """Write the traceback of a bug to a file of the user's and return it, None if that failed."""
    path = state_folder() / f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    text = "".join(traceback.format_exception(error))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"hpo-tui {argv!r}\nPython {sys.version}\n\n{text}", "utf-8")
    except OSError:
        return None
    return path
