"""The Ray executor with the real shim, on a cluster of one process that stands in for Ray's."""

import os
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution.base import Exit, Launch, Running
from hpo_tui.engine.execution.ray import RayError, RayExecutor
from hpo_tui.engine.executor_choice import Choice, choose, chosen
from hpo_tui.engine.spec import Resources
from hpo_tui.store.folder import StudyFolder, TrialFolder
from tests.execution.fake_ray import FakeRayError, fake_ray


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Put a cluster of one process in Ray's place."""
    ray = fake_ray()
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


@pytest.fixture(autouse=True)
def reap(cluster: Any) -> Iterator[None]:
    """Collect the shims that this process started in the actors' stead."""
    yield
    for actor in cluster.actors.values():
        popen = actor._made.popen
        if popen is not None:
            popen.send_signal(signal.SIGUSR1)
            popen.wait(timeout=30)


def launch(folder: Path, code: str, number: int = 1) -> Launch:
    """A trial that runs a line of Python."""
    trial = TrialFolder(folder / f"{number:04d}")
    trial.path.mkdir(parents=True, exist_ok=True)
    argv = (sys.executable, "-I", "-S", "-c", code)
    return Launch(number, 1, argv, {"HPO_X": "7"}, str(folder), trial, grace=5.0)


def end_of(run: Running) -> Exit:
    """Wait for the end."""
    deadline = time.monotonic() + 30
    while (found := run.poll()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_trial_runs_on_its_share(cluster: Any, tmp_path: Path) -> None:
    executor = RayExecutor("auto", Resources(trials_per_gpu=2), "study")
    assert executor.capacity() == 4
    slots = [executor.reserve(n, "full") for n in range(1, 5)]
    assert executor.reserve(5, "full") is None
    assert "taken" in executor.waiting_for()
    assert slots[0] is not None
    run = executor.start(launch(tmp_path, "import os; print(os.environ['HPO_X'])"), slots[0])
    end = end_of(run)
    assert (end.code, end.stopped) == (0, "")
    assert (tmp_path / "0001" / "stdout.log").read_text() == "7\n"
    assert cluster.taken[0]["num_gpus"] == 0.5
    assert cluster.taken[0]["lifetime"] == "detached"
    assert run.device.startswith("10.0.0.7")
    run.release()
    assert executor.reserve(5, "full") is not None


def test_stop_kill_and_adopt(cluster: Any, tmp_path: Path) -> None:
    executor = RayExecutor("auto", Resources(gpus="none", threads=2), "study")
    assert executor.capacity() == 2
    slot = executor.reserve(1, "full")
    assert slot is not None
    begun = launch(tmp_path, "import time; print('up', flush=True); time.sleep(60)")
    executor.start(begun, slot)
    deadline = time.monotonic() + 30
    while "up" not in begun.folder.log.read_text():  # a shim that only starts knows no signals yet
        assert time.monotonic() < deadline
        time.sleep(0.02)
    executor.close()  # the runner ends; the actor does not
    again = RayExecutor("auto", Resources(gpus="none", threads=2), "study")
    adopted = again.adopt(begun, "10.0.0.7")
    assert adopted.poll() is None
    adopted.stop()
    assert end_of(adopted).stopped == "asked"
    other = launch(tmp_path, "pass", number=2)
    assert end_of(again.adopt(other, "")).lost  # nobody ever started it


def test_a_lost_node_is_told(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo_tui.engine.execution.ray_run.CHECK_SECONDS", 0.0)
    executor = RayExecutor("auto", Resources(), "study")
    slot = executor.reserve(1, "full")
    assert slot is not None
    run = executor.start(launch(tmp_path, "import time; time.sleep(60)"), slot)
    actor = next(iter(cluster.actors.values()))
    os.kill(run.pid, signal.SIGKILL)
    actor.dead = True
    assert end_of(run).lost


def test_the_place_of_a_trial_that_cannot_be_started_is_free(cluster: Any, tmp_path: Path) -> None:
    executor = RayExecutor("auto", Resources(gpus="none", threads=4), "study")
    slot = executor.reserve(1, "full")
    assert slot is not None
    broken = launch(tmp_path, "pass")
    broken.folder.exit.mkdir()
    with pytest.raises(OSError, match=r"exit\.json"):
        executor.start(broken, slot)
    assert executor.reserve(2, "full") is not None


def test_no_cluster_no_ray(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RayError, match="no Ray cluster answers at nowhere"):
        RayExecutor("nowhere", Resources(), "study")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RayError, match=r"hpo-tui\[ray\]"):
        RayExecutor("auto", Resources(), "study")


def test_the_choice_is_kept(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path)
    assert chosen(folder) == Choice("local")
    choose(folder, Choice("ray", "10.0.0.1:6379"))
    assert chosen(folder) == Choice("ray", "10.0.0.1:6379")
    (tmp_path / "executor.json").write_text("[]", "utf-8")
    assert chosen(folder) == Choice("local")


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        (Resources(gpus_per_trial=4), "one takes 4 GPUs, and the cluster has 2"),
        (Resources(gpus="none", threads=8), "one takes 8 CPUs, and the cluster has 4"),
    ],
)
def test_a_trial_larger_than_the_cluster_waits_and_it_is_said_for_what(
    cluster: Any, resources: Resources, told: str
) -> None:
    assert cluster.cluster_resources() == {"CPU": 4.0, "GPU": 2.0}
    executor = RayExecutor("auto", resources, "study")
    assert executor.reserve(1, "full") is None
    assert executor.waiting_for() == f"the Ray cluster has no place for a trial: {told}"


def test_shares_that_others_have_taken_are_waited_for(cluster: Any) -> None:
    executor = RayExecutor("auto", Resources(), "study")
    cluster.available_resources = lambda: {"CPU": 4.0}  # Ray names nothing of which none is left
    assert executor.reserve(1, "full") is None
    assert executor.waiting_for() == (
        "others use the Ray cluster: 0 of its 2 GPUs are free, and a trial takes 1"
    )
    cluster.available_resources = lambda: {"GPU": 1.0}
    assert executor.reserve(1, "full") is not None


LONG = 20.0
"""Seconds that nothing here takes, however busy the machine is, if it does not wait for Ray."""


@pytest.fixture
def hangs(cluster: Any) -> Iterator[threading.Event]:
    """A cluster that answers nothing until the event is set."""
    answers = threading.Event()
    known, got = cluster.cluster_resources, cluster.get

    def later(value: Any) -> Any:
        assert answers.wait(120)
        return value

    cluster.available_resources = cluster.cluster_resources = lambda: later(known())
    cluster.get = lambda value, timeout=None: later(got(value))
    cluster.kill = lambda actor: later(setattr(actor, "dead", True))
    yield answers
    answers.set()


def test_a_cluster_that_hangs_is_not_waited_for(hangs: threading.Event) -> None:
    executor = RayExecutor("auto", Resources(), "study")
    began = time.monotonic()
    for _ in range(100):
        assert executor.reserve(1, "full") is None
        assert executor.capacity() == 0
        assert executor.waiting_for() == "the Ray cluster does not answer"
    assert time.monotonic() - began < LONG
    hangs.set()
    deadline = time.monotonic() + 30
    while executor.reserve(1, "full") is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert executor.waiting_for() == ""
    assert executor.capacity() == 2


def test_what_a_cluster_cannot_say_is_no_reason_to_stop(cluster: Any) -> None:
    executor = RayExecutor("auto", Resources(), "study")
    assert executor.capacity() == 2

    def broken() -> None:
        raise FakeRayError("the head node is gone")

    cluster.available_resources = broken
    assert executor.reserve(1, "full") is None
    assert executor.waiting_for() == "the Ray cluster does not answer: the head node is gone"
    assert executor.capacity() == 2


def test_a_start_that_takes_long_is_not_waited_for(
    cluster: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    executor = RayExecutor("auto", Resources(gpus="none", threads=2), "study")
    slots = [executor.reserve(n, "full") for n in (1, 2)]
    assert slots[0] is not None
    assert slots[1] is not None
    answers = request.getfixturevalue("hangs")
    began = time.monotonic()
    run = executor.start(launch(tmp_path, "pass"), slots[0])
    long = executor.start(launch(tmp_path, "import time; time.sleep(60)", 2), slots[1])
    assert (run.pid, run.device, executor.notes()) == (0, "ray", [])
    long.stop()  # it gets that as soon as it is there
    assert time.monotonic() - began < LONG
    answers.set()
    assert end_of(run).code == 0
    deadline = time.monotonic() + 60
    while not (end := long.poll()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert end.stopped == "asked" or end.lost  # before the shim knew of signals
    assert "trial 2 runs on 10.0.0.7" in executor.notes()
    assert executor.notes() == []
    run.release()
    assert executor.reserve(3, "full") is not None


def test_a_start_that_fails_late_is_told_and_the_trial_waits_again(
    cluster: Any, tmp_path: Path
) -> None:
    executor = RayExecutor("auto", Resources(gpus="none", threads=4), "study")
    slot = executor.reserve(1, "full")
    assert slot is not None
    fails = threading.Event()

    def get(value: Any, timeout: float | None = None) -> Any:
        assert fails.wait(60)
        raise FakeRayError("no node answers")

    cluster.get = get
    run = executor.start(launch(tmp_path, "import time; time.sleep(60)"), slot)
    assert run.poll() is None
    fails.set()
    end = end_of(run)
    assert (end.lost, end.begun) == (True, False)
    assert executor.notes() == ["trial 1 was not started by Ray: no node answers"]
    assert next(iter(cluster.actors.values())).dead
    run.release()
    assert executor.reserve(2, "full") is not None


def test_a_start_that_was_given_up_leaves_nothing(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    executor = RayExecutor("auto", Resources(gpus="none", threads=4), "study")
    slot = executor.reserve(1, "full")
    assert slot is not None
    answers = request.getfixturevalue("hangs")
    run = executor.start(launch(tmp_path, "import time; time.sleep(60)"), slot)
    assert run.poll() is None
    monkeypatch.setattr(run, "_deadline", time.monotonic())
    end = run.poll()
    assert end is not None
    assert (end.lost, end.begun) == (True, False)
    answers.set()
    shim = next(iter(cluster.actors.values()))._made.popen
    shim.wait(30)  # of the 60 s that its trial takes


def test_a_start_that_fails_at_once_is_refused(cluster: Any, tmp_path: Path) -> None:
    executor = RayExecutor("auto", Resources(gpus="none", threads=4), "study")
    slot = executor.reserve(1, "full")
    assert slot is not None

    def get(value: Any, timeout: float | None = None) -> Any:
        raise FakeRayError("no room")

    cluster.get = get
    with pytest.raises(OSError, match="Ray did not start trial 1: no room"):
        executor.start(launch(tmp_path, "import time; time.sleep(60)"), slot)
    assert executor.reserve(2, "full") is not None


def test_trials_of_a_cluster_that_hangs_are_taken_to_run_on(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr("hpo_tui.engine.execution.ray_run.CHECK_SECONDS", 0.0)
    executor = RayExecutor("auto", Resources(), "study")
    slot = executor.reserve(1, "full")
    assert slot is not None
    run = executor.start(launch(tmp_path, "import time; time.sleep(60)"), slot)
    answers = request.getfixturevalue("hangs")
    began = time.monotonic()
    assert [run.poll() for _ in range(100)] == [None] * 100
    assert time.monotonic() - began < LONG
    os.kill(run.pid, signal.SIGKILL)
    next(iter(cluster.actors.values())).dead = True
    assert run.poll() is None  # nobody knows yet
    answers.set()
    assert end_of(run).lost
    answers.clear()
    began = time.monotonic()
    run.release()
    assert time.monotonic() - began < LONG
