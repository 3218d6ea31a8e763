"""What locks on files tell, and what to say where a file system does not support them."""

import errno
import os
from pathlib import Path

from hpo_tui.store.connect import file_system

_HELD = (errno.EAGAIN, errno.EACCES)


def is_held(error: OSError) -> bool:
    """Whether a lock could not be had since somebody else has it."""
    return error.errno in _HELD


def why_unlockable(path: Path, error: OSError) -> str:
    """Return why a file cannot be locked at all, and what there is to do."""
    kind = file_system(path)
    return (
        f"{path} cannot be locked ({error.strerror or error}), so two runners could work on one"
        f" study. Its file system{f' ({kind})' if kind else ''} gives no locks at present: try"
        " again later, have its lock service seen to (NFS: rpc.statd; Lustre: mount it with -o"
        " flock), or keep .hpo on a local disk, with a link to it here"
    )


def is_suspended(pid: int) -> bool:
    """Whether a process of this machine is stopped, as by ``kill -STOP``, and does nothing."""
    return _stat(pid)[:1] in ([b"T"], [b"t"])


def start_of(pid: int) -> int:
    """Return when a process of this machine started, in clock ticks since boot; 0: there is none.

    Together with its PID it is known by that: no clock that is set moves it.
    """
    found = _stat(pid)
    return int(found[19]) if found else 0


def _stat(pid: int) -> list[bytes]:
    """Return what the kernel says of a process behind its name, empty where there is none."""
    try:
        # The name in brackets may hold anything, brackets and spaces too.
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def is_process_of(pid: int, module: str, folder: Path) -> bool:
    """Whether a process of this machine runs a module of ours on a folder."""
    words = _words(pid)
    return module.encode() in words and os.fsencode(folder.absolute()) in words


def folder_of(pid: int, module: str) -> Path | None:
    """Return the folder on which a process of this machine runs a module of ours."""
    words = _words(pid)
    if module.encode() not in words[:-1]:
        return None
    return Path(os.fsdecode(words[words.index(module.encode()) + 1]))


def _words(pid: int) -> list[bytes]:
    """Return the command line of a process of this machine, empty where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
