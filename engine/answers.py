"""What is said of what a person asked for, by a runner or where there is none."""

from collections.abc import Sequence

PAUSED_BY_YOU = "paused by you"
"""The reason of a pause that was asked for: nobody has to be told."""


def tagged(trial: int, tags: Sequence[str]) -> str:
    """Say which tags a trial has now."""
    return f"trial {trial} is tagged {', '.join(tags)}" if tags else f"trial {trial} has no tags"


def noted(trial: int, text: str) -> str:
    """Say whether a trial has a note now."""
    return f"the note of trial {trial} is saved" if text else f"trial {trial} has no note"
