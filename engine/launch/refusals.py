"""What to say where a wish is not granted because no runner is there, or a folder is closed."""

import errno
import os

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader

OF_A_RUN = ("stop", "pause")
"""Wishes that hold for the run in which they were asked, and for no later one."""
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Errors of a folder that cannot be written, whatever is tried."""


class LaunchError(Exception):
    """What was asked cannot be done; the sentence says why and what to do."""


def how_to_start(folder: StudyFolder) -> str:
    """Return how to have a runner work on a study that has none."""
    try:
        with StudyReader(folder.db) as reader:
            finished = reader.study().state is StudyState.FINISHED
    except LookupError as error:
        return str(error)
    run = f"`hpo-tui run {folder.word}`"
    if finished:
        # A runner would find nothing left to spend, and end before it did what was asked.
        return (
            "it is finished. Increase its budget with"
            f" `hpo-tui extend AMOUNT -s {folder.word}`, then start it with {run}"
        )
    return f"start it with {run}"


def unheard(folder: StudyFolder, action: str) -> str:
    """Return what becomes of a wish that the runner has not heard any more."""
    gone = f"the runner of {folder.name} has ended before it could {action}"
    if action in OF_A_RUN:
        return gone
    return f"{gone}: its next run does, start it with `hpo-tui run {folder.word}`"


def unwritable(folder: StudyFolder, action: str, error: OSError) -> str:
    """Return in words which folder cannot be written and why."""
    place = folder.path
    if action == "archive" and os.access(place, os.W_OK):
        place = place.parent  # the study's own folder may be written, and is moved in this one
    return f"the folder {place} cannot be written by you ({error.strerror or error})"
