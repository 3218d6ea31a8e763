"""A driver with invented GPUs: the part of ``pynvml`` that the program calls."""

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

GIB = 1 << 30


class Clock:
    """Time that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class NVMLError(Exception):
    def __init__(self, text: str = "Unknown Error") -> None:
        super().__init__(text)


class GpuIsLostError(NVMLError):
    pass


class NotSupportedError(NVMLError):
    pass


class NoPermissionError(NVMLError):
    pass


@dataclass
class FakeGpu:
    """One GPU (or MIG instance, when it stands in ``instances`` of another)."""

    uuid: str
    total: int = 24 * GIB
    name: str = "NVIDIA Test 24GB"
    utilization: int = 0
    processes: dict[int, int | None] = field(default_factory=dict)
    graphics: dict[int, int | None] = field(default_factory=dict)
    """Processes that draw; their bytes are in ``context``, too."""
    context: int = 0
    """Bytes in use by nobody in particular."""
    temperature: int = 40
    milliwatts: int = 30_500
    lost: bool = False
    exclusive: bool = False
    prohibited: bool = False
    forbidden: tuple[str, ...] = ()
    """What this process may not ask: ``handle``, ``memory``."""
    unsupported: tuple[str, ...] = ()
    """What it cannot tell: ``memory``, ``processes``, ``power``, ``temperature``."""
    slow: "threading.Event | None" = None
    """Its memory is told of once this is set."""
    mig: bool = False
    instances: list["FakeGpu | None"] = field(default_factory=list)


@dataclass
class FakeNvml:
    """Stands in for the module."""

    gpus: list[FakeGpu]
    driver: bool = True
    opened: int = 0
    NVMLError: type[NVMLError] = NVMLError
    NVMLError_NotSupported: type[NVMLError] = NotSupportedError
    NVMLError_NoPermission: type[NVMLError] = NoPermissionError
    NVML_DEVICE_MIG_ENABLE: int = 1
    NVML_COMPUTEMODE_PROHIBITED: int = 2
    NVML_COMPUTEMODE_EXCLUSIVE_PROCESS: int = 3
    NVML_TEMPERATURE_GPU: int = 0

    def nvmlInit(self) -> None:
        if not self.driver:
            raise NVMLError("Driver Not Loaded")
        self.opened += 1

    def nvmlShutdown(self) -> None:
        self.opened -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeGpu:
        return self._alive(self.gpus[index], "handle")

    def nvmlDeviceGetMigMode(self, gpu: FakeGpu) -> list[int]:
        if not gpu.instances and not gpu.mig:
            raise NotSupportedError("Not Supported")
        return [1 if gpu.instances else 0, 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, gpu: FakeGpu) -> int:
        return len(gpu.instances)

    def nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: FakeGpu, place: int) -> FakeGpu:
        found = gpu.instances[place]
        if found is None:
            raise NVMLError("Not Found")
        return found

    def nvmlDeviceGetUUID(self, gpu: FakeGpu) -> str:
        return gpu.uuid

    def nvmlDeviceGetName(self, gpu: FakeGpu) -> bytes:
        return gpu.name.encode()  # as old versions of the bindings answer

    def nvmlDeviceGetComputeMode(self, gpu: FakeGpu) -> int:
        return 2 if gpu.prohibited else 3 if gpu.exclusive else 0

    def nvmlDeviceGetMemoryInfo(self, gpu: FakeGpu) -> Any:
        self._alive(gpu, "memory")
        if gpu.slow is not None:
            gpu.slow.wait(30)
        used = gpu.context + sum(b or 0 for b in gpu.processes.values())
        return SimpleNamespace(total=gpu.total, used=used, free=gpu.total - used)

    def nvmlDeviceGetUtilizationRates(self, gpu: FakeGpu) -> Any:
        self._alive(gpu)
        if gpu.mig:
            raise NotSupportedError("Not Supported")
        return SimpleNamespace(gpu=gpu.utilization, memory=0)

    def nvmlDeviceGetComputeRunningProcesses(self, gpu: FakeGpu) -> list[Any]:
        self._alive(gpu, "processes")
        return [SimpleNamespace(pid=p, usedGpuMemory=b) for p, b in gpu.processes.items()]

    def nvmlDeviceGetGraphicsRunningProcesses(self, gpu: FakeGpu) -> list[Any]:
        return [SimpleNamespace(pid=p, usedGpuMemory=b) for p, b in gpu.graphics.items()]

    def nvmlDeviceGetTemperature(self, gpu: FakeGpu, sensor: int) -> int:
        self._alive(gpu, "temperature")
        return gpu.temperature

    def nvmlDeviceGetPowerUsage(self, gpu: FakeGpu) -> int:
        self._alive(gpu, "power")
        return gpu.milliwatts

    @staticmethod
    def _alive(gpu: FakeGpu, question: str = "") -> FakeGpu:
        if gpu.lost:
            raise GpuIsLostError("GPU is lost")
        if question in gpu.forbidden:
            raise NoPermissionError("Insufficient Permissions")
        if question in gpu.unsupported:
            raise NotSupportedError("Not Supported")
        return gpu
