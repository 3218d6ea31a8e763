"""Studies of several users do not take one GPU at the same time."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from fake_nvml import FakeGpu, FakeNvml

from hpo_tui.engine.execution.devices import DevicePool
from hpo_tui.engine.execution.gpus.leases import LeaseFile
from hpo_tui.engine.execution.gpus.nvml import Gpu
from hpo_tui.engine.execution.gpus.state import GpuState
from hpo_tui.engine.execution.gpus.user_locks import UserLock
from hpo_tui.engine.execution.lease import Lease, Need
from hpo_tui.engine.gpu_locks import VARIABLE, why_not_kept_apart
from hpo_tui.engine.spec import Resources

TAKEN = "another study of yours has it"
NOBODY = 65534


def test_a_gpu_on_which_our_trial_lives_on_is_ours_whoever_has_it_by_now(tmp_path: Path) -> None:
    theirs = UserLock(tmp_path / "locks", "GPU-a")
    assert theirs.take() == ""
    gpu = Gpu("GPU-a", "GPU0", "H", 24, 0)
    state = GpuState(
        gpu, LeaseFile(tmp_path / "run", "GPU-a", "s"), UserLock(tmp_path / "locks", "GPU-a")
    )
    assert state.lock() == TAKEN
    assert not state.file.held
    state.leases[1] = Lease("GPU-a", Need(trial=1))
    assert state.lock() == ""
    assert state.file.held


def test_one_at_a_time(tmp_path: Path) -> None:
    first, second = (UserLock(tmp_path / "locks", "GPU-a") for _ in range(2))
    assert first.take() == first.take() == ""
    assert second.take() == TAKEN
    assert UserLock(tmp_path / "locks", "GPU-b").take() == ""
    first.free()
    first.free()
    assert second.take() == ""
    assert (tmp_path / "locks").stat().st_mode & 0o7777 == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_whoever_has_made_the_file(tmp_path: Path) -> None:
    place = tmp_path / "locks"
    mine = UserLock(place, "GPU-a")
    assert mine.take() == ""
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from hpo_tui.engine.execution.gpus.user_locks import UserLock
os.chdir({str(place)!r})
os.setuid({NOBODY})
said = [UserLock(Path("."), name).take() for name in ("GPU-a", "GPU-theirs")]
print(said, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == str(["a study of root has it", ""])
        his = pwd.getpwuid(NOBODY).pw_name
        assert UserLock(place, "GPU-theirs").take() == f"a study of {his} has it"
        other.communicate("")
    assert (place / "GPU-theirs.lock").stat().st_uid == NOBODY
    assert UserLock(place, "GPU-theirs").take() == ""


@pytest.mark.parametrize("kind", ["file", "link", "private", "none"])
def test_a_folder_that_is_not_what_it_should_be_keeps_nobody_from_working(
    tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "locks"
    if kind == "file":
        place.touch()
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere").chmod(0o1777)
        place.symlink_to(tmp_path / "elsewhere")
    elif kind == "private":
        place.mkdir(mode=0o700)
    for _ in range(2):
        assert UserLock(None if kind == "none" else place, "GPU-a").take() == ""
    assert kind != "link" or not any((tmp_path / "elsewhere").iterdir())
    told = "" if kind == "none" else f"{place} is no folder with the mode 1777: studies of"
    assert why_not_kept_apart(place).startswith(told)
    assert told or not why_not_kept_apart(place)


def test_a_lock_whose_file_was_deleted_is_taken_anew(tmp_path: Path) -> None:
    place = tmp_path / "locks"
    first, second = (UserLock(place, "GPU-a") for _ in range(2))
    assert first.take() == ""
    first.heal()
    (place / "GPU-a.lock").unlink()
    first.heal()
    assert second.take() == TAKEN
    # Of who came first after it was gone, it stays.
    (place / "GPU-a.lock").unlink()
    assert second.take() == ""
    first.heal()
    assert UserLock(place, "GPU-a").take() == TAKEN
    second.free()
    first.heal()
    assert second.take() == TAKEN


def test_a_pipe_in_a_lock_s_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    place = tmp_path / "locks"
    place.mkdir()
    place.chmod(0o1777)
    assert why_not_kept_apart(place) == ""
    os.mkfifo(place / "GPU-a.lock")
    assert UserLock(place, "GPU-a").take() == ""
    assert why_not_kept_apart(place).startswith(f"{place}/GPU-a.lock is no file: studies of")


def test_two_users_share_out_the_gpus(tmp_path: Path) -> None:
    nvml = FakeNvml([FakeGpu("GPU-a"), FakeGpu("GPU-b")])
    pools = []
    for user in ("alice", "bob"):
        (tmp_path / user).mkdir(mode=0o700)
        environ = {"XDG_RUNTIME_DIR": str(tmp_path / user), VARIABLE: str(tmp_path / "locks")}
        pools.append(DevicePool(Resources(trials_per_gpu=1), user, nvml=nvml, environ=environ))
    alice, bob = pools
    hers = [alice.acquire(Need(trial=1)), alice.acquire(Need(trial=2))]
    assert all(hers)
    assert bob.acquire(Need(trial=1)) is None
    assert bob.obstacles() == [f"GPU0: {TAKEN}", f"GPU1: {TAKEN}"]
    assert hers[0] is not None
    hers[0].release()
    his = bob.acquire(Need(trial=1))
    assert his is not None
    assert hers[0].device == his.device
    assert alice.acquire(Need(trial=3)) is None
    # What outlived its runner is taken back, whoever has the lock.
    again = alice.reacquire(his.device, 4)
    assert again.device == his.device
