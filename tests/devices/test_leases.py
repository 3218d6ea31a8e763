"""Leases hold between processes, outlive a runner for as long as its trials live, and heal."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution.gpus.leases import (
    LeaseError,
    LeaseFile,
    find_runtime_dir,
    make_private,
)

HOLD = """
import sys
from pathlib import Path
from hpo_tui.engine.execution.gpus.leases import LeaseFile
lease = LeaseFile(Path(sys.argv[1]), "GPU-a", "first")
print(lease.take() or "taken", flush=True)
for line in sys.stdin:
    lease.note(7, int(line))
    print("noted", flush=True)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another runner that has the lease."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "taken\n"
    yield child
    child.kill()
    child.communicate()


def test_two_runners_cannot_have_one_gpu(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    second = LeaseFile(tmp_path, "GPU-a", "second")
    assert second.take() == "the study first has it"
    assert not second.held
    assert LeaseFile(tmp_path, "GPU-b", "second").take() == ""
    holder.kill()
    holder.wait()
    assert second.take() == ""


def test_a_dead_runners_living_trial_keeps_its_gpu(
    tmp_path: Path, holder: "subprocess.Popen[str]", process: Callable[[], int]
) -> None:
    pid = process()
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write(f"{pid}\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "noted\n"
    holder.kill()
    holder.wait()
    other = LeaseFile(tmp_path, "GPU-a", "second")
    assert f"trial 7, pid {pid}" in other.take()
    again = LeaseFile(tmp_path, "GPU-a", "first")
    assert again.take() == ""  # the same study adopts its own
    again.free()
    assert other.take() == ""


def note_of(lease: LeaseFile) -> dict[str, Any]:
    """What is noted of a lease of this very process as trial 7; the lease is given back."""
    lease.take()
    lease.note(7, os.getpid())
    note: dict[str, Any] = json.loads(lease.path.read_text())
    lease.free()
    return note


def test_a_reused_pid_holds_nothing(tmp_path: Path) -> None:
    lease = LeaseFile(tmp_path, "GPU-a", "first")
    note = note_of(lease)
    trial, pid, ticks = note["trials"][0]
    for change in ({"trials": [[trial, pid, ticks - 100]]}, {"boot": "another"}):
        lease.path.write_text(json.dumps(note | change))
        other = LeaseFile(tmp_path, "GPU-a", "second")
        assert other.take() == ""
        other.free()
    lease.path.write_text(json.dumps(note))
    assert "still run on it" in LeaseFile(tmp_path, "GPU-a", "second").take()


@pytest.mark.parametrize("garbage", ["", "{", "[1, 2]", '{"trials": 3}', '{"trials": [[1]]}', "\0"])
def test_a_damaged_note_holds_nothing(tmp_path: Path, garbage: str) -> None:
    (tmp_path / "GPU-a.lease").write_text(garbage)
    assert LeaseFile(tmp_path, "GPU-a", "second").take() == ""


def test_a_lease_heals_when_the_runtime_directory_vanishes(tmp_path: Path) -> None:
    folder = make_private(tmp_path / "run")
    lease = LeaseFile(folder, "GPU-a", "first")
    lease.take()
    lease.note(7, os.getpid())
    shutil.rmtree(folder)  # as at the user's last logout
    lease.heal()
    other = LeaseFile(folder, "GPU-a", "second")
    assert other.take() == "the study first has it"
    assert str(os.getpid()) in lease.path.read_text()


def test_a_free_gpu_is_taken_after_the_runtime_directory_vanished(tmp_path: Path) -> None:
    lease = LeaseFile(make_private(tmp_path / "run"), "GPU-a", "first")
    shutil.rmtree(tmp_path / "run")
    assert lease.take() == ""
    assert LeaseFile(tmp_path / "run", "GPU-a", "second").take() == "the study first has it"


def test_where_no_runtime_directory_can_be_made_leases_lie_where_studies_look_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "user").symlink_to(tmp_path / "nowhere")  # only the system can make it
    lease = LeaseFile(tmp_path / "user" / "hpo-tui", "GPU-a", "first")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(make_private(tmp_path / "now")))
    assert lease.take() == ""
    assert lease.path == tmp_path / "now" / "hpo-tui" / "GPU-a.lease"
    lease.note(7, os.getpid())
    lease.heal()
    assert lease.path.parent == tmp_path / "now" / "hpo-tui"
    (tmp_path / "user").unlink()  # the user has logged in again
    make_private(tmp_path / "user")
    lease.heal()
    assert lease.path.parent == tmp_path / "user" / "hpo-tui"
    assert LeaseFile(lease.path.parent, "GPU-a", "second").take() == "the study first has it"
    lease.free()
    lease.path.unlink()
    lease.path.mkdir()
    assert lease.take().startswith("its lease cannot be opened: ")


def test_the_runtime_directory_is_private(tmp_path: Path) -> None:
    found = find_runtime_dir({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert found == tmp_path / "hpo-tui"
    assert found.stat().st_mode & 0o777 == 0o700
    found.chmod(0o755)
    assert make_private(found).stat().st_mode & 0o777 == 0o700


def test_a_planted_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "hpo-tui").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LeaseError, match="no directory"):
        find_runtime_dir({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_a_note_is_whole_at_every_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is shorter than before is read by another runner, or survives a crash, halfway."""
    lease = LeaseFile(tmp_path, "GPU-a", "first")
    assert lease.take() == ""
    for trial in range(9):
        lease.note(trial, os.getpid())
    pwrite, found = os.pwrite, []

    def look(fd: int, data: bytes, at: int) -> int:
        written = pwrite(fd, data, at)
        found.append(json.loads(lease.path.read_bytes())["trials"])
        return written

    monkeypatch.setattr(os, "pwrite", look)
    for trial in range(8):
        lease.drop(trial)
    lease.free()
    assert [len(trials) for trials in found] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
