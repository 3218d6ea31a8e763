"""Stands in for nvidia-ml-py in a runner's process: the GPUs of the JSON file ``$BOX``."""

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "devices"))

from fake_nvml import FakeGpu, FakeNvml, NVMLError

_nvml = FakeNvml([])


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    said = json.loads(Path(os.environ["BOX"]).read_text())
    if not _nvml.gpus:
        _nvml.gpus += [FakeGpu(gpu["uuid"]) for gpu in said]
    for gpu, now in zip(_nvml.gpus, said, strict=True):  # handles are kept from call to call
        gpu.lost, gpu.context = now.get("lost", False), now.get("context", 0)
        gpu.processes = {int(pid): size for pid, size in now.get("processes", {}).items()}
    return NVMLError if name == "NVMLError" else getattr(_nvml, name)
