"""Warm starts: a script cannot tell one from a cold start, and is supervised in the same way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution.warm import WarmError, WarmServer, WarmStarts, split_python

SCRIPT = Path(__file__).with_name("warm_script.py")
SHIM = Path(sys.modules[WarmServer.__module__].__file__ or "").with_name("shim.py")
ENV = {
    "PATH": os.environ["PATH"],
    "HPO_EXTRA": "1",
    "CUDA_VISIBLE_DEVICES": "GPU-a",
    "PYTHONUNBUFFERED": "1",
}


def wait_for(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def ready(server: WarmServer) -> bool:
    """Wait until the imports are done or have failed; return whether they are done."""
    return wait_for(lambda: server.ready() or server.problem, 60.0) is True


@pytest.fixture(scope="module")
def server() -> Iterator[WarmServer]:
    warm = WarmServer(["numpy"], environment={**os.environ, "LEFT_OVER": "1"})
    warm.start()
    assert ready(warm), warm.problem
    yield warm
    warm.stop()


def ended(folder: Path) -> dict[str, Any]:
    def read() -> Any:
        try:
            return json.loads((folder / "exit.json").read_text())
        except (OSError, ValueError):
            return None

    found: dict[str, Any] = wait_for(read)
    return found


def start(server: WarmServer, folder: Path, *args: str, **times: float) -> int:
    argv = [sys.executable, str(SCRIPT), *args]
    return server.spawn(argv, ENV, folder, folder / "stdout.log", folder, **times)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_script_sees_what_it_sees_when_started_cold(server: WarmServer, tmp_path: Path) -> None:
    seen = []
    for kind in ("cold", "warm"):
        folder = tmp_path / kind
        folder.mkdir()
        if kind == "warm":
            start(server, folder, "tell", "--lr", "1e-3")
        else:
            words = [str(SHIM), str(folder), "1", "0", "30", sys.executable, str(SCRIPT)]
            with (folder / "stdout.log").open("wb") as log:
                subprocess.Popen(
                    [sys.executable, "-I", "-S", *words, "tell", "--lr", "1e-3"],
                    env=ENV, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                    start_new_session=True,
                ).wait()  # fmt: skip
        assert ended(folder)["code"] == 3
        seen.append(json.loads((folder / "stdout.log").read_text().splitlines()[0]))
    cold, warm = seen
    assert warm.pop("cwd") == str(tmp_path / "warm")
    cold.pop("cwd")
    assert warm == cold
    assert warm["cuda"] == "GPU-a"
    assert not warm["leftover"]


def test_trials_draw_different_numbers(server: WarmServer, tmp_path: Path) -> None:
    drawn = set()
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        start(server, folder, "tell")
        ended(folder)
        drawn |= set((folder / "stdout.log").read_text().splitlines()[1].split())
    assert len(drawn) == 4


def test_weights_of_torch_begin_differently_in_each_trial(tmp_path: Path) -> None:
    script = tmp_path / "weights.py"
    script.write_text("import torch\nprint(torch.rand(1).item(), torch.initial_seed())\n")
    warm = WarmServer(["torch"])
    warm.start()
    try:
        assert ready(warm), warm.problem
        drawn = set()
        for n in range(2):
            folder = tmp_path / str(n)
            folder.mkdir()
            warm.spawn([sys.executable, str(script)], ENV, folder, folder / "stdout.log", folder)
            assert ended(folder)["code"] == 0
            drawn |= set((folder / "stdout.log").read_text().split())
    finally:
        warm.stop()
    assert len(drawn) == 4


def test_a_traceback_names_the_script_alone(server: WarmServer, tmp_path: Path) -> None:
    start(server, tmp_path, "raise")
    assert ended(tmp_path)["code"] == 1
    text = (tmp_path / "stdout.log").read_text()
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: on purpose\n")
    assert text.count("File ") == 1
    assert str(SCRIPT) in text


def test_modules_and_missing_scripts(server: WarmServer, tmp_path: Path) -> None:
    log = tmp_path / "stdout.log"
    server.spawn([sys.executable, "-m", "json.tool", "--help"], ENV, tmp_path, log, tmp_path)
    assert ended(tmp_path)["code"] == 0
    assert "usage: " in log.read_text()
    (tmp_path / "exit.json").unlink()
    server.spawn([sys.executable, "gone.py"], ENV, tmp_path, log, tmp_path, attempt=2)
    assert ended(tmp_path)["code"] == 2
    assert f"can't open file '{tmp_path / 'gone.py'}'" in log.read_text()


def test_stop_kill_and_timeout_work_as_for_a_cold_start(server: WarmServer, tmp_path: Path) -> None:
    for number, expected in ((signal.SIGTERM, "asked"), (signal.SIGUSR1, "killed"), (0, "timeout")):
        folder = tmp_path / expected
        folder.mkdir()
        pid = start(server, folder, "wait", timeout=0.0 if number else 1.0)
        if number:
            wait_for((folder / "stdout.log").read_text)
            os.kill(pid, number)
        assert ended(folder)["stopped"] == expected
        wait_for(lambda pid=pid: not alive(pid))


def test_what_a_script_leaves_behind_is_swept(server: WarmServer, tmp_path: Path) -> None:
    start(server, tmp_path, "orphan", grace=1.0)
    assert ended(tmp_path)["code"] == 0
    assert not alive(int((tmp_path / "stdout.log").read_text()))


def test_trials_outlive_the_parent_and_die_with_their_shim(tmp_path: Path) -> None:
    server = WarmServer([])
    server.start()
    assert ready(server)
    first, second = tmp_path / "1", tmp_path / "2"
    pids = []
    for folder in (first, second):
        folder.mkdir()
        pids.append(start(server, folder, "wait"))
        wait_for((folder / "stdout.log").read_text)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: server._receive(0.0) is None and server.problem)
    assert all(map(alive, pids))
    with pytest.raises(WarmError):
        start(server, first, "wait")
    os.kill(pids[0], signal.SIGTERM)
    assert ended(first)["stopped"] == "asked"
    children = Path(f"/proc/{pids[1]}/task/{pids[1]}/children").read_text().split()
    os.kill(pids[1], signal.SIGKILL)
    wait_for(lambda: not any(alive(int(c)) for c in children))
    server.stop()


def test_a_failed_import_is_told(tmp_path: Path) -> None:
    server = WarmServer(["no_such_module_here"])
    server.start()
    assert not ready(server)
    assert "import of no_such_module_here failed: ModuleNotFoundError" in server.problem
    server.stop()


def test_imports_that_cannot_be_forked_are_refused(tmp_path: Path) -> None:
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(99,), daemon=True, name='noisy').start()\n"
    )
    server = WarmServer(["starts_a_thread"], environment={"PYTHONPATH": str(tmp_path)})
    server.start()
    assert not ready(server)
    assert "starts threads (noisy)" in server.problem
    server.stop()


def test_the_client_is_not_imported_ahead_of_the_trial_that_it_speaks_for(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text("import copied")
    client = SHIM.parents[1] / "trial.py"
    (tmp_path / "copied.py").write_text(client.read_text())
    server = WarmServer(["library"], environment={"PYTHONPATH": str(tmp_path)})
    server.start()
    assert not ready(server)
    assert "takes in copied, which reads what a trial is given" in server.problem
    server.stop()


def test_a_study_falls_back_to_cold_starts(tmp_path: Path) -> None:
    shell = WarmStarts(["json"], ["bash", "train.sh"], tmp_path, {})
    log = tmp_path / "stdout.log"
    assert shell.spawn(["bash", "train.sh"], ENV, tmp_path, log) is None
    assert "no Python script" in shell.complaint()
    shell.close()
    warm = WarmStarts(["json"], [sys.executable, str(SCRIPT)], tmp_path, {})
    assert warm.server is not None
    assert ready(warm.server)
    assert warm.spawn(["bash", "-c", "true"], ENV, tmp_path, log) is None
    assert warm.server.pid is not None
    os.kill(warm.server.pid, signal.SIGKILL)
    argv = [sys.executable, str(SCRIPT), "tell"]
    env = dict(os.environ)
    pid = wait_for(lambda: warm.spawn(argv, env, tmp_path, log, attempt=1))  # it comes back
    assert pid > 0
    assert ended(tmp_path)["code"] == 3
    assert warm.complaint() == ""
    warm.close()


SPAWNS = """
import multiprocessing, os
def work(x):
    return x + 1
if __name__ == "__main__":
    os.chdir("/")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(work, [1]), __file__)
"""


def test_a_script_named_by_a_relative_path_may_spawn_processes(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SPAWNS)
    argv = [sys.executable, "train.py"]
    warm = WarmStarts(["multiprocessing.pool"], argv, tmp_path, {})
    assert warm.server
    try:
        assert ready(warm.server)
        times = {"attempt": 1, "timeout": 60.0, "grace": 1.0}
        assert warm.spawn(argv, dict(os.environ), tmp_path, tmp_path / "stdout.log", **times)
        assert ended(tmp_path)["code"] == 0
    finally:
        warm.close()
    assert (tmp_path / "stdout.log").read_text() == f"[2] {tmp_path / 'train.py'}\n"


def test_what_is_read_at_the_start_of_python_is_started_cold(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "tell"]
    warm = WarmStarts([], command, tmp_path, {"PYTHONHASHSEED": "{seed}"})
    assert warm.server is not None
    assert ready(warm.server), warm.complaint()
    log, env = tmp_path / "stdout.log", dict(os.environ)
    assert warm.spawn(command, env | {"PYTHONHASHSEED": "7"}, tmp_path, log) is None
    assert warm.spawn(command, env, tmp_path, log) is not None
    assert ended(tmp_path)["code"] == 3
    warm.close()


@pytest.mark.parametrize(
    ("argv", "rest"),
    [
        (["python", "train.py", "--lr", "1"], ["train.py", "--lr", "1"]),
        (["/usr/bin/python3.12", "-u", "train.py"], ["train.py"]),
        (
            ["python3", "-m", "torch.distributed.run", "x.py"],
            ["-m", "torch.distributed.run", "x.py"],
        ),
        (["python", "-O", "train.py"], None),
        (["python", "-c", "print()"], None),
        (["python"], None),
        (["torchrun", "train.py"], None),
        ([], None),
    ],
)
def test_which_commands_can_start_warm(argv: list[str], rest: list[str] | None) -> None:
    found = split_python(argv)
    assert (found and found[2]) == rest


@pytest.mark.parametrize("warm", [False, True])
def test_a_trial_gives_way_with_its_whole_session(
    server: WarmServer, tmp_path: Path, *, warm: bool
) -> None:
    script, group = tmp_path / "told.py", Path("/proc/self/autogroup")
    script.write_text(
        "import os\nfrom pathlib import Path\n"
        f"group = Path({str(group)!r})\n"
        "told = group.read_text().split()[-1] if group.exists() else '5'\n"
        "print(os.nice(0), told, 'HPO_NICE' in os.environ)\n"
    )
    env, words = {**ENV, "HPO_NICE": "5"}, [sys.executable, str(script)]
    log = tmp_path / "stdout.log"
    if warm:
        server.spawn(words, env, tmp_path, log, tmp_path)
    else:
        argv = [sys.executable, "-I", "-S", str(SHIM), str(tmp_path), "1", "0", "30", *words]
        with log.open("wb") as out:
            subprocess.run(argv, env=env, stdout=out, start_new_session=True, check=True)
    ended(tmp_path)
    assert log.read_text().split() == [str(os.nice(0) + 5), "5", "False"]


def test_a_parent_that_reads_no_more_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpo_tui.engine.execution.warm._PATIENCE", 0.2)
    stuck = WarmServer([])
    stuck.start()
    assert ready(stuck), stuck.problem
    assert stuck.pid is not None
    os.kill(stuck.pid, signal.SIGSTOP)
    env = {**ENV, "LARGE": "x" * (4 << 20)}  # more than a socket holds
    with pytest.raises(WarmError, match="the warm parent ended"):
        stuck.spawn([sys.executable, str(SCRIPT)], env, tmp_path, tmp_path / "log", tmp_path)
    assert not alive(stuck.pid)
