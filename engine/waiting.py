"""Why a study that runs has no trial running: where the runner keeps it, how others read it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

KEY = "waiting"
"""Under which key the store keeps it."""

UNSEEN = 0.5
"""Share of a GPU's memory from which on what nobody seems to use must be somebody's."""
BESIDE = 'busy_gpus = "use" under [resources] would start trials beside them'
"""What is said last where other programs are all that keeps trials from a GPU."""


def waiting(reader: "StudyReader") -> str:
    """Return what the runner waits for with no trial running, in words; empty if for nothing."""
    return str(reader.get(KEY) or "")


def waits_for(text: str) -> str:
    """Return in a word or two what is waited for: what is told of GPUs begins with their names."""
    return "a GPU" if text.startswith("GPU") else "a place"
