"""What a trial asks of the devices, and what it gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hpo_tui.engine.spec.parts import Value


@dataclass(frozen=True, slots=True)
class Need:
    """What a trial asks for.

    ``alone``: no other trial on its GPUs (the retry after an out-of-memory). ``memory``: bytes
    that this configuration is expected to need on each GPU, when the caller knows. ``task`` groups
    trials whose memory and duration are alike. ``params``: the configuration.
    """

    gpus: int = 1
    alone: bool = False
    memory: int | None = None
    trial: int = 0
    task: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass
class Lease:
    """The right of one trial to run somewhere, until :meth:`release`.

    ``device``: UUIDs joined by commas, or ``cpu:0``. ``memory``: bytes that were kept for it when
    it was admitted. ``peak``: bytes measured so far on the GPU where it uses most. ``utilization``:
    that of its device, on average over the readings so far, from 0 to 1.
    """

    device: str
    need: Need
    uuids: tuple[str, ...] = ()
    memory: int | None = None
    peak: int = 0
    utilization: float | None = None
    pid: int | None = None
    released: bool = False
    shared: bool = True
    """Whether another trial may have been on its device at some time."""
    granted: float = 0.0
    """When it was given, or taken back by a later runner, by the clock of who did so."""
    level: int = 1
    """Trials on its fullest GPU at the last look, itself included."""
    _environment: Mapping[str, str] = field(default_factory=dict)
    _on_release: Callable[["Lease"], None] | None = None
    _on_bind: Callable[["Lease"], None] | None = None
    _grown: float = 0.0
    """When the peak last rose, by the clock of who looks."""
    _looks: int = 0
    """How many readings were taken in."""
    _levels: float = 0.0
    """The sum of :attr:`level` over those."""

    @property
    def trial(self) -> int:
        """The trial that holds it."""
        return self.need.trial

    @property
    def mean_level(self) -> float:
        """Trials that shared its GPU on average, itself included."""
        return self._levels / self._looks if self._looks else float(self.level)

    def environment(self) -> dict[str, str]:
        """Return the variables that keep the trial to its devices and threads."""
        return dict(self._environment)

    def bind(self, pid: int) -> None:
        """Say which process the trial is, so that the lease survives the death of its runner."""
        self.pid = pid
        if self._on_bind and not self.released:
            self._on_bind(self)

    def release(self) -> None:
        """Give the devices back; once is enough, more does nothing."""
        if not self.released:
            self.released = True
            if self._on_release:
                self._on_release(self)

    def look(self, now: float, used: int, utilization: float | None) -> None:
        """Take in one reading: bytes of this trial, and its device's utilization (0 to 1)."""
        if used > self.peak or not self._looks:
            self.peak, self._grown = max(used, self.peak), now
        if utilization is not None:
            before = self.utilization if self.utilization is not None else utilization
            self.utilization = before + (utilization - before) / (self._looks + 1)
        self._looks += 1
        self._levels += self.level

    def unchanged(self, now: float) -> float:
        """Return the seconds since the peak last rose."""
        return now - self._grown if self._looks else 0.0
