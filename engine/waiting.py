"""Why a study that runs has no trial running: where the runner keeps it, how others read it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

KEY = "waiting"
"""Under which key the store keeps it."""


def waiting(reader: "StudyReader") -> str:
    """Return what the runner waits for with no trial running, in words; empty if for nothing."""
    return str(reader.get(KEY) or "")
