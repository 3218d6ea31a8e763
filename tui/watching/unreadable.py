"""Why a study cannot be read, in sentences for people; nothing that is asked here fails itself."""

import shlex
import sqlite3
from contextlib import suppress

from hpo_tui.engine.spec import SpecError
from hpo_tui.store.connect import inode
from hpo_tui.store.database_errors import explained
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import ARCHIVE, StudyFolder

FAULTS = (OSError, sqlite3.Error, LookupError, ValueError)
"""What reading a study raises where its file, or the text in it, is not what it should be."""


class UnreadableError(Exception):
    """A study cannot be read; the message says why, and what to do."""


def why_gone(folder: StudyFolder, file: int) -> str:
    """Return where a study went whose file had the inode ``file``; empty when it is there.

    Empty too when it was never read (``file`` is 0).
    """
    if not file:
        return ""
    try:
        emptied = folder.db.stat().st_size == 0
        return f"{folder.name} is gone (Esc leaves it): {folder.db} was emptied." if emptied else ""
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError:  # it may be there, and cannot be looked at now
        return ""
    with suppress(OSError):
        for place in (folder.path.parent / ARCHIVE).glob("*/study.db"):
            if inode(place) == file:
                where = place.parent
                return f"{folder.name} was archived (Esc leaves it): it is in {where} now."
    return f"{folder.name} is gone (Esc leaves it): {folder.path} was deleted or moved."


def why_unreadable(folder: StudyFolder, error: Exception) -> str:
    """Return a sentence for people: what is wrong with the study's file and what to do."""
    try:
        there, gone = folder.db.exists(), not folder.path.is_dir()
    except PermissionError:
        return f"you have no permission to read {folder.path}: ask its owner for it."
    except OSError as fault:  # a file server that does not answer
        return f"{in_words(fault, folder.path)}."
    if gone:
        return f"{folder.path} is not there: the study was deleted or moved."
    if not there:
        how = f"hpo-tui run {shlex.quote(str(folder.path))}"
        return f"{folder.path} has no study.db yet: the study has not been run. To run it: {how}"
    if isinstance(error, LookupError):
        return f"{folder.db} contains no study yet: its runner is still making it."
    if isinstance(error, SpecError):
        return f"the study text in {folder.db} cannot be understood: {error}"
    text = explained(error)
    if text != str(error):
        return f"{folder.db} cannot be read: {text}."
    return f"{folder.db} cannot be read: {text}. Is it a study of hpo-tui that you may read?"
