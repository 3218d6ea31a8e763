"""What errors of the operating system about files mean: what is wrong, where, and what to do."""

import errno
import os
import pwd
import stat
from pathlib import Path

CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Errors of a folder that cannot be written, whatever is tried."""
_MUTE = ("does not answer", "try again; if it lasts, its disk or file server has a fault")
_OPEN = ("is one file too many to be open at once", "close programs, or raise `ulimit -n`")
_OTHERS = ("is closed to you", "ask its owner for the right to use it, or use a folder of yours")
_MEANINGS = {
    errno.EISDIR: ("is a folder, where a file is meant", "move it away"),
    errno.ENOTDIR: ("goes through a file, where a folder is meant", "move that file away"),
    errno.EEXIST: ("is something else than is meant there", "move it away"),
    errno.ENOENT: ("is not there", ""),
    errno.EACCES: _OTHERS,
    errno.EPERM: _OTHERS,
    errno.EROFS: ("lies on a disk that can only be read", "use a folder on another disk"),
    errno.ENOSPC: (
        "finds no room on its disk",
        "make some; where `df` shows room, `df -i` shows whether any more files fit",
    ),
    errno.EDQUOT: (
        "is more than your quota allows",
        "make room; `quota -s` shows it, of bytes and of files",
    ),
    errno.EFBIG: ("is larger than files may be", "`ulimit -f` shows the limit; raise it"),
    errno.EAGAIN: ("cannot be had at present", "close programs, or raise `ulimit -u`"),
    errno.EMFILE: _OPEN,
    errno.ENFILE: _OPEN,
    errno.ENAMETOOLONG: ("is too long a name", "use a shorter one"),
    errno.ELOOP: ("is a link that leads back to itself", "remove it"),
    errno.EIO: _MUTE,
    errno.ESTALE: _MUTE,
    errno.ETIMEDOUT: _MUTE,
}
"""Error → (what is wrong with a file, what to do)."""


def in_words(error: OSError, place: Path | str = "") -> str:
    """Return a sentence about an error of a file, without a full stop.

    ``place``: what is spoken of where the error names no file.
    """
    said = error.strerror or str(error) or type(error).__name__
    where = _where(error, str(place))
    what, remedy = _MEANINGS.get(error.errno or 0, ("", ""))
    if not where:
        return f"{said}: {remedy}" if remedy else said
    if not what:
        return f"{where}: {said}"
    if error.errno == errno.EACCES:
        remedy = how_to_open(where) or remedy
    return f"{where} {what} ({said})" + (f": {remedy}" if remedy else "")


def how_to_open(path: Path | str) -> str:
    """Return what the user can do about a file or folder that is closed, empty if nobody knows.

    One's own is opened by its mode; another's owner can be asked.
    """
    try:
        found = Path(path).stat()
    except OSError:
        return ""
    if found.st_uid != os.geteuid():
        who = user_name(found.st_uid)
        return f"it is {who}'s, ask {who} for the right to use it, or use a folder of yours"
    rights, word = (0o700, "rwx") if stat.S_ISDIR(found.st_mode) else (0o600, "rw")
    closed = found.st_mode & rights != rights
    return f"it is yours, `chmod u+{word}` opens it" if closed else ""


def user_name(uid: int) -> str:
    """Return what a user is called, ``user 1002`` where the machine does not know."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _where(error: OSError, place: str) -> str:
    """Return the file that an error is about: of one that cannot be made, the folder in question.

    That is the one it would be in, or the one that is missing.
    """
    named = error.filename
    found = os.fsdecode(named) if isinstance(named, str | bytes) else place
    path = Path(found)
    if not path.is_absolute():
        return found
    if error.errno in CLOSED:
        while not os.path.lexists(path):
            path = path.parent
    while error.errno == errno.ENOENT and not os.path.lexists(path.parent):
        path = path.parent
    return str(path)
