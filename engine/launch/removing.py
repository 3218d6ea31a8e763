"""Deleting a study."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.launch.orphans import in_the_way
from hpo_tui.engine.launch.refusals import LaunchError, runs, why_not
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.refusals import in_words

_DELETED = ".deleted-"
"""Begins the name of the folder in which a study lies while its files are deleted."""


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
    with contextlib.ExitStack() as held:
        doomed = _out_of_sight(folder, held)
        try:
            shutil.rmtree(doomed)
        except OSError as error:
            raise LaunchError(
                f"{folder.name} is deleted, but not all of its files can be: what is left lies in"
                f" {doomed}, delete it by hand. {in_words(error)}"
            ) from error
    finish_removals(folder.path.parent)


def finish_removals(home: Path) -> None:
    """Delete what is left of studies whose deletion was cut off, as far as that can be done.

    Whoever deletes holds a lock on the folder; where there are no locks, all is left as it is.
    """
    for place in home.glob(f"{_DELETED}*"):
        with contextlib.suppress(OSError), _held(place):
            if any(place.iterdir()):  # else a study may be about to come
                shutil.rmtree(place)


@contextlib.contextmanager
def _held(place: Path) -> Iterator[None]:
    """Lock a folder. Raises OSError if somebody else has it locked, or it cannot be."""
    fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


def _out_of_sight(folder: StudyFolder, held: contextlib.ExitStack) -> Path:
    """Take a study's folder away at once, under the lock that a runner would need.

    To delete many files takes long, and whatever broke off or came in between would leave half a
    study. The folder in which it lies then is ``held``, where there are locks.
    """
    try:
        with locked(folder):
            if refusal := in_the_way(folder):  # not before: a runner may have come and gone
                raise LaunchError(refusal)
            around = Path(tempfile.mkdtemp(prefix=_DELETED, dir=folder.path.parent))
            with contextlib.suppress(OSError):
                held.enter_context(_held(around))
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
