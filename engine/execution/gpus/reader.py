"""Asks one GPU for a reading without waiting for ever: a driver in trouble takes its time."""

from collections.abc import Callable
from functools import partial

from hpo_tui.engine.at_once import Asked
from hpo_tui.engine.execution.gpus.nvml import DeviceLostError, Gpu, Nvml, Reading

PATIENCE = 0.5
"""Seconds that all GPUs together are waited for: sound ones answer within milliseconds."""
SILENT = 30.0
"""Seconds without an answer after which a GPU counts as lost."""


class GpuReader:
    """Reads one GPU, each time in a thread of its own, and one time after the other.

    The runner looks at its GPUs between two other things; one that takes seconds to answer, or
    never does, would keep it from starting trials on the others and from obeying.
    """

    def __init__(self, nvml: Nvml, gpu: Gpu, clock: Callable[[], float]) -> None:
        self.gpu = gpu
        self._nvml, self._clock = nvml, clock
        self._asked: Asked[Reading] | None = None
        self._since = 0.0

    def ask(self) -> bool:
        """Ask for a reading; False if an earlier one is still waited for, or none can be had."""
        if self._asked is not None:
            return not self._asked.busy
        self._since = self._clock()
        try:
            self._asked = Asked(partial(self._nvml.read, self.gpu), apart=True)
        except RuntimeError:  # this user may have no more threads at present
            return False
        return True

    def join(self, seconds: float | None = None) -> None:
        """Wait for the answer, for so many seconds at most."""
        if self._asked is not None:
            self._asked.wait(seconds)

    def take(self) -> Reading | None:
        """Return what was read, None if there is nothing new.

        Raises :class:`DeviceLostError` when the GPU does not answer, or has not for long.
        """
        if self._asked is None:
            return None
        if self._asked.busy:
            if self._clock() - self._since > SILENT:
                # The same words at every look: others would be news each time.
                raise DeviceLostError(
                    f"{self.gpu.label} has not answered for more than {SILENT:.0f} s"
                )
            return None
        found, self._asked = self._asked.answer, None
        if isinstance(found, DeviceLostError):
            raise found
        if isinstance(found, Exception):
            raise DeviceLostError(f"{self.gpu.label} cannot be read ({found})")
        return found

    @property
    def busy(self) -> bool:
        """Whether the driver is still at work on an answer."""
        return self._asked is not None and self._asked.busy
