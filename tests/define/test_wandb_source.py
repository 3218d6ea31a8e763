"""Scripts that start a W&B sweep themselves; a stand-in is the package."""

from pathlib import Path

import pytest

from tests.define.conftest import draft

TUNE = """\
import wandb

wandb.login()

def train(config=None):
    run = wandb.init(config=config)
    for epoch in range(run.config.epochs):
        wandb.log({"loss": run.config.lr / (epoch + 1), "epoch": epoch})

settings = {"method": "random", "metric": {"name": "loss", "goal": "minimize"}}
settings["parameters"] = {"lr": {"min": 0.1, "max": 1.0}}
settings["parameters"].update({"epochs": {"value": 4}})
if __name__ == "__main__":
    wandb.agent(sweep_id=wandb.sweep(settings, project="p"), function=train, count=3)
"""


def test_a_script_that_starts_its_sweep_is_one_trial(project: Path) -> None:
    (project / "tune.py").write_text(TUNE)
    made = draft(project, "tune.py")
    assert [p.name for p in made.spec.space] == ["lr"]
    assert [t.name for t in made.spec.tasks] == ["1 epoch", "2 epochs", "4 epochs"]
    assert made.spec.budget.amount == 3
    assert made.spec.objectives[0].metric == "loss"
    assert made.tried is not None
    assert made.tried.metrics == {"loss": pytest.approx(0.55)}
    assert made.advice == ()


def test_a_module_that_starts_its_sweep_is_one_trial(project: Path) -> None:
    (project / "pkg").mkdir()
    (project / "pkg" / "part.py").write_text("SCALE = 1\n")
    (project / "pkg" / "tune.py").write_text(f"from pkg.part import SCALE\n{TUNE}")
    made = draft(project, ("python", "-m", "pkg.tune"))
    assert [p.name for p in made.spec.space] == ["lr"]
    assert made.tried is not None
    assert (made.tried.metrics, made.advice) == ({"loss": pytest.approx(0.55)}, ())


def test_values_that_a_library_makes_are_numbers(project: Path) -> None:
    more = "new = {'w': {'values': np.array([0.1, 0.5])}, 'n': {'values': range(3)}}"
    more += "; settings['parameters'] |= new"
    text = TUNE.replace("if __name__", f"{more}\nif __name__")
    (project / "tune.py").write_text(f"import numpy as np\n{text}")
    spec = draft(project, "tune.py", run=False).spec
    assert [p.choices for p in spec.space][1:] == [(0.1, 0.5), (0, 1, 2)]


def test_what_follows_an_agent_is_not_run_in_a_trial(project: Path) -> None:
    (project / "tune.py").write_text(f"{TUNE}    raise SystemExit('no server')\n")
    made = draft(project, "tune.py")
    assert made.tried is not None
    assert (made.tried.code, made.advice) == (0, ())


def test_a_script_that_only_could_start_a_sweep_is_not_trained(project: Path) -> None:
    text = TUNE.replace('if __name__ == "__main__":', "train()\nopen('trace', 'w')\nif 0:")
    (project / "tune.py").write_text(text)
    made = draft(project, "tune.py", run=False)
    assert made.spec.template is None
    assert any("did not come to it here" in said for said in made.advice)
    (project / "tune.py").write_text("# wandb.sweep()\nlr = 0.1\nprint('loss: 1')\n")
    assert not any("sweep" in said for said in draft(project, "tune.py").advice)
