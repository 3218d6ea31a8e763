"""The pool: who gets which device, who waits and why, what a look says."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_nvml import GIB, Clock, FakeGpu, FakeNvml

from hpo_tui.engine.execution.devices import DeviceError, DevicePool, Need
from hpo_tui.engine.execution.local import LocalExecutor
from hpo_tui.engine.spec.model import Resources

Start = Callable[[], int]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


@pytest.fixture
def make(tmp_path: Path, nvml: FakeNvml, clock: Clock) -> Callable[..., DevicePool]:
    def build(study: str = "s", **resources: object) -> DevicePool:
        settings = Resources(**resources)  # type: ignore[arg-type]
        return DevicePool(settings, study, tmp_path / "run", nvml, environ={}, clock=clock)

    return build


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


def test_cores_are_shared_out_among_slots() -> None:
    pool = DevicePool(Resources(gpus="none", slots=2), "s")
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    cores = len(os.sched_getaffinity(0))
    assert lease.environment()["OMP_NUM_THREADS"] == str(max(1, cores // 2))


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
    assert sentence.startswith(f"GPU0 is in use by pid {pid} (sleep of ")
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


def test_memory_that_was_learned_lets_a_second_trial_in(
    make: Callable[..., DevicePool], clock: Clock
) -> None:
    pool = make(gpus=(0,))
    first = pool.acquire(Need(trial=1, task="t"))
    assert first is not None
    assert pool.acquire(Need(trial=2, task="t")) is None
    pool.record_success(first, 6 * GIB, 100)
    first.release()
    assert pool.capacity() == 3
    leases = [pool.acquire(Need(trial=n, task="t")) for n in (2, 3, 4)]
    assert all(leases)
    assert pool.acquire(Need(trial=5, task="t")) is None
    clock.now += 1
    pool.poll({})
    assert leases[0] is not None
    pool.record_oom(leases[0])
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


def test_several_gpus_for_one_trial(make: Callable[..., DevicePool]) -> None:
    pool = make(gpus_per_trial=2)
    assert pool.capacity() == 1
    lease = pool.acquire(Need(gpus=2, trial=1))
    assert lease is not None
    assert lease.device == lease.environment()["CUDA_VISIBLE_DEVICES"] == f"{A},{B}"
    lease.release()
    single = pool.acquire(Need(trial=3))
    assert single is not None
    assert pool.acquire(Need(gpus=2, trial=2)) is None
    assert pool.acquire(Need(trial=4)) is None  # both GPUs are kept for the one that needs two
    assert "kept for trial 2" in pool.waiting_for()
    single.release()
    assert pool.acquire(Need(gpus=2, trial=2)) is not None


def test_more_gpus_per_trial_than_there_are(make: Callable[..., DevicePool]) -> None:
    with pytest.raises(DeviceError, match="gpus_per_trial = 3"):
        make(gpus_per_trial=3)


def test_mig_instances_are_devices(make: Callable[..., DevicePool], nvml: FakeNvml) -> None:
    small = [FakeGpu(f"MIG-{n}", 10 * GIB, "NVIDIA Test MIG 1g.10gb", mig=True) for n in (1, 2)]
    nvml.gpus[0].instances = [small[0], None, small[1]]
    pool = make(gpus=(0,))
    assert {s.name for s in pool.poll({}).samples} == {
        "GPU0.0 NVIDIA Test MIG 1g.10gb",
        "GPU0.2 NVIDIA Test MIG 1g.10gb",
    }
    devices = {lease.device for n in (1, 2) if (lease := pool.acquire(Need(trial=n)))}
    assert devices == {"MIG-1", "MIG-2"}
    assert pool.poll({}).samples[0].utilization is None
    with pytest.raises(DeviceError, match="one MIG instance"):
        make(gpus=(0,), gpus_per_trial=2)


def test_gpus_that_are_not_there_are_named(make: Callable[..., DevicePool]) -> None:
    with pytest.raises(DeviceError, match=r"no GPU 7 here.*GPU0 \(GPU-aaaa-1111\)"):
        make(gpus=(7,))
    assert make(gpus=("GPU-bbbb",)).capacity() == 1
    with pytest.raises(DeviceError, match='gpus = "none"'):
        DevicePool(Resources(gpus=(0,)), "s", nvml=FakeNvml([], driver=False))


def test_all_means_what_the_scheduler_left_visible(tmp_path: Path, nvml: FakeNvml) -> None:
    def devices(visible: str) -> list[str]:
        environ = {"CUDA_VISIBLE_DEVICES": visible}
        pool = DevicePool(Resources(), "s", tmp_path / "run", nvml, environ=environ)
        return [s.device for s in pool.poll({}).samples]

    assert devices("1") == [B]
    assert devices("GPU-aaaa") == [A]
    assert devices("1,0") == [B, A]
    assert devices("") == ["cpu"]
    assert devices("-1") == ["cpu"]


def test_an_exclusive_gpu_holds_one_process(
    make: Callable[..., DevicePool], nvml: FakeNvml
) -> None:
    nvml.gpus[0].exclusive = True
    pool = make(gpus=(0,), trials_per_gpu=4)
    assert pool.acquire(Need(trial=1)) is not None
    assert pool.acquire(Need(trial=2)) is None


def test_a_lost_gpu_is_left_out_until_it_answers(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock
) -> None:
    pool = make()
    nvml.gpus[0].lost = True
    clock.now += 1
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    assert lease.device == B
    assert "GPU is lost" in pool.quarantined()[A]
    assert [s.device for s in pool.poll({}).samples] == [B]
    assert pool.acquire(Need(trial=2)) is None
    nvml.gpus[0].lost = False
    clock.now += 1
    assert pool.acquire(Need(trial=2)) is not None
    assert pool.quarantined() == {}


def test_a_gpu_that_fails_while_others_do_well_is_quarantined(
    make: Callable[..., DevicePool],
) -> None:
    pool = make()
    bad, good = pool.acquire(Need(trial=1)), pool.acquire(Need(trial=2))
    assert bad is not None
    assert good is not None
    for _ in range(4):
        pool.record_failure(bad)
    assert pool.quarantined() == {}  # nothing does well: rather the script's fault
    pool.record_success(good, GIB, 10)
    pool.record_failure(bad)
    assert list(pool.quarantined()) == [bad.device]
    bad.release()
    good.release()
    lease = pool.acquire(Need(trial=3))
    assert lease is not None
    assert lease.device == good.device
    pool.lend(bad.device, on=False)
    assert pool.quarantined() == {}


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
    assert told[0][0].startswith(f"GPU0 is in use by pid {mine[0]} (sleep of ")
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
