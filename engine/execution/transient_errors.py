"""Errors of the machine that pass: a file that cannot be read now is not an empty file."""

import errno
import os
import stat
from pathlib import Path

PATIENCE = 60.0
"""Seconds after which what still cannot be read counts as lost."""
_LARGEST = 1 << 20
"""Bytes of a small file at most."""
_PASSING = frozenset({
    errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOTCONN,
    errno.EREMOTEIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN,
})  # fmt: skip
"""A network file system that does not answer, and too little of what the machine gives out."""
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EKEYEXPIRED, errno.EKEYREVOKED, errno.ENOKEY})
"""A trial in a container leaves files of another user; a ticket for a file server runs out."""


def is_transient(error: OSError) -> bool:
    """Whether the same may work in a moment."""
    return error.errno in _PASSING


def why_unread(path: Path) -> str:
    """Return why a file cannot be read at present, empty if it can: or is not there, or no file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            os.read(fd, 1)
        finally:
            os.close(fd)
    except OSError as error:
        return words(error) if is_transient(error) or error.errno in _CLOSED else ""
    return ""


def small_file(path: Path) -> bytes:
    """Return what is in a small file, as a shim writes them; of a larger one the beginning.

    Raises OSError where it cannot be read, or is no file: a pipe that a trial puts in its place
    would be waited for, and a device has no end.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        return file.read(_LARGEST)


def words(error: OSError) -> str:
    """Return what an error says, without the file that it names.

    Empty where there is no such file at all (or a folder in its place): that is no fault, as a
    script writes its files when it comes to it.
    """
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return ""
    return error.strerror or str(error) or type(error).__name__
