"""The client for training scripts: parameters in, reports out. One file, standard library alone.

.. code-block:: python

    from hpo_tui import trial

    lr = trial.params.get("lr", 0.1)
    for epoch in range(int(trial.fidelity.get("epochs", 10))):
        ...
        trial.report(epoch + 1, accuracy=accuracy)

Inside a study it speaks the trial protocol: environment variables and a file of JSON lines. Outside
one the parameters are empty and reports are printed, so that the script works unchanged. Nothing
here needs the rest of the package: the file can be copied beside a script.
"""

import atexit
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = [
    "active",
    "checkpoint",  # noqa: F822 - made on first use, by __getattr__
    "cost",
    "fidelity",
    "number",
    "params",
    "report",
    "resume",
    "seed",
    "should_stop",
    "task",
]


def _load() -> dict[str, Any]:
    path = os.environ.get("HPO_PARAMS")
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a missing file is the caller's error
        data = json.load(file)
    return data if isinstance(data, dict) else {}


_data = _load()
active: bool = bool(_data)
"""Whether this runs as a trial of a study."""
params: dict[str, Any] = dict(_data.get("params", {}))
"""The configuration; empty outside a study."""
fidelity: dict[str, Any] = dict(_data.get("fidelity", {}))
"""The values of the task, such as ``epochs``; empty outside a study."""
task: str = str(_data.get("task", ""))
"""The task's name."""
cost: float = float(_data.get("cost", 1.0))
"""The task's cost; 1 at the full task, and outside a study."""
number: int = int(_data.get("trial", 0))
"""The trial's number, 0 outside a study."""
seed: int = int(_data.get("seed", 0))
"""The seed of this repeat, 0 outside a study."""
resume: Path | None = Path(os.environ["HPO_RESUME"]) if os.environ.get("HPO_RESUME") else None
"""The folder with the checkpoint to carry on, None for a fresh start."""


class _Reporter:
    """Appends lines to the report file; what a full disk refuses is kept and tried again."""

    def __init__(self) -> None:
        self.path = os.environ.get("HPO_REPORTS", "")
        self.fd: int | None = None
        self.stat = os.stat_result([0] * 10)
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a forked child has to: what is pending, or held, is its parent's."""
        self.pending = b""
        # A handler of SIGTERM may report as well, in the middle of a report: it must not wait.
        self.lock = threading.RLock()

    def write(self, line: bytes) -> None:
        """Append a line, after what is still pending."""
        with self.lock:
            self.pending += line
            self.flush()

    def flush(self) -> bool:
        """Try to write what is pending; return whether nothing is left.

        A script that has closed all files, as daemons do, has closed this one as well.
        """
        if self.fd is not None and not self._is_ours(self.fd):
            self.fd = None
        try:
            if self.fd is None:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self.fd = os.open(self.path, flags, 0o666)
                self.stat = os.fstat(self.fd)
            while self.pending:
                self._write_once(self.fd)
        except OSError:
            return False
        return True

    def _write_once(self, fd: int) -> None:
        """Write as much of what is pending as the file takes.

        What is being written is not pending: a handler that reports meanwhile would write it too.
        """
        line, self.pending = self.pending, b""
        try:
            line = line[os.write(fd, line) :]
        finally:
            self.pending = line + self.pending

    def _is_ours(self, fd: int) -> bool:
        """Whether a descriptor is still that of the report file: its number may be another's."""
        try:
            return os.path.samestat(os.fstat(fd), self.stat)
        except OSError:
            return False

    def close(self) -> None:
        """Give a full disk a last while to have room for what is pending."""
        deadline = time.monotonic() + 30.0
        while self.pending and not self.flush() and time.monotonic() < deadline:
            time.sleep(0.2)
        if self.pending:
            sys.stderr.write("trial: the last reports could not be written\n")


_reporter = _Reporter()
if active:
    atexit.register(_reporter.close)
    os.register_at_fork(after_in_child=_reporter.forget)


def report(step: int | None = None, **metrics: Any) -> None:
    """Report metrics at a step (an epoch); without a step they are the trial's final result.

    Values are numbers, or anything with ``item()`` such as a tensor of one element. Outside a study
    they are printed. Never raises for a full disk: the line is written when there is room.
    """
    values = {name: _number(name, value) for name, value in metrics.items()}
    line = {"step": int(step), **values} if step is not None else values
    if not _reporter.path:
        sys.stdout.write(" ".join(f"{name}={value:g}" for name, value in line.items()) + "\n")
        sys.stdout.flush()
        return
    _reporter.write(json.dumps(line).encode() + b"\n")


def _number(name: str, value: Any) -> float:
    try:
        if hasattr(value, "item"):
            value = value.item()
        return value if isinstance(value, int) else float(value)
    except (TypeError, ValueError, RuntimeError):  # a tensor of several elements raises the last
        raise TypeError(f"report: {name} must be one number, found {value!r}") from None


_stop = threading.Event()


def should_stop() -> bool:
    """Whether the study has asked this trial to end: save a checkpoint and leave.

    The first call takes SIGTERM over, so call it once before the loop, and then at each step.
    """
    _watch()
    return _stop.is_set()


def _watch() -> None:
    global _watching  # noqa: PLW0603 - one signal, one handler, one process
    if _watching or not active or threading.current_thread() is not threading.main_thread():
        return
    _watching = True
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_term)
        # Data loader workers are ended by SIGTERM: they must not inherit the handler.
        os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))


_watching = False


def _on_term(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's signature
    _stop.set()


class _Checkpoint:
    """Finds the folder to write checkpoints to, made on first use."""

    _path: Path | None = None

    def path(self) -> Path:
        if self._path is None:
            self._path = Path(os.environ.get("HPO_CHECKPOINT") or "checkpoint")
            self._path.mkdir(parents=True, exist_ok=True)
        return self._path


_checkpoint = _Checkpoint()


def __getattr__(name: str) -> Any:
    """``checkpoint``: the folder to write checkpoints to (``./checkpoint`` outside a study)."""
    if name == "checkpoint":
        return _checkpoint.path()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
