"""The shim by itself: how it records an end, keeps the time limit, and sweeps."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpo_tui.engine.execution import processes, shim


def run_shim(folder: Path, argv: list[str], timeout: float = 0.0, grace: float = 0.5) -> Any:
    times = [str(timeout), str(grace)]
    with (folder / "stdout.log").open("w") as log:
        done = subprocess.run(
            [sys.executable, "-I", "-S", shim.__file__, str(folder), "1", *times, *argv],
            start_new_session=True, stdout=log, check=True,
        )  # fmt: skip
    assert done.returncode == 0
    return json.loads((folder / "exit.json").read_text())


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9), ("kill -15 $$", -15), ("exec nothing", 127)],
)
def test_the_shim_records_how_a_command_ended(tmp_path: Path, command: str, code: int) -> None:
    found = run_shim(tmp_path, ["sh", "-c", command])
    assert (found["code"], found["attempt"], found["stopped"]) == (code, 1, "")
    assert 0 <= found["duration"] < 10


def test_the_shim_says_why_a_command_cannot_start(tmp_path: Path) -> None:
    found = run_shim(tmp_path, ['no "such" pröğram\x1b[31m'])
    assert found["code"] == 127
    assert "No such file" in found["problem"]


def test_a_machine_that_does_not_name_its_boots_runs_trials_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = open

    def without(path: str, *args: Any) -> Any:
        if "boot_id" in path:
            raise FileNotFoundError(path)
        return real(path, *args)

    monkeypatch.setattr(shim, "open", without, raising=False)
    shim.Shim(str(tmp_path), 1, 0.0, 0.0).identify()
    found = json.loads((tmp_path / "process.json").read_text())
    assert (found["pid"], found["boot"]) == (os.getpid(), "")


def test_an_end_is_recorded_in_a_folder_that_was_renamed(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    with (before / "stdout.log").open("w") as log:
        subprocess.run(
            [sys.executable, "-I", "-S", shim.__file__, str(before), "1", "0", "1",
             "mv", str(before), str(after)],
            start_new_session=True, stdout=log, check=True,
        )  # fmt: skip
    assert json.loads((after / "exit.json").read_text())["code"] == 0


def test_an_end_that_cannot_be_written_at_once_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shim.Shim(str(tmp_path), 1, 0.0, 0.0)
    one.identify()
    one.code, real, waits = 0, os.open, list[float]()

    def fails(path: str, *args: Any, dir_fd: int | None = None) -> int:
        if dir_fd is not None or len(waits) < 3:  # that descriptor does not come back
            raise OSError(errno.ESTALE, "Stale file handle")
        return real(path, *args)

    def refuses(*_: str, **__: Any) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(os, "open", fails)
    monkeypatch.setattr(time, "sleep", waits.append)
    one.record("")
    assert json.loads((tmp_path / "exit.json").read_text())["code"] == 0
    assert len(waits) == 3
    (tmp_path / "exit.json").unlink()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 10.0 * len(waits))
    monkeypatch.setattr(os, "replace", refuses)
    with pytest.raises(OSError, match="Stale"):
        one.record("")
    assert len(waits) < 10


def test_an_end_is_whole_where_the_disk_takes_it_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:10]))
    one = shim.Shim(str(tmp_path), 1, 0.0, 0.0)
    one.identify()
    one.code = 3
    one.record("")
    assert json.loads((tmp_path / "process.json").read_text())["pid"] == os.getpid()
    assert json.loads((tmp_path / "exit.json").read_text())["code"] == 3


def test_a_command_that_the_machine_refuses_to_start_is_started_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, refusals, signals = BlockingIOError(errno.EAGAIN, "no more"), [0], list[int]()

    def start(self: shim.Shim, argv: list[str]) -> int:
        refusals[0] -= 1
        if refusals[0] >= 0:
            raise refused
        return 4711

    def wait(*_: Any) -> Any:
        return SimpleNamespace(si_signo=signals.pop()) if signals else None

    monkeypatch.setattr(shim.Shim, "start", start)
    monkeypatch.setattr(signal, "sigtimedwait", wait)
    now = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: 10.0 * next(now))
    refusals[0] = 2
    one = shim.Shim(str(tmp_path), 1, 60.0, 0.0)
    one.begin(["x"])
    assert (one.child, one.code) == (4711, None)
    assert one.deadline == one.began + 60  # the wait is none of its time
    assert one.began > 0
    refusals[0], signals = 9, [signal.SIGTERM]
    one = shim.Shim(str(tmp_path), 1, 0.0, 0.0)
    one.begin(["x"])
    assert (one.child, one.code, one.stopped) == (0, -signal.SIGTERM, "asked")
    refusals[0] = 9
    with pytest.raises(BlockingIOError):
        one.begin(["x"])


def test_the_shim_keeps_the_time_limit(tmp_path: Path) -> None:
    found = run_shim(tmp_path, ["sleep", "60"], timeout=0.2)
    assert (found["stopped"], found["code"]) == ("timeout", -15)
    ignoring = ["sh", "-c", "trap '' TERM; sleep 60"]  # a Python would not be up in time
    found = run_shim(tmp_path, ignoring, timeout=3.0, grace=0.2)
    assert (found["stopped"], found["code"]) == ("timeout", -9)


def test_a_command_that_has_ended_is_not_stopped_while_it_is_swept(tmp_path: Path) -> None:
    stubborn = "import signal,time; signal.signal(15, lambda *_: print('swept', flush=True))\n"
    stubborn += "print('ready', flush=True)\nwhile True: time.sleep(60)"
    command = '"$0" -c "$1" & until grep -q ready stdout.log; do sleep 0.02; done; exit 0'
    log = tmp_path / "stdout.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", shim.__file__, str(tmp_path), "1", "0", "5",
             "bash", "-c", command, sys.executable, stubborn],
            start_new_session=True, stdout=file, cwd=tmp_path,
        )  # fmt: skip
    while "swept" not in log.read_text():
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    process.wait(30)
    found = json.loads((tmp_path / "exit.json").read_text())
    assert (found["stopped"], found["code"]) == ("", 0)


def test_a_study_says_how_much_its_trials_give_way(make_study: Any) -> None:
    study = make_study("report(accuracy=os.nice(0))", resources="nice = 3").run()
    assert study.trial(1).metrics["accuracy"] == os.nice(0) + 3


def test_a_time_limit_that_has_passed_wakes_the_shim_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would take a whole core until the grace period is over."""
    asked, one = list[str](), shim.Shim(str(tmp_path), 1, 1e-9, 30.0)
    monkeypatch.setattr(one, "stop", lambda why, _: asked.append(why))
    one.enforce()
    one.enforce()
    assert asked == ["timeout"]


MISSES = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import shim

looks, real = [], shim.parents

def parents():
    looks.append(1)
    return real() if len(looks) > 1 else {}

shim.parents = parents
shim.main()
"""


def test_what_is_not_seen_at_the_first_look_is_swept(tmp_path: Path) -> None:
    """As a process that is forked while the others are gone through, whose parent then ends."""
    words = [str(tmp_path), "1", "0", "0.5", "sh", "-c", "sleep 999 & echo $!"]
    argv = [sys.executable, "-c", MISSES, str(Path(shim.__file__).parent), *words]
    with (tmp_path / "stdout.log").open("w") as log:
        subprocess.run(argv, start_new_session=True, stdout=log, check=True)
    assert json.loads((tmp_path / "exit.json").read_text())["left"] == 1
    assert processes.Process.of(int((tmp_path / "stdout.log").read_text())) is None
