"""The warm parent: a process with heavy imports done, from which trials are forked in milliseconds.

Run as a script, by path, with the interpreter of the user's command; it needs nothing but the
standard library (Python 3.9 or later) and ``shim.py`` beside it. Requests and answers are JSON
lines on one socket. Each request forks a shim (:mod:`hpo_tui.engine.execution.shim`), which forks
once more for the script: trials from here and from a cold start are supervised in the same way.

Nothing may touch CUDA before the fork, because a CUDA context does not survive it: the parent
refuses to serve if an import has opened the driver. CUDA_VISIBLE_DEVICES is set in the child.

``warm_server.py SOCKET_FD MODULE...``
"""

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # the modules of this folder must not hide the user's

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import io
import json
import os
import runpy
import signal
import socket
import threading
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ON_FIRST_USE = {"torch": "torch._dynamo"}
"""What modules import by themselves when they are first used: torch with its first optimizer."""


class Forked(BaseException):
    """Raised in a forked child, so that nothing of the parent stays on its stack."""


def load_shim() -> types.ModuleType:
    """Return the module ``shim.py`` under a name that hides nothing of the user's."""
    path = Path(__file__).resolve().with_name("shim.py")
    spec = importlib.util.spec_from_file_location("_hpo_tui_shim", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def warm_up(names: "list[str]") -> str:
    """Import modules; return why children must not be forked from here, or nothing."""
    if not hasattr(os, "waitstatus_to_exitcode"):
        return f"Python 3.9 or later is needed, this is {sys.version.split()[0]}"
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - whatever an import raises is passed on
            return f"import of {name} failed: {type(error).__name__}: {error}"
    for name, later in _ON_FIRST_USE.items():
        if name in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(later)
    # NVML opens the control device alone; unified memory is opened by a CUDA context.
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(link.readlink()).startswith("/dev/nvidia-uvm"):
                return "an import of the warm list opens the GPU, and that cannot be forked"
    client = next(filter(is_client, list(sys.modules)), None)
    if client is not None:
        return (
            f"an import of the warm list takes in {client}, which reads what a trial is given when"
            " it is imported: leave out what imports it"
        )
    others = [t.name for t in threading.enumerate() if t is not threading.current_thread()]
    if others:
        return f"an import of the warm list starts threads ({', '.join(others)[:80]})"
    return ""


def is_client(name: str) -> bool:
    """Whether a module is the client of training scripts, or a copy of it under any name."""
    return {"_Reporter", "should_stop", "fidelity"} <= getattr(
        sys.modules[name], "__dict__", {}
    ).keys()


def serve(channel: socket.socket) -> None:
    """Fork a shim for each request until the runner closes the socket. Children leave by Forked."""
    for line in channel.makefile("rb"):
        job = json.loads(line)
        try:
            log = os.open(job["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                pid = fork()
                if not pid:
                    raise Forked(job, os.dup(log))
            finally:
                os.close(log)
            answer: dict[str, Any] = {"pid": pid}
        except OSError as error:
            answer = {"error": str(error)}
        channel.sendall(json.dumps(answer).encode() + b"\n")


def fork() -> int:
    """Fork; the idle threads of numeric libraries have fork handlers that look after them."""
    sys.stdout.flush()  # what is still in a buffer would be written by both
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def become_shim(job: "dict[str, Any]", log: int, shim: types.ModuleType) -> "dict[str, Any]":
    """Supervise the script in a session of its own; return the job in the script's process only."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        redirect(log)
        os.environ.clear()
        os.environ.update(job["env"])
        os.chdir(job["cwd"])
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        supervise(job, shim)
        os._exit(0)
    except Forked:
        return job
    except BaseException:  # noqa: BLE001 - the log is the only place that can be told
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def redirect(log: int) -> None:
    """Read from nothing and write to the log."""
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for fd in (null, log):
        if fd > 2:
            os.close(fd)


def supervise(job: "dict[str, Any]", shim: types.ModuleType) -> None:
    """Do what ``shim.main`` does, with a fork in place of starting a command."""

    class ForkShim(shim.Shim):  # type: ignore[name-defined,misc]  # the module is loaded by path
        def start(self, _argv: "list[str]") -> int:
            parent = os.getpid()
            child = fork()
            if not child:
                os.setpgid(0, 0)
                if self.place is not None:
                    os.close(self.place)
                # The shim was killed: its runner takes the trial for ended, so it must be.
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                if os.getppid() != parent:
                    os._exit(1)
                raise Forked
            with contextlib.suppress(OSError):
                os.setpgid(child, child)
            return child

    supervisor = ForkShim(job["folder"], int(job["attempt"]), job["timeout"], job["grace"])
    supervisor.supervise(job["argv"])


def become_script(job: "dict[str, Any]") -> None:
    """Make this process what an interpreter is before it runs its script."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    unbuffered = bool(job["unbuffered"] or os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as the interpreter does it
    sys.stdout = sys.__stdout__ = _stream(sys.stdout, 1, unbuffered)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(sys.stderr, 2, unbuffered)  # type: ignore[misc]
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:  # else all trials would draw the same numbers
        numpy.random.seed()
    if torch is not None:  # those of devices are made, and seeded, when a device is first used
        torch.default_generator.seed()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if torch is not None and threads.isdigit() and int(threads) > 0:
        torch.set_num_threads(int(threads))


def _stream(old: Any, fd: int, unbuffered: bool) -> io.TextIOWrapper:
    """Return a standard stream on ``fd``, as the interpreter makes it at its start."""
    raw = io.FileIO(fd, "wb", closefd=False)
    buffer: Any = raw if unbuffered else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        buffer, old.encoding, old.errors, "\n", line_buffering=fd == 2, write_through=unbuffered
    )


def run_script(argv: "list[str]") -> None:
    """Run ``script.py args`` or ``-m module args`` as the interpreter would."""
    if argv[0] == "-m":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = ["-m", *argv[2:]]
        sys.modules["__main__"] = types.ModuleType("__main__")
        # What the interpreter itself calls for -m.
        runpy._run_module_as_main(argv[1])  # type: ignore[attr-defined]
        return
    path = str(Path(argv[0]).absolute())  # as the interpreter has it
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        sys.stderr.write(f"{sys.executable}: can't open file {path!r}: {error}\n")
        sys.exit(2)
    sys.path.insert(0, str(Path(path).resolve().parent))
    sys.argv = list(argv)
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__builtins__ = sys.modules["builtins"]  # type: ignore[attr-defined]
    sys.modules["__main__"] = main
    exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)


def main() -> "dict[str, Any] | None":
    """Serve; return a job in the process that is to run its script, None in the parent."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    # What a runner has asked for as it was killed, the next one starts. What was forked lives on.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # is_available() asks NVML then, and opens no context that would spoil the fork.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    shim = load_shim()
    problem = warm_up(sys.argv[2:])
    channel.sendall(json.dumps({"ready": not problem, "problem": problem}).encode() + b"\n")
    if problem:
        return None
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects ended shims
    gc.collect()
    gc.freeze()  # the collector does not touch, and so not copy, the pages of the imports
    try:
        serve(channel)
        return None
    except Forked as forked:
        job, log = forked.args
    os.close(channel.detach())
    return become_shim(job, log, shim)


def start() -> None:
    """Serve, and run the script where this process turns out to be the child for it."""
    try:
        job = main()
    except (BrokenPipeError, ConnectionResetError):
        return  # the runner is gone
    if job is None:
        return
    become_script(job)
    try:
        run_script(job["argv"])
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - shown as the interpreter shows it
        inner = error.__traceback__
        while inner is not None and inner.tb_frame.f_code.co_filename in (__file__, runpy.__file__):
            inner = inner.tb_next
        sys.excepthook(type(error), error.with_traceback(inner), inner)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


if __name__ == "__main__":
    start()
