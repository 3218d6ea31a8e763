"""NVIDIA GPUs and MIG instances through NVML, by UUID. The driver may be absent or fail."""

import contextlib
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from hpo_tui.engine.at_once import answers
from hpo_tui.engine.execution.processes import parent
from hpo_tui.engine.nvidia import PATIENCE

_GENERATIONS = 16
"""Parents of a process that are looked at: of a foreign one none is a trial's."""
MPS = "nvidia-cuda-mps"
"""Names of CUDA's multi-process service begin so: it serves others and uses nothing itself."""


class DeviceLostError(Exception):
    """A GPU does not answer any more: it fell off the bus or needs a reset."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU or a MIG instance. ``memory`` in bytes; ``most``: processes it can hold at once."""

    uuid: str
    label: str
    """What people call it: ``GPU0``, or ``GPU0.1`` for a MIG instance."""
    model: str
    memory: int
    index: int
    mig: bool = False
    most: int | None = None
    unified: bool = False
    """Whether it has no memory of its own: ``memory`` is then the machine's."""
    handle: Any = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Label and model."""
        return f"{self.label} {self.model}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A GPU at a moment. Bytes; ``utilization`` from 0 to 1, None where NVML cannot tell (MIG).

    ``processes``: PID → bytes, or None where the driver does not say. ``temperature`` in °C and
    ``power`` in watts, None where the card does not measure them.
    """

    used: int
    total: int
    utilization: float | None
    processes: Mapping[int, int | None]
    temperature: int | None = None
    power: float | None = None
    graphics: int = 0
    """Bytes of processes that only draw: a desktop's."""


class Nvml:
    """The NVML library, opened. ``module`` is ``pynvml`` or something that acts like it."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.unusable: dict[int, str] = {}
        """Index → why the GPU is not among :meth:`devices`, in words."""
        self._silent = False
        """Whether the driver still owes an answer, for as long as which it is not let go of."""

    @classmethod
    def open(cls, module: Any = None) -> "tuple[Nvml | None, str]":
        """Return the opened library, or None and why there is none."""
        if module is None:
            try:
                module = importlib.import_module("pynvml")
            except ImportError:
                return None, "the package nvidia-ml-py is not installed"
        try:
            module.nvmlInit()
        except (module.NVMLError, OSError) as error:
            return None, f"no NVIDIA driver answers ({error})"
        return cls(module), ""

    def devices(self) -> list[Gpu]:
        """Return all GPUs in the driver's order; a GPU in MIG mode is replaced by its instances.

        One that cannot be used is left out: :attr:`unusable` then says why. Of one that was not
        given to this process, as in a container or under a scheduler, there is nothing to say.
        """
        found: list[Gpu] = []
        count = self.module.nvmlDeviceGetCount()
        asked = answers([partial(self._device, n) for n in range(count)], PATIENCE)
        for index, answer in enumerate(asked):
            if answer is None:
                self._silent = True
                self.unusable[index] = f"GPU{index} has not answered within {PATIENCE:g} s"
            elif isinstance(answer, self.module.NVMLError_NoPermission):
                continue
            elif isinstance(answer, self.module.NVMLError):
                self.unusable[index] = f"GPU{index} does not answer ({answer})"
            elif isinstance(answer, Exception):
                raise answer
            else:
                found += answer
        return found

    def read(self, gpu: Gpu) -> Reading:
        """Return memory, utilization and compute processes. Raises :class:`DeviceLostError`."""
        nvml, handle = self.module, gpu.handle
        try:
            used, total, _ = self._memory(handle)
            processes = self._ask(nvml.nvmlDeviceGetComputeRunningProcesses, handle, must=True)
        except nvml.NVMLError as error:
            raise DeviceLostError(f"{gpu.label} does not answer ({error})") from error
        rates = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        drawing = self._ask(nvml.nvmlDeviceGetGraphicsRunningProcesses, handle)
        computing = {int(p.pid) for p in processes or ()}
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        return Reading(
            used=used,
            total=total,
            utilization=None if rates is None else rates.gpu / 100,
            processes={
                int(p.pid): _bytes(p.usedGpuMemory) for p in processes or () if not _is_mps(p.pid)
            },
            temperature=self._ask(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            power=None if power is None else power / 1000,
            graphics=sum(
                _bytes(p.usedGpuMemory) or 0 for p in drawing or () if p.pid not in computing
            ),
        )

    def close(self) -> None:
        """Give the library back, unless it is still at work on an answer."""
        if self._silent:
            return
        with contextlib.suppress(self.module.NVMLError):
            self.module.nvmlShutdown()

    def _device(self, index: int) -> list[Gpu]:
        nvml = self.module
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        instances = self._instances(handle, index)
        if instances is not None:
            if not instances:
                self.unusable[index] = f"GPU{index} is in MIG mode and has no instance to run on"
            return instances
        mode = self._ask(nvml.nvmlDeviceGetComputeMode, handle)
        if mode is not None and mode == nvml.NVML_COMPUTEMODE_PROHIBITED:
            self.unusable[index] = f"GPU{index} is in compute mode Prohibited (nvidia-smi -c)"
            return []
        exclusive = mode is not None and mode == nvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS
        return [replace(self._gpu(handle, f"GPU{index}", index), most=1 if exclusive else None)]

    def _gpu(self, handle: Any, label: str, index: int) -> Gpu:
        """Return what a GPU, or an instance of one, says of itself."""
        nvml = self.module
        _, total, unified = self._memory(handle)
        return Gpu(
            uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
            label=label,
            model=_text(nvml.nvmlDeviceGetName(handle)),
            memory=total,
            index=index,
            unified=unified,
            handle=handle,
        )

    def _instances(self, parent: Any, index: int) -> list[Gpu] | None:
        """Return the MIG instances of a GPU, None when MIG is off."""
        nvml = self.module
        mode = self._ask(nvml.nvmlDeviceGetMigMode, parent)
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return None
        found: list[Gpu] = []
        for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(parent)):
            try:
                handle = nvml.nvmlDeviceGetMigDeviceHandleByIndex(parent, place)
                gpu = self._gpu(handle, f"GPU{index}.{place}", index)
                found.append(replace(gpu, mig=True))
            except nvml.NVMLError:  # a place that holds no instance
                continue
        return found

    def _memory(self, handle: Any) -> tuple[int, int, bool]:
        """Return (bytes used, bytes in all, whether they are the machine's).

        A GPU that shares the machine's memory has none that NVML could tell of.
        """
        with contextlib.suppress(self.module.NVMLError_NotSupported):
            memory = self.module.nvmlDeviceGetMemoryInfo(handle)
            return int(memory.used), int(memory.total), False
        import psutil

        machine = psutil.virtual_memory()
        return int(machine.total - machine.available), int(machine.total), True

    def _ask(self, question: Callable[..., Any], *about: Any, must: bool = False) -> Any:
        """Return the answer, None where this GPU does not support the question.

        ``must``: any other error is raised, since it then says that something is wrong.
        """
        nvml = self.module
        try:
            return question(*about)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_NoPermission):
            return None
        except nvml.NVMLError:
            if must:
                raise
            return None


def _bytes(value: Any) -> int | None:
    """Return a process's memory; NVML says 2^64-1 or None where it does not know."""
    return None if value is None or value >= 1 << 63 else int(value)


def _text(value: Any) -> str:
    """Return text from any version of the bindings: old ones answer in bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _is_mps(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith(MPS[:15])
    except OSError:
        return False


def describe_process(pid: int, memory: int | None) -> str:
    """Return who a process is, in words: ``alice (python, pid 4242, 11.2 GiB)``."""
    import psutil

    name = user = ""
    with contextlib.suppress(psutil.Error, KeyError):
        process = psutil.Process(pid)
        name = process.name()
        user = process.username()
    size = f"{memory / 2**30:.1f} GiB" if memory else ""
    called, details = (user, [name, f"pid {pid}", size]) if user else (f"pid {pid}", [name, size])
    said = ", ".join(part for part in details if part)
    return f"{called} ({said})" if said else called


def trial_over(pid: int, trial_of: Mapping[int, int]) -> int | None:
    """Return the trial to which ``pid`` belongs by its session, or by a parent of its parents.

    Launchers such as torchrun give each of their processes a session of its own.
    """
    for _ in range(_GENERATIONS):
        try:
            found = trial_of.get(pid, trial_of.get(os.getsid(pid)))
        except OSError:
            return None
        if found is not None:
            return found
        pid = parent(pid)
        if pid <= 1:
            return None
    return None


def exists(pid: int) -> bool:
    """Whether ``pid`` can be seen from here: in a container the driver names PIDs of the host."""
    return Path(f"/proc/{pid}").exists()
