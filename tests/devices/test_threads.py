"""The processor's cores are shared out among the trials on GPUs."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_nvml import GIB, FakeNvml

from hpo_tui.engine.execution import core_shares
from hpo_tui.engine.execution.devices import DevicePool, Lease, Need
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.threads import count_cores

Make = Callable[..., DevicePool]
A, B = "GPU-aaaa-1111", "GPU-bbbb-2222"


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_shares, "count_cores", lambda: 16)


def threads(lease: Lease | None) -> int:
    assert lease is not None
    found = {v for k, v in lease.environment().items() if k.endswith("_NUM_THREADS")}
    (number,) = found
    return int(number)


def ended(pool: DevicePool, peak: int) -> None:
    """Have a trial end well that needed ``peak`` bytes."""
    first = pool.acquire(Need(trial=1))
    assert first is not None
    first.peak = peak
    pool.learn(first, "ok", 10.0)
    first.release()


def test_each_gpu_of_the_machine_has_its_share(make: Make) -> None:
    assert threads(make().acquire(Need(trial=1))) == 8


def test_a_study_on_one_of_two_gpus_leaves_the_others_share(make: Make) -> None:
    assert threads(make(gpus=(0,)).acquire(Need(trial=1))) == 8


def test_a_trial_on_both_has_both_shares(make: Make) -> None:
    pool = make(gpus_per_trial=2)
    ended(pool, GIB)
    assert threads(pool.acquire(Need(2, trial=1))) == 16
    assert pool.acquire(Need(2, trial=2)) is None  # several GPUs are not shared unasked
    assert threads(make("t", gpus_per_trial=2, trials_per_gpu=2).reacquire(f"{A},{B}", 1)) == 8


def test_a_trial_whose_gpu_is_not_the_study_s_any_more_has_cores(make: Make) -> None:
    assert threads(make(gpus=(0,)).reacquire("GPU-gone-0000", 1)) == 8


@pytest.mark.parametrize(("peak", "number"), [(GIB, 1), (5 * GIB, 2), (11 * GIB, 8)])
def test_trials_that_are_to_share_a_gpu_share_its_cores(make: Make, peak: int, number: int) -> None:
    pool = make()
    ended(pool, peak)
    assert threads(pool.acquire(Need(trial=2))) == number
    assert threads(pool.acquire(Need(trial=3))) == number


def test_a_fixed_number_of_trials_is_known_from_the_start(make: Make) -> None:
    assert threads(make(trials_per_gpu=4).acquire(Need(trial=1))) == 2


def test_a_trial_that_needs_its_gpu_alone_has_its_cores(make: Make) -> None:
    pool = make()
    ended(pool, GIB)
    assert threads(pool.acquire(Need(trial=2, alone=True))) == 8


def test_nobody_goes_without_a_core(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_shares, "count_cores", lambda: 1)
    assert threads(make(trials_per_gpu=4).acquire(Need(trial=1))) == 1


def test_what_the_study_file_says_goes_first(make: Make) -> None:
    assert threads(make(threads=5, trials_per_gpu=4).acquire(Need(trial=1))) == 5


def test_what_the_shell_says_is_left_as_it_is(tmp_path: Path, nvml: FakeNvml) -> None:
    pool = DevicePool(Resources(), "s", tmp_path / "run", nvml, environ={"OMP_NUM_THREADS": "6"})
    lease = pool.acquire(Need(trial=1))
    assert lease is not None
    assert set(lease.environment()) == {"CUDA_VISIBLE_DEVICES"}
    assert pool.thread_environment() == {}


def test_what_is_imported_before_a_trial_is_known_gets_the_least(make: Make) -> None:
    assert set(make().thread_environment().values()) == {"1"}
    assert set(make(trials_per_gpu=2).thread_environment().values()) == {"4"}


def test_a_library_that_is_imported_with_one_thread_leaves_the_environment_as_it_was() -> None:
    code = (
        "import os; from hpo_tui.engine.threads import with_one_thread\n"
        "before = dict(os.environ)\n"
        "assert with_one_thread('numpy').ones(3).sum() == 3\n"
        "assert dict(os.environ) == before\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    variables = {"OPENBLAS_NUM_THREADS": "4", "MKL_NUM_THREADS": "4"}
    kept = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | variables, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Returns the cores on a machine of 64 with these files below its root."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))

    def count(**files: str) -> int:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return count_cores(tmp_path)

    return count


V2, V1 = "0::/pod/box\n", "4:memory:/small\n3:cpu,cpuacct:/box\n"


def test_a_machine_without_groups_has_all_its_cores(group: Callable[..., int]) -> None:
    assert group() == 64
    assert group(proc__self__cgroup=V2) == 64


@pytest.mark.parametrize(
    ("limit", "cores"),
    [("max 100000\n", 64), ("800000 100000\n", 8), ("250000 100000", 3), ("1000 100000", 1),
     ("9900000 100000", 64), ("", 64), ("nonsense 1", 64), ("5 0", 64)],
)  # fmt: skip
def test_a_container_has_its_share(group: Callable[..., int], limit: str, cores: int) -> None:
    assert group(proc__self__cgroup=V2, sys__fs__cgroup__pod__box__cpu_DOT_max=limit) == cores


def test_a_limit_on_what_a_group_is_in_holds_too(group: Callable[..., int]) -> None:
    inner = {"sys__fs__cgroup__pod__box__cpu_DOT_max": "1600000 100000"}
    outer = {"sys__fs__cgroup__pod__cpu_DOT_max": "400000 100000"}
    assert group(proc__self__cgroup=V2, **inner, **outer) == 4


def test_within_a_container_the_limit_is_at_the_top(group: Callable[..., int]) -> None:
    top = {"sys__fs__cgroup__cpu_DOT_max": "600000 100000"}
    assert group(proc__self__cgroup="0::/\n", **top) == 6


def test_the_first_version_of_groups_is_understood(group: Callable[..., int]) -> None:
    place = "sys__fs__cgroup__cpu__box__cpu_DOT_"
    files = {f"{place}cfs_quota_us": "350000\n", f"{place}cfs_period_us": "100000\n"}
    assert group(proc__self__cgroup=V1, **files) == 4
    other = place.replace("box", "small")  # there by the group of memory, not of the processor
    assert group(**{f"{other}cfs_quota_us": "1\n", f"{other}cfs_period_us": "1\n"}) == 4
    assert group(**{f"{place}cfs_quota_us": "-1\n"}) == 64


def test_a_group_may_be_called_anything(group: Callable[..., int], tmp_path: Path) -> None:
    group(proc__self__cgroup=V2)
    name = os.fsdecode(b"b\xf6x")
    (tmp_path / "proc/self/cgroup").write_bytes(b"0::/b\xf6x\n")
    (tmp_path / "sys/fs/cgroup" / name).mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup" / name / "cpu.max").write_text("300000 100000")
    assert group() == 3
