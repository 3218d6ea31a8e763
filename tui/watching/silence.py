"""Since when a runner that lives has written nothing: its disk may be full, its file locked."""

from collections.abc import Iterable

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import DeviceSample

SILENT_SECONDS = 20.0
"""Age of a runner's last measurement from which on it is not said that the study runs as ever."""


def heard(folder: StudyFolder, devices: Iterable[DeviceSample]) -> float | None:
    """Return when the runner measured last (Unix time); None of one that has not, as with Ray."""
    last = max((d.time for d in devices), default=0.0)
    try:
        began = folder.lock.stat().st_mtime
    except OSError:
        return None
    return last if last > began else None


def is_silent(last: float | None, now: float) -> bool:
    """Whether a runner that lives and is not suspended has written nothing for long."""
    return last is not None and now - last > SILENT_SECONDS
