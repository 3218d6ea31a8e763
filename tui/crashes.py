"""A bug of the program itself, in a sentence: its traceback goes into a file, not on the screen."""

import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.tui.config import state_folder
from hpo_tui.tui.words.plain import plain


def report_crash(error: BaseException, argv: Sequence[str] | None = None) -> str:
    """Return the sentence for a bug: what it was, and where the traceback lies.

    ``argv``: the command that it happened in, if it is not that of the process.
    """
    path = _write(error, sys.argv if argv is None else argv)
    where = f"the details are in {path}" if path else "and no log could be written"
    return plain(f"this is a bug in hpo-tui ({type(error).__name__}: {error}); {where}")


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
