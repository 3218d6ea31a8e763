"""What ``doctor`` says of GPUs that are in trouble."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

pynvml: Any = pytest.importorskip("pynvml")


@pytest.fixture
def gpus(hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that returns what is said of GPUs whose memory is asked for."""

    def ask(memory: Callable[[int], Any], init: Callable[[], None] = lambda: None) -> Any:
        answers: dict[str, Callable[..., Any]] = {
            "nvmlInit": init,
            "nvmlShutdown": lambda: None,
            "nvmlSystemGetDriverVersion": lambda: "550.54",
            "nvmlDeviceGetCount": lambda: 3,
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetName": lambda index: f"card {index}",
            "nvmlDeviceGetMemoryInfo": memory,
            "nvmlDeviceGetComputeRunningProcesses": lambda index: [],
        }
        for name, answer in answers.items():
            monkeypatch.setattr(pynvml, name, answer)
        found = json.loads(hpo("doctor", "--json").out)
        return [(f["level"], f["text"]) for f in found if f["what"] == "gpu"]

    return ask


def test_one_gpu_in_trouble_hides_no_other(gpus: Callable[..., Any]) -> None:
    def memory(index: int) -> Any:
        codes = {1: pynvml.NVML_ERROR_GPU_IS_LOST, 2: pynvml.NVML_ERROR_NOT_SUPPORTED}
        if index in codes:
            raise pynvml.NVMLError(codes[index])
        return SimpleNamespace(used=1 << 30, total=24 << 30)

    assert gpus(memory)[-3:] == [
        ("ok", "GPU 0: card 0, 1.0 of 24 GiB used"),
        ("warn", "GPU 1 does not answer: GPU is lost"),
        ("ok", "GPU 2: card 2, which does not say how much memory is used"),
    ]


def test_a_driver_that_was_updated_while_it_was_loaded_is_explained(
    gpus: Callable[..., Any],
) -> None:
    def init() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH)

    ((level, text),) = gpus(lambda index: None, init)
    assert level == "warn"
    assert text.endswith("The driver was updated while it was loaded: restart the machine")
