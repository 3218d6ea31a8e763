"""The GPUs of a study together: found by name, read, their memory told apart by trial."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hpo_tui.engine.execution.gpus import reader as gpu_reader
from hpo_tui.engine.execution.gpus.nvml import DeviceLostError, Reading
from hpo_tui.engine.execution.gpus.packing import Packing
from hpo_tui.engine.execution.gpus.reader import GpuReader
from hpo_tui.engine.execution.gpus.state import GpuState
from hpo_tui.engine.execution.lease import Lease
from hpo_tui.store.models import DeviceSample

FRESH = 0.25
"""Seconds that a reading serves: a runner that waits asks many times a second."""


class Gpus:
    """What the pool knows of its GPUs, by UUID. ``packing`` learns from what each trial takes."""

    def __init__(
        self,
        states: Mapping[str, GpuState],
        nvml: Any,
        packing: Packing,
        clock: Callable[[], float],
    ) -> None:
        self.states = dict(states)
        self.trial_of: dict[int, int] = {}
        """PID → trial, of every process of every trial."""
        self.readers = {u: GpuReader(nvml, s.gpu, clock) for u, s in states.items()}
        self._packing, self._clock = packing, clock
        self._read_at = float("-inf")

    def __iter__(self) -> Iterator[GpuState]:
        return iter(self.states.values())

    def __len__(self) -> int:
        return len(self.states)

    # which

    def of(self, lease: Lease) -> list[GpuState]:
        """Return those that a lease holds."""
        return [self.states[u] for u in lease.uuids if u in self.states]

    def find(self, device: str) -> list[GpuState]:
        """Return those that a label, a number or a UUID means."""
        word = str(device).strip()
        found = [s for s in self if word == s.gpu.uuid]
        word = word.lower().replace(" ", "").removeprefix("gpu") if "-" not in word else word
        return found or [
            s
            for s in self
            if word == s.gpu.label.removeprefix("GPU")
            or (word == str(s.gpu.index) and not s.gpu.mig)
            or (len(word) > 4 and s.gpu.uuid.startswith(word))
        ]

    def trials_on(self, device: str) -> tuple[int, ...]:
        """Return the trials that run on those that a label, a number or a UUID means."""
        return tuple(sorted(n for s in self.find(device) for n in s.leases))

    def leases(self) -> Iterable[Lease]:
        """Return every lease once."""
        return {id(x): x for s in self for x in s.leases.values()}.values()

    def level(self, lease: Lease) -> int:
        """Return how many trials share the fullest GPU of a lease."""
        return max((len(s.leases) for s in self.of(lease)), default=1)

    # reading

    def refresh(self) -> None:
        """Read them, unless that was done a moment ago."""
        if self._clock() - self._read_at >= FRESH:
            self.read()

    def read(self) -> None:
        """Read every GPU; take in what its trials use."""
        now = self._read_at = self._clock()
        bound = {x.pid: x.trial for x in self.leases() if x.pid}
        trial_of = self.trial_of | bound
        used: dict[int, int] = {}
        rates: dict[int, float] = {}
        self._ask()
        for uuid, state in self.states.items():
            try:
                reading = self.readers[uuid].take()
            except DeviceLostError as error:
                state.lose(str(error))
                continue
            if reading is None:  # what it said last still holds
                continue
            if state.lost:
                state.lost, state.quarantine = False, ""
            for trial, size in state.take_in(reading, trial_of).items():
                used[trial] = max(size, used.get(trial, 0))
                if reading.utilization is not None:
                    rates[trial] = max(reading.utilization, rates.get(trial, 0.0))
        for lease in self.leases():
            if lease.trial in used:
                lease.level = self.level(lease)
                lease.look(now, used[lease.trial], rates.get(lease.trial))
                self._packing.watch(lease.trial, lease.need.task, lease.peak, lease.unchanged(now))

    def _ask(self) -> None:
        """Ask all at once; wait for those that are not known to take their time."""
        asked = [reader for reader in self.readers.values() if reader.ask()]
        deadline = time.monotonic() + gpu_reader.PATIENCE
        for reader in asked:
            reader.join(max(0.0, deadline - time.monotonic()))

    @property
    def settled(self) -> bool:
        """Whether the driver owes no answer, so that it may be let go of."""
        return not any(reader.busy for reader in self.readers.values())

    def left(self, state: GpuState) -> None:
        """Take note that the last trial left a GPU: what is in use there now is somebody else's."""
        state.freed, self._read_at = self._clock(), float("-inf")

    def unlock_unused(self) -> None:
        """Let others have those on which nothing of this study runs."""
        for state in self:
            if not state.leases:
                state.unlock()

    def samples(self) -> list[DeviceSample]:
        """Return the last readings as telemetry, and which GPUs do not answer."""
        return [_sample(s, s.reading) for s in self if s.reading or s.lost]


def _sample(state: GpuState, reading: Reading | None) -> DeviceSample:
    reading = reading or Reading(0, 0, None, {})
    return DeviceSample(
        time=time.time(),
        device=state.gpu.uuid,
        name=state.gpu.name,
        memory_used=reading.used,
        memory_total=reading.total,
        utilization=reading.utilization,
        trials=tuple(sorted(state.leases)),
        foreign=state.foreign_bytes,
        temperature=reading.temperature,
        power=reading.power,
        others=state.others,
        trouble=state.quarantine or ("lent" if state.lent else ""),
    )
