"""A script that uses SigOpt becomes a study, by its source and a first run; no client is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from hpo_tui.engine.define.start import init
from tests.define.conftest import ROOT, draft

ADAPTER = "hpo_tui.engine.objective.sigopt"
LOOP = """\
import sys
from sigopt import Connection
EPOCHS = {"cheap": 1, "full": 4}
LAYERS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
conn = Connection(client_token="none")
experiment = conn.experiments().create(
    name="Computed", PARAMETERS,
    metrics=[dict(name="accuracy", objective="maximize", threshold=0.9)],
    tasks=[dict(name="cheap", cost=0.25), dict(name="full", cost=1.0)],
    observation_budget=3,
)
conn.experiments(experiment.id).observations().create(assignments={"w0": 0.5, "w1": 0.25}, value=1)
while experiment.progress.observation_budget_consumed < experiment.observation_budget:
    s = conn.experiments(experiment.id).suggestions().create()
    value = s.assignments["w0"] * EPOCHS[s.task.name] / 4
    conn.experiments(experiment.id).observations().create(
        suggestion=s.id, values=[dict(name="accuracy", value=value)])
    experiment = conn.experiments(experiment.id).fetch()
"""
COMPUTED = (
    "parameters=[dict(name=f'w{i}', type='double', bounds=dict(min=0, max=1))"
    " for i in range(LAYERS)]"
)
PLAIN = "parameters=[dict(name='w0', type='double', bounds=dict(min=0, max=1))]"
TRACKED = """\
import sigopt
sigopt.params.setdefaults({"lr": 0.1, "epochs": 8, "seed": 3})
sigopt.params.setdefaults(dict([("width", 64)]))
for epoch in range(sigopt.params.epochs):
    sigopt.log_checkpoint({"val_accuracy": epoch / 10})
sigopt.log_metric("val_accuracy", sigopt.params.lr)
"""


@pytest.fixture
def folder(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, from which a script finds our modules."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT)]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    empty = scripts.parent / "empty"
    empty.mkdir()
    return empty


def test_an_experiment_that_code_computes_is_seen_in_a_run(folder: Path) -> None:
    (folder / "train.py").write_text(LOOP.replace("PARAMETERS", COMPUTED))
    made = draft(folder, ["python", "train.py", "3"])
    spec = made.spec
    assert [p.name for p in spec.space] == ["w0", "w1", "w2"]
    assert spec.command == ("python", "-m", ADAPTER, "train.py", "3")
    assert [(t.name, t.cost, dict(t.fidelity)) for t in spec.tasks] == [
        ("cheap", 0.25, {}),
        ("full", 1.0, {}),
    ]
    assert spec.start == ({"w0": 0.5, "w1": 0.25},)
    assert made.tried is not None
    assert made.tried.metrics == {"accuracy": 0.125}
    assert made.advice == ()


def test_one_that_stands_in_the_source_needs_no_run(folder: Path) -> None:
    (folder / "train.py").write_text(LOOP.replace("PARAMETERS", PLAIN))
    spec = draft(folder, "train.py", run=False).spec
    assert (spec.name, [p.name for p in spec.space]) == ("Computed", ["w0"])
    assert spec.objectives[0].threshold == 0.9


def test_the_study_runs_to_its_end(folder: Path) -> None:
    (folder / "train.py").write_text(LOOP.replace("PARAMETERS", PLAIN))
    init("train.py", folder, run=False).save(folder)
    run = [sys.executable, "-m", "hpo_tui", "run", "study.toml", "--headless"]
    ran = subprocess.run(run, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr
    told = subprocess.run(
        [sys.executable, "-m", "hpo_tui", "export", "--json"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    trials = [json.loads(line) for line in told.stdout.splitlines()]
    assert {t["state"] for t in trials} == {"complete"}
    assert {t["task"] for t in trials} >= {"full"}
    share = {"cheap": 0.25, "full": 1.0}
    for trial in trials:
        expected = trial["params"]["w0"] * share[trial["task"]]
        assert trial["metrics"] == {"accuracy": pytest.approx(expected)}


def test_parameters_without_an_experiment_are_guessed_from_their_values(folder: Path) -> None:
    (folder / "train.py").write_text(TRACKED)
    made = draft(folder, "train.py")
    spec = made.spec
    assert sorted(p.name for p in spec.space) == ["lr", "width"]
    assert [dict(t.fidelity) for t in spec.tasks] == [{"epochs": 2}, {"epochs": 4}, {"epochs": 8}]
    assert [o.metric for o in spec.objectives] == ["val_accuracy"]
    assert spec.command == ("python", "-m", ADAPTER, "train.py")
    assert made.advice == ()
    assert "SigOpt's service is not needed" in made.text


def test_the_file_of_an_experiment_beside_a_script_has_its_ranges(folder: Path) -> None:
    (folder / "train.py").write_text(TRACKED)
    lr = {"name": "lr", "type": "double", "bounds": {"min": 0.5, "max": 0.7}}
    said = {"name": "n", "parameters": [lr], "metrics": ["val_accuracy"], "budget": 3}
    (folder / "experiment.yml").write_text(yaml.safe_dump(said))
    made = draft(folder, "train.py")
    (parameter,) = made.spec.space
    assert (parameter.low, parameter.high) == (0.5, 0.7)
    assert "Written from experiment.yml" in made.text
    assert made.tried is not None
    assert made.tried.metrics == {"val_accuracy": pytest.approx(0.6)}


def test_parameters_that_no_default_tells_are_named(folder: Path) -> None:
    text = "import sigopt\nsigopt.log_metric('loss', sigopt.params.lr + sigopt.params['wd'])\n"
    (folder / "train.py").write_text(text)
    made = draft(folder, "train.py", run=False)
    assert "asks for lr and wd" in made.advice[0].replace("lr, wd", "lr and wd")
    assert "[space.lr], [space.wd]" in made.advice[0]
    assert made.spec.objectives[0].metric == "loss"


def test_a_script_that_only_logs_is_searched_by_its_options(folder: Path) -> None:
    (folder / "train.py").write_text(
        "import argparse, sigopt\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=0.1)\n"
        "args = parser.parse_args()\n"
        "with sigopt.create_run() as run:\n"
        "    run.log_metric('accuracy', args.lr)\n"
    )
    spec = draft(folder, "train.py").spec
    assert spec.command == ("python", "-m", ADAPTER, "train.py", "--lr", "{lr}")
    assert [o.metric for o in spec.objectives] == ["accuracy"]


@pytest.mark.parametrize(
    "text",
    [LOOP.replace("PARAMETERS", PLAIN), TRACKED, "import sigopt\nsigopt.log_metric('loss', 3)\n"],
    ids=["creates", "is handed", "logs"],
)
def test_an_environment_without_hpo_tui_is_told_what_it_needs(folder: Path, text: str) -> None:
    (folder / "train.py").write_text(text)
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    (folder / "python").chmod(0o755)
    made = draft(folder, ["./python", "train.py"])
    assert any("pip install --no-deps hpo-tui" in said for said in made.advice)


WORKER = """\
import sigopt
conn = sigopt.Connection()
e = conn.experiments(17).fetch()
for _ in range(e.observation_budget):
    s = conn.experiments(e.id).suggestions().create()
    conn.experiments(e.id).observations().create(suggestion=s.id, value=s.assignments["lr"])
"""


def test_a_worker_of_an_experiment_made_elsewhere_runs_by_its_file(folder: Path) -> None:
    (folder / "worker.py").write_text(WORKER)
    lr = {"name": "lr", "type": "double", "bounds": {"min": 0.5, "max": 0.7}}
    said = {"name": "n", "parameters": [lr], "metrics": ["auc"], "budget": 3}
    (folder / "experiment.yml").write_text(yaml.safe_dump(said))
    made = draft(folder, "worker.py")
    assert made.tried is not None
    assert made.tried.metrics == {"auc": pytest.approx(0.6)}  # it does not name its metric
    assert made.advice == ()


def test_a_run_of_sigopt_s_command_is_that_of_its_script(folder: Path) -> None:
    (folder / "train.py").write_text(TRACKED)
    made = draft(folder, ["sigopt", "run", "python", "train.py"], run=False)
    assert made.spec.command == ("python", "-m", ADAPTER, "train.py")
