"""What is said of many GPUs can be read: the same is said of them once, and UUIDs are cut."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_nvml import GIB, Clock, FakeGpu, FakeNvml

from hpo_tui.engine.execution.devices import DeviceError, DevicePool, Need
from hpo_tui.engine.execution.gpus.words import folded
from hpo_tui.engine.execution.local import LocalExecutor
from hpo_tui.engine.spec import Resources

UUIDS = [f"GPU-{n}1b2c3d4-5e6f-7a8b-9c0d-1e2f3a4b5c6d" for n in range(8)]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([], []),
        (["GPU0 is lent", "GPU0 is lent"], ["GPU0 is lent"]),
        (["GPU0: x has it", "GPU1: x has it"], ["GPU0, GPU1: x has it"]),
        ([f"GPU{n} is lent" for n in range(8)], ["GPU0 to GPU7 are lent"]),
        ([f"GPU{n} is lent" for n in (0, 2, 4, 6)], ["GPU0, GPU2, GPU4, GPU6 are lent"]),
        ([f"GPU{n}: x" for n in (0, 2, 4, 6, 7)], ["GPU0, GPU2, GPU4 and 2 more: x"]),
        ([f"GPU0.{n} is lent" for n in range(5)], ["GPU0.0, GPU0.1, GPU0.2 and 2 more are lent"]),
        (["GPU0 does not answer (a)", "x", "GPU1 does not answer (b)"],
         ["GPU0 does not answer (a)", "x", "GPU1 does not answer (b)"]),
        (["GPU0 does not answer", "x", "GPU1 does not answer"], ["GPU0, GPU1 do not answer", "x"]),
    ],
)  # fmt: skip
def test_the_same_of_several_gpus_is_said_once(said: list[str], shown: list[str]) -> None:
    assert folded(said) == shown


def test_messages_about_eight_gpus_are_short_and_the_log_has_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    nvml = FakeNvml([FakeGpu(uuid) for uuid in UUIDS])
    environ = {"CUDA_VISIBLE_DEVICES": ",".join([*UUIDS[:7], "GPU-gone"])}
    said = DevicePool(Resources(), "s", nvml=nvml, environ=environ).remarks
    assert said == (
        "CUDA_VISIBLE_DEVICES names 'GPU-gone', which is no GPU here (GPU0 is GPU-01b2c3d4…,"
        " GPU1 is GPU-11b2c3d4…, GPU2 is GPU-21b2c3d4… and 5 more): only GPU0 to GPU6 are used"
    )
    assert all(uuid in caplog.text for uuid in UUIDS)
    with pytest.raises(DeviceError) as refused:
        DevicePool(Resources(gpus=(9,)), "s", nvml=nvml, environ={})
    assert "GPU2 (GPU-21b2c3d4…) and 5 more." in str(refused.value)


def test_what_another_study_has_is_told_once_for_all_gpus(
    tmp_path: Path, clock: Clock, process: Callable[[], int]
) -> None:
    nvml = FakeNvml([FakeGpu(uuid) for uuid in UUIDS])
    first, second = (
        DevicePool(Resources(trials_per_gpu=1), s, tmp_path / "run", nvml, environ={}, clock=clock)
        for s in ("/one", "/two")
    )
    leases = [first.acquire(Need(trial=n)) for n in range(8)]
    executor = LocalExecutor(second)
    assert second.acquire(Need(trial=1)) is None  # nothing is to be seen on the GPUs yet
    assert second.waiting_for() == "GPU0 to GPU7: the study /one has it"
    assert executor.notes() == ["GPU0 to GPU7: the study /one has it"]
    for lease, gpu in zip(leases, nvml.gpus, strict=True):
        assert lease is not None
        pid = process()
        lease.bind(pid)
        gpu.processes = {pid: 4 * GIB}
    clock.now += 5
    assert second.acquire(Need(trial=1)) is None
    assert second.waiting_for() == "GPU0 to GPU7: the study /one has it"
    assert executor.notes() == []
    nvml.gpus[3].processes[process()] = GIB  # somebody who is no trial of that study
    clock.now += 5
    assert second.acquire(Need(trial=1)) is None
    assert [text.partition(" (")[0].split()[:5] for text in executor.notes()] == [
        ["GPU3", "is", "in", "use", "by"]
    ]
