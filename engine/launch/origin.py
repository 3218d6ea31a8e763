"""What a study was made from: how a study file stands to the study that has its name."""

import sqlite3
from enum import Enum

from hpo_tui.engine.launch.refusals import LaunchError
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.text.files import write_atomic
from hpo_tui.store.database_errors import explained
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader


class Unreadable(LaunchError):  # noqa: N818 - a sentence for people
    """The study that is there cannot be compared with; the sentence says why."""


class Origin(Enum):
    """How a study file stands to a study."""

    NONE = "none"
    """There is no study in it: its making was cut off."""
    SAME = "same"
    """It says what the study is."""
    EDITED = "edited"
    """The study was made from it and has been edited since."""
    UNSTARTED = "unstarted"
    """It says something else, but that study has neither run nor been edited: nothing is lost."""
    OTHER = "other"
    """It says something that the study neither is nor was made from."""


def keep(folder: StudyFolder, text: str) -> None:
    """Remember that the study was made from ``text``. Raises OSError."""
    write_atomic(folder.made_from, text)


def origin(folder: StudyFolder, spec: StudySpec) -> Origin:
    """Return how a study file, read as ``spec``, stands to the study. Raises Unreadable."""
    try:
        with StudyReader(folder.db) as reader:
            study = reader.study()
            trials = sum(reader.counts().values())
        present = StudySpec.from_text(study.text)
    except LookupError:
        return Origin.NONE
    except sqlite3.OperationalError as error:
        if "no such table: study" in str(error):
            return Origin.NONE
        raise _unreadable(folder, error) from error
    except (SpecError, sqlite3.Error) as error:
        raise _unreadable(folder, error) from error
    if present == spec:
        return Origin.SAME
    first = _first(folder)
    if first == spec:
        return Origin.EDITED
    idle = study.state is StudyState.NEW and not trials and folder.runner_pid() is None
    return Origin.UNSTARTED if idle and first == present else Origin.OTHER


def _unreadable(folder: StudyFolder, error: Exception) -> Unreadable:
    return Unreadable(f"{folder.path} is there already and cannot be read: {explained(error)}")


def _first(folder: StudyFolder) -> StudySpec | None:
    """Return what the study was made from, None where nobody remembers."""
    try:
        return StudySpec.from_text(folder.made_from.read_text("utf-8"))
    except (OSError, ValueError):
        return None
