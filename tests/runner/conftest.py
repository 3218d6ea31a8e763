import contextlib
import os
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for asking: these folders are no packages

import hpo_tui
from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import create_study, runner_pid, send, start_runner
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

TOML = """
[study]
name = "t"
command = ["{python}", "train.py"]
budget = {budget}
resume = true
{study}
[space.x]
type = "float"
low = 0.0
high = 1.0
[[objective]]
metric = "accuracy"
direction = "maximize"
{objective}
{tasks}
[resources]
gpus = {gpus}
slots = {slots}
grace = "{grace}"
{resources}
"""

PRELUDE = """
import json, os, signal, sys, time
given = json.load(open(os.environ["HPO_PARAMS"]))
out = open(os.environ["HPO_REPORTS"], "a", buffering=1)
def report(**values):
    out.write(json.dumps(values) + "\\n")
def hold():
    while not os.path.exists("go"): time.sleep(0.02)
"""


class Study:
    """A study in a temporary folder, with what tests ask of it."""

    def __init__(self, folder: StudyFolder) -> None:
        self.folder = folder

    def start(self) -> int:
        return start_runner(self.folder, optimizer="tiny:Optimizer")

    def started(self) -> "Study":
        """Start its runner; return the study."""
        self.start()
        return self

    def run(self) -> "Study":
        """Start its runner, and wait until that is gone; return the study."""
        self.start()
        self.gone()
        return self

    def go(self) -> None:
        """Let trials pass that wait in ``hold()``."""
        (self.folder.path.parent.parent / "go").touch()

    def trials(self) -> Any:
        with StudyReader(self.folder.db) as reader:
            return reader.trials()

    def trial(self, number: int = 1) -> Any:
        with StudyReader(self.folder.db) as reader:
            return reader.trial(number)

    def study(self) -> Any:
        with StudyReader(self.folder.db) as reader:
            return reader.study()

    def events(self, kind: str | None = None) -> Any:
        with StudyReader(self.folder.db) as reader:
            return [e for e in reader.events() if kind in (None, e.kind)]

    def reports(self, number: int = 1) -> Any:
        with StudyReader(self.folder.db) as reader:
            return reader.reports(number)

    def get(self, key: Any) -> Any:
        with StudyReader(self.folder.db) as reader:
            return reader.get(key)

    def log(self) -> Any:
        return self.folder.log.read_text(errors="replace") if self.folder.log.exists() else ""

    def until(self, condition: Any, seconds: float = 45.0) -> Any:
        deadline, pause = time.monotonic() + seconds, 0.01
        while not (found := condition()):
            if time.monotonic() > deadline:
                states = [(t.number, str(t.state), t.reason) for t in self.trials()]
                raise AssertionError(f"not in time: {self.study().state} {states}\n{self.log()}")
            time.sleep(pause)
            pause = min(0.1, 1.2 * pause)  # whoever looks often takes the time of those who work
        return found

    def gone(self, seconds: float = 45.0) -> None:
        self.until(lambda: runner_pid(self.folder) is None, seconds)

    def stop(self, *, kill: bool = False, seconds: float = 60.0) -> None:
        """Have it stopped, and wait until its runner is gone."""
        send(self.folder, "stop", {"kill": kill})
        self.gone(seconds)

    def ended(self, number: int = 1, seconds: float = 45.0) -> Any:
        def look() -> Any:
            trial = self.trial(number)
            return trial if trial is not None and trial.state.ended else None

        return self.until(look, seconds)

    def running(self, number: int = 1, reports: Any = 0) -> Any:
        def look() -> Any:
            trial = self.trial(number)
            ok = trial is not None and trial.state is TrialState.RUNNING and trial.pid
            return trial if ok and len(self.reports(number)) >= reports else None

        return self.until(look)

    def kill_runner(self) -> None:
        pid = runner_pid(self.folder)
        assert pid
        os.kill(pid, signal.SIGKILL)
        self.gone()

    def processes(self) -> Any:
        mark = b"HPO_STUDY=" + os.fsencode(self.folder.path.absolute())
        found = []
        for pid in processes.all_pids():
            with contextlib.suppress(OSError):
                if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    found.append(pid)
        return [pid for pid in found if processes.Process.of(pid)]

    def close(self) -> None:
        pid = runner_pid(self.folder)
        if pid:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while (left := self.processes()) and time.monotonic() < deadline:
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.02)


@pytest.fixture
def make_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that makes a study of a training script's text."""
    # The runner under test is of this very checkout, wherever another one is installed.
    places = Path(__file__).parent, Path(hpo_tui.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, places)))
    monkeypatch.setenv("TINY_LOG", str(tmp_path / "tiny.log"))
    # A busy machine's runner may need longer for an answer than a person would wait.
    monkeypatch.setattr(send, "__defaults__", (None, 60.0))
    made = []

    def make(
        script: str,
        *,
        home: Any = None,
        budget: str = 1,
        slots: Any = 1,
        grace: str = "1s",
        prelude: bool = True,
        gpus: str = '"none"',
        **parts: Any,
    ) -> Any:
        home = home or tmp_path / HOME
        text = TOML.format(
            python=sys.executable,
            budget=budget,
            slots=slots,
            grace=grace,
            gpus=gpus,
            **{k: parts.get(k, "") for k in ("study", "objective", "tasks", "resources")},
        )
        body = textwrap.dedent(script)
        home.mkdir(parents=True, exist_ok=True)
        (home.parent / "train.py").write_text(PRELUDE + body if prelude else body)
        made.append(Study(create_study(text, home)))
        return made[-1]

    yield make
    for study in made:
        study.close()


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Return a function that returns what the optimizer was told."""
    import json

    def read(kind: str | None = None) -> Any:
        path = tmp_path / "tiny.log"
        lines = [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []
        return [x for x in lines if kind in (None, x[0])]

    return read


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    """Yield a study as a runner holds it, with one trial that runs."""
    spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": 4},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
    })  # fmt: skip
    writer = StudyWriter(tmp_path / "study.db")
    writer.create_study("t", "", 0)
    trial = Trial(1, 1, "full", TrialState.RUNNING, 1.0, {"x": 0.5})
    writer.add_trial(trial)
    nobody: Any = SimpleNamespace(called={"GPU-5ee7": "GPU0"}.__getitem__)
    yield Desk(StudyFolder(tmp_path), spec, writer, nobody, nobody, {1: trial})
    writer.close()
