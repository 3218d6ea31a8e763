"""What to say where a wish is not granted because no runner is there, or a folder is closed."""

import errno
import os
from pathlib import Path

from hpo_tui.engine.launch.lacking import lack
from hpo_tui.engine.spec.text.files import edited_by_hand
from hpo_tui.store.file_errors import CLOSED, in_words, user_name
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader

OF_A_RUN = ("stop", "pause")
"""Wishes that hold for the run in which they were asked, and for no later one."""


class LaunchError(Exception):
    """What was asked cannot be done; the sentence says why and what to do."""


def how_to_start(folder: StudyFolder) -> str:
    """Return how to have a runner work on a study that has none."""
    try:
        with StudyReader(folder.db) as reader:
            study = reader.study()
            edited = edited_by_hand(folder.file, study.text) is not None
            finished = study.state is StudyState.FINISHED and not edited
            short = lack(reader) if finished else None
    except LookupError as error:
        return str(error)
    run = f"`hpo-tui run {folder.word}`"
    if not finished:
        return f"start it with {run}"
    if short == 0:
        return f"what is left of its budget pays for what is queued: start it with {run}"
    # A runner would find nothing left to spend, and end before it did what was asked.
    amount = "AMOUNT" if short is None else f"{short:.10g}"
    pays = "" if short is None else ", which pays for what is queued"
    return (
        "it is finished. Increase its budget with"
        f" `hpo-tui extend {amount} -s {folder.word}`{pays}, then start it with {run}"
    )


def runs(folder: StudyFolder) -> str:
    """Return why a study cannot be taken away that has a runner, and who can stop it."""
    stop = f"stop it first with `hpo-tui stop {folder.word}`"
    who, where = _runs_for(folder)
    if not who:
        return f"{folder.name} is running: {stop}"
    if not all(os.access(path, os.W_OK) for path in (folder.path, folder.db)):
        stop = f"you may not stop it, ask {who} for `hpo-tui stop {folder.path_word}`"
    return f"{folder.name} is running for {who}, {where}: {stop}"


def _runs_for(folder: StudyFolder) -> tuple[str, str]:
    """Return which other user a study runs for, and where; empty where it is one's own.

    Whose a process is that is not seen here is not known: it is taken to be the study's owner's.
    """
    pid = folder.runner_pid() or 0
    here = pid > 0 and folder.is_runner(pid)
    try:
        user = Path(f"/proc/{pid}" if here else folder.path).stat().st_uid
    except OSError:  # it has just ended
        return "", ""
    if user == os.geteuid():
        return "", ""
    unseen = "where it is not seen from here (another machine, a container)"
    return user_name(user), f"in process {pid} of this machine" if here else unseen


def unheard(folder: StudyFolder, action: str) -> str:
    """Return what becomes of a wish that the runner has not heard, and that needs one."""
    return (
        f"the runner of {folder.name} has ended before it could {action}: its next run does, start"
        f" it with `hpo-tui run {folder.word}`"
    )


def unheard_there(folder: StudyFolder, action: str, why: str) -> str:
    """Return what becomes of a wish that the runner of a renamed study does not see; ``why``."""
    does = "" if action in OF_A_RUN else ", which then does what was asked"
    return f"{why}. Give it its name back, or continue it with `hpo-tui run {folder.word}`{does}"


def left_behind(folder: StudyFolder, runner: int | None) -> str:
    """Return what becomes of a study that was renamed while it ran, empty if it was not."""
    sought = folder.sought_at(runner)
    if sought is None:
        return ""
    return (
        f"{folder.name} was renamed while it ran: its runner (process {runner}) waits half a minute"
        f" for {sought} to be back, then ends with its trials"
    )


def why_unchangeable(folder: StudyFolder) -> str:
    """Return why a user may look at a study but not change it, empty where that may be."""
    for path in (folder.path, folder.db, folder.lock):
        if path.exists() and not os.access(path, os.W_OK):
            fixed = os.statvfs(path).f_flag & os.ST_RDONLY
            code = errno.EROFS if fixed else errno.EACCES
            return in_words(OSError(code, os.strerror(code), str(path)))
    return ""


def why_not(folder: StudyFolder, action: str, error: OSError) -> str:
    """Return in words what about a study's files keeps something from being done."""
    if action == "archive" and error.errno in CLOSED and os.access(folder.path, os.W_OK):
        # The study's own folder may be written, and is moved in this one.
        return in_words(OSError(error.errno, error.strerror), folder.path.parent)
    return in_words(error, folder.path)
