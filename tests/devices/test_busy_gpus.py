"""GPUs that others use, by a study that is told to use them all the same (``busy_gpus``)."""

from collections.abc import Callable

import pytest
from fake_nvml import GIB, Clock, FakeNvml

from hpo_tui.engine.execution.devices import DevicePool, Need
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.waiting import BESIDE

Start = Callable[[], int]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


def unseen(nvml: FakeNvml, process: Start) -> None:
    """Have both GPUs used by what cannot be seen from here."""
    del process
    for gpu in nvml.gpus:
        gpu.context = 13 * GIB


def seen(nvml: FakeNvml, process: Start) -> None:
    """Have both GPUs used by a program."""
    for gpu in nvml.gpus:
        gpu.processes = {process(): 13 * GIB}


def hidden(nvml: FakeNvml, process: Start) -> None:
    """Have both GPUs used by a program of another container, of which the driver tells."""
    del process
    for gpu in nvml.gpus:
        gpu.processes = {4_000_001: 13 * GIB}


@pytest.mark.parametrize("use", [unseen, seen, hidden])
def test_a_study_may_be_told_to_use_gpus_that_others_use(
    make: Callable[..., DevicePool], nvml: FakeNvml, process: Start, use: Callable[..., None],
    clock: Clock,
) -> None:  # fmt: skip
    use(nvml, process)
    pool = make()
    assert pool.acquire(Need(trial=1)) is None
    assert pool.waiting_for().endswith(f"; {BESIDE}")
    pool.adapt(Resources(busy_gpus="use"))
    lease = pool.acquire(Need(trial=1, task="t"))
    assert lease is not None
    lease.bind(process())
    index = [A, B].index(lease.device)
    nvml.gpus[index].processes[lease.pid or 0] = 4 * GIB
    clock.now += 1
    pool.poll({})
    assert lease.peak == 4 * GIB  # the others' memory is not taken for its own
    assert pool.others_on(lease) == ""  # it is all that there is: a trial too large teaches
    pool.learn(lease, "ok", 10)
    third = [pool.acquire(Need(trial=n, task="t")) for n in (2, 3, 4, 5)]
    assert [bool(given) for given in third] == [True, True, True, False]  # 11 GiB hold two each
    assert BESIDE not in pool.waiting_for()


def test_what_a_trial_left_is_not_waited_for_where_others_are(
    make: Callable[..., DevicePool], nvml: FakeNvml, process: Start
) -> None:
    unseen(nvml, process)
    pool = make(gpus=(0,), busy_gpus="use")
    for n in (1, 2):
        lease = pool.acquire(Need(trial=n))
        assert lease is not None, n
        lease.release()


def test_trials_go_where_most_memory_is_free(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock, process: Start
) -> None:
    nvml.gpus[0].processes = {process(): 20 * GIB}
    pool = make(busy_gpus="use", trials_per_gpu=1)
    first = pool.acquire(Need(trial=1, task="t"))
    assert first is not None
    assert first.device == B
    first.peak = 6 * GIB
    pool.learn(first, "ok", 10)
    assert pool.acquire(Need(trial=2, task="t")) is None
    assert "GPU0 is too small for this one of our trials" in pool.waiting_for()
    nvml.gpus[0].processes = {process(): 12 * GIB}
    clock.now += 1
    assert pool.acquire(Need(trial=2, task="t")) is not None


def test_a_gpu_for_one_process_alone_is_not_shared(
    make: Callable[..., DevicePool], nvml: FakeNvml, process: Start
) -> None:
    seen(nvml, process)
    nvml.gpus[0].exclusive = True
    pool = make(busy_gpus="use", gpus=(0,))
    assert pool.acquire(Need(trial=1)) is None
    assert "GPU0 is in use by " in pool.waiting_for()
    alone = make(gpus=(0,))
    assert alone.acquire(Need(trial=1)) is None
    assert BESIDE not in alone.waiting_for()


def test_another_study_s_gpu_stays_its_own(
    make: Callable[..., DevicePool], nvml: FakeNvml, process: Start, clock: Clock
) -> None:
    other = make("first", gpus=(0,)).acquire(Need(trial=1))
    assert other is not None
    other.bind(process())
    nvml.gpus[0].processes = {other.pid or 0: 4 * GIB}
    pool = make("second", gpus=(0,), busy_gpus="use")
    clock.now += 1
    assert pool.acquire(Need(trial=1)) is None
    assert pool.waiting_for() == "GPU0: the study first has it"
