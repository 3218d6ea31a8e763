"""What ``doctor`` says of GPUs that are in trouble."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from hpo_tui.tui.cli import doctor_gpus

pynvml: Any = pytest.importorskip("pynvml")


@pytest.fixture
def gpus(hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that returns what is said of GPUs whose memory is asked for."""

    def ask(
        memory: Callable[[int], Any],
        init: Callable[[], None] = lambda: None,
        handle: Callable[[int], int] = lambda index: index,
        drawing: Mapping[int, Any] = MappingProxyType({}),
    ) -> Any:
        answers: dict[str, Callable[..., Any]] = {
            "nvmlInit": init,
            "nvmlSystemGetDriverVersion": lambda: "550.54",
            "nvmlDeviceGetCount": lambda: 3,
            "nvmlDeviceGetHandleByIndex": handle,
            "nvmlDeviceGetName": lambda index: f"card {index}",
            "nvmlDeviceGetMemoryInfo": memory,
            "nvmlDeviceGetComputeRunningProcesses": lambda index: [],
            "nvmlDeviceGetGraphicsRunningProcesses": lambda index: drawing.get(index, []),
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


def test_a_gpu_that_hangs_is_told_and_hides_no_other(
    gpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_gpus, "PATIENCE", 0.5)
    free = threading.Event()

    def memory(index: int) -> Any:
        if index == 1:
            free.wait(30)
        return SimpleNamespace(used=1 << 30, total=24 << 30)

    found = gpus(memory)[-3:]
    free.set()
    assert [level for level, _ in found] == ["ok", "warn", "ok"]
    assert found[1][1] == "GPU 1 has not answered within 0.5 s: a study leaves it out"


def test_what_is_used_by_nobody_who_can_be_seen_is_told_and_how_to_use_it_all_the_same(
    gpus: Callable[..., Any],
) -> None:
    def memory(index: int) -> Any:
        return SimpleNamespace(used=(1, 14, 14)[index] << 30, total=24 << 30)

    desktop = SimpleNamespace(pid=7, usedGpuMemory=4 << 30)
    found = gpus(memory, drawing={2: [desktop]})
    assert found[-4][0] == found[-2][0] == "ok"
    assert found[-3] == (
        "note",
        "GPU 1: card 1, 14.0 of 24 GiB used; something that cannot be seen from here runs on it,"
        " so a study waits for it",
    )
    assert found[-1][1].startswith('busy_gpus = "use" under [resources]')


def test_a_driver_that_was_updated_while_it_was_loaded_is_explained(
    gpus: Callable[..., Any],
) -> None:
    def init() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH)

    ((level, text),) = gpus(lambda index: None, init)
    assert level == "warn"
    assert text.endswith("The driver was updated while it was loaded: restart the machine")


def test_a_gpu_that_was_not_given_to_this_process_is_not_called_silent(
    gpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor_gpus, "BUS", tmp_path / "none")

    def handle(index: int) -> int:
        if index:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)
        return index

    def memory(index: int) -> Any:
        handle(index)
        return SimpleNamespace(used=1 << 30, total=24 << 30)

    found = gpus(memory, handle=handle)
    assert found[-3] == ("ok", "GPU 0: card 0, 1.0 of 24 GiB used")
    for n, (level, text) in enumerate(found[-2:], 1):
        assert level == "note"
        assert text.startswith(f"GPU {n} is not given to this process, as in a container")


def test_gpus_of_the_machine_that_are_kept_from_us_are_counted(
    gpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor_gpus, "BUS", tmp_path)
    # Eight GPUs, the sound of one of them, and another maker's.
    kinds = [("0x10de", "0x030200")] * 8 + [("0x10de", "0x040300"), ("0x1002", "0x030000")]
    for n, (maker, kind) in enumerate(kinds):
        (tmp_path / f"{n}").mkdir()
        (tmp_path / f"{n}" / "vendor").write_text(f"{maker}\n")
        (tmp_path / f"{n}" / "class").write_text(f"{kind}\n")
    level, text = gpus(lambda index: SimpleNamespace(used=0, total=24 << 30))[-1]
    assert level == "note"
    assert text.startswith("3 of the 8 NVIDIA GPUs of this machine can be seen from here: ")


def test_a_container_without_gpus_on_a_machine_with_them_is_told(
    gpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def init() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    for place, level, said in ((tmp_path, "warn", True), (tmp_path / "none", "note", False)):
        monkeypatch.setattr(doctor_gpus, "DRIVER", place)
        ((found, text),) = gpus(lambda index: None, init)
        assert found == level
        assert ("--gpus all" in text) is said


def test_where_users_cannot_keep_their_studies_apart_it_is_told(
    gpus: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPO_TUI_GPU_LOCKS", str(tmp_path))
    level, text = gpus(lambda _: SimpleNamespace(used=0, total=24 << 30))[-1]
    assert level == "warn"
    assert text.startswith(f"{tmp_path} is no folder with the mode 1777: studies of different")
