"""One GPU as the pool knows it: its lock, its trials, its last reading, whether it may be used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hpo_tui.engine.execution.lease import Lease
from hpo_tui.engine.execution.leases import LeaseFile
from hpo_tui.engine.execution.nvml import Gpu, Reading, exists, in_session_of
from hpo_tui.engine.execution.packing import MOST, Resident, Room

NOISE = 64 << 20
"""Bytes of a GPU's memory that may come and go without any process of ours."""


@dataclass
class GpuState:
    """What the pool keeps of one GPU. ``quarantine``: why it is not used, empty when it is."""

    gpu: Gpu
    file: LeaseFile
    leases: dict[int, Lease] = field(default_factory=dict)
    reading: Reading | None = None
    foreign: dict[int, int | None] = field(default_factory=dict)
    """PID → bytes of processes that are no trials of this study."""
    baseline: int = 0
    """Bytes in use while none of our trials was here."""
    lent: bool = False
    """Whether the user has given it away for the time being."""
    lost: bool = False
    """Whether the driver got no answer from it at the last reading."""
    quarantine: str = ""
    failures: int = 0
    """Failures in a row that were not the parameters' fault."""
    reserved_for: int | None = None
    """The trial that it is run empty for, which needs it alone."""
    reserved_at: float = 0.0
    """When that trial last asked for it, by the pool's clock."""

    @property
    def usable(self) -> bool:
        """Whether new trials may start here."""
        return not (self.lent or self.lost or self.quarantine)

    @property
    def foreign_bytes(self) -> int:
        """Bytes used by processes that are not our trials, as far as the driver says."""
        return sum(b or 0 for b in self.foreign.values())

    def room(self) -> Room:
        """Return the GPU as packing sees it."""
        residents = tuple(
            Resident(n, lease.need.task, lease.memory, lease.peak, lease.need.alone)
            for n, lease in self.leases.items()
        )
        total = self.reading.total if self.reading else self.gpu.memory
        taken = self.foreign_bytes or (self.baseline if self.baseline > NOISE else 0)
        return Room(total, taken, residents, MOST if self.gpu.most is None else self.gpu.most)

    def take_in(self, reading: Reading, trial_of: Mapping[int, int]) -> dict[int, int]:
        """Keep a reading; return the bytes of each trial here. ``trial_of``: PID → trial."""
        self.reading = reading
        used, self.foreign = attribute(reading, self.leases, trial_of, self.baseline)
        if not self.leases:
            self.baseline = reading.used - self.foreign_bytes
        return used


def attribute(
    reading: Reading, trials: Iterable[int], trial_of: Mapping[int, int], baseline: int
) -> tuple[dict[int, int], dict[int, int | None]]:
    """Split a GPU's memory among trials and foreign processes: (trial → bytes, PID → bytes).

    In a container the driver names PIDs of the host, or none at all. Processes that cannot be seen
    from here are taken for ours while a trial of ours is on the GPU, and what the trials use is
    then the growth of the used memory, in equal parts.
    """
    used = dict.fromkeys(trials, 0)
    foreign: dict[int, int | None] = {}
    seen: set[int] = set()
    blind = not reading.processes
    for pid, size in reading.processes.items():
        trial = trial_of.get(pid)
        if trial is None:
            trial = in_session_of(pid, trial_of)
        if trial is not None and trial in used:
            seen.add(trial)
            used[trial] += size or 0
            blind = blind or size is None
        elif used and not exists(pid):
            blind = True
        else:
            foreign[pid] = size
    unseen = [t for t in used if t not in seen or not used[t]]
    if blind and unseen:
        rest = reading.used - baseline - sum(used.values()) - sum(b or 0 for b in foreign.values())
        if rest > NOISE:
            used.update(dict.fromkeys(unseen, rest // len(unseen)))
    return used, foreign
