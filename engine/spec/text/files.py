"""A study's file: written so that a power cut leaves the old text or the new one, whole."""

import contextlib
import os
import tempfile
from pathlib import Path

from hpo_tui.store.folder import umask


def write_atomic(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` by way of a temporary file beside it. Raises OSError.

    The mode of an existing file is kept, and a symbolic link goes on pointing where it did.
    """
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~umask()
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        error.filename = str(path)  # the name of the temporary one would tell nobody anything
        raise
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def edited_by_hand(path: Path, text: str) -> str | None:
    """Return what a study's file says if that is not ``text``, the study's own; else None.

    What is no UTF-8 in it is kept as lone surrogates, with which it is no study's text.
    """
    try:
        if not path.is_file():  # to open a pipe would wait for who writes to it
            return None
        found = path.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    return None if found == text or not found.strip() else found


def unsaved(path: Path, text: str) -> str:
    """Return why a study's file must not be written over, for people; empty where it may be."""
    if path.is_dir():
        return f"{path} is a folder, where the study's file is written: move it away"
    if edited_by_hand(path, text) is None:
        return ""
    return (
        f"{path} was edited by hand: run the study (stop it first if it runs), which takes the edit"
        " over and says what it changes; or undo it"
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
