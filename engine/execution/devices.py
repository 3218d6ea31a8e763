"""Where trials run: GPUs leased by UUID, shared by measured memory and watched; or CPU slots."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.base import Outcome, Telemetry
from hpo_tui.engine.execution.core_shares import CoreShares
from hpo_tui.engine.execution.cpu_slots import CpuSlots
from hpo_tui.engine.execution.gpus.admission import ALIKE, Admission
from hpo_tui.engine.execution.gpus.choice import DeviceError, find_gpus
from hpo_tui.engine.execution.gpus.group import Gpus
from hpo_tui.engine.execution.gpus.leases import LeaseFile, find_runtime_dir, make_private
from hpo_tui.engine.execution.gpus.lending import lend
from hpo_tui.engine.execution.gpus.packing import MOST, Packing
from hpo_tui.engine.execution.gpus.quarantine import Quarantine
from hpo_tui.engine.execution.gpus.sizes import Sizes
from hpo_tui.engine.execution.gpus.state import GpuState
from hpo_tui.engine.execution.gpus.user_locks import UserLock
from hpo_tui.engine.execution.gpus.words import folded
from hpo_tui.engine.execution.lease import Lease, Need
from hpo_tui.engine.gpu_locks import find_folder
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.spec.parts import Parameter, Value
from hpo_tui.engine.threads import thread_environment
from hpo_tui.engine.waiting import BESIDE

__all__ = ["DeviceError", "DevicePool", "Lease", "Need"]


class DevicePool:
    """All places where this study's trials can run.

    ``study`` identifies the study to others on this machine (its folder's path is best);
    ``space``: its parameters, for what memory a configuration will need; ``runtime_dir``,
    ``nvml``, ``environ`` and ``clock`` replace the real ones.
    Raises :class:`DeviceError` when GPUs that the study names are not there, LeaseError when
    the user's runtime directory cannot be used.
    """

    def __init__(
        self,
        resources: Resources,
        study: str,
        runtime_dir: Path | None = None,
        nvml: Any | None = None,
        *,
        space: Sequence[Parameter] = (),
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.resources, self.study = resources, study
        self.packing, self._clock = Packing(resources.trials_per_gpu), clock
        self._sizes = Sizes(self.packing, space)
        beside = resources.busy_gpus == "use"
        self._admission = Admission(self.packing, clock, beside_others=beside)
        self._waiting: list[str] = []
        self._wrong: frozenset[str] = frozenset()
        """What of :attr:`_waiting` says what is wrong with a GPU."""
        self._task = ""
        self._quarantine = Quarantine()
        environ = os.environ if environ is None else environ
        found = find_gpus(resources, nvml, environ)
        self._nvml, self.remarks = found.driver, found.remarks
        self._cores = CoreShares(found.of, environ)
        states: dict[str, GpuState] = {}
        if found.gpus:
            folder = make_private(runtime_dir) if runtime_dir else find_runtime_dir(environ)
            shared = None if runtime_dir else find_folder(environ)
            for gpu in found.gpus:
                file, others = LeaseFile(folder, gpu.uuid, study), UserLock(shared, gpu.uuid)
                states[gpu.uuid] = GpuState(gpu, file, others)
        self._gpus = Gpus(states, self._nvml, self.packing, clock)
        self._slots = None if states else CpuSlots(resources)

    def acquire(self, need: Need) -> Lease | None:
        """Return a lease for ``need``, or None: :meth:`waiting_for` then says why."""
        self._waiting, self._task = [], need.task
        if self._slots:
            return self._slots.acquire(need)
        self._gpus.refresh()
        need = self._sizes.sized(need)
        size = self._admission.size(self._gpus, need)
        refusals = {s.gpu.uuid: self._admission.refusal(s, need, size) for s in self._gpus}
        self._waiting = [r for r in refusals.values() if r]
        self._wrong = frozenset(self.quarantined().values())
        open_states = [s for u, s in self._gpus.states.items() if not refusals[u]]
        open_states.sort(key=lambda s: (len(s.leases), s.reading.used if s.reading else 0))
        chosen: list[GpuState] = []
        for state in open_states:
            if len(chosen) < need.gpus and self._lock(state):
                chosen.append(state)
        if len(chosen) < need.gpus:
            self._gpus.unlock_unused()
            self._admission.reserve(self._gpus, need)
            return None
        lease = self._grant(chosen, need)
        lease.shared = False
        for other in (x for s in chosen for x in s.leases.values() if x is not lease):
            other.shared = lease.shared = True
        return lease

    def keeps_room(self, trial: int) -> bool:
        """Whether as many GPUs as a trial needs are kept for it, since it needs them to itself."""
        kept = sum(s.reserved_for == trial for s in self._gpus)
        return kept >= self.resources.gpus_per_trial

    def reacquire(self, device: str, trial: int, task: str = "", pid: int | None = None) -> Lease:
        """Take back the lease of a trial that outlived its runner; it never fails.

        A device that this study may not use any more gives a lease that only the trial knows of.
        """
        need = Need(max(1, device.count(",") + 1), trial=trial, task=task)
        if self._slots and not device.startswith(("GPU-", "MIG-")):
            lease = self._slots.reacquire(device, need)
        else:
            states = [self._gpus.states[u] for u in device.split(",") if u in self._gpus.states]
            for state in states:
                state.file.take()
                state.user_lock.take()
            lease = self._grant(states, need, device)
        if pid is not None:
            lease.bind(pid)
        return lease

    def capacity(self) -> int:
        """Return how many trials can run at once, as far as is known by then."""
        if self._slots:
            return self._slots.capacity()
        usable = [s for s in self._gpus if s.usable]
        each = self.resources.gpus_per_trial
        if each > 1:
            return len(usable) // each * max(1, self.resources.trials_per_gpu)
        return self._sizes.places(usable, self._task)

    def poll(self, trial_pids: Mapping[int, Sequence[int]]) -> Telemetry:
        """Look at all devices. ``trial_pids``: every process of every running trial."""
        if self._slots:
            return self._slots.poll(trial_pids)
        self._gpus.trial_of = {pid: trial for trial, pids in trial_pids.items() for pid in pids}
        for state in self._gpus:
            state.file.heal()
            state.user_lock.heal()
            for trial, lease in state.leases.items():
                if lease.pid is None and trial_pids.get(trial):
                    lease.bind(trial_pids[trial][0])
        self._gpus.read()
        leases = {n: x for s in self._gpus for n, x in s.leases.items()}
        return Telemetry(
            self._gpus.samples(),
            {n: lease.peak for n, lease in leases.items() if lease.peak},
            {n: x.utilization for n, x in leases.items() if x.utilization is not None},
        )

    def thread_environment(self) -> dict[str, str]:
        """Return the variables that hold any trial to its threads, empty where nothing does.

        For libraries that are imported before a trial is known, and read them then.
        """
        if self._slots:
            return thread_environment(self._slots.threads)
        return self._threads(self.resources.gpus_per_trial, self.resources.trials_per_gpu or MOST)

    def waiting_for(self) -> str:
        """Return why the last :meth:`acquire` gave nothing, in one sentence; empty if it did.

        Empty, too, where room was made since, until somebody asks again.
        """
        others = self._waiting and any(self._admission.shunned(s) for s in self._gpus)
        return "; ".join([*folded(self._waiting), *([BESIDE] if others else [])])

    def obstacles(self) -> list[str]:
        """Return what others keep this study from using, in words; none while it is only full.

        Nor what is wrong with a GPU: :meth:`quarantined` says that.
        """
        others = (w for w in self._waiting if " of our trials" not in w and w not in self._wrong)
        return list(dict.fromkeys(others))

    def learn(self, lease: Lease, outcome: Outcome, duration: float = 0.0) -> None:
        """Learn from how a trial ended, and after how many seconds: see :mod:`gpus.quarantine`."""
        self.packing.forget(lease.trial)
        if outcome == "oom":
            self.packing.ran_out(lease.level, lease.granted, self._clock())
        elif outcome == "ok" and lease.uuids:
            self.packing.succeeded(lease.need.task, lease.peak, duration, lease.mean_level)
            self._sizes.add(lease.need.task, lease.need.params, lease.peak)
            self._quarantine.ended_well(self._gpus.of(lease))
        elif outcome == "failed":
            self._quarantine.failed(self._gpus.of(lease))

    def seed(self, task: str, params: Mapping[str, Value], peak: int) -> None:
        """Take in the peak (bytes) of a trial that ended under an earlier runner."""
        self.packing.seed(task, [peak])
        self._sizes.add(task, params, peak)

    def quarantined(self) -> dict[str, str]:
        """Return UUID → why, for GPUs that get no new trials because something is wrong there."""
        return {u: s.quarantine for u, s in self._gpus.states.items() if s.quarantine}

    def adapt(self, resources: Resources) -> str:
        """Take over edited resources; return what of them waits for the next run, in words."""
        old, self.resources = self.resources, resources
        self.packing.per_gpu = resources.trials_per_gpu
        self._admission.beside_others = resources.busy_gpus == "use"
        if self._slots:
            self._slots.adapt(resources)
        if resources.gpus != old.gpus:
            return "a change of GPUs takes effect in the next run"
        return ""

    def lent(self) -> list[str]:
        """Return the UUIDs of the GPUs that are lent."""
        return [u for u, s in self._gpus.states.items() if s.lent]

    def called(self, device: str) -> str:
        """Return the labels of a trial's GPUs, joined by commas; a slot is called what it is."""
        states = self._gpus.states
        return ",".join(states[u].gpu.label if u in states else u for u in device.split(","))

    def trials_on(self, device: str) -> tuple[int, ...]:
        """Return the trials that run on a device given by label, number or UUID."""
        return self._gpus.trials_on(device)

    def lend(self, device: str, on: bool = True) -> str:
        """Stop (or start again) using a GPU; return what was done, in words.

        Trials on it go on: the caller drains them at their next checkpoint
        (:meth:`trials_on`). Taking a GPU back lifts its quarantine, too.
        Raises :class:`DeviceError` when there is no such GPU.
        """
        return lend(self._gpus, device, on=on)

    def others_on(self, lease: Lease) -> str:
        """Return who else used a trial's GPUs at the last look, in words; empty for hardly any.

        Empty, too, where the study is told to use what others leave: that is all it will ever have.
        """
        if self._admission.beside_others:
            return ""
        crowded = (s for s in self._gpus.of(lease) if s.crowded)
        return "; ".join(f"{s.gpu.label} is used by {s.others}" for s in crowded)

    def had_all(self, lease: Lease) -> bool:
        """Whether a trial had GPUs to itself than which the study has none larger."""
        if self._admission.beside_others:  # they may leave more another time
            return False
        largest = max((s.gpu.memory for s in self._gpus), default=0)
        sizes = [s.gpu.memory for s in self._gpus.of(lease)]
        return bool(sizes) and not lease.shared and min(sizes) >= ALIKE * largest

    def close(self) -> None:
        """Give NVML back. Locks of running trials stay with this process until it ends."""
        if self._nvml and self._gpus.settled:
            self._nvml.close()

    def _lock(self, state: GpuState) -> bool:
        if reason := state.lock():
            self._waiting.append(f"{state.gpu.label}: {reason}")
            return False
        return True

    def _grant(self, states: Sequence[GpuState], need: Need, device: str = "") -> Lease:
        """Return the lease of a trial on these GPUs, entered with each of them."""
        uuids = tuple(s.gpu.uuid for s in states)
        environment = {"CUDA_VISIBLE_DEVICES": device or ",".join(uuids)}
        shared = not need.alone and (need.gpus == 1 or self.packing.per_gpu)
        sharing = self._sizes.places(states[:1], need.task) if shared else 1
        environment |= self._threads(need.gpus, sharing)
        memory = need.memory if need.memory is not None else self.packing.expected(need.task)
        lease = Lease(
            device or ",".join(uuids),
            need,
            uuids,
            memory,
            level=max((len(s.leases) + 1 for s in states), default=1),
            granted=self._clock(),
            _environment=environment,
            _on_release=self._release,
            _on_bind=self._bind,
        )
        for state in states:
            state.leases[need.trial] = lease
        for state in self._gpus:  # it may have found room elsewhere than it was kept
            if state.reserved_for == need.trial:
                state.reserved_for = None
        self._waiting = []
        return lease

    def _threads(self, gpus: int, sharing: int) -> dict[str, str]:
        """Return the variables for a trial's share of the cores: see :mod:`core_shares`."""
        return self._cores.environment(self.resources, gpus=gpus, sharing=sharing)

    def _bind(self, lease: Lease) -> None:
        for state in self._gpus.of(lease):
            if lease.pid is not None:
                state.file.note(lease.trial, lease.pid)

    def _release(self, lease: Lease) -> None:
        self._waiting = []  # there is room now, as far as anybody has asked
        lease.level = self._gpus.level(lease)
        for state in self._gpus.of(lease):
            state.leases.pop(lease.trial, None)
            state.file.drop(lease.trial)
            if not state.leases:
                state.unlock()
                self._gpus.left(state)
        self.packing.forget(lease.trial)
