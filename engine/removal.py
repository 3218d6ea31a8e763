"""Deleting a study."""

import shutil

from hpo_tui.engine.orphans import in_the_way
from hpo_tui.engine.refusals import LaunchError
from hpo_tui.store.folder import StudyFolder


def remove(folder: StudyFolder) -> None:
    """Delete a study with everything in it. Raises :class:`LaunchError` while anything of it runs.

    Of one that is a link only that is deleted: what it points to was put there by somebody else.
    """
    if folder.runner_pid() is not None:
        stop = f"stop it first with `hpo-tui stop {folder.name}`"
        raise LaunchError(f"{folder.name} is running: {stop}")
    refusal = in_the_way(folder)
    if refusal:
        raise LaunchError(refusal)
    if folder.path.is_symlink():
        folder.path.unlink()
    else:
        shutil.rmtree(folder.path)
