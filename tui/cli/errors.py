"""How a command ends badly: with a sentence, never with a traceback."""

import os
import sqlite3
import sys
import time
import traceback
from pathlib import Path

from hpo_tui.store.faults import explained
from hpo_tui.store.refusals import in_words
from hpo_tui.tui.config import state_folder
from hpo_tui.tui.plain import plain


class Refusal(Exception):  # noqa: N818 - what it is to the user; it is no bug
    """The command cannot do what was asked; the message says why and what to do (status 1)."""


class NoSuchStudy(Refusal):
    """There is no study of the name that was given."""


def explain(error: Exception) -> str:
    """Return one sentence for the kinds of errors that a healthy program meets."""
    if isinstance(error, sqlite3.Error):
        return f"the study's database cannot be used: {explained(error)}"
    if isinstance(error, OSError):
        if error.filename is None and _is_nowhere():
            return "the current folder no longer exists; cd to another one"
        return in_words(error)
    return str(error)


def _is_nowhere() -> bool:
    """Whether the working directory was deleted."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def write_crash(error: BaseException, argv: list[str]) -> Path | None:
    """Write the traceback of a bug to a file of the user's and return it, None if that failed."""
    path = state_folder() / f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    text = "".join(traceback.format_exception(error))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"hpo-tui {argv!r}\nPython {sys.version}\n\n{text}", "utf-8")
    except OSError:
        return None
    return path


def report_crash(error: BaseException, argv: list[str]) -> str:
    """Return the sentence for a bug: what it was, and where the traceback lies."""
    path = write_crash(error, argv)
    where = f"the details are in {path}" if path else "and no log could be written"
    return plain(f"this is a bug in hpo-tui ({type(error).__name__}: {error}); {where}")
