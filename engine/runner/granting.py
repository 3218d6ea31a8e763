"""What is asked of every wish before it is granted, and said once it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec.files import unsaved
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.models import StudyState, Trial


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The wish cannot be granted; the sentence says why."""


def trial_of(desk: Desk, args: Mapping[str, Any]) -> Trial:
    """Return the trial that is meant. Raises :class:`Refused` where there is none."""
    number = int(args["trial"])
    if number not in desk.trials:
        raise Refused(f"there is no trial {number}")
    return desk.trials[number]


def check_goes_on(desk: Desk, hint: str = "") -> None:
    """Refuse what a study that is being stopped will not do any more."""
    if desk.state is StudyState.STOPPED:
        raise Refused(f"the study is being stopped{hint}")


def check_file(desk: Desk) -> None:
    """Refuse to write over what somebody has written into the study's file."""
    refusal = unsaved(desk.folder.file, desk.spec.text)
    if refusal:
        raise Refused(refusal)


def are_next(desk: Desk, numbers: Sequence[int]) -> str:
    """Say that trials are next, and what they wait for where the study is paused."""
    said = f"{numbered(numbers)} {'is' if len(numbers) == 1 else 'are'} next"
    paused = desk.state is StudyState.PAUSED
    return f"{said}, once the study is resumed" if paused else said
