"""Asking a study's runner for something; doing what needs none where there is none."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hpo_tui.engine.answers import GOES_ON_LATER, WISHES
from hpo_tui.engine.launch.offline import answered, apply, locked, works_without_runner
from hpo_tui.engine.launch.orphans import orphans
from hpo_tui.engine.launch.queueing import queue
from hpo_tui.engine.launch.queueing import take_back as take_back_wishes
from hpo_tui.engine.launch.refusals import (
    OF_A_RUN,
    LaunchError,
    how_to_start,
    left_behind,
    runs,
    unheard,
    unheard_there,
    why_not,
)
from hpo_tui.engine.launch.starting import runner_pid, start_runner
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.ask import ask, take_back
from hpo_tui.store.database_errors import explained
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command
from hpo_tui.store.read import StudyReader

_DOUBT_SECONDS = 0.5
"""How long an answer is waited for before it is asked whether the runner still lives."""


def send(
    folder: StudyFolder, action: str, args: Mapping[str, Any] | None = None, timeout: float = 5.0
) -> Command:
    """Ask the study's runner for something; return the command with its answer.

    ``answered`` is None if the runner has not answered within ``timeout`` seconds; it will. Without
    a runner, what needs none is done here, trials that are asked for wait for the next runner, and
    the rest raises :class:`LaunchError`.
    """
    return send_all(folder, action, [args or {}], timeout)[0]


def send_all(
    folder: StudyFolder, action: str, many: Sequence[Mapping[str, Any]], timeout: float = 30.0
) -> list[Command]:
    """Ask for many things of a kind, as :func:`send` does for one; return the commands in order.

    All is asked before an answer is waited for: a runner does whatever it finds at its next look.
    """
    try:
        pid = runner_pid(folder)
        if pid is None:
            return [_without(folder, action, dict(args)) for args in many]
        if action == "archive":
            raise LaunchError(runs(folder))
        if action == "resume":
            _check_goes_on(folder, pid)
        numbers = [ask(folder.db, action, dict(args)) for args in many]
        deadline = time.monotonic() + timeout
        with StudyReader(folder.db) as reader:
            return [_outcome(folder, reader, number, deadline) for number in numbers]
    except sqlite3.Error as error:
        raise LaunchError(
            f"{folder.db} cannot be written: {explained(error, folder.db)}"
        ) from error


def _check_goes_on(folder: StudyFolder, pid: int) -> None:
    """Raise LaunchError where a stop has been asked for that the runner has not heard yet.

    It does that first, and then refuses to go on; to promise that it will would be false.
    """
    with StudyReader(folder.db) as reader:
        stops = reader.open_commands(["stop"])
    if stops:
        still = f", which its runner begins with after `kill -CONT {pid}`"
        until = still if folder.is_suspended(pid) else ""
        raise LaunchError(f"{GOES_ON_LATER}{until}")


def _outcome(folder: StudyFolder, reader: StudyReader, number: int, deadline: float) -> Command:
    """Return a command once it is answered, or as it is when time is up.

    Raises :class:`LaunchError` when the runner has gone without an answer.
    """
    look = time.monotonic() + _DOUBT_SECONDS
    while True:
        doubtful = time.monotonic() >= look
        pid = runner_pid(folder) if doubtful else 0
        command = reader.command(number)  # read after that: it may have answered and gone
        if command is None:
            raise LaunchError(
                f"{folder.db} is not the file any more that this was asked for in: ask again"
            )
        if command.answered is not None or time.monotonic() >= deadline:
            return command
        if pid is None:
            if not (works_without_runner(command.action) or command.action in OF_A_RUN):
                raise LaunchError(unheard(folder, command.action))
            if _taken_back(folder, command):
                return _without(folder, command.action, dict(command.args))
        if doubtful and (why := left_behind(folder, pid)):
            raise LaunchError(unheard_there(folder, command.action, why))
        time.sleep(0.02)


def _taken_back(folder: StudyFolder, command: Command) -> bool:
    """Take back what no runner has heard; False if one has, or is there to hear it by now."""
    try:
        with locked(folder):
            return take_back(folder.db, command.id)
    except (ValueError, OSError) as error:
        if runner_pid(folder) is None:
            raise LaunchError(f"{command.action}: {error}") from error
        return False


def _without(folder: StudyFolder, action: str, args: dict[str, Any]) -> Command:
    """Do what is asked for while no runner is there, or leave it to the next one.

    Raises :class:`LaunchError`, saying what to do, for what only a runner can do.
    """
    apart = works_without_runner(action)
    if not (apart or folder.db.is_file()):
        raise LaunchError(f"there is no study in {folder.path}")
    with _told(folder, action):
        if apart:
            return apply(folder, action, args)
        asked, answer = time.time(), _queue(folder, action, args)
        if answer:
            return answered(asked, action, args, answer)
    if action in OF_A_RUN:
        return _end(folder, action, args)
    if action == "lend":
        raise LaunchError(f"no runner works on {folder.name}: no trial of it holds a GPU")
    raise LaunchError(
        f"no runner works on {folder.name}, so it cannot {action}: {how_to_start(folder)}"
    )


@contextmanager
def _told(folder: StudyFolder, action: str) -> Iterator[None]:
    """Raise as :class:`LaunchError` what goes wrong where no runner is."""
    try:
        yield
    except OSError as error:
        raise LaunchError(f"{action}: {why_not(folder, action, error)}") from error
    except (ValueError, LookupError) as error:
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        raise LaunchError(f"{action}: {text}") from error


def unqueue(folder: StudyFolder, chosen: Callable[[Command], bool]) -> str:
    """Take back what is ``chosen`` of the wishes that wait for a runner; return what is said of it.

    Raises :class:`LaunchError` where there is no such wish any more.
    """
    try:
        with _told(folder, "take back"):
            said = take_back_wishes(folder, chosen)
    except sqlite3.Error as error:
        raise LaunchError(
            f"{folder.db} cannot be written: {explained(error, folder.db)}"
        ) from error
    if not said:
        raise LaunchError("it is not queued any more")
    return said


def _queue(folder: StudyFolder, action: str, args: dict[str, Any]) -> str:
    """Leave to the next runner what it can do, or take back what was left to it; say so."""
    if action in WISHES:
        return queue(folder, action, args)
    if action == "kill":
        _check_killable(folder, int(args["trial"]))
        return take_back_wishes(folder, lambda c: c.args.get("trial") == int(args["trial"]))
    if action == "stop" and not orphans(folder):
        return take_back_wishes(folder)
    return ""


def _check_killable(folder: StudyFolder, number: int) -> None:
    """Raise ValueError where a trial has ended and nothing of it is queued, or there is none."""
    with StudyReader(folder.db) as reader:
        trial = reader.trial(number)
        if any(c.args.get("trial") == number for c in reader.open_commands(WISHES)):
            return
    if trial is None:
        raise ValueError(f"there is no trial {number}")
    if trial.state.ended:
        raise ValueError(f"trial {number} has ended already ({trial.state})")


def _end(folder: StudyFolder, action: str, args: dict[str, Any]) -> Command:
    """End the trials that run on without a runner. Raises LaunchError where there is nothing to do.

    A pause needs no runner: nothing new starts without one.
    """
    left, asked = orphans(folder), time.time()
    if action != "stop" or not left:
        on = f"{numbered(left)} {'runs' if len(left) == 1 else 'run'} on to the end"
        what = f"nothing new starts, and {on}" if left else "nothing of it runs"
        raise LaunchError(f"no runner works on {folder.name}: {what}")
    try:
        start_runner(folder, stop="kill" if args.get("kill") else "grace")
    except LaunchError:
        if runner_pid(folder) is None:
            raise
        return send(folder, action, args)  # somebody has started one meanwhile
    end = "ends" if len(left) == 1 else "end"
    answer = f"stopped: {numbered(left)}, which ran on without a runner, {end}"
    return answered(asked, action, args, answer)
