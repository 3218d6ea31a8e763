"""The small process between the runner and one trial: it outlives the runner and tells how it went.

Run as a script by path with ``python -I -S`` (it imports nothing of ours and little else: it must
start in milliseconds). It is the leader of the trial's session and a subreaper (prctl(2)), so that
even a grandchild that called setsid comes back to it when its parent ends. It starts the command,
keeps the time limit, turns SIGTERM into a polite stop and SIGUSR1 into a kill, sweeps what the
command left behind, and writes ``exit.json`` atomically.

``shim.py FOLDER ATTEMPT TIMEOUT GRACE ARGV...`` with times in seconds, TIMEOUT 0 for none.
"""

import ctypes
import errno
import os
import signal
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36
_RESERVE = 4096
"""Bytes that exit.json is given beforehand: a full disk cannot keep it from being written."""
_SWEEP_GRACE = 1.0
"""Seconds that processes left behind get between SIGTERM and SIGKILL."""
_GIVE_UP = 20.0
"""Seconds after which a process that survives SIGKILL (stuck in the kernel) is left."""
_INSIST, _RETRY = 30.0, 0.5
"""Seconds for which starting, and writing the end, are tried; and between two tries."""
_REFUSED = (errno.EAGAIN, errno.ENOMEM)
"""Errors of a machine that starts no more processes at present."""
NOT_NOW = 75
"""The exit code of a command that the machine would not start (EX_TEMPFAIL of sysexits.h)."""
_HELPERS = (b"multiprocessing", b"loky", b"compile_worker")
"""In the command lines of processes that Python and torch start to work for another."""
_FILTERS = (b"tee", b"cat", b"grep", b"sed", b"awk", b"tr", b"ts")
"""Programs that pass on what another one prints: without them it could not print any more."""
_SIGNALS = (
    signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip


def parents() -> dict[int, int]:
    """Return pid → parent's pid of every process, zombies left out."""
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs the shim 10 ms at start
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - as above
                after_name = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if after_name[0] not in (b"Z", b"X"):
            found[int(name)] = int(after_name[1])
    return found


def descendants(root: int) -> list[int]:
    """Return the living processes below ``root``."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def told(group: int) -> list[int]:
    """Return the processes of a group that a polite stop is for, its leader among them.

    Not those that work for one of them, as a data loader's do: without them it could not come to
    its next checkpoint. They were forked (their command line is their parent's), are helpers, or
    filters that end by themselves once nobody prints any more.
    """
    lines, above = {}, parents()
    for pid in above:
        try:
            if os.getpgid(pid) == group:
                lines[pid] = command_line(pid)
        except OSError:
            continue
    return [
        pid
        for pid, line in lines.items()
        if pid == group
        or not (
            line == lines.get(above[pid])
            or any(name in line for name in _HELPERS)
            or is_filter(line)
        )
    ]


def command_line(pid: int) -> bytes:
    """Return the words of a process's command, each with a zero byte after it. Raises OSError."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - see parents()
        return file.read()


def is_filter(line: bytes) -> bool:
    """Whether a command line is that of a program that passes on what another one prints."""
    return line.partition(b"\0")[0].rpartition(b"/")[2] in _FILTERS


def text(value: str) -> str:
    """Return ``value`` as a JSON string."""
    clean = value.encode("utf-8", "backslashreplace").decode()
    body = "".join(c if c >= " " and c not in '"\\' else f"\\u{ord(c):04x}" for c in clean)
    return f'"{body}"'


def give_way(by: int) -> None:
    """Have this session give way to other processes, by as much as nice(1) is told.

    Where the kernel shares the processor out among sessions, as most do for a desktop's sake, the
    niceness of a process counts within its session alone, and the session has one of its own.
    """
    if not by:
        return
    os.nice(by)
    try:
        with open("/proc/self/autogroup", "w") as file:  # noqa: PTH123 - see parents()
            file.write(str(by))
    except OSError:
        pass  # a kernel without


class Shim:
    """One trial's supervision, from start to ``exit.json``."""

    def __init__(self, folder: str, attempt: int, timeout: float, grace: float) -> None:
        self.folder, self.attempt, self.grace = folder, attempt, grace
        self.place: int | None = None
        """The open folder: it may be renamed while the command runs."""
        self.began = time.monotonic()
        self.deadline = self.began + timeout if timeout > 0 else None
        self.child = 0
        self.code: int | None = None
        self.stopped = ""
        self.memory = 0
        self.left = 0
        """Processes that the command left behind when it ended by itself."""
        self.kill_at: float | None = None
        self.asked: set[int] = set()
        """Processes that a polite stop has told to end: they are told once."""

    def identify(self) -> None:
        """Write who we are, and reserve the room for ``exit.json``."""
        give_way(int(os.environ.pop("HPO_NICE", "0")))
        self.place = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - see parents()
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        boot = ""  # some sandboxes have none: a PID and a start have to be enough there
        try:
            with open("/proc/sys/kernel/random/boot_id") as file:  # noqa: PTH123 - see parents()
                boot = file.read().strip()
        except OSError:
            pass
        self.write(
            "process.json",
            f'{{"pid": {os.getpid()}, "ticks": {ticks}, "boot": "{boot}",'
            f' "attempt": {self.attempt}, "log": {os.fstat(1).st_size}}}\n',
        )
        try:  # noqa: SIM105 - contextlib costs the shim time at start
            self.put("exit.new", b" " * _RESERVE)
        except OSError:
            pass  # A full disk: the end may still find room.

    def write(self, name: str, content: str) -> None:
        """Replace a file of the trial's folder in one step."""
        self.put(f"{name}.tmp", content.encode())
        self.rename(f"{name}.tmp", name)

    def path(self, name: str) -> str:
        """Return how a file of the folder is called where :attr:`place` is."""
        return name if self.place is not None else f"{self.folder}/{name}"

    def put(self, name: str, content: bytes) -> None:
        """Write the beginning of a file of the folder."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        fd = os.open(self.path(name), flags, 0o666, dir_fd=self.place)
        try:
            while content:  # a disk that is nearly full takes a part of it, and says so only then
                content = content[os.write(fd, content) :]
        finally:
            os.close(fd)

    def rename(self, old: str, new: str) -> None:
        """Put a file of the folder in another's place."""
        os.replace(self.path(old), self.path(new), src_dir_fd=self.place, dst_dir_fd=self.place)

    def run(self, argv: list[str]) -> str:
        """Start the command and wait for its end; return why it could not start, or nothing."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            self.begin(argv)
        except (OSError, ValueError) as error:
            passes = isinstance(error, OSError) and error.errno in _REFUSED
            self.code = NOT_NOW if passes else 127
            return f"cannot start {argv[0]}: {error}"
        while self.child and self.reap():
            self.wait()
            self.enforce()
        return ""

    def begin(self, argv: list[str]) -> None:
        """Start the command, as soon as the machine does not refuse it; unless told to end.

        The time limit begins with it. Raises OSError.
        """
        first = time.monotonic()
        while True:
            try:
                self.child = self.start(argv)
                break
            except OSError as error:
                if error.errno not in _REFUSED or time.monotonic() > first + _INSIST:
                    raise
            got = signal.sigtimedwait(_SIGNALS, _RETRY)
            if got is not None and got.si_signo not in (signal.SIGCHLD, signal.SIGUSR2):
                self.code = -signal.SIGTERM
                self.stopped = "killed" if got.si_signo == signal.SIGUSR1 else "asked"
                break
        waited = time.monotonic() - first
        self.began += waited
        if self.deadline is not None:
            self.deadline += waited

    def start(self, argv: list[str]) -> int:
        """Start the command in a group of its own; return its PID. Raises OSError, ValueError."""
        return os.posix_spawnp(
            argv[0], argv, os.environ, setpgroup=0, setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, *_SIGNALS],
        )  # fmt: skip

    def reap(self) -> bool:
        """Collect what has ended; return whether any process is left to wait for."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                if self.code is not None and self.kill_at is None:
                    self.sweep()  # something is left, which moved on as we looked
                return time.monotonic() < (self.kill_at or 0.0) + _GIVE_UP or self.code is None
            self.memory = max(self.memory, usage.ru_maxrss * 1024)
            if pid == self.child:
                self.code = os.waitstatus_to_exitcode(status)
                if not self.stopped:
                    self.sweep()
            if self.stopped and self.code is not None:
                self.ask_orphans()

    def sweep(self) -> None:
        """Ask whatever the command left behind to end, soon by force."""
        left = descendants(os.getpid())
        self.left = len(left)
        if left:
            self.signal(left, signal.SIGTERM)
            self.signal(left, signal.SIGCONT)
            self.kill_at = time.monotonic() + min(self.grace, _SWEEP_GRACE)

    def ask_orphans(self) -> None:
        """Ask what has come back to us, as its parent has ended, to end as well.

        It keeps the grace period: a launcher that passes no signal on ends at the first one, and
        leaves behind the very program that is to write a checkpoint.
        """
        mine, back = os.getpid(), []
        for pid, parent in parents().items():
            try:
                if parent == mine and pid not in self.asked and not is_filter(command_line(pid)):
                    back.append(pid)
            except OSError:
                continue
        self.ask(back)

    def wait(self) -> None:
        """Sleep until a signal or the next deadline."""
        now = time.monotonic()
        limits = [t for t in (self.deadline, self.kill_at) if t is not None]
        pause = max(0.0, min(limits) - now) if limits else 3600.0
        if self.kill_at is not None and self.kill_at <= now:
            # What is being killed may fork on: look again, now and then at what is stuck.
            pause = 0.05 if now < self.kill_at + _GIVE_UP else 1.0
        got = signal.sigtimedwait(_SIGNALS, pause)
        if got is None:
            return
        if got.si_signo in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.stop("asked", self.grace)
        elif got.si_signo == signal.SIGUSR1:
            self.stop("killed", 0.0)

    def enforce(self) -> None:
        """Apply the time limit and the end of a grace period."""
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            self.stop("timeout", self.grace)
        if self.kill_at is not None and now >= self.kill_at:
            self.signal(descendants(os.getpid()), signal.SIGKILL)

    def stop(self, why: str, grace: float) -> None:
        """Begin to stop the trial: it is told, and killed after ``grace``."""
        at = time.monotonic() + grace
        if self.code is None and (not self.stopped or why == "killed"):
            self.stopped = why  # else it has ended by itself, and what it left is being swept
        if self.kill_at is None and grace > 0 and self.code is None:
            self.ask(told(self.child))
            try:  # noqa: SIM105 - as above
                os.killpg(self.child, signal.SIGCONT)  # one that is suspended could not save itself
            except ProcessLookupError:
                pass
        self.kill_at = at if self.kill_at is None else min(self.kill_at, at)

    def ask(self, pids: list[int]) -> None:
        """Tell processes to end; one that is suspended could not save itself."""
        self.asked.update(pids)
        self.signal(pids, signal.SIGTERM)
        self.signal(pids, signal.SIGCONT)

    @staticmethod
    def signal(pids: list[int], number: int) -> None:
        """Send a signal to each process that is still there."""
        for pid in pids:
            try:  # noqa: SIM105 - as above
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                pass

    def supervise(self, argv: list[str]) -> None:
        """Run the command, whatever comes of it, and record its end."""
        try:
            self.identify()
        except OSError as error:
            self.code = 126
            problem = f"cannot write to the trial's folder: {error.strerror}"
        else:
            problem = self.run(argv)
        self.record(problem)

    def record(self, problem: str) -> None:
        """Write ``exit.json`` into the room reserved for it, as soon as that can be done.

        A network disk that does not answer just now must not make a result one that is lost.
        """
        content = (
            f'{{"attempt": {self.attempt}, "code": {self.code if self.code is not None else -9},'
            f' "ended": {time.time()!r}, "duration": {time.monotonic() - self.began!r},'
            f' "stopped": {text(self.stopped)}, "memory": {self.memory},'
            f' "left": {self.left}, "problem": {text(problem)}}}\n'
        )
        deadline = time.monotonic() + _INSIST
        while True:
            try:
                # Blanks up to the reserved length are JSON too: nothing has to be cut off.
                self.put("exit.new", content.encode())
                self.rename("exit.new", "exit.json")
                return
            except OSError as error:
                if isinstance(error, FileNotFoundError) or time.monotonic() > deadline:
                    raise  # it was removed: nobody will ask
                self.place = None  # an open folder can be stale for ever, its name is not
                time.sleep(_RETRY)


def main() -> None:
    """Supervise the command given on the command line."""
    folder, attempt, timeout, grace, *argv = sys.argv[1:]
    shim = Shim(folder, int(attempt), float(timeout), float(grace))
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    shim.supervise(argv)
    os._exit(0)  # nothing is buffered, and tidying the interpreter up would keep the slot waiting


if __name__ == "__main__":
    main()
