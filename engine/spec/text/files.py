"""A study's file: written so that a power cut leaves the old text or the new one, whole."""

import contextlib
import glob
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hpo_tui.store.file_errors import CLOSED
from hpo_tui.store.folder import umask

_UNFINISHED = ".tmp"
"""Ends the name of a file that is being written."""


def write_atomic(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` by way of a temporary file beside it. Raises OSError.

    The mode of an existing file is kept, and a symbolic link goes on pointing where it did.
    """
    place = _place(path)
    _write_beside(place, text, place)


@contextlib.contextmanager
def replacing(path: Path, text: str) -> Iterator[None]:
    """Have ``text`` in ``path``'s place once the block, which stores it, is done. Raises OSError.

    The text is written before, when all can still be taken back, and is only renamed afterwards: a
    full disk cannot come between. If a kill does, the file that lies ready tells that no hand has
    left the two different: see :func:`edited_by_hand` and :func:`finish_replacing`.
    """
    place, ready = _place(path), _ready(path, _read(path))
    _write_beside(place, text, ready)
    try:
        yield
    except Exception:
        with contextlib.suppress(OSError):
            ready.unlink()
        raise
    _put(ready, place)


def finish_replacing(path: Path, text: str) -> None:
    """Put what lies ready in ``path``'s place, if it is ``text``, the study's own."""
    place, found = _place(path), _read(path)
    if _lies_ready(path, found, text):
        _put(_ready(path, found), place)
    with contextlib.suppress(OSError):
        for stale in place.parent.glob(_ready_name(glob.escape(place.name), "*")):
            stale.unlink()


def remove_unfinished(path: Path, before: float) -> None:
    """Remove what was being written in ``path``'s place when it was cut off.

    ``before``: the time (Unix seconds) since when it has not changed, else it may be in the making.
    """
    place = _place(path)
    with contextlib.suppress(OSError):
        for left in place.parent.glob(glob.escape(_begins(place)) + "*" + _UNFINISHED):
            if left.lstat().st_mtime < before:
                left.unlink()


def _put(ready: Path, place: Path) -> None:
    """Rename what lies ready; where that fails it is as good there: the next run tries again."""
    with contextlib.suppress(OSError):
        ready.replace(place)
        _sync_folder(place.parent)


def _lies_ready(path: Path, found: str | None, text: str) -> bool:
    """Whether ``text`` lies ready to replace what ``path`` says, which is ``found``."""
    return found is not None and _read(_ready(path, found)) == text


def _ready(path: Path, old: str | None) -> Path:
    """Return where the text lies that is to replace ``old``: that alone, not a later edit."""
    place = _place(path)
    digest = hashlib.sha256((old or "").encode("utf-8", "surrogateescape")).hexdigest()
    return place.with_name(_ready_name(place.name, digest[:16]))


def _ready_name(name: str, of: str) -> str:
    return f".{name}.{of}.next"


def _begins(place: Path) -> str:
    return f".{place.name}."


def _place(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _write_beside(place: Path, text: str, target: Path) -> None:
    """Write ``text`` to ``target``, which lies beside ``place``, with the mode and owner of that.

    The owner is kept as far as that is permitted: root's edit leaves a file its user's, anybody's
    its group's.
    """
    there = place.stat() if place.exists() else None
    mode = there.st_mode & 0o7777 if there else 0o666 & ~umask()
    try:
        handle, name = tempfile.mkstemp(_UNFINISHED, _begins(place), place.parent)
    except OSError as error:
        # The name of the temporary one would tell nobody anything.
        error.filename = str(place.parent if error.errno in CLOSED else place)
        raise
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            if there is not None:
                for user, group in ((-1, there.st_gid), (there.st_uid, -1)):
                    with contextlib.suppress(OSError):
                        os.fchown(file.fileno(), user, group)
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(place), None
        raise
    _sync_folder(place.parent)


def _read(path: Path) -> str | None:
    """Return a text, what is no UTF-8 in it as lone surrogates; None where none can be read."""
    try:
        if not path.is_file():  # to open a pipe would wait for who writes to it
            return None
        return path.read_text("utf-8", "surrogateescape")
    except OSError:
        return None


def edited_by_hand(path: Path, text: str) -> str | None:
    """Return what a study's file says if that is not ``text``, the study's own; else None.

    What is no UTF-8 in it is kept as lone surrogates, with which it is no study's text. A text
    that our own, stored already, was about to replace was not written by a hand.
    """
    found = _read(path)
    if found is None or found == text or not found.strip():
        return None
    return None if _lies_ready(path, found, text) else found


def unsaved(path: Path, text: str, seen: str | None = None) -> str:
    """Return why a study's file must not be written over, for people; empty where it may be.

    ``text``: the study's own. ``seen``: what the file said to whoever writes it now.
    """
    if path.is_dir():
        return f"{path} is a folder, where the study's file is written: move it away"
    if edited_by_hand(path, text) in (None, seen):
        return ""
    return (
        f"{path} was edited by hand: run the study, which takes the edit over and says what it"
        " changes; or undo it"
    )


def overtaken(stored: str, text: str, base: str | None) -> str:
    """Return why an edit would undo another one, for people; empty where it would not.

    ``base``: the text that was edited into ``text``, None where it does not matter. ``stored``:
    the study's own at this moment.
    """
    if base in (None, stored) or text == stored:
        return ""
    return "the study was edited meanwhile, which this would undo: look at it as it is now first"


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, on file systems that can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
