"""Boxes with many GPUs on which something is odd: cards that do not tell, or do not answer."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_nvml import GIB, Clock, FakeGpu, FakeNvml

from hpo_tui.engine.execution.devices import DeviceError, DevicePool, Need
from hpo_tui.engine.execution.gpus import reader as gpu_reader
from hpo_tui.engine.execution.gpus import state as gpu_state
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.waiting import BESIDE

A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


def test_a_card_that_cannot_tell_everything_is_used(
    make: Callable[..., DevicePool], nvml: FakeNvml
) -> None:
    nvml.gpus[0].unsupported = ("memory",)
    nvml.gpus[1].unsupported = ("processes", "power", "temperature")
    pool = make()
    assert pool.remarks == ""
    assert {lease.device for n in (1, 2) if (lease := pool.acquire(Need(trial=n)))} == {A, B}
    shared, other = pool.poll({}).samples
    assert shared.memory_total > shared.memory_used > 0  # it shares the machine's
    assert (other.temperature, other.power) == (None, None)
    assert (shared.temperature, shared.power) == (40, 30.5)


def test_a_gpu_that_does_not_answer_at_the_start_is_named(
    make: Callable[..., DevicePool], nvml: FakeNvml, tmp_path: Path
) -> None:
    nvml.gpus[0].lost = True
    pool = make()
    assert pool.capacity() == 1
    assert pool.remarks == ("GPU0 does not answer (GPU is lost): it is not used until the next run")
    with pytest.raises(DeviceError, match=r"names GPU 0: GPU0 does not answer \(GPU is lost\)\."):
        make(gpus=(0, 1))
    with pytest.raises(DeviceError, match=r"has 1 GPU\(s\); GPU0 does not answer"):
        make(gpus_per_trial=2)
    environ = {"CUDA_VISIBLE_DEVICES": "0,1"}
    limited = DevicePool(Resources(), "s", tmp_path / "run", nvml, environ=environ)
    assert limited.remarks == pool.remarks
    assert limited.capacity() == 1
    nvml.gpus[1].prohibited = True
    assert "GPU1 is in compute mode Prohibited" in make().remarks
    assert make().remarks.endswith("no GPU is left: trials run on the processor")


@pytest.mark.parametrize(
    ("gpus", "environ", "said"),
    [
        ((0,), {}, ""),
        ((0,), {"CUDA_VISIBLE_DEVICES": "1,0"}, ""),
        ((0, 1), {"CUDA_VISIBLE_DEVICES": "1"},
         "CUDA_VISIBLE_DEVICES=1 is not followed, because the study file names the GPUs:"
         " GPU0, GPU1 ([resources] gpus)"),
        ("all", {"CUDA_VISIBLE_DEVICES": "1"},
         "the numbers in CUDA_VISIBLE_DEVICES=1 are taken for those of nvidia-smi: GPU1 NVIDIA"
         " Old 8GB. CUDA itself counts the fastest GPU first, unless"
         " CUDA_DEVICE_ORDER=PCI_BUS_ID"),
        ("all", {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, ""),
        ("all", {"CUDA_VISIBLE_DEVICES": "GPU-bbbb"}, ""),
    ],
)  # fmt: skip
def test_what_the_shell_and_the_file_say_of_gpus_is_not_mixed_up(
    tmp_path: Path, nvml: FakeNvml, gpus: object, environ: dict[str, str], said: str
) -> None:
    nvml.gpus[1].name = "NVIDIA Old 8GB"
    resources = Resources(gpus=gpus)  # type: ignore[arg-type]
    pool = DevicePool(resources, "s", tmp_path / "run", nvml, environ=environ)
    assert pool.remarks == said


def test_a_slow_gpu_holds_up_nobody(
    make: Callable[..., DevicePool],
    nvml: FakeNvml,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = make()
    assert pool.poll({}).samples[0].device == A
    nvml.gpus[0].slow = threading.Event()  # from now on the driver takes its time
    monkeypatch.setattr(gpu_reader, "PATIENCE", 0.05)
    nvml.gpus[1].processes = {1: GIB}
    clock.now += 1
    assert [s.foreign for s in pool.poll({}).samples] == [0, GIB]  # the other is read as ever
    clock.now += gpu_reader.SILENT + 1
    pool.poll({})
    assert pool.quarantined() == {
        A: f"GPU0 has not answered for more than {gpu_reader.SILENT:.0f} s",
    }
    assert pool.acquire(Need(trial=1)) is None
    nvml.gpus[0].slow.set()
    nvml.gpus[0].slow = None
    for reader in pool._gpus.readers.values():
        reader.join()
    clock.now += 1
    pool.poll({})
    assert pool.quarantined() == {}
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    assert lease.device == A


def test_a_gpu_whose_driver_hangs_does_not_keep_a_study_from_starting(
    make: Callable[..., DevicePool], nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpo_tui.engine.execution.gpus.nvml.PATIENCE", 0.5)
    nvml.gpus[0].slow = slow = threading.Event()
    pool = make()
    assert not slow.is_set()
    assert pool.remarks == "GPU0 has not answered within 0.5 s: it is not used until the next run"
    assert pool.capacity() == 1
    pool.close()
    assert nvml.opened == 1  # the library is not taken from under it
    slow.set()


def test_all_gpus_are_asked_at_once(make: Callable[..., DevicePool], nvml: FakeNvml) -> None:
    both = threading.Barrier(len(nvml.gpus), timeout=30)
    handle = nvml.nvmlDeviceGetHandleByIndex

    def together(index: int) -> FakeGpu:
        both.wait()
        return handle(index)

    nvml.nvmlDeviceGetHandleByIndex = together  # type: ignore[method-assign]
    assert make().capacity() == 2


def test_a_gpu_of_which_nothing_is_known_yet_is_not_given(
    make: Callable[..., DevicePool], nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make(gpus=(0,))
    monkeypatch.setattr(gpu_reader, "PATIENCE", 0.05)
    nvml.gpus[0].slow = slow = threading.Event()
    assert pool.acquire(Need(trial=1)) is None
    assert pool.waiting_for() == "GPU0 has not answered yet"
    slow.set()


def test_box_of_eight_is_told_apart(make: Callable[..., DevicePool], nvml: FakeNvml) -> None:
    nvml.gpus[:] = [FakeGpu(f"GPU-{n}") for n in range(8)]
    pool = make(gpus_per_trial=2)
    leases = [pool.acquire(Need(gpus=2, trial=n)) for n in range(1, 6)]
    given = [uuid for lease in leases if lease for uuid in lease.device.split(",")]
    assert sorted(given) == [f"GPU-{n}" for n in range(8)]
    assert leases[4] is None


def test_gpu_that_hangs_is_told_of_once(
    make: Callable[..., DevicePool],
    nvml: FakeNvml,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for gpu in nvml.gpus:
        gpu.processes = {1: 12 * GIB}
    pool = make()
    pool.poll({})
    monkeypatch.setattr(gpu_reader, "PATIENCE", 0.01)
    nvml.gpus[0].slow = slow = threading.Event()
    texts, told = set(), set()
    for _ in range(60):  # a trial asks at every turn of the runner, between two looks
        clock.now += 1
        pool.acquire(Need(trial=1))
        texts.add(pool.waiting_for().partition(";")[0])
        clock.now += 1
        pool.poll({})
        told |= set(pool.obstacles())
    assert len(texts) == 2  # while its last reading holds it is in use, then it is lost
    nvml.gpus[0].slow = None
    slow.set()
    for reader in pool._gpus.readers.values():
        reader.join()
    clock.now += 1
    pool.poll({})
    assert pool.quarantined() == {}
    told |= set(pool.obstacles())  # what was wrong is no news now that it is over
    assert not [text for text in told if "has not answered" in text]


def test_a_gpu_that_this_process_was_not_given_is_passed_over(
    make: Callable[..., DevicePool], nvml: FakeNvml
) -> None:
    nvml.gpus[1].forbidden = ("handle",)
    pool = make()
    assert (pool.capacity(), pool.remarks) == (1, "")


def test_a_gpu_that_is_to_be_split_and_is_not_runs_nothing(
    make: Callable[..., DevicePool], nvml: FakeNvml
) -> None:
    nvml.gpus[1].instances, nvml.gpus[1].forbidden = [None], ("memory",)
    pool = make()
    assert pool.capacity() == 1
    assert pool.remarks == (
        "GPU1 is in MIG mode and has no instance to run on: it is not used until the next run"
    )


def test_a_machine_that_refuses_a_thread_refuses_it_for_the_moment(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool = make(gpus=(0,))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        assert pool.acquire(Need(trial=1)) is None
        assert pool.waiting_for() == "GPU0 has not answered yet"
    clock.now += 1
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    lease.release()
    nvml.gpus[0].processes = {1: 12 * GIB}
    monkeypatch.setattr(threading.Thread, "start", refused)
    clock.now += 1
    assert [s.foreign for s in pool.poll({}).samples] == [0]  # its last reading holds
    pool.close()


def test_who_uses_a_gpu_is_looked_up_once_for_each_reading(
    make: Callable[..., DevicePool], nvml: FakeNvml, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(
        gpu_state, "describe_process", lambda pid, _: asked.append(pid) or f"pid {pid}"
    )
    for gpu in nvml.gpus:
        gpu.processes = {1: GIB}
    pool = make()
    for _ in range(9):
        assert pool.acquire(Need(trial=1, alone=True)) is None
    assert len(asked) == len(nvml.gpus)
    nvml.gpus[1].processes = {2: GIB}
    clock.now += 1
    assert pool.acquire(Need(trial=1)) is None
    assert pool.waiting_for() == f"GPU0 is in use by pid 1; GPU1 is in use by pid 2; {BESIDE}"


def test_nothing_is_waited_for_once_the_trial_that_filled_a_gpu_has_left_it(
    make: Callable[..., DevicePool],
) -> None:
    pool = make(gpus=(0,))
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    assert pool.acquire(Need(trial=2)) is None
    assert pool.waiting_for() == "GPU0 is full (1 of our trials)"
    lease.release()  # the next one is asked for when there is a suggestion
    assert pool.waiting_for() == ""
