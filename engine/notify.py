"""``notify``: a command of the user's is run when a study ends, pauses, breaks or a trial hangs.

The runner writes a notice in the transaction that records the cause, and starts a process
(this module) that takes it from there: whoever is killed in between, it is taken once. That process
runs the command, ends it when it takes too long, and records how it went.
"""

import contextlib
import dataclasses
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from hpo_tui.engine import log_lines
from hpo_tui.engine.answers import PAUSED_BY_YOU, SPENT
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.names import plain
from hpo_tui.store import outbox
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader

log = logging.getLogger("notify")

KEY = "notify:"
"""What the keys of notices begin with."""
PATIENCE = 60.0
"""Seconds that the command may take."""
_LONGEST = 2000
_LAST_LINES = 3
_LAST_WORDS = 1.0
"""Seconds in which what a command wrote last is read once it has ended."""
_LOOK = 0.05
"""Seconds between two looks whether what the command left running has ended."""


def event_of(state: StudyState, reason: str) -> str:
    """Return what people are told that a study has come to, empty for nothing."""
    told = (StudyState.FINISHED, StudyState.STOPPED, StudyState.PAUSED)
    return str(state) if state in told and reason != PAUSED_BY_YOU else ""


def deliver(folder: StudyFolder, key: str) -> "subprocess.Popen[bytes]":
    """Have a process of its own take a notice and tell people. Raises OSError if none starts."""
    argv = [sys.executable, "-P", "-m", "hpo_tui.engine.notify", str(folder.path.absolute()), key]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)


def deliver_overdue(folder: StudyFolder) -> None:
    """Deliver what the last runner of a study that has ended did not live to."""
    with StudyReader(folder.db) as reader:
        keys = reader.keys_beginning(KEY)
    for key in keys:
        deliver(folder, key).returncode = 0  # nobody waits for it


def environment(spec: StudySpec, study: Path, event: str, reason: str, best: str) -> dict[str, str]:
    """Return the variables that the command is told by; the last is all of it in a sentence."""
    reason = _line(reason) or (SPENT if event == "finished" else "")
    message = f"{spec.name}: {event}" + (f" ({reason})" if reason else "")
    return {
        "HPO_STUDY": str(study),
        "HPO_NAME": _line(spec.name),
        "HPO_EVENT": event,
        "HPO_REASON": reason,
        "HPO_BEST": _line(best),
        "HPO_MESSAGE": _line(message + (f". Best: {best}" if best else "")),
    }


def _line(text: str) -> str:
    """Return a text on one line that an environment can carry and a header of a mail may hold."""
    text = " | ".join(line.strip() for line in text.splitlines() if line.strip())
    return plain(text).encode("utf-8", "replace").decode()[:_LONGEST]


def tell(
    spec: StudySpec, cwd: Path, variables: Mapping[str, str], patience: float = PATIENCE
) -> str:
    """Run the command; return why it failed, empty if it did not.

    It finds the message on its standard input too, as ``mail`` wants it. What it leaves running in
    its process group may take as long as itself, and is ended then.
    """
    over = time.monotonic() + patience
    with tempfile.TemporaryFile() as message:
        message.write(f"{variables['HPO_MESSAGE']}\n".encode())
        message.seek(0)
        try:
            process = subprocess.Popen(
                spec.notify, stdin=message, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                cwd=cwd, env={**os.environ, **variables}, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return f"it cannot be started: {error.strerror or error}"
        assert process.stdout is not None
        tail = _Tail(process.stdout)
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            _end(process.pid)
            process.wait()
            return f"it was ended after {patience:g} s{tail.last_lines()}"
        how = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
        fault = f"{how}{tail.last_lines()}" if code else ""
        while _there(process.pid):
            if time.monotonic() > over:
                _end(process.pid)
                break
            time.sleep(_LOOK)
        return fault


def _there(group: int) -> bool:
    """Whether anything of a process group is left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # another user's cannot be ended either
        return False
    return True


def _end(group: int) -> None:
    """Kill what is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


class _Tail:
    """Reads all that a command writes, however much, and keeps its end."""

    def __init__(self, output: IO[bytes]) -> None:
        self._kept = b""
        self._output = output
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._output as output:
            while data := os.read(output.fileno(), 65536):
                self._kept = (self._kept + data)[-_LONGEST:]

    def last_lines(self) -> str:
        """Return the last lines that were written, as the end of a sentence."""
        self._thread.join(_LAST_WORDS)  # where something else holds the pipe there is no end of it
        lines = self._kept.decode("utf-8", "replace").splitlines()
        said = [plain(line.strip()) for line in lines if line.strip()][-_LAST_LINES:]
        return f"; last lines: {' | '.join(said)}" if said else ""


def best_of(reader: StudyReader, spec: StudySpec) -> str:
    """Return the best trial in words, empty where none meets every goal."""
    from hpo_tui.engine.analysis.front import best_rows, results

    frame = reader.frame()
    rows = best_rows(frame, spec)
    if not len(rows):
        return ""
    means, row = results(frame, spec)[1].metrics, int(rows[0])
    values = ", ".join(f"{n} = {brief(means[n][row])}" for n in spec.metric_names if n in means)
    return f"trial {frame.number[row]}, {values}"


def run(folder: StudyFolder, key: str) -> None:
    """Take a notice, unless somebody has, and tell people."""
    spec, best = _known(folder)  # what cannot be read yet is still there to be taken
    notice = outbox.take(folder.db, key)
    if notice is not None:
        _tell(folder, spec, best, *map(str, notice))


def inform(folder: StudyFolder, event: str, reason: str) -> None:
    """Tell people at once of what nobody has written down."""
    _tell(folder, *_known(folder), event, reason)


def _known(folder: StudyFolder) -> tuple[StudySpec, str]:
    with StudyReader(folder.db) as reader:
        study = reader.study()
        # Another run of the same file (`run --name`) has a name of its own.
        spec = dataclasses.replace(StudySpec.from_text(study.text), name=study.name)
        return spec, best_of(reader, spec)


def _tell(folder: StudyFolder, spec: StudySpec, best: str, event: str, reason: str) -> None:
    """Run the command, unless it was taken out of the file since; record how that went."""
    if not spec.notify:
        return
    cwd = folder.workplace if folder.workplace.is_dir() else folder.path
    fault = tell(spec, cwd, environment(spec, folder.path, event, reason, best))
    said = f"the notification of {event!r} failed: {fault}" if fault else f"notified of {event!r}"
    outbox.add_event(folder.db, "notify", said)


def main(argv: list[str]) -> int:
    """``python -P -m hpo_tui.engine.notify FOLDER KEY``: deliver one notice."""
    log_lines.begin()
    try:
        run(StudyFolder(Path(argv[0])), argv[1])
    except (OSError, sqlite3.Error, LookupError, SpecError):
        log.exception("nobody could be told")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
