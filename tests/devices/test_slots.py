"""Where there is no GPU: slots on the processor."""

from collections.abc import Callable

import pytest
from fake_nvml import FakeNvml

from hpo_tui.engine.execution.devices import DeviceError, DevicePool, Need
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.threads import count_cores

Start = Callable[[], int]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


def test_no_driver_gives_cpu_slots() -> None:
    pool = DevicePool(Resources(slots=2, threads=3), "s", nvml=FakeNvml([], driver=False))
    first, second = pool.acquire(Need(trial=1)), pool.acquire(Need(trial=2))
    assert first is not None
    assert second is not None
    assert (first.device, second.device, pool.capacity()) == ("cpu:0", "cpu:1", 2)
    assert pool.acquire(Need(trial=3)) is None
    environment = first.environment()
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    assert environment["OMP_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "3"
    first.release()
    first.release()
    third = pool.acquire(Need(trial=3))
    assert third is not None
    assert third.device == "cpu:0"


def test_a_gpu_that_is_asked_for_is_told_that_there_is_none() -> None:
    pool = DevicePool(Resources(), "s", nvml=FakeNvml([], driver=False))
    with pytest.raises(DeviceError, match="no GPU '0' in this study; its trials run on the proc"):
        pool.lend("0")


def test_cores_are_shared_out_among_slots() -> None:
    pool = DevicePool(Resources(gpus="none", slots=2), "s")
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    share = str(max(1, count_cores() // 2))
    assert lease.environment()["OMP_NUM_THREADS"] == share
    assert pool.thread_environment()["OMP_NUM_THREADS"] == share


def test_cpu_polls_measure_resident_memory(process: Start) -> None:
    pool = DevicePool(Resources(gpus="none"), "s")
    pool.acquire(Need(trial=5))
    result = pool.poll({5: [process()]})
    assert result.peaks[5] > 0
    assert result.samples[0].trials == (5,)
    assert result.samples[0].memory_total > result.samples[0].memory_used > 0


def test_adopted_slots_are_taken_even_beyond_the_number() -> None:
    pool = DevicePool(Resources(gpus="none", slots=1), "s")
    assert pool.reacquire("cpu:3", 1).device == "cpu:3"
    assert pool.reacquire("cpu:3", 2).device == "cpu:4"
    lease = pool.acquire(Need(trial=3))
    assert lease is not None
    assert lease.device == "cpu:0"
