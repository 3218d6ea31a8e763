"""The machine refuses for a moment what it gives otherwise: too many files, a slow file system."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpo_tui.engine.execution.base import Exit
from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.execution.hiccups import can_be_read
from hpo_tui.engine.execution.reports import ReportTail
from hpo_tui.engine.launch import runner_pid
from hpo_tui.engine.runner.desk import Desk, Live
from hpo_tui.engine.runner.ending import Endings
from hpo_tui.engine.runner.intake import Intake
from hpo_tui.engine.runner.trouble import _MOST_BORNE, Trouble
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.write import StudyWriter


@contextmanager
def no_more_files(pid: int = 0) -> Iterator[None]:
    """Have a process (0: this one) open no further file."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_a_trial_that_ends_while_no_file_can_be_opened_is_no_lost_one(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    study.start()
    study.running(1, reports=1)
    with no_more_files(runner_pid(study.folder)):
        study.go()
        study.until(study.folder.trial(1).exit.exists)
        study.until(lambda: "this turn could not be done" in study.log())
    study.gone()
    trial = study.trial(1)
    assert (trial.state, trial.attempt, trial.metrics) == (TrialState.COMPLETE, 1, {"accuracy": 1})


def test_what_cannot_be_read_at_present_is_not_nothing(tmp_path: Path) -> None:
    spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": 4},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
    })  # fmt: skip
    folder = StudyFolder(tmp_path)
    trial = Trial(1, 1, "full", TrialState.RUNNING, 1.0, {"x": 0.5})
    writer = StudyWriter(folder.db)
    writer.add_trial(trial)
    nobody: Any = SimpleNamespace(
        release=lambda: None, learn=lambda *_: None, tell=lambda *_, **__: 0
    )
    desk = Desk(folder, spec, writer, nobody, nobody, {1: trial})
    files = folder.trial(1)
    files.path.mkdir(parents=True)
    files.reports.write_text('{"a": 0.5}\n')
    launch: Any = SimpleNamespace(folder=files, attempt=1, alone=False)
    live = Live(1, launch, nobody, ReportTail(files.reports, 1), ended=Exit(0, 1.0, 2.0))
    desk.live[1] = live
    endings = Endings(desk, Intake(desk), Breaker(3))
    with no_more_files():
        assert not can_be_read(files.reports)
        assert not endings.check()
    assert desk.live == {1: live}
    assert endings.check()
    assert desk.trials[1].state is TrialState.COMPLETE
    assert desk.trials[1].metrics == {"a": 0.5}
    writer.close()


def test_what_is_no_file_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("none", "pipe", "."):
        assert can_be_read(tmp_path / name)


def test_what_does_not_pass_ends_the_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    trouble = Trouble.__new__(Trouble)
    trouble.borne = 0
    for _ in range(_MOST_BORNE):
        trouble.bear(OSError("no"))
    with pytest.raises(OSError, match="no"):
        trouble.bear(OSError("no"))
