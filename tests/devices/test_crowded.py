"""GPUs that others use, seen or unseen, and GPUs that are not alike."""

from collections.abc import Callable

import pytest
from fake_nvml import GIB, Clock, FakeGpu, FakeNvml

from hpo_tui.engine.execution.devices import DevicePool, Need
from hpo_tui.engine.execution.gpus.admission import FREED
from hpo_tui.engine.execution.local import LocalExecutor

Start = Callable[[], int]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


def test_memory_that_nobody_seems_to_use_is_somebody_s(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock
) -> None:
    nvml.gpus[0].context = 13 * GIB  # a process of another container, or one that hangs
    pool = make(gpus=(0,))
    assert pool.acquire(Need(trial=1)) is None
    assert pool.obstacles() == [
        "GPU0 is in use by what cannot be seen from here (13.0 GiB: another container, or one that"
        " hangs)"
    ]
    nvml.gpus[0].graphics = {7: 12 * GIB}  # a desktop after all
    clock.now += 1
    assert pool.acquire(Need(trial=1)) is not None


def test_what_a_trial_has_left_behind_keeps_the_next_one_away(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock
) -> None:
    pool = make(gpus=(0,))
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    nvml.gpus[0].context = 20 * GIB
    lease.release()
    assert pool.acquire(Need(trial=2)) is None  # read anew, at the same moment
    assert pool.obstacles() == []  # it may only take a moment
    clock.now += FREED + 1
    assert pool.acquire(Need(trial=2)) is None
    assert "cannot be seen from here" in pool.obstacles()[0]
    nvml.gpus[0].context = 0
    clock.now += 1
    assert pool.acquire(Need(trial=2)) is not None


@pytest.mark.parametrize(
    "case", [(12 * GIB, "GPU0 is used by "), (GIB // 2, ""), (None, "GPU0 is used")]
)
def test_who_has_come_beside_a_running_trial_is_known_at_its_end(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock, process: Start,
    case: tuple[int | None, str],
) -> None:  # fmt: skip
    memory, told = case
    pool = make(gpus=(0,))
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    mine = process()
    lease.bind(mine)
    nvml.gpus[0].processes = {mine: 11 * GIB}
    assert pool.others_on(lease) == ""
    nvml.gpus[0].processes[process()] = memory
    clock.now += 1
    sample = pool.poll({1: [mine]}).samples[0]
    assert pool.others_on(lease).startswith(told)
    assert bool(pool.others_on(lease)) == bool(told)
    assert "(sleep, pid " in sample.others


def test_a_launcher_s_processes_belong_to_its_trial_before_any_look(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock, nested: tuple[int, int]
) -> None:
    pool = make(gpus=(0,), trials_per_gpu=2)
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    lease.bind(nested[0])
    nvml.gpus[0].processes = {nested[1]: 5 * GIB}
    clock.now += 1
    assert pool.acquire(Need(trial=2)) is not None


@pytest.fixture
def small(nvml: FakeNvml) -> FakeGpu:
    """The first GPU of two, with half of the other's memory."""
    nvml.gpus[0].total = 12 * GIB
    nvml.gpus[1].context = GIB  # by itself the emptier one would be taken
    return nvml.gpus[0]


def test_what_ran_out_of_memory_is_tried_again_on_a_larger_gpu(
    make: Callable[..., DevicePool], small: FakeGpu, nvml: FakeNvml, clock: Clock, process: Start
) -> None:
    assert small.total == 12 * GIB
    pool = make()
    first, second = pool.acquire(Need(trial=1)), pool.acquire(Need(trial=2))
    assert first is not None
    assert second is not None
    assert (first.device, second.device) == (A, B)
    first.release()  # out of memory
    assert pool.acquire(Need(trial=1, alone=True)) is None
    assert pool.obstacles() == []
    assert pool.acquire(Need(trial=3)) is not None  # it does for others meanwhile
    second.release()
    again = pool.acquire(Need(trial=1, alone=True))
    assert again is not None
    assert again.device == B
    again.release()
    nvml.gpus[1].processes = {process(): GIB}  # nobody knows for how long
    clock.now += 1
    assert pool.acquire(Need(trial=4, alone=True)) is None
    assert "GPU0 is full" in pool.waiting_for()


def test_a_gpu_too_small_for_most_trials_gets_none(
    make: Callable[..., DevicePool], small: FakeGpu
) -> None:
    pool = make(trials_per_gpu=1)
    lease = pool.acquire(Need(trial=1, task="t"))
    assert lease is not None
    assert lease.device == A  # nothing is known yet
    lease.peak = small.total + GIB
    pool.learn(lease, "ok", 10)
    lease.release()
    large = pool.acquire(Need(trial=2, task="t"))
    assert large is not None
    assert large.device == B
    assert pool.acquire(Need(trial=3, task="t")) is None
    assert "GPU0 is too small" in pool.waiting_for()
    assert pool.acquire(Need(trial=4, task="cheap")) is not None


def test_a_gpu_is_told_of_each_time_that_it_is_lost(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock
) -> None:
    pool = make()
    executor = LocalExecutor(pool)
    nvml.gpus[0].processes = {4_000_001: GIB}
    assert pool.poll({}).samples[0].others
    nvml.gpus[0].lost = True
    clock.now += 1
    sample = pool.poll({}).samples[0]
    assert (sample.device, sample.memory_total, sample.others) == (A, 0, "")
    assert sample.trouble == "GPU0 does not answer (GPU is lost)"
    assert pool.acquire(Need(trial=1)) is not None
    assert pool.acquire(Need(trial=2)) is None
    assert executor.notes() == []  # that it is lost is said as such


def test_a_gpu_is_kept_for_each_trial_that_needs_one_to_itself(
    make: Callable[..., DevicePool],
) -> None:
    pool = make(trials_per_gpu=2)
    leases = [pool.acquire(Need(trial=n)) for n in range(1, 5)]
    first = leases[0]
    assert first is not None
    first.release()
    for trial in (5, 6):  # the emptiest GPU is kept for the first of them
        assert pool.acquire(Need(trial=trial, alone=True)) is None
    assert [pool.keeps_room(trial) for trial in (5, 6, 7)] == [True, True, False]
    assert pool.acquire(Need(trial=7, alone=True)) is None
    assert not pool.keeps_room(7)


def test_whether_a_trial_had_all_that_it_can_have(
    make: Callable[..., DevicePool], small: FakeGpu
) -> None:
    pool = make(trials_per_gpu=2)
    leases = [pool.acquire(Need(trial=n)) for n in (1, 2)]
    on_small, on_large = (lease for lease in leases if lease is not None)
    assert small.uuid == on_small.device
    assert not pool.had_all(on_small)  # the other GPU has more
    assert pool.had_all(on_large)
    more = [pool.acquire(Need(trial=n)) for n in (3, 4)]
    assert sorted(x.device for x in more if x is not None) == [A, B]
    for lease in (on_large, *more):
        assert lease is not None
        assert not pool.had_all(lease)
    adopted = make().reacquire(B, 9)
    assert not pool.had_all(adopted)  # nobody knows what was beside it
    assert not make(busy_gpus="use", gpus=(1,)).had_all(on_large)
