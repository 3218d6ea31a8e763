"""What is done to a study from any screen; each deed returns the sentence that reports it."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command, Study, StudyState

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

NO_RUNNER = "This study has no runner: R starts one."
NOTHING_RUNS = "This study has no runner and no running trials: there is nothing to stop."
STARTS_IT = "R starts the runner, which continues the study."
_BUSY, _SUSPENDED = "The runner is busy", "The runner is suspended"
"""How what is said begins where a runner has not answered in time."""


def sentence(text: str) -> str:
    """Return an answer of the engine's as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}."


def unanswered(folder: StudyFolder, what: str = "this") -> str:
    """Return why a runner has not answered yet, and when it will do what was asked for."""
    pid = folder.runner_pid()
    if folder.is_suspended(pid):
        return f"{_SUSPENDED} and will do {what} once it goes on: kill -CONT {pid}"
    return f"{_BUSY}, or cannot write, and will do {what} as soon as it can."


def answer_of(command: Command, folder: StudyFolder) -> str:
    """Return what came of a command, in words. Raises LaunchError where it was refused."""
    from hpo_tui.engine.launch import LaunchError

    if command.answered is None:
        return unanswered(folder)
    if not command.ok:
        raise LaunchError(command.answer or "The runner refused without giving a reason.")
    return command.answer or "Done."


def attempted(folder: StudyFolder, deed: Callable[[], str]) -> "tuple[str, SeverityLevel]":
    """Do something to a study; return what came of it, in words: also why it could not be done."""
    from hpo_tui.engine.launch import LaunchError

    try:
        said = deed()
    except (LaunchError, ValueError) as error:
        return str(error), "error"
    except OSError as error:
        return in_words(error, folder.path), "error"
    return said, "warning" if said.startswith((_BUSY, _SUSPENDED)) else "information"


def why_no_start(study: Study, *, edited: bool, short: float | None = None) -> str:
    """Return why a runner would have nothing to do, empty where it would.

    ``edited``: whether the study's file was edited by hand, which a runner takes over. ``short``:
    what the budget lacks for what is queued, None where nothing is or nobody knows.
    """
    if study.state is not StudyState.FINISHED or edited or short == 0:
        return ""
    by = f" by {short:.10g}" if short else ""
    return f"The study is finished: increase its budget{by} first (+ in the dashboard)."


def how_queued_starts(study: Study, *, edited: bool, short: float | None = None) -> str:
    """Return what has to be done for what is queued for the next run to be run."""
    over = why_no_start(study, edited=edited, short=short)
    return f"{over.rstrip('.')}, then R starts it." if over else "R starts it."


def start(folder: StudyFolder) -> str:
    """Start the study's runner."""
    return f"{_started(folder)}."


def _started(folder: StudyFolder) -> str:
    from hpo_tui.engine import launch

    return f"The runner is process {launch.start_runner(folder)}"


def send(folder: StudyFolder, wish: str, **args: Any) -> str:
    """Ask for something to be done, by the runner or without one."""
    from hpo_tui.engine import launch

    return answer_of(launch.send(folder, wish, args), folder)


def unqueue(folder: StudyFolder, wishes: Collection[int]) -> str:
    """Take back some of what is queued for the next run, by the numbers of its commands."""
    from hpo_tui.engine import launch

    return sentence(launch.unqueue(folder, lambda c: c.id in wishes))


def add_and_run(
    folder: StudyFolder, wish: str, many: Sequence[Mapping[str, Any]], amount: float
) -> str:
    """Queue trials that are asked for, add to the budget what they lack, and start the runner."""
    from hpo_tui.engine import launch

    said = [launch.send(folder, wish, args).answer for args in many]
    if amount:
        said.append(launch.send(folder, "extend", {"amount": amount}).answer)
    shown = said if len(many) == 1 else said[len(many) :]
    return " ".join(map(sentence, [*shown, _started(folder)]))


def delete(folder: StudyFolder) -> str:
    """Delete the study for good."""
    from hpo_tui.engine.launch.removing import remove

    started = time.monotonic()
    remove(folder)
    return f"Deleted in {time.monotonic() - started:.1f} s."
