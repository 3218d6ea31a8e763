"""Trials as subprocesses of this machine, each in a session of its own under a shim."""

import contextlib
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Executor, Exit, Launch, Outcome, Running, Slot, Telemetry
from hpo_tui.engine.execution.devices import DevicePool, Lease, Need
from hpo_tui.engine.execution.gpus.words import folded
from hpo_tui.engine.execution.leftovers import end_marked, find_shim, lost, read_exit, read_record
from hpo_tui.engine.execution.processes import Process
from hpo_tui.engine.execution.transient_errors import PATIENCE
from hpo_tui.engine.execution.warm import WarmStarts
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.spec.parts import Value

_FORGOTTEN = 900.0
"""Seconds without it after which what was told is news again."""
_VARYING = re.compile(r"\b(trial|pid) \d+|[\d.]+ GiB|[(),]")
"""What may change in a note without making it another one."""


class LocalRun(Running):
    """A trial's shim on this machine. ``popen`` is None for one that an earlier runner started."""

    def __init__(
        self,
        launch: Launch,
        process: Process,
        lease: Lease,
        popen: "subprocess.Popen[bytes] | None",
    ) -> None:
        self.launch = launch
        self.number = launch.number
        self.process = process
        self.pid = process.pid
        self.started = process.started
        self.lease = lease
        self.device = lease.device
        self.popen = popen
        self._oom_kills = processes.oom_kills()
        self._unread: float | None = None
        """Since when its recorded end could not be read, in seconds that the machine was awake."""
        self._descriptor: int | None = None
        with contextlib.suppress(OSError, AttributeError):
            self._descriptor = os.pidfd_open(self.pid)

    def fileno(self) -> int | None:
        """Return the process's pidfd, where the kernel has them."""
        return self._descriptor

    def poll(self) -> Exit | None:
        """Return how it ended, None while it runs."""
        if self.popen is not None:
            if self.popen.poll() is None:
                return None
        elif self.process.alive:
            return None
        return self._exit()

    def _exit(self) -> Exit | None:
        """Return how it ended; None as long as that is recorded and cannot be read."""
        oom = processes.oom_kills() > self._oom_kills
        try:
            found = read_exit(self.launch, oom=oom)
        except OSError:
            self._unread = self._unread or processes.awake()
            if processes.awake() - self._unread < PATIENCE:
                self._close()  # it would wake whoever waits for the end all the time
                return None
            found = None
        if found is not None:
            return found
        # The shim was killed before it could sweep: what it supervised is still about.
        end_marked(self.launch)
        return lost(self.launch, oom=oom)

    def _signal(self, number: int) -> None:
        """Send the shim a signal; one that somebody has stopped is woken to hear it."""
        self.process.signal(number)
        self.process.signal(signal.SIGCONT)

    def release(self) -> None:
        """Close the pidfd and give back the device."""
        self._close()
        self.lease.release()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class GoneRun(Running):
    """An attempt whose process ended while no runner was there to see it."""

    def __init__(self, launch: Launch) -> None:
        self.launch, self.number = launch, launch.number
        self.pid, self.device = 0, ""
        self.started = processes.uptime()

    def poll(self) -> Exit | None:
        """Return the recorded end, or that it was lost; what it left behind is ended first."""
        found = read_exit(self.launch, oom=False)
        if found is not None:
            return found
        end_marked(self.launch)
        data = read_record(self.launch.folder.process)
        begun = data is not None and data.get("attempt") == self.launch.attempt
        return lost(self.launch, begun=begun)


class LocalExecutor(Executor):
    """Starts and adopts trials on this machine, on what the pool leases. Use from one thread.

    ``warm`` forks the trials of Python scripts from a parent that has made their slow imports.
    """

    def __init__(
        self, pool: DevicePool, warm: WarmStarts | None = None,
        *, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.pool, self.warm, self._clock = pool, warm, clock
        self._told: dict[frozenset[str], float] = {}
        """What was told, by its words, and when it last held."""

    def capacity(self) -> int:
        """Return the best guess of how many trials can run at once."""
        return self.pool.capacity()

    def waiting_for(self) -> str:
        """Return why the last start found no room, in one sentence."""
        return self.pool.waiting_for()

    def reserve(
        self,
        number: int,
        task: str,
        *,
        devices: int = 1,
        alone: bool = False,
        params: Mapping[str, Value] | None = None,
    ) -> Slot | None:
        """Keep a place for a trial; None if there is no room at present."""
        need = Need(devices, alone=alone, trial=number, task=task, params=params or {})
        return self.pool.acquire(need)

    def keeps_room(self, number: int) -> bool:
        """Whether GPUs are run empty for a trial that waits."""
        return self.pool.keeps_room(number)

    def start(self, launch: Launch, slot: Slot) -> Running:
        """Start a trial in its place. Raises OSError if it cannot; the place is free then."""
        assert isinstance(slot, Lease)
        try:
            pid, popen = self._spawn(launch, slot)
        except BaseException:
            slot.release()
            raise
        slot.bind(pid)
        process = Process.of(pid)
        if process is None:  # ended already: its identity does not matter any more
            process = Process(pid, round(processes.uptime() * processes.TICKS))
        return LocalRun(launch, process, slot, popen)

    def _spawn(self, launch: Launch, lease: Lease) -> "tuple[int, subprocess.Popen[bytes] | None]":
        """Start the shim: forked from the warm parent where that is ready, else as a command."""
        for old in (launch.folder.exit, launch.folder.exit_ready, launch.folder.process):
            old.unlink(missing_ok=True)
        environment = {**os.environ, **lease.environment(), **launch.environment}
        if self.warm is not None:
            pid = self.warm.spawn(
                launch.argv, environment, launch.folder.path, launch.folder.log,
                attempt=launch.attempt, timeout=launch.timeout, grace=launch.grace,
            )  # fmt: skip
            if pid is not None:
                return pid, None
        with launch.folder.log.open("ab") as log:
            popen = subprocess.Popen(
                [sys.executable, *launch.supervised], env=environment, cwd=launch.cwd,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        return popen.pid, popen

    def adopt(self, launch: Launch, device: str) -> Running:
        """Return an attempt that an earlier runner started, whether it still lives or has ended."""
        process = find_shim(launch)
        if process is None:
            return GoneRun(launch)
        lease = self.pool.reacquire(device, launch.number, launch.task, process.pid)
        return LocalRun(launch, process, lease, None)

    def lend(self, device: str, on: bool) -> str:
        """Give a device away, or take it back; return a sentence. Raises ValueError if unknown."""
        return self.pool.lend(device, on)

    def lent(self) -> Sequence[str]:
        """Return the UUIDs of the GPUs that are lent."""
        return self.pool.lent()

    def adapt(self, resources: Resources) -> str:
        """Take over edited resources; return what of them waits for the next run, in words."""
        return self.pool.adapt(resources)

    def trials_on(self, device: str) -> tuple[int, ...]:
        """Return the trials that run on a device."""
        return self.pool.trials_on(device)

    def telemetry(self, running: Mapping[int, Running]) -> Telemetry:
        """Return what is used at this moment."""
        below = processes.children() if running else {}
        return self.pool.poll({n: processes.tree(r.pid, below) for n, r in running.items()})

    def learn(self, running: Running, outcome: Outcome, duration: float) -> None:
        """Tell the device how a trial on it ended; call it before the device is released."""
        if isinstance(running, LocalRun):
            self.pool.learn(running.lease, outcome, duration)

    def others(self, running: Running) -> str:
        """Return who else used much of a trial's GPUs at the last look, in words."""
        return self.pool.others_on(running.lease) if isinstance(running, LocalRun) else ""

    def had_all(self, running: Running) -> bool:
        """Whether a trial had GPUs to itself than which there are none larger."""
        return isinstance(running, LocalRun) and self.pool.had_all(running.lease)

    def called(self, device: str) -> str:
        """Return what people call a trial's device."""
        return self.pool.called(device)

    def quarantined(self) -> Mapping[str, str]:
        """Return device → why nothing is started there any more."""
        return self.pool.quarantined()

    def notes(self) -> list[str]:
        """Return what is worth telling and was not told before.

        Why trials wait, start cold, or run on the processor.
        """
        complaint = self.warm.complaint() if self.warm else ""
        found = [text for text in (self.pool.remarks, *self.pool.obstacles(), complaint) if text]
        # Two studies that share a GPU run one trial after the other there: that is no news.
        keyed = {frozenset(_VARYING.sub("", text).split()): text for text in found}
        now = self._clock()
        fresh = [t for k, t in keyed.items() if now - self._told.get(k, -math.inf) > _FORGOTTEN]
        self._told |= dict.fromkeys(keyed, now)
        return folded(fresh)

    def close(self) -> None:
        """Let go of the devices and of the warm parent; the trials run on."""
        if self.warm is not None:
            self.warm.close()
        self.pool.close()
