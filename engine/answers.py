"""Answers to what people ask for, in the same words whether a runner gives them or none runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from hpo_tui.engine.spec.names import plain, plural, show


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The wish cannot be granted; the sentence says why."""


WISHES = ("confirm", "enqueue", "promote", "retry")
"""What is asked for trials to be run: without a runner it is queued for the next run."""
SPENT = "the budget is spent"
"""What the reason of a study begins with that has finished with its budget."""
PAUSED_BY_YOU = "paused by you"
"""The reason of a pause that was asked for: nobody has to be told."""


def tagged(trial: int, tags: Sequence[str]) -> str:
    """Say which tags a trial has now."""
    return f"trial {trial} is tagged {', '.join(tags)}" if tags else f"trial {trial} has no tags"


def noted(trial: int, text: str) -> str:
    """Say whether a trial has a note now."""
    return f"the note of trial {trial} is saved" if text else f"trial {trial} has no note"


def wish_text(action: str, args: Mapping[str, Any]) -> str:
    """Return what is asked for: ``3 repeats of trial 12``."""
    if action == "confirm":
        return f"{plural(int(args.get('repeats', 1)), 'repeat')} of trial {args.get('trial')}"
    if action == "retry":
        return f"another attempt of trial {args.get('trial')}"
    at = args.get("task")
    if action == "promote":
        return f"the promotion of trial {args.get('trial')}" + (f" to {plain(at)}" if at else "")
    values = ", ".join(f"{plain(n)} = {show(v)}" for n, v in args.get("params", {}).items())
    return f"a trial with {values}" + (f" at {plain(at)}" if at else "")
