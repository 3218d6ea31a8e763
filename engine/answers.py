"""Answers to what people ask for, in the same words whether a runner gives them or none runs."""

from collections.abc import Mapping
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
MORE_TO_SPEND = "start it again to spend what is left"
"""The reason of a study that had finished and was given more budget."""

BEING_STOPPED = "the study is being stopped"
GOES_ON_LATER = f"{BEING_STOPPED}: run it again when its trials have ended"
"""Why a study cannot go on that is stopped, or that a stop was asked for."""


def marked(action: str, trial: int, args: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what a star, tags or a note change of a trial, and what is said of it."""
    if action == "star":
        on = bool(args["on"])
        return {"starred": on}, f"trial {trial} is {'starred' if on else 'not starred any more'}"
    if action == "tag":
        tags = tuple(dict.fromkeys(map(str, args["tags"])))
        told = f"is tagged {', '.join(tags)}" if tags else "has no tags"
        return {"tags": tags}, f"trial {trial} {told}"
    note = str(args["text"])
    told = f"the note of trial {trial} is saved" if note else f"trial {trial} has no note"
    return {"note": note}, told


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
