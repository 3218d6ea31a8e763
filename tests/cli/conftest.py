"""Studies made without running anything, and the command line called in this process."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import send
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import Report, StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli import main

TEXT = """\
[study]
name = "NAME"
command = ["python", "train.py"]
budget = 10
resume = true

[space.lr]
type = "float"
low = 1e-4
high = 1.0
log = true

[space.optimizer]
type = "categorical"
choices = ["sgd", "adam"]

[space.momentum]
type = "float"
low = 0.0
high = 0.99
when = { optimizer = ["sgd"] }

[[objective]]
metric = "accuracy"
direction = "maximize"
threshold = 0.9

[[objective]]
metric = "weights"
direction = "minimize"
threshold = 1000

[[constraint]]
metric = "latency"
max = 8

[[task]]
name = "cheap"
epochs = 1
cost = 0.25

[[task]]
name = "full"
epochs = 4
cost = 1.0
"""


@dataclass
class Ran:
    """What a call of the command line did."""

    code: int
    out: str
    err: str


Call = Callable[..., Ran]
MakeStudy = Callable[..., StudyFolder]


@pytest.fixture
def study_text() -> str:
    """The study file of the studies here."""
    return TEXT


@pytest.fixture
def hpo(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Call ``hpo-tui`` with these words, in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # A busy machine's runner may need longer for an answer than a person would wait.
    monkeypatch.setattr(send, "__defaults__", (None, 60.0))

    def call(*words: object) -> Ran:
        capfd.readouterr()
        code = main([str(w) for w in words])
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


def some_trials() -> list[Trial]:
    """Return 12 trials: cheap and full ones, promoted, pruned, failed, killed and running."""
    rng = random.Random(3)
    trials = []
    for number in range(1, 13):
        params = {"lr": 10 ** rng.uniform(-4, 0), "optimizer": rng.choice(["sgd", "adam"])}
        if params["optimizer"] == "sgd":
            params["momentum"] = rng.uniform(0, 0.99)
        metrics = {"accuracy": 0.8 + number / 100, "weights": 2000 - 100 * number, "latency": 5.0}
        full = number > 8
        trials.append(
            Trial(
                number, number if number < 9 else number - 8, "full" if full else "cheap",
                TrialState.COMPLETE, 0.75 if full else 0.25, params, metrics,
                charged=0.75 if full else 0.25, resumed_from=number - 8 if full else None,
                created=1e9, started=1e9 + number, ended=1e9 + number + 2.5, duration=2.5,
                exit_code=0, step=4 if full else 1,
            )
        )  # fmt: skip
    changes = {
        2: {"state": TrialState.PRUNED, "reason": "unlikely to be among the best"},
        3: {"state": TrialState.FAILED, "metrics": {}, "exit_code": 1, "reason": "exit code 1"},
        4: {"state": TrialState.KILLED, "charged": 0.1},
        5: {"state": TrialState.RUNNING, "ended": None, "duration": None, "exit_code": None},
        6: {"metrics": {"accuracy": float("nan"), "weights": float("inf")}},
    }
    return [replace(t, **changes.get(t.number, {})) for t in trials]


@pytest.fixture
def trials() -> list[Trial]:
    """The trials of the studies here."""
    return some_trials()


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Make a study folder of that name with those trials, without a runner."""

    def make(
        name: str = "sparse",
        trials: list[Trial] | None = None,
        *,
        text: str = TEXT,
        state: StudyState = StudyState.FINISHED,
        root: Path | None = None,
    ) -> StudyFolder:
        folder = StudyFolder((root or tmp_path) / HOME / name)
        folder.trials.mkdir(parents=True)
        text = text.replace("NAME", name)
        folder.file.write_text(text, "utf-8")
        trials = some_trials() if trials is None else trials
        writer = StudyWriter(folder.db)
        try:
            writer.create_study(name, text, 0)
            writer.declare(["lr", "optimizer", "momentum"], ["accuracy", "weights", "latency"])
            writer.add_reports(
                [
                    Report(t.number, seq, seq, {"accuracy": 0.1 * seq, "weights": 1500.0})
                    for t in trials
                    for seq in range(1, 1 + (t.step or 0))
                ]
            )
            writer.add_trials(trials)
            writer.update_study(state=state, started=1e9, ended=1e9 + 60)
        finally:
            writer.close()
        return folder

    return make


def rows(folder: Path) -> list[dict[str, Any]]:
    """What export --json tells of the study, times to the millisecond."""
    from hpo_tui.store.transfer.rows import record

    with StudyReader(folder / "study.db") as reader:
        found = [record(t, {}) for t in reader.trials()]
    for row in found:
        for key in ("started", "ended"):
            row[key] = None if row[key] is None else round(row[key], 3)
    return found


def taught(folder: Path) -> int:
    """How many rows an optimizer would learn from the study's trials."""
    from hpo_tui.engine.execution.proposals.past import past_trials
    from hpo_tui.engine.optimizer.encoding.space import Space
    from hpo_tui.engine.optimizer.history import TrialHistory
    from hpo_tui.engine.optimizer.table import TableBuilder
    from hpo_tui.engine.spec import StudySpec

    spec = StudySpec.load(folder / "study.toml")
    history = TrialHistory(spec)
    with StudyReader(folder / "study.db") as reader:
        history.restore(past_trials(reader, spec))
    return len(TableBuilder(spec, Space(spec)).table(history).x)
