"""Trials of Python scripts started warm: forked from a parent that has imported the heavy modules.

``import torch`` takes seconds; a fork takes milliseconds. The parent is another process
(:mod:`hpo_tui.engine.execution.warm_server`) of the interpreter that the user's command names, and
whenever it is not ready or cannot take a command, the trial is simply started cold.
"""

import contextlib
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.leftovers import STRANGE, read_record

_SERVER = Path(__file__).with_name("warm_server.py")
_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?$")
_AT_START = ("PYTHONPATH", "PYTHONHASHSEED", "PYTHONOPTIMIZE", "LD_PRELOAD", "LD_LIBRARY_PATH")
"""Variables that an interpreter or the loader reads at its start: a fork cannot have others."""
ENDED = "the warm parent ended"
_RESTARTS = 3
"""How often a parent that ended by itself is started anew."""
_PATIENCE = 10.0
"""Seconds that a fork may take before the parent is given up."""


_BRIEFLY = 1.0
"""Seconds in which what a parent has forked that then ended says who it is."""


class WarmError(Exception):
    """The warm parent cannot start a trial; start it cold. Nothing of it runs."""


def split_python(argv: Sequence[str]) -> tuple[str, bool, list[str]] | None:
    """Return (interpreter, unbuffered, script and arguments) of a command that can start warm.

    ``python [-u] script.py …`` and ``python [-u] -m module …`` can; None for anything else.
    """
    if not argv or not _PYTHON.match(Path(argv[0]).name):
        return None
    rest = list(argv[1:])
    unbuffered = bool(rest) and rest[0] == "-u"
    rest = rest[1:] if unbuffered else rest
    if rest[:1] == ["-m"] and len(rest) > 1:
        return argv[0], unbuffered, rest
    if rest and not rest[0].startswith("-") and not Path(rest[0]).is_dir():
        return argv[0], unbuffered, rest
    return None


def find_python(word: str, path: str | None, cwd: Path | None) -> str | None:
    """Return the interpreter that ``word`` of a command run in ``cwd`` means, None if none.

    A link is not followed: it is how a virtual environment is told from its base.
    """
    if "/" in word and cwd is not None:
        word = str(cwd / word)
    found = shutil.which(word, path=path)
    return str(Path(found).absolute()) if found else None


class WarmServer:
    """A warm parent for one interpreter. Use from one thread.

    ``imports``: modules to import; ``python``: the interpreter; ``environment``: the parent's own
    (libraries read their thread numbers when they are imported), the current one when not given;
    ``cwd``: where trials run, as modules and relative search paths are found from there, also by
    processes that a trial spawns; ``log``: where the parent's own output goes.
    """

    def __init__(
        self,
        imports: Sequence[str],
        python: str = sys.executable,
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        log: Path | None = None,
    ) -> None:
        self.imports, self.python = tuple(imports), python
        self.environment, self.cwd, self.log = environment, cwd, log
        self.problem = ""
        """Why trials are started cold, for people; empty while all is well."""
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._ready = False
        self._pending = b""

    @property
    def pid(self) -> int | None:
        """The parent's PID, None before the start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the parent; it imports on its own, :meth:`ready` tells when it is done."""
        ours, theirs = socket.socketpair()
        environment = dict(os.environ if self.environment is None else self.environment)
        try:
            with open(self.log or os.devnull, "ab") as log:  # noqa: PTH123 - devnull is no Path
                self._process = subprocess.Popen(
                    [self.python, str(_SERVER), str(theirs.fileno()), *self.imports],
                    env=environment, cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=[theirs.fileno()], start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            self.problem = f"{self.python} cannot be started: {error.strerror}"
            ours.close()
            return
        finally:
            theirs.close()
        ours.settimeout(_PATIENCE)  # a parent that reads no more would hold up whoever sends
        self._channel, self._pending = ours, b""

    def ready(self) -> bool:
        """Whether trials can be started warm by now."""
        if not self._ready and self._channel is not None and not self.problem:
            answer = self._receive(0.0)
            if answer is not None:
                self._ready, self.problem = bool(answer.get("ready")), str(answer["problem"])
        return self._ready

    def accepts(self, argv: Sequence[str], path: str | None, cwd: Path | None) -> bool:
        """Whether a command is a script for this parent's interpreter. ``path``: its PATH."""
        found = split_python(argv)
        return found is not None and find_python(found[0], path, cwd) == self.python

    def spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str | Path,
        log_path: Path,
        folder: Path,
        *,
        attempt: int = 1,
        timeout: float | None = None,
        grace: float = 30.0,
    ) -> int:
        """Start ``argv`` (that :meth:`accepts` takes) and return the PID of its shim.

        ``env`` is the whole environment. The shim leads a session, appends output to ``log_path``
        and writes ``exit.json`` in ``folder``. Times in seconds. Raises :class:`WarmError`.
        """
        found = split_python(argv)
        if found is None or not self.ready() or self._channel is None:
            raise WarmError(self.problem or "the warm parent cannot take this command")
        _, unbuffered, rest = found
        job = {
            "argv": rest, "unbuffered": unbuffered, "env": dict(env), "cwd": str(cwd),
            "log": str(log_path), "folder": str(folder), "attempt": attempt,
            "timeout": timeout or 0.0, "grace": grace,
        }  # fmt: skip
        try:
            self._channel.sendall(json.dumps(job).encode() + b"\n")
            answer = self._receive(_PATIENCE)
        except OSError:
            answer = None
        if answer is None:
            return self._give_up(folder, attempt)
        if "pid" not in answer:
            raise WarmError(str(answer.get("error")))
        return int(answer["pid"])

    def stop(self) -> None:
        """End the parent. Trials that it started go on."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._ready = False
        if self._process is not None:
            try:
                self._process.wait(2.0)
            except subprocess.TimeoutExpired:  # still importing, or stuck
                self._process.kill()
                self._process.wait()

    def _give_up(self, folder: Path, attempt: int) -> int:
        """Return the PID of a trial that was started without an answer; else raise WarmError."""
        self.stop()
        # Of a machine that is too busy to answer, what was forked takes long to say so, too.
        deadline = time.monotonic() + (_BRIEFLY if self.problem else _PATIENCE)
        self.problem = self.problem or ENDED
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, *STRANGE):
                data = read_record(folder / "process.json")
                if data is not None and data["attempt"] == attempt:
                    return int(data["pid"])
            time.sleep(0.02)
        raise WarmError(self.problem)

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        """Return the next answer, None if there is none in time; notices the parent's death."""
        assert self._channel is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._pending:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._channel], [], [], left)[0]:
                return None
            data = self._channel.recv(1 << 16)
            if not data:
                self._ready, self.problem = False, ENDED
                return None
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


class WarmStarts:
    """Starts a study's trials warm where that works; where it does not, they are started cold.

    ``command``: the study's; ``cwd``: where it runs; ``environment``: what the trials have beside
    the current one (PATH and thread numbers matter to the parent).
    """

    def __init__(
        self,
        imports: Sequence[str],
        command: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        log: Path | None = None,
    ) -> None:
        self.cwd = cwd
        self.problem = ""
        self._restarts = 0
        # A value that is filled in for each trial cannot hold for the parent.
        given = {k: v for k, v in environment.items() if "{" not in v}
        merged = {**os.environ, **given}
        self._fixed = merged
        found = split_python(command)
        python = find_python(found[0], merged.get("PATH"), cwd) if found else None
        self.server: WarmServer | None = None
        if python is None:
            self.problem = "the command is no Python script that can be forked"
            return
        self.server = WarmServer(imports, python, environment=merged, cwd=cwd, log=log)
        self.server.start()

    def spawn(
        self, argv: Sequence[str], env: Mapping[str, str], folder: Path, log: Path, **times: Any
    ) -> int | None:
        """Start a trial; return its shim's PID, None when it must be started cold.

        ``times``: ``attempt``, ``timeout`` and ``grace`` as :meth:`WarmServer.spawn` takes them.
        """
        server = self.server
        if server is None or not server.ready():
            self._revive()
            return None
        if not server.accepts(argv, env.get("PATH"), self.cwd):
            return None
        if any(env.get(name) != self._fixed.get(name) for name in _AT_START):
            return None  # what the interpreter reads at its start cannot be changed in a fork
        try:
            return server.spawn(argv, env, self.cwd, log, folder, **times)
        except WarmError:
            self._revive()
            return None

    def complaint(self) -> str:
        """Return why trials are started cold, in a sentence; empty while all is well."""
        problem = self.problem or (self.server.problem if self.server else "")
        return f"warm start is off: {problem}" if problem else ""

    def close(self) -> None:
        """End the parent; trials go on."""
        if self.server is not None:
            self.server.stop()

    def _revive(self) -> None:
        """Start a parent anew that ended by itself, a few times."""
        if self.server and self.server.problem == ENDED and self._restarts < _RESTARTS:
            self._restarts += 1
            self.server.stop()
            self.server.problem = ""
            self.server.start()
