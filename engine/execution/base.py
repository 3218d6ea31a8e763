"""The executor's interface: where a trial's process runs and how it is held. Makers: local, ray."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from hpo_tui.engine.spec import Resources
from hpo_tui.engine.spec.parts import Value
from hpo_tui.store.folder import TrialFolder
from hpo_tui.store.models import DeviceSample

Outcome = Literal["ok", "oom", "failed", "neutral"]
"""How a trial's end speaks about its device: ``failed`` is no fault of the parameters."""
_SHIM = Path(__file__).with_name("shim.py")


@dataclass(frozen=True, slots=True)
class Launch:
    """All that is needed to start one attempt of a trial.

    ``environment`` is added to the runner's own. ``alone``: on a device with nobody else;
    ``devices``: how many GPUs it wants at once. Times in seconds; ``timeout`` None for none.
    """

    number: int
    attempt: int
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: str
    folder: TrialFolder
    timeout: float | None = None
    grace: float = 30.0
    alone: bool = False
    task: str = ""
    devices: int = 1

    @property
    def supervised(self) -> list[str]:
        """The words that follow an interpreter to run the command under a shim."""
        times = [str(self.timeout or 0), str(self.grace)]
        shim = [str(_SHIM), str(self.folder.path), str(self.attempt), *times]
        return ["-I", "-S", *shim, *self.argv]


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended. ``code`` is negative for a signal, as :mod:`subprocess` has it.

    ``duration`` in seconds, ``ended`` in Unix seconds. ``stopped``: ``asked``, ``killed`` or
    ``timeout`` when the shim ended it, else empty. ``memory``: the most resident bytes of one
    process. ``lost``: nobody recorded the end (the machine went down, or the shim itself was
    killed); the code then means nothing. ``problem``: for people, why it could not be run or its
    end not be recorded; another attempt would meet the same. ``oom``: the kernel killed some
    process of the machine for want of memory while it ran. ``begun``: False when the process was
    never started. ``left``: how many processes the command had left behind when it ended; they
    were ended too.
    """

    code: int
    duration: float
    ended: float
    stopped: str = ""
    memory: int = 0
    problem: str = ""
    lost: bool = False
    oom: bool = False
    begun: bool = True
    left: int = 0


class Running(ABC):
    """A trial's process, started or adopted. Of one that has ended only :meth:`poll` has to do."""

    number: int
    pid: int
    started: float
    """Start of the process in seconds since boot."""
    device: str

    def fileno(self) -> int | None:
        """Return a descriptor that becomes readable when the process ends, None without one."""
        return None

    @abstractmethod
    def poll(self) -> Exit | None:
        """Return how it ended, None while it runs.

        Raises OSError where its files cannot be read at present: ask again later.
        """

    def stop(self) -> None:
        """Ask it to end: the shim passes SIGTERM on, and kills after the grace period."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Have the shim kill it and all that it started, at once."""
        self._signal(signal.SIGUSR1)

    def _signal(self, number: int) -> None:  # noqa: B027 - of one that has ended there is no shim
        """Send its shim a signal."""

    def release(self) -> None:  # noqa: B027 - to do nothing is the rule
        """Give back the device, after the end; more than once does nothing."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What devices and trials use.

    ``peaks``: trial → the most bytes that it has used on a device so far. ``utilization``: trial →
    that of its device, on average since it started, from 0 to 1.
    """

    samples: list[DeviceSample] = field(default_factory=list)
    peaks: Mapping[int, int] = field(default_factory=dict)
    utilization: Mapping[int, float] = field(default_factory=dict)


class Slot(Protocol):
    """A place that is kept for one trial until it is started there, or given back."""

    @property
    def device(self) -> str:
        """The device's label."""

    def release(self) -> None:
        """Give it back."""


class Executor(ABC):
    """Places trials on devices. What one knows nothing of, it leaves as it is here."""

    @abstractmethod
    def capacity(self) -> int:
        """Return the best guess of how many trials can run at once."""

    @abstractmethod
    def waiting_for(self) -> str:
        """Return why the last :meth:`reserve` found no room, in one sentence; empty if it did."""

    @abstractmethod
    def reserve(
        self,
        number: int,
        task: str,
        *,
        devices: int = 1,
        alone: bool = False,
        params: Mapping[str, Value] | None = None,
    ) -> Slot | None:
        """Keep a place for a trial; None if there is no room at present.

        ``params``: its configuration, which may tell how much memory it will need.
        """

    def keeps_room(self, number: int) -> bool:  # noqa: ARG002 - the answer of most
        """Whether devices are run empty for a trial that waits: others may go before it then."""
        return False

    @abstractmethod
    def start(self, launch: Launch, slot: Slot) -> Running:
        """Start a trial in its place. Raises OSError if it cannot; the place is free then."""

    @abstractmethod
    def adopt(self, launch: Launch, device: str) -> Running:
        """Return an attempt that an earlier runner started, whether it still lives or has ended."""

    @abstractmethod
    def lend(self, device: str, on: bool) -> str:
        """Give a device away, or take it back; return a sentence. Raises ValueError if unknown."""

    def lent(self) -> Sequence[str]:
        """Return the devices that are lent, in words that :meth:`lend` takes."""
        return ()

    @abstractmethod
    def adapt(self, resources: Resources) -> str:
        """Take over edited resources; return what of them waits for the next run, in words."""

    def called(self, device: str) -> str:
        """Return what people call a trial's device."""
        return device

    def trials_on(self, device: str) -> tuple[int, ...]:  # noqa: ARG002 - the answer of most
        """Return the trials that run on a device."""
        return ()

    def telemetry(self, running: Mapping[int, Running]) -> Telemetry:  # noqa: ARG002 - the answer of most
        """Return what is used at this moment."""
        return Telemetry()

    def learn(self, running: Running, outcome: Outcome, duration: float) -> None:  # noqa: B027 - to do nothing is the rule
        """Tell the device how a trial on it ended; call it before the device is released."""

    def others(self, running: Running) -> str:  # noqa: ARG002 - the answer of most
        """Return who else has lately used much of a trial's device, in words; empty if nobody."""
        return ""

    def had_all(self, running: Running) -> bool:  # noqa: ARG002 - the answer of most
        """Whether a trial had all the device memory that it could have had on any device."""
        return False

    def quarantined(self) -> Mapping[str, str]:
        """Return device → why nothing is started there any more."""
        return {}

    def notes(self) -> list[str]:
        """Return what is worth telling the user and was not told before."""
        return []

    @abstractmethod
    def close(self) -> None:
        """Let go of the devices; the trials run on."""
