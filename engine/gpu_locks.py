"""The folder in which users keep each other's studies from a GPU: where it is, what is wrong."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from hpo_tui.store.file_errors import user_name

VARIABLE = "HPO_TUI_GPU_LOCKS"
"""Names another folder, such as one that containers share."""
_FOLDER = Path("/tmp/hpo-tui-gpus")
_EFFECT = ": studies of different users can start on one GPU at the same time"


def find_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the locks."""
    return Path(environ.get(VARIABLE) or _FOLDER)


def is_everybody_s(folder: Path) -> bool:
    """Whether all may make files there, and nobody can swap another's. Raises OSError."""
    mode = folder.lstat().st_mode
    return stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX)


def why_not_kept_apart(folder: Path) -> str:
    """Return what is wrong with the folder and what to do, empty where users can meet there.

    One that is not there yet is made by the first study.
    """
    try:
        if not is_everybody_s(folder):
            return _told(folder, "is no folder with the mode 1777")
        if not os.access(folder, os.W_OK | os.X_OK):
            return _told(folder, "is closed to you")
        for lock in sorted(folder.glob("*.lock")):
            if not stat.S_ISREG(lock.lstat().st_mode):
                return _told(lock, "is no file")
            if not os.access(lock, os.R_OK):
                return _told(lock, "is closed to you")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{folder} cannot be looked at ({error.strerror}){_EFFECT}"
    return ""


def _told(path: Path, what: str) -> str:
    owner = path.lstat().st_uid
    whose = "" if owner == os.geteuid() else f" (it is {user_name(owner)}'s)"
    return f"{path} {what}{_EFFECT}. Have it removed{whose}; the next study makes it anew"
