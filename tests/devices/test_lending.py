"""What changes while a study runs: GPUs are lent and taken back, resources are edited."""

from collections.abc import Callable

import pytest
from fake_nvml import Clock

from hpo_tui.engine.execution.devices import DeviceError, DevicePool, Need
from hpo_tui.engine.execution.gpus.admission import RESERVED
from hpo_tui.engine.spec import Resources

Start = Callable[[], int]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


def test_lending_drains_and_taking_back_resumes(make: Callable[..., DevicePool]) -> None:
    pool = make()
    lease = pool.acquire(Need(trial=8))
    assert lease is not None
    label = "0" if lease.device == A else "1"
    assert pool.lend(label) == (
        f"GPU{label} is lent: no new trials start there; still running on it: #8."
    )
    assert pool.trials_on(f"GPU{label}") == (8,)
    lease.release()
    assert pool.capacity() == 1
    other = pool.acquire(Need(trial=9))
    assert other is not None
    assert other.device != lease.device
    assert pool.acquire(Need(trial=10)) is None
    assert f"GPU{label} is lent" in pool.waiting_for()
    assert pool.lend(lease.device, on=False) == f"GPU{label} is back in use."
    assert pool.acquire(Need(trial=10)) is not None
    with pytest.raises(DeviceError, match="no GPU '5'"):
        pool.lend("5")


def test_a_gpu_kept_for_a_trial_is_free_again_once_it_runs_elsewhere(
    make: Callable[..., DevicePool],
) -> None:
    pool = make(trials_per_gpu=2)
    first = [pool.acquire(Need(trial=n)) for n in range(1, 5)]
    assert all(first)
    assert pool.acquire(Need(trial=5, alone=True)) is None  # one of the two runs empty for it
    kept = first[0].device if first[0] else ""
    for lease in first:
        if lease is not None and lease.device != kept:
            lease.release()  # the other one is empty before
    alone = pool.acquire(Need(trial=5, alone=True))
    assert alone is not None
    for lease in first:
        if lease is not None and lease.device != alone.device:
            lease.release()
    assert pool.acquire(Need(trial=6)) is not None


def test_a_gpu_is_kept_for_a_trial_as_long_as_it_asks(
    make: Callable[..., DevicePool], clock: Clock
) -> None:
    pool = make(gpus=(0,), trials_per_gpu=2)
    assert pool.acquire(Need(trial=1)) is not None
    assert pool.acquire(Need(trial=2, alone=True)) is None
    clock.now += RESERVED - 1
    assert pool.acquire(Need(trial=3)) is None
    clock.now += 2
    assert pool.acquire(Need(trial=3)) is not None


def test_the_gpu_that_will_be_empty_first_is_kept(make: Callable[..., DevicePool]) -> None:
    pool = make(trials_per_gpu=2)
    leases = [pool.acquire(Need(trial=n)) for n in (1, 2, 3)]
    devices = [lease.device for lease in leases if lease is not None]
    assert devices[0] == devices[2] != devices[1]
    assert pool.acquire(Need(trial=4, alone=True)) is None
    assert pool.acquire(Need(trial=5)) is None
    assert "GPU1 is kept for trial 4" in pool.waiting_for()


def test_edited_resources_hold_from_the_next_trial_on(make: Callable[..., DevicePool]) -> None:
    pool = make(gpus=(0,), trials_per_gpu=1)
    assert pool.acquire(Need(trial=1)) is not None
    assert pool.acquire(Need(trial=2)) is None
    assert pool.adapt(Resources(gpus=(0,), trials_per_gpu=2)) == ""
    assert pool.acquire(Need(trial=2)) is not None
    assert "next run" in pool.adapt(Resources(gpus=(0, 1), trials_per_gpu=2))
    slots = DevicePool(Resources(gpus="none", slots=1), "s")
    assert slots.acquire(Need(trial=1)) is not None
    slots.adapt(Resources(gpus="none", slots=2))
    assert slots.acquire(Need(trial=2)) is not None


def test_what_is_lent_can_be_told_to_the_next_pool(make: Callable[..., DevicePool]) -> None:
    pool = make()
    assert pool.lent() == []
    pool.lend("0")
    pool.lend("1")
    pool.lend("1", on=False)
    assert pool.lent() == [A]
    later = make()
    later.lend(pool.lent()[0])
    assert later.trials_on("0") == ()
    lease = later.acquire(Need(trial=1))
    assert lease is not None
    assert lease.device == B
