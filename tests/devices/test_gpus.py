"""Which GPUs there are for trials: instances, groups, lost and failing ones."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_nvml import GIB, Clock, FakeGpu, FakeNvml

from hpo_tui.engine.execution.devices import DeviceError, DevicePool, Need
from hpo_tui.engine.execution.gpus import choice as gpu_choice
from hpo_tui.engine.execution.local import LocalExecutor
from hpo_tui.engine.spec import Resources

Start = Callable[[], int]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


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


@pytest.mark.parametrize(
    ("visible", "said"),
    [
        (None, ""), ("", ""), ("-1", ""), ("1", ""), ("GPU-bbbb,0", ""), ("0,-1", ""),
        ("NoDevFiles", "=NoDevFiles names 'NoDevFiles', which is no GPU here (GPU0 is GPU-aaaa-1111"
                       ", GPU1 is GPU-bbbb-2222): trials run on the processor"),
        ("MIG-1", "names 'MIG-1', which is no GPU here"),
        ("1, 7,0", "=1,7,0 names '7', which is no GPU here (GPU0 is GPU-aaaa-1111, GPU1 is"
                   " GPU-bbbb-2222): only GPU1 is used"),
    ],
)  # fmt: skip
def test_who_gets_fewer_gpus_than_he_thinks_is_told(
    tmp_path: Path, nvml: FakeNvml, visible: str | None, said: str
) -> None:
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    pool = DevicePool(Resources(), "s", tmp_path / "run", nvml, environ=environ)
    assert said in pool.remarks
    assert bool(pool.remarks) == bool(said)
    notes = LocalExecutor(pool)
    assert notes.notes() == ([pool.remarks] if said else [])
    assert notes.notes() == []  # once


def test_a_driver_that_does_not_answer_is_told_where_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = FakeNvml([], driver=False)
    monkeypatch.setattr(gpu_choice, "DRIVER", tmp_path / "none")
    assert DevicePool(Resources(), "s", nvml=nobody).remarks == ""  # as on most laptops
    monkeypatch.setattr(gpu_choice, "DRIVER", tmp_path)
    said = DevicePool(Resources(), "s", nvml=nobody).remarks
    assert "cannot be used (no NVIDIA driver answers (Driver Not Loaded)): trials run on" in said
    assert DevicePool(Resources(gpus="none"), "s", nvml=nobody).remarks == ""


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
    assert [(s.device, s.memory_total > 0) for s in pool.poll({}).samples] == [
        (A, False),
        (B, True),
    ]
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
        pool.learn(bad, "failed")
    assert pool.quarantined() == {}  # nothing does well: rather the script's fault
    good.peak = GIB
    pool.learn(good, "ok", 10)
    pool.learn(bad, "failed")
    assert list(pool.quarantined()) == [bad.device]
    bad.release()
    good.release()
    lease = pool.acquire(Need(trial=3))
    assert lease is not None
    assert lease.device == good.device
    pool.lend(bad.device, on=False)
    assert pool.quarantined() == {}


def test_only_failures_in_a_row_count_against_a_gpu(make: Callable[..., DevicePool]) -> None:
    pool = make()
    odd, good = pool.acquire(Need(trial=1)), pool.acquire(Need(trial=2))
    assert odd is not None
    assert good is not None
    pool.learn(good, "ok", 10)
    for ended in ("failed", "failed", "ok", "failed", "failed"):
        pool.learn(odd, ended, 10)
    assert pool.quarantined() == {}
    pool.learn(odd, "failed")
    assert list(pool.quarantined()) == [odd.device]


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
