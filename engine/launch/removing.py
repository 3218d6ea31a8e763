"""Deleting a study."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.launch.orphans import in_the_way
from hpo_tui.engine.launch.refusals import LaunchError, runs, why_not
from hpo_tui.engine.spec.text.files import remove_unfinished
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder, list_studies
from hpo_tui.store.transfer.build import UNFINISHED

_DELETED = ".deleted-"
"""Begins the name of the folder in which a study lies while its files are deleted."""
_LEFT_SECONDS = 24 * 3600.0
"""After so long without a change, nobody is making a thing any more."""


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

    Whoever deletes holds a lock on the folder; where there are no locks, all is left as it is. So
    is what is left of an import or of a text that was being written, unless it is a day old.
    """
    _remove_unfinished(home)
    for place in home.glob(f"{_DELETED}*"):
        with contextlib.suppress(OSError), _held(place):
            if any(place.iterdir()):  # else a study may be about to come
                shutil.rmtree(place)


def _remove_unfinished(home: Path) -> None:
    """Delete what was cut off while it was made, once nobody can be making it any more."""
    before = time.time() - _LEFT_SECONDS
    for place in home.glob(f"{UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if max(p.lstat().st_mtime for p in (place, *place.rglob("*"))) < before:
                shutil.rmtree(place)
    for study in list_studies(home):
        for text in (study.file, study.made_from):
            remove_unfinished(text, before)


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
