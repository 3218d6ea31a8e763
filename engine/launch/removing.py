"""Deleting a study."""

import shutil
import tempfile
from pathlib import Path

from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.launch.orphans import in_the_way
from hpo_tui.engine.launch.refusals import LaunchError, runs, why_not
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.refusals import in_words


def remove(folder: StudyFolder) -> None:
    """Delete a study with everything in it. Raises :class:`LaunchError` while anything of it runs.

    Of one that is a link only that is deleted: what it points to was put there by somebody else.
    """
    if folder.runner_pid() is not None:
        raise LaunchError(runs(folder))
    if folder.path.is_symlink():
        if refusal := in_the_way(folder):
            raise LaunchError(refusal)
        try:
            folder.path.unlink()
        except OSError as error:
            raise LaunchError(f"delete: {why_not(folder, 'archive', error)}") from error
        return
    doomed = _out_of_sight(folder)
    try:
        shutil.rmtree(doomed)
    except OSError as error:
        raise LaunchError(
            f"{folder.name} is deleted, but not all of its files can be: what is left lies in"
            f" {doomed}, delete it by hand. {in_words(error)}"
        ) from error


def _out_of_sight(folder: StudyFolder) -> Path:
    """Take a study's folder away at once, under the lock that a runner would need.

    To delete many files takes long, and whatever broke off or came in between would leave half a
    study.
    """
    try:
        with locked(folder):
            if refusal := in_the_way(folder):  # not before: a runner may have come and gone
                raise LaunchError(refusal)
            around = Path(tempfile.mkdtemp(prefix=".deleted-", dir=folder.path.parent))
            try:
                folder.path.rename(around / folder.name)
            except OSError:
                around.rmdir()
                raise
    except ValueError as error:
        raise LaunchError(str(error)) from error
    except OSError as error:
        raise LaunchError(f"delete: {why_not(folder, 'archive', error)}") from error
    return around
