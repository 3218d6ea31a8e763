"""The pool: who gets which GPU, who waits and why."""

import getpass
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_nvml import GIB, Clock, FakeNvml

from hpo_tui.engine.execution.devices import DevicePool, Need
from hpo_tui.engine.execution.gpus.leases import LeaseFile
from hpo_tui.engine.execution.gpus.nvml import Gpu, Reading
from hpo_tui.engine.execution.gpus.state import NOISE, GpuState, attribute
from hpo_tui.engine.execution.gpus.user_locks import UserLock
from hpo_tui.engine.execution.local import LocalExecutor

Start = Callable[[], int]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


def test_gpus_are_given_one_each_by_uuid(make: Callable[..., DevicePool]) -> None:
    pool = make(threads=2)
    first, second = pool.acquire(Need(trial=1)), pool.acquire(Need(trial=2))
    assert first is not None
    assert second is not None
    assert {first.device, second.device} == {A, B}
    assert first.environment() == {
        "CUDA_VISIBLE_DEVICES": first.device,
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "NUMEXPR_NUM_THREADS": "2",
    }
    assert pool.acquire(Need(trial=3)) is None
    assert "full" in pool.waiting_for()


def test_two_studies_never_share_a_gpu(make: Callable[..., DevicePool]) -> None:
    one, two = make("one", gpus=(0,)), make("two")
    held = one.acquire(Need(trial=1))
    assert held is not None
    other = two.acquire(Need(trial=1))
    assert other is not None
    assert other.device == B
    other.release()
    assert make("three", gpus=(0,)).acquire(Need(trial=1)) is None
    held.release()
    assert make("three", gpus=(0,)).acquire(Need(trial=1)) is not None


def test_an_adopted_trial_keeps_its_gpu(make: Callable[..., DevicePool], process: Start) -> None:
    first = make("one", gpus=(0,))
    lease = first.acquire(Need(trial=4))
    assert lease is not None
    pid = process()
    lease.bind(pid)
    for state in first._gpus:  # the runner dies: its locks go, its notes stay
        os.close(state.file._fd or -1)
        state.file._fd = None
    assert make("two", gpus=(0,)).acquire(Need(trial=1)) is None
    again = make("one", gpus=(0,))
    adopted = again.reacquire(A, 4, pid=pid)
    assert adopted.device == A
    assert again.acquire(Need(trial=5)) is None
    adopted.release()
    assert again.acquire(Need(trial=5)) is not None


def test_a_foreign_process_is_waited_for_and_named(
    make: Callable[..., DevicePool], nvml: FakeNvml, process: Start
) -> None:
    nvml.gpus[0].processes = {(pid := process()): 3 * GIB}
    pool = make(gpus=(0,))
    assert pool.acquire(Need(trial=1)) is None
    sentence = pool.waiting_for()
    assert sentence.startswith(f"GPU0 is in use by {getpass.getuser()} (sleep, pid {pid}, ")
    assert "3.0 GiB" in sentence
    assert pool.poll({}).samples[0].foreign == 3 * GIB


def test_our_own_processes_are_not_foreign(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock, process: Start
) -> None:
    pool = make(gpus=(0,), trials_per_gpu=2)
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    pid = process()
    lease.bind(pid)
    nvml.gpus[0].processes = {pid: 5 * GIB}
    nvml.gpus[0].utilization = 40
    clock.now += 1
    assert pool.acquire(Need(trial=2)) is not None  # seen by its PID before any poll
    clock.now += 1
    result = pool.poll({1: [pid], 2: []})
    assert result.peaks == {1: 5 * GIB}
    assert result.utilization[1] == pytest.approx(0.4)
    nvml.gpus[0].processes = {pid: 2 * GIB}
    clock.now += 1
    assert pool.poll({1: [pid]}).peaks[1] == 5 * GIB
    sample = pool.poll({1: [pid]}).samples[0]
    assert (sample.trials, sample.foreign, sample.memory_used) == ((1, 2), 0, 2 * GIB)
    assert sample.name.startswith("GPU0 ")


def test_in_a_container_memory_is_split_where_pids_cannot_be_seen(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock
) -> None:
    nvml.gpus[0].context = GIB
    pool = make(gpus=(0,), trials_per_gpu=2)
    pool.acquire(Need(trial=1))
    pool.acquire(Need(trial=2))
    nvml.gpus[0].processes = {2**22 + 5: 4 * GIB, 2**22 + 6: 4 * GIB}  # PIDs of the host
    clock.now += 1
    assert pool.poll({}).peaks == {1: 4 * GIB, 2: 4 * GIB}
    assert pool.poll({}).samples[0].foreign == 0
    nvml.gpus[0].processes, nvml.gpus[0].context = {}, 13 * GIB  # or the driver names none
    clock.now += 1
    assert pool.poll({}).peaks == {1: 6 * GIB, 2: 6 * GIB}


@pytest.mark.parametrize(("unified", "unseen"), [(False, 20 * GIB), (True, 0)])
def test_the_machine_s_own_memory_is_taken_by_anybody(
    tmp_path: Path, unified: bool, unseen: int
) -> None:
    gpu = Gpu("GPU-a", "GPU0", "GB10", 24 * GIB, 0, unified=unified)
    state = GpuState(gpu, LeaseFile(tmp_path, "GPU-a", "s"), UserLock(None, "GPU-a"))
    state.take_in(Reading(20 * GIB, 24 * GIB, 0.0, {}), {})
    assert state.unseen == unseen
    assert bool(state.others) is not unified


def test_what_comes_and_goes_by_itself_is_no_trial_s_memory() -> None:
    for size, used in ((NOISE, 0), (NOISE + 2, NOISE + 2)):
        reading = Reading(GIB + size, 24 * GIB, 0.0, {})
        assert attribute(reading, [1], {}, GIB) == ({1: used}, {})


def test_memory_that_was_learned_lets_a_second_trial_in(
    make: Callable[..., DevicePool], clock: Clock
) -> None:
    pool = make(gpus=(0,))
    first = pool.acquire(Need(trial=1, task="t"))
    assert first is not None
    assert pool.acquire(Need(trial=2, task="t")) is None
    first.peak = 6 * GIB
    pool.learn(first, "ok", 100)
    first.release()
    assert pool.capacity() == 3
    leases = [pool.acquire(Need(trial=n, task="t")) for n in (2, 3, 4)]
    assert all(leases)
    assert pool.acquire(Need(trial=5, task="t")) is None
    clock.now += 1
    pool.poll({})
    assert leases[0] is not None
    pool.learn(leases[0], "oom")
    leases[0].release()
    assert pool.acquire(Need(trial=6, task="t")) is None  # two at most after the out-of-memory


def test_a_trial_that_needs_its_gpu_alone_is_not_starved(
    make: Callable[..., DevicePool], clock: Clock
) -> None:
    pool = make(gpus=(0,), trials_per_gpu=2)
    one, two = pool.acquire(Need(trial=1)), pool.acquire(Need(trial=2))
    assert one is not None
    assert two is not None
    assert pool.acquire(Need(trial=3, alone=True)) is None
    one.release()
    assert pool.acquire(Need(trial=4)) is None
    assert "kept for trial 3" in pool.waiting_for()
    two.release()
    alone = pool.acquire(Need(trial=3, alone=True))
    assert alone is not None
    assert pool.acquire(Need(trial=4)) is None
    alone.release()
    assert pool.acquire(Need(trial=4)) is not None


def test_who_keeps_a_gpu_busy_is_told_once_whichever_of_its_processes_it_is(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock, process: Start
) -> None:
    executor = LocalExecutor(make(), clock=clock)
    told = []

    def look(first: dict[int, int]) -> None:
        for gpu, there in zip(nvml.gpus, (first, {4_000_001: GIB}), strict=True):
            gpu.processes = dict(there)
        clock.now += 2
        assert executor.reserve(1, "full") is None
        told.append(executor.notes())

    mine = process(), process()
    look({mine[0]: 2 * GIB})
    assert told[0][0].startswith(f"GPU0 is in use by {getpass.getuser()} (sleep, pid {mine[0]}, ")
    assert told[0][1].startswith("GPU1 is in use by pid 4000001")
    look({mine[0]: 3 * GIB})
    look({mine[1]: 2 * GIB})
    look({mine[1]: 2 * GIB, mine[0]: GIB})
    assert told[1:] == [[], [], []]
    look({os.getpid(): GIB})
    assert len(told[-1]) == 1
    clock.now += 3600
    look({mine[0]: 2 * GIB})
    assert len(told[-1]) == 2


def test_an_adopted_trial_that_runs_out_of_memory_lowers_the_limit(
    make: Callable[..., DevicePool], clock: Clock
) -> None:
    pool = make(gpus=(0,))
    leases = [pool.reacquire(A, n) for n in (1, 2, 3)]
    clock.now += 1
    pool.poll({})
    for lease in leases:  # one event
        pool.learn(lease, "oom")
    assert pool.packing.limit == 2
