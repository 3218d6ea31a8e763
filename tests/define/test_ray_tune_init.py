"""A script that searches with Ray Tune becomes a study, by its source and a first run."""

import os
import sys
from pathlib import Path

import pytest

from hpo_tui.engine.objective.raytune.space import Leaf, config_of, leaves_of
from tests.define.conftest import ROOT, draft
from tests.execution.client.ray import tune

STANDIN = ROOT / "tests" / "execution" / "client"
SCRIPT = """\
import sys
from ray import tune
from ray.tune.schedulers import ASHAScheduler
def train(config):
    held = tune.get_checkpoint()
    for epoch in range(config["epochs"]):
        tune.report({"acc": config["w0"] * epoch}, checkpoint=held)
SPACE = {f"w{i}": tune.uniform(0, 1) for i in range(int(sys.argv[1]))}
tuner = tune.Tuner(train, param_space={**SPACE, "epochs": 6}, tune_config=tune.TuneConfig(
    num_samples=9, scheduler=ASHAScheduler(max_t=99, grace_period=2, reduction_factor=2)))
tuner.fit().get_best_result(metric="acc", mode="max")
"""


@pytest.fixture
def folder(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, from which a script finds our modules and a stand-in for Ray."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STANDIN), str(ROOT)]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    empty = scripts.parent / "empty"
    empty.mkdir()
    return empty


def test_a_space_that_code_computes_is_seen_in_a_run(folder: Path) -> None:
    (folder / "train.py").write_text(SCRIPT)
    made = draft(folder, ["python", "train.py", "3"])
    spec = made.spec
    assert spec.command == ("python", "-m", "hpo_tui.engine.objective.raytune", "train.py", "3")
    assert [p.name for p in spec.space] == ["w0", "w1", "w2"]
    assert [(o.metric, o.direction) for o in spec.objectives] == [("acc", "maximize")]
    assert [t.fidelity["training_iteration"] for t in spec.tasks] == [2, 6]
    assert spec.budget.amount == 9
    assert not spec.resume  # it loads checkpoints, and reports none
    assert made.tried is not None
    assert made.tried.code == 0
    assert made.advice == ()


def test_a_script_that_cannot_be_run_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    if any((Path(p) / "ray").exists() for p in sys.path):
        pytest.skip("ray is installed")
    (folder / "train.py").write_text(
        SCRIPT.replace("param_space={**SPACE", "param_space={'x': tune.randint(2, 9)")
    )
    made = draft(folder, ["python", "train.py", "3"])
    assert 'pip install "ray[tune]"' in made.advice[0]
    assert [(p.name, p.low, p.high) for p in made.spec.space] == [("x", 2, 8)]


def test_a_configuration_is_the_script_s_own_table() -> None:
    space = {
        "lr": tune.uniform(0, 1), "n": tune.randint(1, 9), "epochs": 3, "empty": {},
        "net": {"act": tune.choice([None, (1, 2), tune.uniform, lambda: 0]), "q": [1, 2]},
        "q": tune.quniform(0, 1, 0.25), "grid": tune.grid_search([True, 1]),
        "late": tune.sample_from(lambda spec: spec.config.net.q[0] + spec.config.n),
    }  # fmt: skip
    params = {"lr": 1, "n": 4.0, "net.act": "(1, 2)", "q": 0.3, "grid": 1, "m": 0.5}
    more = [Leaf(("m",), tune.grid_search([0.5, 0.9]))]
    assert config_of(space, params, more=more) == {
        "lr": 1.0, "n": 4, "epochs": 3, "empty": {}, "net": {"act": (1, 2), "q": [1, 2]},
        "q": 0.25, "grid": 1, "late": 5, "m": 0.5,
    }  # fmt: skip
    assert config_of(space, {**params, "epochs": 7})["epochs"] == 7
    assert config_of({"net": {"a": 1}, "b": 2}, {"x": 3, "net.c": 4, "b.d": 5}) == {
        "net": {"a": 1, "c": 4}, "b": 2, "x": 3, "b.d": 5,
    }  # fmt: skip
    assert config_of(space, {**params, "net.act": "None"})["net"]["act"] is None
    with pytest.raises(SystemExit, match="none of the script's choices: 'None', '\\(1, 2\\)'"):
        config_of(space, {**params, "net.act": "relu"})
    assert [leaf.name for leaf in leaves_of(space)][:3] == ["lr", "n", "epochs"]
