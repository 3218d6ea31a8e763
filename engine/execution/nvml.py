"""NVIDIA GPUs and MIG instances through NVML, by UUID. The driver may be absent or fail."""

import contextlib
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
    handle: Any = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Label and model."""
        return f"{self.label} {self.model}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A GPU at a moment. Bytes; ``utilization`` from 0 to 1, None where NVML cannot tell (MIG).

    ``processes``: PID → bytes, or None where the driver does not say.
    """

    used: int
    total: int
    utilization: float | None
    processes: Mapping[int, int | None]


class Nvml:
    """The NVML library, opened. ``module`` is ``pynvml`` or something that acts like it."""

    def __init__(self, module: Any) -> None:
        self.module = module

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

        A GPU that does not answer is left out.
        """
        found: list[Gpu] = []
        for index in range(self.module.nvmlDeviceGetCount()):
            with contextlib.suppress(self.module.NVMLError):
                found += self._device(index)
        return found

    def read(self, gpu: Gpu) -> Reading:
        """Return memory, utilization and compute processes. Raises :class:`DeviceLostError`."""
        nvml = self.module
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(gpu.handle)
            processes = nvml.nvmlDeviceGetComputeRunningProcesses(gpu.handle)
        except nvml.NVMLError as error:
            raise DeviceLostError(f"{gpu.label} does not answer ({error})") from error
        rates = self._ask(lambda: nvml.nvmlDeviceGetUtilizationRates(gpu.handle))
        return Reading(
            used=int(memory.used),
            total=int(memory.total),
            utilization=None if rates is None else rates.gpu / 100,
            processes={
                int(p.pid): _bytes(p.usedGpuMemory) for p in processes if not _is_mps(p.pid)
            },
        )

    def close(self) -> None:
        """Give the library back."""
        with contextlib.suppress(self.module.NVMLError):
            self.module.nvmlShutdown()

    def _device(self, index: int) -> list[Gpu]:
        nvml = self.module
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        if instances := self._instances(handle, index):
            return instances
        mode = self._ask(lambda: nvml.nvmlDeviceGetComputeMode(handle))
        exclusive = mode is not None and mode == nvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS
        return [replace(self._gpu(handle, f"GPU{index}", index), most=1 if exclusive else None)]

    def _gpu(self, handle: Any, label: str, index: int) -> Gpu:
        """Return what a GPU, or an instance of one, says of itself."""
        nvml = self.module
        return Gpu(
            uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
            label=label,
            model=_text(nvml.nvmlDeviceGetName(handle)),
            memory=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
            index=index,
            handle=handle,
        )

    def _instances(self, parent: Any, index: int) -> list[Gpu]:
        """Return the MIG instances of a GPU, none when MIG is off."""
        nvml = self.module
        mode = self._ask(lambda: nvml.nvmlDeviceGetMigMode(parent))
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return []
        found: list[Gpu] = []
        for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(parent)):
            try:
                handle = nvml.nvmlDeviceGetMigDeviceHandleByIndex(parent, place)
                gpu = self._gpu(handle, f"GPU{index}.{place}", index)
                found.append(replace(gpu, mig=True))
            except nvml.NVMLError:  # a place that holds no instance
                continue
        return found

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Return the answer, None where this GPU does not support the question."""
        try:
            return question()
        except self.module.NVMLError:
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
    """Return who a process is, in words: ``pid 4242 (python of alice, 11.2 GiB)``."""
    import psutil

    parts: list[str] = []
    try:
        process = psutil.Process(pid)
        parts.append(process.name())
        with contextlib.suppress(psutil.Error, KeyError):
            parts[0] += f" of {process.username()}"
    except psutil.Error:
        pass
    if memory:
        parts.append(f"{memory / 2**30:.1f} GiB")
    return f"pid {pid}" + (f" ({', '.join(parts)})" if parts else "")


def in_session_of(pid: int, leaders: Mapping[int, int]) -> int | None:
    """Return the trial whose process leads the session of ``pid``, if ``leaders`` has it."""
    try:
        return leaders.get(os.getsid(pid))
    except OSError:
        return None


def exists(pid: int) -> bool:
    """Whether ``pid`` can be seen from here: in a container the driver names PIDs of the host."""
    return Path(f"/proc/{pid}").exists()
