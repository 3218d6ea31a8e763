"""Slots for trials on a machine (or for a study) without GPUs."""

import time
from collections.abc import Mapping, Sequence

import psutil

from hpo_tui.engine.execution.base import Telemetry
from hpo_tui.engine.execution.lease import Lease, Need
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.threads import count_cores, thread_environment
from hpo_tui.store.models import CPU, DeviceSample


class CpuSlots:
    """A fixed number of trials at once, with the cores shared out among them."""

    def __init__(self, resources: Resources) -> None:
        self.adapt(resources)
        self._taken: dict[int, Lease] = {}
        psutil.cpu_percent()  # the first call only sets the reference for the next

    def adapt(self, resources: Resources) -> None:
        """Have as many slots as ``resources`` say; a trial in one too many runs on."""
        self.slots = max(1, resources.slots)
        self.threads = resources.threads or max(1, count_cores() // self.slots)

    def acquire(self, need: Need) -> Lease | None:
        """Return the lowest free slot, None when all are taken."""
        free = (slot for slot in range(self.slots) if slot not in self._taken)
        slot = next(free, None)
        if slot is None or (need.alone and self._taken):
            return None
        if any(lease.need.alone for lease in self._taken.values()):
            return None
        return self._lease(slot, need)

    def reacquire(self, device: str, need: Need) -> Lease:
        """Take back the slot of an adopted trial, even if the study has fewer slots by then."""
        word = device.removeprefix("cpu:")
        slot = int(word) if word.isdigit() else 0
        while slot in self._taken:
            slot += 1
        return self._lease(slot, need)

    def capacity(self) -> int:
        """Return the number of slots."""
        return self.slots

    def poll(self, trial_pids: Mapping[int, Sequence[int]]) -> Telemetry:
        """Return the machine's memory and load, and the resident memory of every trial (bytes)."""
        now, load = time.monotonic(), psutil.cpu_percent() / 100
        for lease in self._taken.values():
            # The shim (the bound process) is not the trial; forked warm it only shares its pages.
            pids = [pid for pid in trial_pids.get(lease.trial, ()) if pid != lease.pid]
            lease.look(now, sum(_resident(pid) for pid in pids), load)
        memory = psutil.virtual_memory()
        sample = DeviceSample(
            time=time.time(),
            device=CPU,
            name=f"CPU {count_cores()} cores",
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            utilization=load,
            trials=tuple(sorted(lease.trial for lease in self._taken.values())),
        )
        leases = self._taken.values()
        return Telemetry(
            [sample],
            {lease.trial: lease.peak for lease in leases if lease.peak},
            {lease.trial: lease.utilization or 0.0 for lease in leases},
        )

    def _lease(self, slot: int, need: Need) -> Lease:
        environment = {"CUDA_VISIBLE_DEVICES": ""} | thread_environment(self.threads)
        lease = Lease(
            f"cpu:{slot}",
            need,
            _environment=environment,
            _on_release=self._release,
        )
        self._taken[slot] = lease
        return lease

    def _release(self, lease: Lease) -> None:
        self._taken.pop(int(lease.device.removeprefix("cpu:")), None)


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
