"""Making a study, starting its runner detached, and talking to it. Light: the screens import it."""

import atexit
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.engine.offline import apply, works_without_runner
from hpo_tui.engine.origin import Origin, Unreadable, keep, origin
from hpo_tui.engine.orphans import orphans
from hpo_tui.engine.refusals import CLOSED, OF_A_RUN, how_to_start, unheard, unwritable
from hpo_tui.engine.spec.files import write_atomic
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.ask import ask
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

_START_SECONDS = 60.0
_ENDING_SECONDS = 10.0
"""How long a runner that will say nothing more may take to be gone."""

_DOUBT_SECONDS = 0.5
"""How long an answer is waited for before it is asked whether the runner still lives."""


class LaunchError(Exception):
    """What was asked cannot be done; the sentence says why and what to do."""


def create_study(source: Path | str, home: Path, name: str | None = None) -> StudyFolder:
    """Make the study of a file (or of a study file's text) under ``home``, a ``.hpo`` folder.

    One that is there already is returned as it is, if it has the same definition or was made from
    the same one (:func:`hpo_tui.engine.origin.origin` tells whether it was edited since); one that
    has never run takes the new definition. Raises
    :class:`SpecError` when the definition has errors, :class:`LaunchError` when it cannot be made.
    """
    spec = StudySpec.load(source) if isinstance(source, Path) else StudySpec.from_text(source)
    called = name or spec.name
    folder = StudyFolder(home / slug(called))
    try:
        with folder.making():
            anew = folder.db.is_file()
            if not anew or _to_be_made_anew(folder, spec):
                _make(folder, spec, called, anew=anew)
    except OSError as error:
        raise LaunchError(f"cannot make the study in {folder.path}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise LaunchError(f"cannot make the study in {folder.path}: {error}") from error
    return folder


def _make(folder: StudyFolder, spec: StudySpec, called: str, *, anew: bool) -> None:
    """Write the study's files; ``anew``: over those of one that has never run."""
    folder.trials.mkdir(exist_ok=True)
    _bring_template(spec, folder)
    write_atomic(folder.file, spec.text)
    keep(folder, spec.text)
    writer = StudyWriter(folder.db)
    try:
        writer.create_study(called, spec.text, spec.seed)
        if anew:
            writer.update_study(name=called, text=spec.text, seed=spec.seed)
            writer.forget_columns((p.name for p in spec.space), spec.metric_names)
        writer.declare((p.name for p in spec.space), spec.metric_names)
    finally:
        writer.close()


def slug(name: str) -> str:
    """Return a study's name as the name of its folder."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "study"


def _to_be_made_anew(folder: StudyFolder, spec: StudySpec) -> bool:
    """Whether a study that is there has never run and takes ``spec``; False: it is this one."""
    try:
        found = origin(folder, spec)
    except Unreadable as error:
        raise LaunchError(str(error)) from error
    if found is not Origin.OTHER:
        return found in (Origin.UNSTARTED, Origin.NONE)
    file = spec.source.name if spec.source else "this definition"
    raise LaunchError(
        f"there is a study {folder.name} already, and {file} differs from what it was made from and"
        f" from what it is now. To change that study, write the change into {folder.file} or press"
        " e in the app; to run another study, give it another name (run --name NAME)"
    )


def _bring_template(spec: StudySpec, folder: StudyFolder) -> None:
    """Copy the template that lies beside the study file, so that the study stays what it was."""
    if spec.template is None or spec.source is None:
        return
    source = spec.source.parent / spec.template[0]
    if source.is_file():
        target = folder.path / spec.template[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())


def start_runner(
    folder: StudyFolder, *, optimizer: str | None = None, stop: str | None = None
) -> int:
    """Start a detached runner and return its PID once it holds the study.

    Nothing that happens to this process or its terminal touches it. Raises :class:`LaunchError`
    with the runner's own sentence when it cannot run the study. ``optimizer``: ``module:class`` of
    another optimizer with the same methods. ``stop``: take the trials over only to end them, with
    their ``grace`` period or to ``kill`` them.
    """
    if not folder.db.is_file():
        raise LaunchError(f"there is no study in {folder.path}")
    reading, writing = os.pipe()
    try:
        process = _spawn(folder, writing, optimizer, stop)
        os.close(writing)
        writing = -1
        sentence = _answer(reading, process)
    except OSError as error:
        why = unwritable(folder, "run", error) if error.errno in CLOSED else str(error)
        raise LaunchError(f"cannot start the runner: {why}") from error
    finally:
        for fd in (reading, writing):
            if fd >= 0:
                os.close(fd)
    _started.append(process)
    if sentence != "ok":
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
        raise LaunchError(sentence)
    return process.pid


_started: "list[subprocess.Popen[bytes]]" = []
"""Runners that this process has started: it has to collect them when they end before it."""


@atexit.register
def _forget() -> None:
    """Let the runners outlive this process without a warning of :mod:`subprocess`."""
    for process in _started:
        if process.poll() is None:
            process.returncode = 0


def _spawn(
    folder: StudyFolder, ready: int, optimizer: str | None, stop: str | None
) -> "subprocess.Popen[bytes]":
    argv = [
        sys.executable, "-P", "-m", "hpo_tui.engine.runner", str(folder.path.absolute()),
        "--ready", str(ready),
    ]  # fmt: skip
    if optimizer:
        argv += ["--optimizer", optimizer]
    if stop:
        argv += ["--stop", stop]
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True, pass_fds=(ready,),
        )  # fmt: skip


def _answer(reading: int, process: "subprocess.Popen[bytes]") -> str:
    """Return what the runner says once it has opened the study, or failed to."""
    from select import select

    deadline = time.monotonic() + _START_SECONDS
    text, closed = b"", False
    while select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
        data = os.read(reading, 65536)
        text += data
        closed = not data
        if closed or text == b"ok":
            break
    if text:
        return text.decode("utf-8", "replace")
    # Its end of the pipe closes a moment before it is gone.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_ENDING_SECONDS if closed else 0.0)
        return "the runner ended at once: its log, runner.log in the study's folder, says why"
    return f"the runner (process {process.pid}) has not opened the study within a minute"


def runner_pid(folder: StudyFolder) -> int | None:
    """Return the PID of the study's runner, None if none lives."""
    _started[:] = [p for p in _started if p.poll() is None]
    return folder.runner_pid()


def send(
    folder: StudyFolder, action: str, args: Mapping[str, Any] | None = None, timeout: float = 5.0
) -> Command:
    """Ask the study's runner for something; return the command with its answer.

    ``answered`` is None if the runner has not answered within ``timeout`` seconds; it will. Without
    a runner, what needs none is done here, and the rest raises :class:`LaunchError`.
    """
    given = dict(args or {})
    try:
        if runner_pid(folder) is None:
            return _without(folder, action, given)
        number = ask(folder.db, action, given)
        with StudyReader(folder.db) as reader:
            return _outcome(folder, reader, number, time.monotonic() + timeout)
    except sqlite3.Error as error:
        raise LaunchError(f"{folder.db} cannot be written: {error}") from error


def send_all(
    folder: StudyFolder, action: str, many: Sequence[Mapping[str, Any]], timeout: float = 30.0
) -> list[Command]:
    """Ask for many things of a kind, as :func:`send` does for one; return the commands in order.

    All is asked before an answer is waited for: a runner does whatever it finds at its next look.
    """
    try:
        if runner_pid(folder) is None:
            return [_without(folder, action, dict(args)) for args in many]
        numbers = [ask(folder.db, action, dict(args)) for args in many]
        deadline = time.monotonic() + timeout
        with StudyReader(folder.db) as reader:
            return [_outcome(folder, reader, number, deadline) for number in numbers]
    except sqlite3.Error as error:
        raise LaunchError(f"{folder.db} cannot be written: {error}") from error


def _outcome(folder: StudyFolder, reader: StudyReader, number: int, deadline: float) -> Command:
    """Return a command once it is answered, or as it is when time is up.

    Raises :class:`LaunchError` when the runner has gone without an answer.
    """
    look = time.monotonic() + _DOUBT_SECONDS
    while True:
        lives = time.monotonic() < look or runner_pid(folder) is not None
        command = reader.command(number)  # read after that: it may have answered and gone
        assert command is not None
        if command.answered is not None or time.monotonic() >= deadline:
            return command
        if not lives:
            raise LaunchError(unheard(folder, command.action))
        time.sleep(0.02)


def _without(folder: StudyFolder, action: str, args: dict[str, Any]) -> Command:
    if not works_without_runner(action):
        if not folder.db.is_file():
            raise LaunchError(f"there is no study in {folder.path}")
        if action in OF_A_RUN:
            return _end(folder, action, args)
        raise LaunchError(
            f"no runner works on {folder.name}, so it cannot {action}: {how_to_start(folder)}"
        )
    try:
        return apply(folder, action, args)
    except FileNotFoundError as error:
        raise LaunchError(f"{action}: {error.filename or folder.path} is not there") from error
    except OSError as error:
        closed = error.errno in CLOSED
        text = unwritable(folder, action, error) if closed else str(error)
        raise LaunchError(f"{action}: {text}") from error
    except (ValueError, KeyError, LookupError) as error:
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        raise LaunchError(f"{action}: {text}") from error


def _end(folder: StudyFolder, action: str, args: dict[str, Any]) -> Command:
    """End the trials that run on without a runner. Raises LaunchError where there is nothing to do.

    A pause needs no runner: nothing new starts without one.
    """
    left, asked = orphans(folder), time.time()
    if action != "stop" or not left:
        on = f"{numbered(left)} {'runs' if len(left) == 1 else 'run'} on to the end"
        what = f"nothing new starts, and {on}" if left else "nothing of it runs"
        raise LaunchError(f"no runner works on {folder.name}: {what}")
    start_runner(folder, stop="kill" if args.get("kill") else "grace")
    answer = f"stopped: {numbered(left)}, which ran on without a runner, {_end_of(left)}"
    return Command(0, asked, action, args, asked, time.time(), True, answer)


def _end_of(trials: Sequence[int]) -> str:
    return "ends" if len(trials) == 1 else "end"


def request_stop(folder: StudyFolder, *, kill: bool = False, timeout: float | None = None) -> None:
    """Stop a study and wait until its runner is gone, at most ``timeout`` seconds.

    Raises :class:`LaunchError` when it is still there then.
    """
    pid = runner_pid(folder)
    if pid is None:
        return
    send(folder, "stop", {"kill": kill})
    with StudyReader(folder.db) as reader:
        grace = StudySpec.from_text(reader.study().text).resources.grace
    deadline = time.monotonic() + (timeout if timeout is not None else grace + 30.0)
    while runner_pid(folder) is not None:
        if time.monotonic() >= deadline:
            raise LaunchError(f"the runner of {folder.name} (process {pid}) is still ending trials")
        time.sleep(0.05)


def leave(folder: StudyFolder) -> None:
    """Have the runner go while its trials run on; the next runner adopts them."""
    pid = runner_pid(folder)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
