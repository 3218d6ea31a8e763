"""One GPU as the pool knows it: its lock, its trials, its last reading, whether it may be used."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from hpo_tui.engine.execution.gpus.leases import LeaseFile
from hpo_tui.engine.execution.gpus.nvml import Gpu, Reading, describe_process, exists, trial_over
from hpo_tui.engine.execution.gpus.packing import MOST, Resident, Room
from hpo_tui.engine.execution.gpus.user_locks import UserLock
from hpo_tui.engine.execution.lease import Lease
from hpo_tui.engine.waiting import UNSEEN

CROWDED = 0.05
"""Share of a GPU's memory from which on others may be why a trial there runs out of it."""
_NAMED = 3
"""Foreign processes that are named at most."""
NOISE = 64 << 20
"""Bytes of a GPU's memory that may come and go without any process of ours."""


@dataclass
class GpuState:
    """What the pool keeps of one GPU. ``quarantine``: why it is not used, empty when it is."""

    gpu: Gpu
    file: LeaseFile
    user_lock: UserLock
    leases: dict[int, Lease] = field(default_factory=dict)
    reading: Reading | None = None
    foreign: dict[int, int | None] = field(default_factory=dict)
    """PID → bytes of processes that are no trials of this study."""
    baseline: int = 0
    """Bytes in use while none of our trials was here."""
    freed: float = float("-inf")
    """When the last trial of ours left it, by the pool's clock."""
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
    _others: str | None = None
    """What :attr:`others` says since the last reading, None until it is asked."""
    _neighbour: str | None = None
    """The same of :attr:`neighbour`."""

    @property
    def usable(self) -> bool:
        """Whether new trials may start here."""
        return not (self.lent or self.lost or self.quarantine)

    @property
    def foreign_bytes(self) -> int:
        """Bytes used by processes that are not our trials, as far as the driver says."""
        return sum(b or 0 for b in self.foreign.values())

    @property
    def unseen(self) -> int:
        """Bytes that nobody who can be seen has taken, if they are so many as to be somebody's.

        Processes of other containers cannot be seen, nor can one be that ended and was not let go.
        The driver takes some too, but less than half of a GPU.
        """
        if self.reading is None or self.gpu.unified or self.foreign:
            return 0
        unseen = self.baseline - self.reading.graphics
        return unseen if unseen > self.gpu.memory * UNSEEN else 0

    @property
    def crowded(self) -> bool:
        """Whether others take so much of it that a trial may have run out of memory for them."""
        much = max(self.foreign_bytes, self.unseen) > self.gpu.memory * CROWDED
        return much or any(size is None for size in self.foreign.values())

    @property
    def others(self) -> str:
        """Who uses it beside trials of this study, in words; empty if nobody does."""
        if self._others is None:  # a trial that waits asks many times a second
            self._others = self._name_others()
        return self._others

    @property
    def neighbour(self) -> str:
        """The other study whose trials are all that uses it beside ours; empty if there is none."""
        if self._neighbour is None:
            study, trial_of = self.file.others() if self.foreign else ("", {})
            theirs = bool(trial_of) and all(
                trial_over(p, trial_of) is not None for p in self.foreign
            )
            self._neighbour = study if theirs else ""
        return self._neighbour

    def _name_others(self) -> str:
        if self.foreign:
            named = [describe_process(p, b) for p, b in list(self.foreign.items())[:_NAMED]]
            more = len(self.foreign) - len(named)
            return ", ".join([*named, *([f"{more} more"] if more else [])])
        if self.unseen:
            size = f"{self.unseen / 2**30:.1f} GiB"
            return f"what cannot be seen from here ({size}: another container, or one that hangs)"
        return ""

    def lock(self) -> str:
        """Keep other studies from this GPU; return an empty string, or in words who has it."""
        if reason := self.file.take():
            return reason
        reason = self.user_lock.take()
        if not reason or self.leases:  # a trial that outlived its runner is here, whoever has it
            return ""
        self.file.free()
        return reason

    def unlock(self) -> None:
        """Let others have it."""
        self.file.free()
        self.user_lock.free()

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
        self.reading, self._others, self._neighbour = reading, None, None
        used, self.foreign = attribute(
            reading, self.leases, trial_of, self.baseline, frozenset(self.foreign)
        )
        if not self.leases:
            self.baseline = reading.used - self.foreign_bytes
        return used

    def lose(self, why: str) -> None:
        """Take note that the driver gets no answer from it."""
        self.lost, self.quarantine = True, why
        self.reading, self.foreign, self._others, self._neighbour = None, {}, None, None


def attribute(
    reading: Reading, trials: Iterable[int], trial_of: Mapping[int, int], baseline: int,
    known: Collection[int] = (),
) -> tuple[dict[int, int], dict[int, int | None]]:  # fmt: skip
    """Split a GPU's memory among trials and foreign processes: (trial → bytes, PID → bytes).

    In a container the driver names PIDs of the host, or none at all. Processes that cannot be seen
    from here are taken for ours while a trial of ours is on the GPU, and what the trials use is
    then the growth of the used memory, in equal parts. ``known``: processes that were not ours at
    the last look.
    """
    used = dict.fromkeys(trials, 0)
    foreign: dict[int, int | None] = {}
    seen: set[int] = set()
    blind = not reading.processes
    for pid, size in reading.processes.items():
        trial = trial_of.get(pid)
        if trial is None:
            trial = trial_over(pid, trial_of)
        if trial is not None and trial in used:
            seen.add(trial)
            used[trial] += size or 0
            blind = blind or size is None
        elif used and pid not in known and not exists(pid):
            blind = True
        else:
            foreign[pid] = size
    unseen = [t for t in used if t not in seen or not used[t]]
    if blind and unseen:
        rest = reading.used - baseline - sum(used.values()) - sum(b or 0 for b in foreign.values())
        if rest > NOISE:
            used.update(dict.fromkeys(unseen, rest // len(unseen)))
    return used, foreign
