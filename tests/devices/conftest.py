"""A machine with invented GPUs, and processes that stand in for trials on them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for fake_nvml: these folders are no packages

from fake_nvml import Clock, FakeGpu, FakeNvml

from hpo_tui.engine.execution.devices import DevicePool
from hpo_tui.engine.spec import Resources


@pytest.fixture
def nvml() -> FakeNvml:
    return FakeNvml([FakeGpu("GPU-aaaa-1111"), FakeGpu("GPU-bbbb-2222")])


@pytest.fixture
def make(tmp_path: Path, nvml: FakeNvml, clock: Clock) -> Callable[..., DevicePool]:
    def build(study: str = "s", **resources: object) -> DevicePool:
        settings = Resources(**resources)  # type: ignore[arg-type]
        return DevicePool(settings, study, tmp_path / "run", nvml, environ={}, clock=clock)

    return build


@pytest.fixture
def process() -> Iterator[Callable[[], int]]:
    """Starts processes with a session of their own, ends them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        started.append(subprocess.Popen(["sleep", "60"], start_new_session=True))
        return started[-1].pid

    yield start
    for each in started:
        each.kill()
        each.wait()


@pytest.fixture
def nested() -> Iterator[tuple[int, int]]:
    """A process and one that it has started in a session of its own."""
    script = "import subprocess as s; p = s.Popen(['sleep', '60'], start_new_session=True);"
    script += "print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    yield parent.pid, child
    os.kill(child, signal.SIGKILL)
    parent.communicate()


@pytest.fixture
def clock() -> Clock:
    return Clock()
