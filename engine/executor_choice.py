"""Which executor a study runs on: this machine, unless it was started on a Ray cluster.

The choice is kept in the study's folder, so that whoever starts its runner next goes on there.
"""

import json
from dataclasses import asdict, dataclass

from hpo_tui.store.folder import StudyFolder

_FILE = "executor.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """``kind``: ``local`` or ``ray``; ``address``: that of the Ray cluster."""

    kind: str = "local"
    address: str = "auto"


def choose(folder: StudyFolder, choice: Choice) -> None:
    """Keep the choice for every runner of the study to come. Raises OSError."""
    (folder.path / _FILE).write_text(json.dumps(asdict(choice)) + "\n", "utf-8")


def chosen(folder: StudyFolder) -> Choice:
    """Return the study's executor; this machine where nothing (sound) was said."""
    try:
        data = json.loads((folder.path / _FILE).read_bytes())
        return Choice(str(data["kind"]), str(data["address"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Choice()
